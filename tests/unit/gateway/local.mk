# SPDX-License-Identifier: ISC
#
# Each test also needs a line here, to link with this daemon's library:
# %C%_test_name_LDADD = $(LIBS_UNIT_GATEWAY)

if ENABLE_GATEWAY
UNIT_TESTS += \
	$(NULL)
endif

LIBS_UNIT_GATEWAY = $(LIBS_UNIT) $(LIBS_GATEWAY) $(LIBS_CHECK)
