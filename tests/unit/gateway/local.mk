# SPDX-License-Identifier: ISC
#
# Each test also needs a line here, to link with this daemon's library:
# %C%_test_name_LDADD = $(LIBS_UNIT_GATEWAY)

if ENABLE_GATEWAY
UNIT_TESTS += \
	%D%/test_client \
	%D%/test_clientauth \
	%D%/test_clienthttp \
	%D%/test_clientsite \
	%D%/test_clientsocks \
	%D%/test_clientresolve \
	%D%/test_clientudp \
	%D%/test_correspondents \
	%D%/test_courier \
	%D%/test_auth \
	%D%/test_basic \
	%D%/test_detect \
	%D%/test_dialect \
	%D%/test_direct \
	%D%/test_dnsmessage \
	%D%/test_errorpage \
	%D%/test_exchange \
	%D%/test_failures \
	%D%/test_gate \
	%D%/test_homepage \
	%D%/test_homewords \
	%D%/test_hosts \
	%D%/test_httpbody \
	%D%/test_httpchar \
	%D%/test_httpcheck \
	%D%/test_httpforward \
	%D%/test_httphead \
	%D%/test_httptarget \
	%D%/test_lent \
	%D%/test_letterbox \
	%D%/test_loans \
	%D%/test_metrics \
	%D%/test_nameserver \
	%D%/test_outcomes \
	%D%/test_outlet \
	%D%/test_pac \
	%D%/test_peers \
	%D%/test_peeruser \
	%D%/test_ports \
	%D%/test_proxytarget \
	%D%/test_reach \
	%D%/test_routes \
	%D%/test_settings \
	%D%/test_site \
	%D%/test_siteanswer \
	%D%/test_sitejson \
	%D%/test_socks \
	%D%/test_tether \
	%D%/test_udpforward \
	%D%/test_viamark \
	%D%/test_virtuals \
	%D%/test_way \
	%D%/test_textout \
	%D%/test_www \
	$(NULL)
endif

# What the tests of clients share; it stands in the place of gateway/reach.
RIG_UNIT_GATEWAY = \
	%D%/clientrig.c \
	%D%/clientrig.h \
	$(NULL)

# What the tests of tethers share; it stands in the place of protocol/endpoint.
RIG_UNIT_TETHER = \
	%D%/tetherrig.c \
	%D%/tetherrig.h \
	$(NULL)

LIBS_UNIT_GATEWAY = $(LIBS_UNIT) $(LIBS_GATEWAY) $(LIBS_CHECK)

%C%_test_auth_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_basic_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_client_SOURCES = %D%/test_client.c $(RIG_UNIT_GATEWAY)
%C%_test_client_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_clientauth_SOURCES = %D%/test_clientauth.c $(RIG_UNIT_GATEWAY)
%C%_test_clientauth_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_clienthttp_SOURCES = %D%/test_clienthttp.c $(RIG_UNIT_GATEWAY)
%C%_test_clienthttp_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_clientsite_SOURCES = %D%/test_clientsite.c $(RIG_UNIT_GATEWAY)
%C%_test_clientsite_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_clientsocks_SOURCES = %D%/test_clientsocks.c $(RIG_UNIT_GATEWAY)
%C%_test_clientsocks_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_clientresolve_SOURCES = %D%/test_clientresolve.c $(RIG_UNIT_GATEWAY)
%C%_test_clientresolve_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_clientudp_SOURCES = %D%/test_clientudp.c $(RIG_UNIT_GATEWAY)
%C%_test_clientudp_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_correspondents_SOURCES = %D%/test_correspondents.c $(RIG_UNIT_TETHER)
%C%_test_correspondents_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_courier_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_detect_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_dialect_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_direct_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_dnsmessage_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_errorpage_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_exchange_SOURCES = %D%/test_exchange.c $(RIG_UNIT_GATEWAY)
%C%_test_exchange_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_failures_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_gate_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_homepage_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_homewords_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_hosts_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_httpbody_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_httpchar_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_httpcheck_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_httpforward_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_httphead_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_httptarget_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_lent_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_letterbox_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_loans_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_metrics_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_nameserver_SOURCES = %D%/test_nameserver.c $(RIG_UNIT_GATEWAY)
%C%_test_nameserver_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_outcomes_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_outlet_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_pac_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_peers_SOURCES = %D%/test_peers.c $(RIG_UNIT_TETHER)
%C%_test_peers_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_peeruser_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_ports_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_proxytarget_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_reach_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_routes_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_settings_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_site_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_siteanswer_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_sitejson_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_socks_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_tether_SOURCES = %D%/test_tether.c $(RIG_UNIT_TETHER)
%C%_test_tether_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_udpforward_SOURCES = %D%/test_udpforward.c $(RIG_UNIT_GATEWAY)
%C%_test_udpforward_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_viamark_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_virtuals_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_way_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_textout_LDADD = $(LIBS_UNIT_GATEWAY)
%C%_test_www_LDADD = $(LIBS_UNIT_GATEWAY)
