# SPDX-License-Identifier: ISC

noinst_LIBRARIES += %D%/libcommon.a
%C%_libcommon_a_SOURCES = \
	%D%/addr.h \
	%D%/blob.h \
	%D%/buf.h \
	%D%/idmap.c \
	%D%/idmap.h \
	%D%/io.h \
	%D%/list.h \
	%D%/log.h \
	%D%/loop.h \
	%D%/mem.c \
	%D%/mem.h \
	%D%/table.c \
	%D%/table.h \
	%D%/wire.h \
	$(NULL)
