# SPDX-License-Identifier: ISC

UNIT_TESTS += \
	%D%/test_credit \
	%D%/test_schedule \
	$(NULL)
