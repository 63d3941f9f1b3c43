# SPDX-License-Identifier: ISC

LINT_TESTS = \
	$(NULL)

TESTS += $(LINT_TESTS)
dist_check_SCRIPTS += $(LINT_TESTS)
