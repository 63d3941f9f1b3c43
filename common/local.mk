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
	%D%/confscan.c \
	%D%/confscan.h \
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
	%D%/inbox.c \
	%D%/inbox.h \
	%D%/io.c \
	%D%/io.h \
	%D%/jsonout.c \
	%D%/jsonout.h \
	%D%/latency.c \
	%D%/latency.h \
	%D%/lines.c \
	%D%/lines.h \
	%D%/list.h \
	%D%/listener.c \
	%D%/listener.h \
	%D%/log.c \
	%D%/log.h \
	%D%/loop.c \
	%D%/loop.h \
	%D%/mem.c \
	%D%/mem.h \
	%D%/meter.c \
	%D%/meter.h \
	%D%/nearest.c \
	%D%/nearest.h \
	%D%/options.c \
	%D%/options.h \
	%D%/options_argv.c \
	%D%/options_argv.h \
	%D%/options_file.c \
	%D%/options_file.h \
	%D%/options_help.c \
	%D%/options_help.h \
	%D%/options_impl.h \
	%D%/pending.c \
	%D%/pending.h \
	%D%/promout.c \
	%D%/promout.h \
	%D%/quantity.c \
	%D%/quantity.h \
	%D%/ratelimit.c \
	%D%/ratelimit.h \
	%D%/resolver.c \
	%D%/resolver.h \
	%D%/signals.c \
	%D%/signals.h \
	%D%/startup.c \
	%D%/startup.h \
	%D%/statedir.c \
	%D%/statedir.h \
	%D%/table.c \
	%D%/table.h \
	%D%/udpsock.c \
	%D%/udpsock.h \
	%D%/users.c \
	%D%/users.h \
	%D%/version.c \
	%D%/version.h \
	%D%/webfile.c \
	%D%/webfile.h \
	%D%/wire.c \
	%D%/wire.h \
	%D%/worker.c \
	%D%/worker.h \
	$(NULL)

EXTRA_DIST += %D%/webembed

# What the pages of several programs have in common.
SHARED_WWW_FILES = \
	%D%/www/base.css \
	%D%/www/icon.svg \
	$(NULL)
EXTRA_DIST += $(SHARED_WWW_FILES)
