# SPDX-License-Identifier: ISC

LINT_TESTS = \
	%D%/banned.test \
	%D%/doc-comments.test \
	%D%/docs.test \
	%D%/format.test \
	%D%/headers.test \
	%D%/layers.test \
	%D%/metrics.test \
	%D%/project.test \
	%D%/scripts.test \
	%D%/selftest.test \
	%D%/sizes.test \
	%D%/spec.test \
	%D%/symbols.test \
	$(NULL)

TESTS += $(LINT_TESTS)
dist_check_SCRIPTS += $(LINT_TESTS)
EXTRA_DIST += \
	%D%/cppcheck.txt \
	%D%/lib.sh \
	%D%/planted.sh \
	%D%/strip.awk \
	$(NULL)

# The lint tests alone.
check-lint: all
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(LINT_TESTS)'
.PHONY: check-lint

# Slower checks, by hand and by contrib/check. They look at what is built, as
# the compiler sees it.
TIDY_FOLDERS = agent common gateway protocol relay tests/fuzz tests/support
TIDY_FLAGS = -std=c11 $(DEFS) $(AM_CPPFLAGS)

# The analyzer leaves a function after so many states. With its own limit, 225000,
# a whole run takes four times as long: use that after larger changes.
TIDY_NODES = 30000
TIDY_BUDGET = -Xclang -analyzer-config -Xclang max-nodes=$(TIDY_NODES)

# clang-tidy with the checks of .clang-tidy.
tidy:
	@cd $(top_srcdir) && find $(TIDY_FOLDERS) -name '*.c' | sort | \
		xargs -n 1 -P "$$(nproc)" sh -c \
		'$(CLANG_TIDY) --quiet "$$1" -- $(TIDY_BUDGET) -I. $(TIDY_FLAGS) \
			2>/dev/null' -

# cppcheck, which sees across the files of a folder.
cppcheck:
	@cd $(top_srcdir) && $(CPPCHECK) --std=c11 --quiet -j "$$(nproc)" \
		--enable=warning,style,performance,portability --inline-suppr \
		--suppressions-list=tests/lint/cppcheck.txt --error-exitcode=1 \
		-I. $(TIDY_FOLDERS)

.PHONY: tidy cppcheck
