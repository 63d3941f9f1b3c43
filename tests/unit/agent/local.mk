# SPDX-License-Identifier: ISC
#
# Each test also needs a line here, to link with this daemon's library:
# %C%_test_name_LDADD = $(LIBS_UNIT_AGENT)

if ENABLE_AGENT
UNIT_TESTS += \
	%D%/test_answer \
	%D%/test_assoc \
	%D%/test_attach \
	%D%/test_callers \
	%D%/test_callersattach \
	%D%/test_callersshare \
	%D%/test_egress \
	%D%/test_grant \
	%D%/test_place \
	%D%/test_policy \
	%D%/test_post \
	%D%/test_program \
	%D%/test_revoked \
	%D%/test_services \
	%D%/test_settings \
	$(NULL)
endif

# What the tests of callers share.
RIG_UNIT_AGENT = \
	%D%/callersrig.c \
	%D%/callersrig.h \
	$(NULL)

%C%_test_answer_LDADD = $(LIBS_UNIT_AGENT)
%C%_test_assoc_LDADD = $(LIBS_UNIT_AGENT)
%C%_test_attach_LDADD = $(LIBS_UNIT_AGENT)
%C%_test_callers_SOURCES = %D%/test_callers.c $(RIG_UNIT_AGENT)
%C%_test_callers_LDADD = $(LIBS_UNIT_AGENT)
%C%_test_callersattach_SOURCES = %D%/test_callersattach.c $(RIG_UNIT_AGENT)
%C%_test_callersattach_LDADD = $(LIBS_UNIT_AGENT)
%C%_test_callersshare_SOURCES = %D%/test_callersshare.c $(RIG_UNIT_AGENT)
%C%_test_callersshare_LDADD = $(LIBS_UNIT_AGENT)
%C%_test_egress_LDADD = $(LIBS_UNIT_AGENT)
%C%_test_grant_LDADD = $(LIBS_UNIT_AGENT)
%C%_test_place_LDADD = $(LIBS_UNIT_AGENT)
%C%_test_policy_LDADD = $(LIBS_UNIT_AGENT)
%C%_test_post_LDADD = $(LIBS_UNIT_AGENT)
%C%_test_program_LDADD = $(LIBS_UNIT_AGENT)
%C%_test_revoked_LDADD = $(LIBS_UNIT_AGENT)
%C%_test_services_LDADD = $(LIBS_UNIT_AGENT)
%C%_test_settings_LDADD = $(LIBS_UNIT_AGENT)

LIBS_UNIT_AGENT = $(LIBS_UNIT) $(LIBS_AGENT) $(LIBS_CHECK)
