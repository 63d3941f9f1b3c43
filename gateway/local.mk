# SPDX-License-Identifier: ISC

if ENABLE_GATEWAY
noinst_LIBRARIES += %D%/libgateway.a
%C%_libgateway_a_SOURCES = \
	%D%/auth.c \
	%D%/auth.h \
	%D%/basic.c \
	%D%/basic.h \
	%D%/call.c \
	%D%/call.h \
	%D%/client.c \
	%D%/client.h \
	%D%/client_impl.h \
	%D%/clientauth.c \
	%D%/clienthttp.c \
	%D%/clientlog.c \
	%D%/clientsite.c \
	%D%/clientsocks.c \
	%D%/clienttunnel.c \
	%D%/clientwait.c \
	%D%/clientresolve.c \
	%D%/clientudp.c \
	%D%/correspondents.c \
	%D%/correspondents.h \
	%D%/courier.c \
	%D%/courier.h \
	%D%/detect.c \
	%D%/detect.h \
	%D%/dialect.c \
	%D%/dialect.h \
	%D%/direct.c \
	%D%/direct.h \
	%D%/dnsmessage.c \
	%D%/dnsmessage.h \
	%D%/errorpage.c \
	%D%/errorpage.h \
	%D%/exchange.c \
	%D%/exchange.h \
	%D%/exchange_impl.h \
	%D%/exchangeup.c \
	%D%/failures.c \
	%D%/failures.h \
	%D%/gate.c \
	%D%/gate.h \
	%D%/gateway.c \
	%D%/gateway.h \
	%D%/gateway_impl.h \
	%D%/gatewayaccept.c \
	%D%/gatewaycommand.c \
	%D%/gatewayinvite.c \
	%D%/gatewayfile.c \
	%D%/gatewayforward.c \
	%D%/gatewaymain.c \
	%D%/gatewaymain.h \
	%D%/gatewaysend.c \
	%D%/gatewayorders.c \
	%D%/gatewayshare.c \
	%D%/gatewaysite.c \
	%D%/gatewayview.c \
	%D%/gatewaywait.c \
	%D%/gatewaywhy.c \
	%D%/homepage.c \
	%D%/homepage.h \
	%D%/homewords.c \
	%D%/homewords.h \
	%D%/hostsloans.c \
	%D%/hostspin.c \
	%D%/hosts.c \
	%D%/hosts.h \
	%D%/hosts_impl.h \
	%D%/httpbody.c \
	%D%/httpbody.h \
	%D%/httpchar.c \
	%D%/httpchar.h \
	%D%/httpcheck.c \
	%D%/httpcheck.h \
	%D%/httpforward.c \
	%D%/httpforward.h \
	%D%/httphead.c \
	%D%/httphead.h \
	%D%/httptarget.c \
	%D%/httptarget.h \
	%D%/lent.c \
	%D%/lent.h \
	%D%/letterbox.c \
	%D%/letterbox.h \
	%D%/loans.c \
	%D%/loans.h \
	%D%/metrics.c \
	%D%/metrics.h \
	%D%/nameserver.c \
	%D%/nameserver.h \
	%D%/outcomes.c \
	%D%/outcomes.h \
	%D%/overview.h \
	%D%/outlet.c \
	%D%/outlet.h \
	%D%/pac.c \
	%D%/pac.h \
	%D%/parting.c \
	%D%/parting.h \
	%D%/peers.c \
	%D%/peers.h \
	%D%/peers_impl.h \
	%D%/peersaged.c \
	%D%/peerspick.c \
	%D%/peerstold.c \
	%D%/peerswait.c \
	%D%/peeruser.c \
	%D%/peeruser.h \
	%D%/ports.c \
	%D%/ports.h \
	%D%/proxytarget.c \
	%D%/proxytarget.h \
	%D%/reach.c \
	%D%/reach.h \
	%D%/routes.c \
	%D%/routes.h \
	%D%/settings.c \
	%D%/settings.h \
	%D%/site.c \
	%D%/site.h \
	%D%/siteanswer.c \
	%D%/siteanswer.h \
	%D%/sitejson.c \
	%D%/sitejson.h \
	%D%/socks.c \
	%D%/socks.h \
	%D%/udpforward.c \
	%D%/udpforward.h \
	%D%/viamark.c \
	%D%/viamark.h \
	%D%/virtuals.c \
	%D%/virtuals.h \
	%D%/way.c \
	%D%/way.h \
	%D%/textout.c \
	%D%/textout.h \
	%D%/www.h \
	%D%/tether.c \
	%D%/tether.h \
	%D%/tether_impl.h \
	%D%/tethercarry.c \
	$(NULL)

