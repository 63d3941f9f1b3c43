# SPDX-License-Identifier: ISC

# The pure protocol: no sockets, no clock, no global randomness.
noinst_LIBRARIES += %D%/libprotocol.a
%C%_libprotocol_a_SOURCES = \
	%D%/agentorder.c \
	%D%/agentorder.h \
	%D%/armor.c \
	%D%/armor.h \
	%D%/association.c \
	%D%/association.h \
	%D%/codes.c \
	%D%/codes.def \
	%D%/codes.h \
	%D%/conduit.h \
	%D%/credit.c \
	%D%/credit.h \
	%D%/dgram.c \
	%D%/dgram.h \
	%D%/dgramqueue.c \
	%D%/dgramqueue.h \
	%D%/frame.c \
	%D%/frame.h \
	%D%/frames.def \
	%D%/hkdf.c \
	%D%/hkdf.h \
	%D%/joinstring.c \
	%D%/joinstring.h \
	%D%/keys.c \
	%D%/keys.h \
	%D%/limits.h \
	%D%/linkhello.c \
	%D%/linkhello.h \
	%D%/linkmsg.c \
	%D%/linkmsg.h \
	%D%/membership.c \
	%D%/membership.h \
	%D%/name.c \
	%D%/name.h \
	%D%/noise.c \
	%D%/noise.h \
	%D%/record.c \
	%D%/record.h \
	%D%/records.def \
	%D%/resolvemsg.c \
	%D%/resolvemsg.h \
	%D%/resume.c \
	%D%/resume.h \
	%D%/retain.c \
	%D%/retain.h \
	%D%/rights.c \
	%D%/rights.h \
	%D%/schedule.c \
	%D%/schedule.h \
	%D%/seal.c \
	%D%/seal.h \
	%D%/session.c \
	%D%/session.h \
	%D%/session_impl.h \
	%D%/sessionhello.c \
	%D%/sessionhello.h \
	%D%/sessionin.c \
	%D%/sessionin.h \
	%D%/sessionout.c \
	%D%/sessionout.h \
	%D%/sessionrows.h \
	%D%/sessiontext.c \
	%D%/sessiontext.h \
	%D%/shaper.c \
	%D%/shaper.h \
	%D%/sharemsg.c \
	%D%/sharemsg.h \
	%D%/sharestring.c \
	%D%/sharestring.h \
	%D%/stream.c \
	%D%/stream.h \
	%D%/target.c \
	%D%/target.h \
	%D%/texts.c \
	%D%/texts.h \
	%D%/window.c \
	%D%/window.h \
	$(NULL)

# The parts of the protocol that touch sockets.
noinst_LIBRARIES += %D%/liblink.a
%C%_liblink_a_SOURCES = \
	%D%/acceptor.c \
	%D%/acceptor.h \
	%D%/acceptor_impl.h \
	%D%/acceptorattach.c \
	%D%/acceptorroom.c \
	%D%/acceptortext.c \
	%D%/bridge.c \
	%D%/bridge.h \
	%D%/carrier.c \
	%D%/carrier.h \
	%D%/channel.c \
	%D%/endpoint.h \
	%D%/endpoint.c \
	%D%/endpoint_impl.h \
	%D%/endpointcontrol.c \
	%D%/endpointinbox.c \
	%D%/endpointlink.c \
	%D%/endpointways.c \
	%D%/enrol.c \
	%D%/enrol.h \
	%D%/joinsource.c \
	%D%/joinsource.h \
	%D%/link.c \
	%D%/link.h \
	%D%/link_impl.h \
	%D%/linkgreet.c \
	%D%/linklive.c \
	%D%/linkread.c \
	%D%/linktcp.c \
	%D%/linkwrite.c \
	%D%/outbox.c \
	%D%/outbox.h \
	%D%/relaylist.c \
	%D%/relaylist.h \
	%D%/scout.c \
	%D%/scout.h \
	%D%/sessionanswer.c \
	%D%/sessionanswer.h \
	%D%/uplink.c \
	%D%/uplink.h \
	%D%/uplink_impl.h \
	%D%/uplinkround.c \
	$(NULL)

EXTRA_DIST += \
	%D%/PROTOCOL.md \
	$(NULL)
