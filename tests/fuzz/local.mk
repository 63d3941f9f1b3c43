# SPDX-License-Identifier: ISC
#
# One program for each decoder of what a peer sends. A new one is one line in
# FUZZ_TARGETS, one line to link it, and its corpus, <name>.in/, in EXTRA_DIST:
#
# %C%_fuzz_name_LDADD = $(LIBS_FUZZ)

FUZZ_TARGETS = \
	%D%/fuzz_addr \
	%D%/fuzz_dgram \
	%D%/fuzz_frame \
	%D%/fuzz_joinstring \
	%D%/fuzz_linkhello \
	%D%/fuzz_linkmsg \
	%D%/fuzz_membership \
	%D%/fuzz_resume \
	%D%/fuzz_session \
	%D%/fuzz_sessionhello \
	%D%/fuzz_share \
	%D%/fuzz_target \
	%D%/fuzz_texts \
	%D%/fuzz_options \
	$(NULL)

if ENABLE_FUZZING
FUZZ_MAIN = $(FUZZ_LIBS)
else
FUZZ_MAIN = %D%/libreplay.a
check_LIBRARIES += %D%/libreplay.a
%C%_libreplay_a_SOURCES = %D%/replay.c
endif
LIBS_FUZZ = $(FUZZ_MAIN) $(LIBS_LINK)

%C%_fuzz_addr_LDADD = $(LIBS_FUZZ)
%C%_fuzz_dgram_LDADD = $(LIBS_FUZZ)
%C%_fuzz_frame_LDADD = $(LIBS_FUZZ)
%C%_fuzz_joinstring_LDADD = $(FUZZ_MAIN) tests/support/libsupport.a $(LIBS_LINK)
%C%_fuzz_linkhello_LDADD = $(LIBS_FUZZ)
%C%_fuzz_linkmsg_LDADD = $(LIBS_FUZZ)
%C%_fuzz_membership_LDADD = $(LIBS_FUZZ)
%C%_fuzz_resume_LDADD = $(LIBS_FUZZ)
%C%_fuzz_session_LDADD = $(FUZZ_MAIN) tests/support/libsupport.a $(LIBS_LINK)
%C%_fuzz_sessionhello_LDADD = $(LIBS_FUZZ)
%C%_fuzz_share_LDADD = $(LIBS_FUZZ)
%C%_fuzz_target_LDADD = $(LIBS_FUZZ)
%C%_fuzz_texts_LDADD = $(LIBS_FUZZ)
%C%_fuzz_options_LDADD = tests/support/libsupport.a $(LIBS_FUZZ)

check_PROGRAMS += $(FUZZ_TARGETS)
TESTS += %D%/replay.test
dist_check_SCRIPTS += %D%/replay.test
AM_TESTS_ENVIRONMENT += FUZZ_TARGETS='$(FUZZ_TARGETS)'; export FUZZ_TARGETS;
# Without libFuzzer replay.c would else not be in the release.
EXTRA_DIST += \
	%D%/addr.in \
	%D%/dgram.in \
	%D%/frame.in \
	%D%/joinstring.in \
	%D%/linkhello.in \
	%D%/linkmsg.in \
	%D%/membership.in \
	%D%/options.in \
	%D%/replay.c \
	%D%/resume.in \
	%D%/session.in \
	%D%/sessionhello.in \
	%D%/share.in \
	%D%/target.in \
	%D%/texts.in \
	$(NULL)

if ENABLE_AGENT
FUZZ_TARGETS += \
	%D%/fuzz_attach \
	%D%/fuzz_policy \
	$(NULL)
%C%_fuzz_attach_LDADD = $(FUZZ_MAIN) tests/support/libsupport.a $(LIBS_AGENT)
%C%_fuzz_policy_LDADD = $(FUZZ_MAIN) $(LIBS_AGENT)
endif
EXTRA_DIST += \
	%D%/attach.in \
	%D%/policy.in \
	$(NULL)

if ENABLE_GATEWAY
FUZZ_TARGETS += \
	%D%/fuzz_basic \
	%D%/fuzz_dnsmessage \
	%D%/fuzz_httpbody \
	%D%/fuzz_httphead \
	%D%/fuzz_routes \
	%D%/fuzz_socks \
	$(NULL)
LIBS_FUZZ_GATEWAY = $(FUZZ_MAIN) $(LIBS_GATEWAY)
%C%_fuzz_basic_LDADD = $(LIBS_FUZZ_GATEWAY)
%C%_fuzz_dnsmessage_LDADD = $(LIBS_FUZZ_GATEWAY)
%C%_fuzz_httpbody_LDADD = $(LIBS_FUZZ_GATEWAY)
%C%_fuzz_httphead_LDADD = $(LIBS_FUZZ_GATEWAY)
%C%_fuzz_routes_LDADD = $(LIBS_FUZZ_GATEWAY)
%C%_fuzz_socks_LDADD = $(LIBS_FUZZ_GATEWAY)
endif
EXTRA_DIST += \
	%D%/basic.in \
	%D%/dnsmessage.in \
	%D%/httpbody.in \
	%D%/httphead.in \
	%D%/routes.in \
	%D%/socks.in \
	$(NULL)
