# SPDX-License-Identifier: ISC
#
# One program for each module. A new one is one line in the local.mk of its
# folder; the source has the name of the program with .c.

UNIT_TESTS =
LIBS_UNIT = tests/support/libsupport.a
# Once more at the end: Check itself refers to what failalloc wraps.
LIBS_CHECK = $(CHECK_LIBS) $(LIBS_UNIT) $(FAILALLOC_LIBS)

# For tests of common/ and protocol/; a test of a daemon names its own library.
LDADD = $(LIBS_UNIT) $(LIBS_LINK) $(LIBS_CHECK)

include tests/unit/common/local.mk
include tests/unit/protocol/local.mk
include tests/unit/gateway/local.mk
include tests/unit/gateway/cli/local.mk
include tests/unit/relay/local.mk
include tests/unit/agent/local.mk
include tests/unit/support/local.mk

if HAVE_CHECK
check_PROGRAMS += $(UNIT_TESTS)
TESTS += $(UNIT_TESTS)
else
TESTS += tests/unit/missing.test
endif
dist_check_SCRIPTS += tests/unit/missing.test

# The unit tests alone; valgrind is LOG_COMPILER here.
check-unit: all
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(UNIT_TESTS)'
.PHONY: check-unit
