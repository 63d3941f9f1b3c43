# SPDX-License-Identifier: ISC

LINT_TESTS = \
	%D%/banned.test \
	%D%/doc-comments.test \
	%D%/format.test \
	%D%/headers.test \
	%D%/layers.test \
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
	%D%/lib.sh \
	%D%/planted.sh \
	%D%/strip.awk \
	$(NULL)

# The lint tests alone.
check-lint: all
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(LINT_TESTS)'
.PHONY: check-lint
