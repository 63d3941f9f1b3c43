# SPDX-License-Identifier: ISC

if ENABLE_RELAY
noinst_LIBRARIES += %D%/librelay.a
%C%_librelay_a_SOURCES = \
	%D%/account.h \
	%D%/directory.h \
	%D%/store.h \
	$(NULL)

bin_PROGRAMS += inroad-relay
inroad_relay_SOURCES = %D%/main.c
inroad_relay_LDADD = $(LIBS_RELAY)
endif