# What the page consists of: made a part of the program.
WWW_FILES = \
	$(SHARED_WWW_FILES) \
	%D%/www/home.html \
	%D%/www/morph.js \
	%D%/www/page.js \
	%D%/www/plot.js \
	%D%/www/style.css \
	$(NULL)
nodist_%C%_libgateway_a_SOURCES = %D%/wwwdata.c
%D%/wwwdata.c: $(WWW_FILES) common/webembed
	$(AM_V_GEN)$(MKDIR_P) %D% && cd $(srcdir) && \
		$(SHELL) common/webembed gateway/www.h www_gateway \
			$(WWW_FILES) >$(abs_builddir)/$@.new && \
		cd $(abs_builddir) && mv $@.new $@
CLEANFILES += %D%/wwwdata.c %D%/wwwdata.c.new
EXTRA_DIST += $(WWW_FILES)

bin_PROGRAMS += inroad-gateway
inroad_gateway_SOURCES = %D%/main.c
inroad_gateway_LDADD = $(LIBS_GATEWAY)
endif

if ENABLE_CLI
noinst_LIBRARIES += %D%/cli/libcli.a
%C%_cli_libcli_a_SOURCES = \
	%D%/cli/accounts.c \
	%D%/cli/accounts.h \
	%D%/cli/ask.c \
	%D%/cli/ask.h \
	%D%/cli/bugreport.c \
	%D%/cli/bugreport.h \
	%D%/cli/cli.c \
	%D%/cli/cli.h \
	%D%/cli/commands.c \
	%D%/cli/commands.h \
	%D%/cli/complete.c \
	%D%/cli/complete.h \
	%D%/cli/completion.c \
	%D%/cli/completion.h \
	%D%/cli/connect.c \
	%D%/cli/connect.h \
	%D%/cli/desktop.c \
	%D%/cli/desktop.h \
	%D%/cli/doctor.c \
	%D%/cli/doctor.h \
	%D%/cli/doctorlocal.c \
	%D%/cli/entry.c \
	%D%/cli/entry.h \
	%D%/cli/flags.c \
	%D%/cli/flags.h \
	%D%/cli/forward.c \
	%D%/cli/forward.h \
	%D%/cli/limits.c \
	%D%/cli/limits.h \
	%D%/cli/letters.c \
	%D%/cli/letters.h \
	%D%/cli/open.c \
	%D%/cli/open.h \
	%D%/cli/proxy.c \
	%D%/cli/proxy.h \
	%D%/cli/pump.c \
	%D%/cli/pump.h \
	%D%/cli/relaycmd.c \
	%D%/cli/relaycmd.h \
	%D%/cli/remote.c \
	%D%/cli/remote.h \
	%D%/cli/share.c \
	%D%/cli/share.h \
	%D%/cli/shellenv.c \
	%D%/cli/shellenv.h \
	%D%/cli/show.c \
	%D%/cli/show.h \
	%D%/cli/sshconfig.c \
	%D%/cli/sshconfig.h \
	%D%/cli/tool.c \
	%D%/cli/tool.h \
	%D%/cli/tunnel.c \
	%D%/cli/tunnel.h \
	%D%/cli/why.c \
	%D%/cli/why.h \
	%D%/cli/passwd.c \
	%D%/cli/passwd.h \
	%D%/cli/words.c \
	%D%/cli/words.h \
	$(NULL)

bin_PROGRAMS += inroad
inroad_SOURCES = %D%/cli/main.c
inroad_LDADD = $(LIBS_CLI)
endif
