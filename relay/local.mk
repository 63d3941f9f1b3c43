# SPDX-License-Identifier: ISC

if ENABLE_RELAY
noinst_LIBRARIES += %D%/librelay.a
%C%_librelay_a_SOURCES = \
	%D%/account.c \
	%D%/account.h \
	%D%/account_book.c \
	%D%/account_impl.h \
	%D%/account_invite.c \
	%D%/account_limit.c \
	%D%/account_login.c \
	%D%/account_note.c \
	%D%/account_op.c \
	%D%/account_name.c \
	%D%/account_owner.c \
	%D%/account_rule.c \
	%D%/account_share.c \
	%D%/account_text.c \
	%D%/account_tick.c \
	%D%/account_usage.c \
	%D%/admin.c \
	%D%/admin.h \
	%D%/admin_acl.c \
	%D%/admin_channels.c \
	%D%/admin_device.c \
	%D%/admin_impl.h \
	%D%/admin_invite.c \
	%D%/admin_limit.c \
	%D%/admin_notice.c \
	%D%/admin_series.c \
	%D%/admin_page.c \
	%D%/admin_relay.c \
	%D%/admin_user.c \
	%D%/admin_why.c \
	%D%/allowance.c \
	%D%/allowance.h \
	%D%/api.c \
	%D%/api.h \
	%D%/api_impl.h \
	%D%/apianswer.c \
	%D%/apicall.c \
	%D%/apiguard.c \
	%D%/apiguard.h \
	%D%/apiroutes.c \
	%D%/apiroutes.h \
	%D%/audit.c \
	%D%/audit.h \
	%D%/backup.c \
	%D%/backup.h \
	%D%/console.c \
	%D%/console.h \
	%D%/console_impl.h \
	%D%/consolestream.c \
	%D%/device.c \
	%D%/device.h \
	%D%/device_impl.h \
	%D%/deviceadmin.c \
	%D%/deviceask.c \
	%D%/deviceattach.c \
	%D%/devicecallee.c \
	%D%/devicechannels.c \
	%D%/devicehosts.c \
	%D%/deviceinvite.c \
	%D%/devicelent.c \
	%D%/devicerefuse.c \
	%D%/deviceresolve.c \
	%D%/devicerivals.c \
	%D%/devicerule.c \
	%D%/deviceshare.c \
	%D%/devicetenant.c \
	%D%/devicewalk.c \
	%D%/directory.c \
	%D%/directory.h \
	%D%/figures.h \
	%D%/guests.c \
	%D%/guests.h \
	%D%/leases.c \
	%D%/leases.h \
	%D%/levels.c \
	%D%/levels.h \
	%D%/pulse.c \
	%D%/pulse.h \
	%D%/notices.c \
	%D%/notices.h \
	%D%/refusals.c \
	%D%/refusals.h \
	%D%/relay.c \
	%D%/relay.h \
	%D%/relay_impl.h \
	%D%/relayconsole.c \
	%D%/relayadmin.c \
	%D%/relaybook.c \
	%D%/relaycontrol.c \
	%D%/relayinvite.c \
	%D%/relaylimits.c \
	%D%/relaymain.c \
	%D%/relaymain.h \
	%D%/relaymetrics.c \
	%D%/relaymetrics.h \
	%D%/rivals.c \
	%D%/rivals.h \
	%D%/series.c \
	%D%/series.h \
	%D%/rules.c \
	%D%/rules.h \
	%D%/store.c \
	%D%/store.h \
	%D%/store_impl.h \
	%D%/store_read.c \
	%D%/store_rows.c \
	%D%/store_schema.c \
	%D%/switch.c \
	%D%/switch.h \
	%D%/tenant.c \
	%D%/tenant.h \
	%D%/toll.c \
	%D%/toll.h \
	%D%/www.h \
	%D%/usage.c \
	%D%/usage.h \
	$(NULL)

# What the dashboard consists of: made a part of the program.
RELAY_WWW_FILES = \
	doc/api.json \
	$(SHARED_WWW_FILES) \
	%D%/www/account.js \
	%D%/www/accounts.js \
	%D%/www/actions.js \
	%D%/www/api.js \
	%D%/www/app.js \
	%D%/www/audit.js \
	%D%/www/chart.js \
	%D%/www/device.js \
	%D%/www/devices.js \
	%D%/www/dialog.js \
	%D%/www/dom.js \
	%D%/www/home.js \
	%D%/www/hosts.js \
	%D%/www/index.html \
	%D%/www/invitations.js \
	%D%/www/overview.js \
	%D%/www/relay.css \
	%D%/www/table.js \
	%D%/www/words.js \
	$(NULL)
nodist_%C%_librelay_a_SOURCES = %D%/wwwdata.c
%D%/wwwdata.c: $(RELAY_WWW_FILES) common/webembed
	$(AM_V_GEN)$(MKDIR_P) %D% && cd $(srcdir) && \
		$(SHELL) common/webembed relay/www.h www_relay \
			$(RELAY_WWW_FILES) >$(abs_builddir)/$@.new && \
		cd $(abs_builddir) && mv $@.new $@
CLEANFILES += %D%/wwwdata.c %D%/wwwdata.c.new
EXTRA_DIST += $(RELAY_WWW_FILES)

bin_PROGRAMS += inroad-relay
inroad_relay_SOURCES = %D%/main.c
inroad_relay_LDADD = $(LIBS_RELAY)
endif
