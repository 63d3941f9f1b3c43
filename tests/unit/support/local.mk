# SPDX-License-Identifier: ISC
#
# What other tests rely on to be as bad as it says.

UNIT_TESTS += \
	%D%/test_wan \
	$(NULL)
