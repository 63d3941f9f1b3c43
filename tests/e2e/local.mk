# SPDX-License-Identifier: ISC
#
# Scripts that run the real programs and print TAP. They find the programs in
# $top_builddir and lib.sh in $top_srcdir/tests/e2e.

E2E_TESTS = \
	$(NULL)

TESTS += $(E2E_TESTS)
dist_check_SCRIPTS += $(E2E_TESTS)
EXTRA_DIST += \
	$(NULL)
