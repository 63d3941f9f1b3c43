# SPDX-License-Identifier: ISC
#
# Our codecs against those of others: the same bytes, the same reading.

ORACLE_TESTS =
if ENABLE_GATEWAY
check_PROGRAMS += %D%/httpsee
%C%_httpsee_LDADD = $(LIBS_GATEWAY)
ORACLE_TESTS += %D%/httphead.test
endif

TESTS += $(ORACLE_TESTS)
dist_check_SCRIPTS += %D%/httphead.test
EXTRA_DIST += \
	%D%/httphead.js \
	$(NULL)
