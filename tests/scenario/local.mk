# SPDX-License-Identifier: ISC
#
# Programs that join several modules in one process, on sockets of their own.
# A new one is one line here; the source has the name of the program with .c.

SCENARIO_TESTS = \
	%D%/test_bridge \
	%D%/test_carrier \
	%D%/test_endpoint \
	%D%/test_link \
	%D%/test_linkchannel \
	%D%/test_linkgreet \
	%D%/test_linkroom \
	%D%/test_rates \
	%D%/test_scout \
	%D%/test_sessionresume \
	%D%/test_uplink \
	%D%/test_uplinks \
	$(NULL)

# Programs in which both kinds of endpoint meet a relay that is not honest.
# The clock is not in a library: Check would find it there, too.
RIG_RELAY = \
	%D%/fakeworld.c \
	%D%/fakeworld.h \
	%D%/hostile.c \
	%D%/hostile.h \
	%D%/relayrig.c \
	%D%/relayrig.h \
	$(NULL)
LIBS_RELAYRIG = $(LIBS_UNIT) gateway/libgateway.a $(LIBS_AGENT) $(LIBS_CHECK)

if ENABLE_GATEWAY
if ENABLE_AGENT
SCENARIO_TESTS += \
	%D%/test_hostileattach \
	%D%/test_hostilerelay \
	%D%/test_relaycuts \
	$(NULL)
endif
endif

if ENABLE_GATEWAY
if ENABLE_RELAY
SCENARIO_TESTS += %D%/test_console
endif
endif

# The rig of the relay's unit tests, and a gateway.
%C%_test_console_SOURCES = \
	%D%/fakeworld.c \
	%D%/fakeworld.h \
	%D%/test_console.c \
	$(RIG_UNIT_RELAY)
%C%_test_console_LDADD = \
	$(LIBS_UNIT) gateway/libgateway.a $(LIBS_RELAY) $(LIBS_CHECK)

%C%_test_hostileattach_SOURCES = %D%/test_hostileattach.c $(RIG_RELAY)
%C%_test_hostileattach_LDADD = $(LIBS_RELAYRIG)
%C%_test_hostilerelay_SOURCES = %D%/test_hostilerelay.c $(RIG_RELAY)
%C%_test_hostilerelay_LDADD = $(LIBS_RELAYRIG)
%C%_test_relaycuts_SOURCES = %D%/test_relaycuts.c $(RIG_RELAY)
%C%_test_relaycuts_LDADD = $(LIBS_RELAYRIG)

if HAVE_CHECK
check_PROGRAMS += $(SCENARIO_TESTS)
TESTS += $(SCENARIO_TESTS)
endif
