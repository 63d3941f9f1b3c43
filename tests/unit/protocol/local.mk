# SPDX-License-Identifier: ISC

UNIT_TESTS += \
	$(NULL)
