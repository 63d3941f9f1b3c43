# SPDX-License-Identifier: ISC
#
# Each test also needs a line here, to link with this daemon's library:
# %C%_test_name_LDADD = $(LIBS_UNIT_RELAY)

if ENABLE_RELAY
UNIT_TESTS += \
	$(NULL)
endif

LIBS_UNIT_RELAY = $(LIBS_UNIT) $(LIBS_RELAY) $(LIBS_CHECK)
