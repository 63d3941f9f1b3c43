# SPDX-License-Identifier: ISC

UNIT_TESTS += \
	%D%/test_idmap \
	%D%/test_mem \
	%D%/test_table \
	$(NULL)
