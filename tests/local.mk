# SPDX-License-Identifier: ISC
#
# Every test prints TAP, so that each case is counted and not each program.

TEST_EXTENSIONS = .test
TAP_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) \
	$(top_srcdir)/build-aux/tap-driver.sh
LOG_DRIVER = $(TAP_DRIVER)
TEST_LOG_DRIVER = $(TAP_DRIVER)

# What the scripts may rely on: absolute paths and the tools configure found.
AM_TESTS_ENVIRONMENT = \
	top_srcdir='$(abs_top_srcdir)'; export top_srcdir; \
	top_builddir='$(abs_top_builddir)'; export top_builddir; \
	CC='$(CC)'; export CC; \
	CFLAGS='$(AM_CPPFLAGS) $(AM_CFLAGS) $(CFLAGS)'; export CFLAGS; \
	NM='$(NM)'; export NM; \
	CLANG_FORMAT='$(CLANG_FORMAT)'; export CLANG_FORMAT; \
	PMCCABE='$(PMCCABE)'; export PMCCABE; \
	SHELLCHECK='$(SHELLCHECK)'; export SHELLCHECK; \
	CK_DEFAULT_TIMEOUT=60; export CK_DEFAULT_TIMEOUT;
# A leak in a child of Check would show as its exit status only; a huge
# allocation must fail as it does in production, not end the test.
if INSTRUMENTED
AM_TESTS_ENVIRONMENT += \
	CK_FORK=no; export CK_FORK; \
	ASAN_OPTIONS=allocator_may_return_null=1:detect_stack_use_after_return=1; \
	export ASAN_OPTIONS; \
	UBSAN_OPTIONS=print_stacktrace=1; export UBSAN_OPTIONS;
endif

check_LIBRARIES += tests/support/libsupport.a
tests_support_libsupport_a_SOURCES = \
	tests/support/await.c \
	tests/support/await.h \
	tests/support/dnsserver.c \
	tests/support/dnsserver.h \
	tests/support/cable.c \
	tests/support/cable.h \
	tests/support/captured.c \
	tests/support/captured.h \
	tests/support/clirun.c \
	tests/support/clirun.h \
	tests/support/ear.c \
	tests/support/ear.h \
	tests/support/failalloc.c \
	tests/support/failalloc.h \
	tests/support/linkpair.c \
	tests/support/linkpair.h \
	tests/support/jointype.c \
	tests/support/jointype.h \
	tests/support/netpair.c \
	tests/support/netpair.h \
	tests/support/pair.c \
	tests/support/pair.h \
	tests/support/asker.c \
	tests/support/asker.h \
	tests/support/tempdir.c \
	tests/support/tempdir.h \
	tests/support/rawlink.c \
	tests/support/rawlink.h \
	tests/support/replier.c \
	tests/support/replier.h \
	tests/support/sampleoptions.c \
	tests/support/sampleoptions.h \
	tests/support/wan.c \
	tests/support/wan.h \
	$(NULL)
if HAVE_CHECK
tests_support_libsupport_a_SOURCES += \
	tests/support/promread.c \
	tests/support/promread.h \
	tests/support/relayrig.c \
	tests/support/relayrig.h \
	tests/support/heads.c \
	tests/support/heads.h \
	tests/support/sampleview.c \
	tests/support/sampleview.h \
	tests/support/unit.c \
	tests/support/unit.h \
	tests/support/vectors.c \
	tests/support/vectors.h \
	tests/support/written.c \
	tests/support/written.h \
	$(NULL)
endif

dist_check_SCRIPTS += tests/support/valgrind
# A worse network than loopback, for tests that run whole programs.
check_PROGRAMS += tests/support/wan
tests_support_wan_SOURCES = tests/support/wanmain.c
tests_support_wan_LDADD = tests/support/libsupport.a $(LIBS_COMMON)

include tests/unit/local.mk
include tests/scenario/local.mk
include tests/bench/local.mk
include tests/fuzz/local.mk
include tests/oracle/local.mk
include tests/vectors/local.mk
include tests/lint/local.mk
include tests/e2e/local.mk

# Everything but the lint tests, which see the same whatever the compiler.
check-run: all
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(filter-out $(LINT_TESTS),$(TESTS))'

# And without what says more about clients than about our programs.
check-own: all
	$(MAKE) $(AM_MAKEFLAGS) check \
		TESTS='$(filter-out $(LINT_TESTS) $(CLIENT_TESTS),$(TESTS))'
.PHONY: check-run check-own
