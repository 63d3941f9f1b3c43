# SPDX-License-Identifier: ISC

if ENABLE_AGENT
noinst_LIBRARIES += %D%/libagent.a
%C%_libagent_a_SOURCES = \
	%D%/agent.c \
	%D%/agent.h \
	%D%/agentmain.c \
	%D%/agentmain.h \
	%D%/answer.c \
	%D%/answer.h \
	%D%/assoc.c \
	%D%/assoc.h \
	%D%/attach.c \
	%D%/attach.h \
	%D%/callers.c \
	%D%/callers.h \
	%D%/egress.c \
	%D%/egress.h \
	%D%/egress_impl.h \
	%D%/egressudp.c \
	%D%/grant.c \
	%D%/grant.h \
	%D%/orders.c \
	%D%/orders.h \
	%D%/place.c \
	%D%/place.h \
	%D%/policy.c \
	%D%/policy.h \
	%D%/post.c \
	%D%/post.h \
	%D%/program.c \
	%D%/program.h \
	%D%/revoked.c \
	%D%/revoked.h \
	%D%/services.c \
	%D%/services.h \
	%D%/settings.c \
	%D%/settings.h \
	$(NULL)

bin_PROGRAMS += inroad-agent
inroad_agent_SOURCES = %D%/main.c
inroad_agent_LDADD = $(LIBS_AGENT)
endif
