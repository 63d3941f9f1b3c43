# SPDX-License-Identifier: ISC

noinst_LIBRARIES += %D%/libcommon.a
%C%_libcommon_a_SOURCES = \
	%D%/addr.c \
	%D%/addr.h \
	%D%/backoff.c \
	%D%/backoff.h \
	%D%/blob.c \
	%D%/blob.h \
	%D%/buf.c \
	%D%/buf.h \
	%D%/control.c \
	%D%/control.h \
	%D%/control_client.c \
	%D%/control_client.h \
	%D%/dial.c \
	%D%/dial.h \
	%D%/dns.c \
	%D%/dns.h \
	%D%/escape.c \
	%D%/escape.h \
	%D%/fault.c \
	%D%/fault.h \
	%D%/file.c \
	%D%/file.h \
	%D%/idmap.c \
	%D%/idmap.h \
	%D%/io.c \
	%D%/io.h \
	%D%/jsonout.c \
	%D%/jsonout.h \
	%D%/list.h \
	%D%/listener.c \
	%D%/listener.h \
	%D%/log.c \
	%D%/log.h \
	%D%/loop.c \
	%D%/loop.h \
	%D%/mem.c \
	%D%/mem.h \
	%D%/nearest.c \
	%D%/nearest.h \
	%D%/ratelimit.c \
	%D%/ratelimit.h \
	%D%/resolver.c \
	%D%/resolver.h \
	%D%/signals.c \
	%D%/signals.h \
	%D%/statedir.c \
	%D%/statedir.h \
	%D%/table.c \
	%D%/table.h \
	%D%/version.c \
	%D%/version.h \
	%D%/wire.c \
	%D%/wire.h \
	$(NULL)
