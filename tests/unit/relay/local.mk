# SPDX-License-Identifier: ISC
#
# Each test also needs a line here, to link with this daemon's library:
# %C%_test_name_LDADD = $(LIBS_UNIT_RELAY)

if ENABLE_RELAY
UNIT_TESTS += \
	%D%/test_account \
	%D%/test_admin \
	%D%/test_admin_relay \
	%D%/test_allowance \
	%D%/test_api \
	%D%/test_apiguard \
	%D%/test_apiroutes \
	%D%/test_audit \
	%D%/test_backup \
	%D%/test_device \
	%D%/test_deviceask \
	%D%/test_deviceattach \
	%D%/test_devicecallee \
	%D%/test_devicehosts \
	%D%/test_deviceshare \
	%D%/test_devicewalk \
	%D%/test_directory \
	%D%/test_guests \
	%D%/test_levels \
	%D%/test_leases \
	%D%/test_pulse \
	%D%/test_notices \
	%D%/test_refusals \
	%D%/test_relaymetrics \
	%D%/test_rivals \
	%D%/test_series \
	%D%/test_rules \
	%D%/test_store \
	%D%/test_storemigrate \
	%D%/test_switch \
	%D%/test_tenant \
	%D%/test_toll \
	%D%/test_usage \
	$(NULL)
endif

# What the tests of devices share.
RIG_UNIT_RELAY = \
	%D%/faultvfs.c \
	%D%/faultvfs.h \
	%D%/hubrig.c \
	%D%/hubrig.h \
	$(NULL)

LIBS_UNIT_RELAY = $(LIBS_UNIT) $(LIBS_RELAY) $(LIBS_CHECK)

%C%_test_account_SOURCES = \
	%D%/faultvfs.c \
	%D%/faultvfs.h \
	%D%/test_account.c \
	$(NULL)
%C%_test_account_LDADD = $(LIBS_UNIT_RELAY)
%C%_test_admin_SOURCES = %D%/test_admin.c $(RIG_UNIT_RELAY)
%C%_test_admin_LDADD = $(LIBS_UNIT_RELAY)
%C%_test_allowance_LDADD = $(LIBS_UNIT_RELAY)
%C%_test_admin_relay_SOURCES = \
	%D%/test_admin_relay.c $(RIG_UNIT_RELAY)
%C%_test_admin_relay_LDADD = $(LIBS_UNIT_RELAY)
%C%_test_api_SOURCES = %D%/test_api.c $(RIG_UNIT_RELAY)
%C%_test_api_LDADD = $(LIBS_UNIT_RELAY)
%C%_test_apiguard_LDADD = $(LIBS_UNIT_RELAY)
%C%_test_apiroutes_LDADD = $(LIBS_UNIT_RELAY)
%C%_test_audit_LDADD = $(LIBS_UNIT_RELAY)
%C%_test_backup_LDADD = $(LIBS_UNIT_RELAY)
%C%_test_device_SOURCES = %D%/test_device.c $(RIG_UNIT_RELAY)
%C%_test_device_LDADD = $(LIBS_UNIT_RELAY)
%C%_test_deviceask_SOURCES = %D%/test_deviceask.c $(RIG_UNIT_RELAY)
%C%_test_deviceask_LDADD = $(LIBS_UNIT_RELAY)
%C%_test_deviceattach_SOURCES = %D%/test_deviceattach.c $(RIG_UNIT_RELAY)
%C%_test_deviceattach_LDADD = $(LIBS_UNIT_RELAY)
%C%_test_devicecallee_SOURCES = %D%/test_devicecallee.c $(RIG_UNIT_RELAY)
%C%_test_devicecallee_LDADD = $(LIBS_UNIT_RELAY)
%C%_test_devicehosts_SOURCES = %D%/test_devicehosts.c $(RIG_UNIT_RELAY)
%C%_test_devicehosts_LDADD = $(LIBS_UNIT_RELAY)
%C%_test_deviceshare_SOURCES = %D%/test_deviceshare.c $(RIG_UNIT_RELAY)
%C%_test_deviceshare_LDADD = $(LIBS_UNIT_RELAY)
%C%_test_devicewalk_SOURCES = %D%/test_devicewalk.c $(RIG_UNIT_RELAY)
%C%_test_devicewalk_LDADD = $(LIBS_UNIT_RELAY)
%C%_test_directory_LDADD = $(LIBS_UNIT_RELAY)
%C%_test_guests_LDADD = $(LIBS_UNIT_RELAY)
%C%_test_leases_LDADD = $(LIBS_UNIT_RELAY)
%C%_test_pulse_SOURCES = %D%/test_pulse.c $(RIG_UNIT_RELAY)
%C%_test_pulse_LDADD = $(LIBS_UNIT_RELAY)
%C%_test_notices_SOURCES = %D%/test_notices.c $(RIG_UNIT_RELAY)
%C%_test_notices_LDADD = $(LIBS_UNIT_RELAY)
%C%_test_levels_LDADD = $(LIBS_UNIT_RELAY)
%C%_test_refusals_LDADD = $(LIBS_UNIT_RELAY)
%C%_test_relaymetrics_LDADD = $(LIBS_UNIT_RELAY)
%C%_test_rivals_LDADD = $(LIBS_UNIT_RELAY)
%C%_test_series_LDADD = $(LIBS_UNIT_RELAY)
%C%_test_rules_LDADD = $(LIBS_UNIT_RELAY)
%C%_test_store_SOURCES = \
	%D%/faultvfs.c \
	%D%/faultvfs.h \
	%D%/test_store.c \
	$(NULL)
%C%_test_store_LDADD = $(LIBS_UNIT_RELAY)
%C%_test_storemigrate_LDADD = $(LIBS_UNIT_RELAY)
%C%_test_switch_LDADD = $(LIBS_UNIT_RELAY)
%C%_test_tenant_SOURCES = %D%/test_tenant.c $(RIG_UNIT_RELAY)
%C%_test_tenant_LDADD = $(LIBS_UNIT_RELAY)
%C%_test_toll_LDADD = $(LIBS_UNIT_RELAY)
%C%_test_usage_LDADD = $(LIBS_UNIT_RELAY)
