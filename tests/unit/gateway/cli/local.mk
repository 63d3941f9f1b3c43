# SPDX-License-Identifier: ISC
#
# Each test also needs a line here, to link with the library of the command:
# %C%_test_name_LDADD = $(LIBS_UNIT_CLI)

if ENABLE_CLI
UNIT_TESTS += \
	%D%/test_accounts \
	%D%/test_ask \
	%D%/test_bugreport \
	%D%/test_cli \
	%D%/test_commands \
	%D%/test_complete \
	%D%/test_connect \
	%D%/test_doctor \
	%D%/test_forward \
	%D%/test_letters \
	%D%/test_open \
	%D%/test_proxy \
	%D%/test_pump \
	%D%/test_relaycmd \
	%D%/test_remote \
	%D%/test_share \
	%D%/test_shellenv \
	%D%/test_show \
	%D%/test_sshconfig \
	%D%/test_tool \
	%D%/test_why \
	%D%/test_passwd \
	%D%/test_words \
	$(NULL)
endif

LIBS_UNIT_CLI = $(LIBS_UNIT) $(LIBS_CLI) $(LIBS_CHECK)

%C%_test_accounts_LDADD = $(LIBS_UNIT_CLI)
%C%_test_ask_LDADD = $(LIBS_UNIT_CLI)
%C%_test_bugreport_LDADD = $(LIBS_UNIT_CLI)
%C%_test_cli_LDADD = $(LIBS_UNIT_CLI)
%C%_test_commands_LDADD = $(LIBS_UNIT_CLI)
%C%_test_complete_LDADD = $(LIBS_UNIT_CLI)
%C%_test_connect_LDADD = $(LIBS_UNIT_CLI)
%C%_test_doctor_LDADD = $(LIBS_UNIT_CLI)
%C%_test_forward_LDADD = $(LIBS_UNIT_CLI)
%C%_test_letters_LDADD = $(LIBS_UNIT_CLI)
%C%_test_open_LDADD = $(LIBS_UNIT_CLI)
%C%_test_proxy_LDADD = $(LIBS_UNIT_CLI)
%C%_test_pump_LDADD = $(LIBS_UNIT_CLI)
%C%_test_relaycmd_LDADD = $(LIBS_UNIT_CLI)
%C%_test_remote_LDADD = $(LIBS_UNIT_CLI)
%C%_test_share_LDADD = $(LIBS_UNIT_CLI)
%C%_test_shellenv_LDADD = $(LIBS_UNIT_CLI)
%C%_test_show_LDADD = $(LIBS_UNIT_CLI)
%C%_test_sshconfig_LDADD = $(LIBS_UNIT_CLI)
%C%_test_passwd_LDADD = $(LIBS_UNIT_CLI)
%C%_test_tool_LDADD = $(LIBS_UNIT_CLI)
%C%_test_why_LDADD = $(LIBS_UNIT_CLI)
%C%_test_words_LDADD = $(LIBS_UNIT_CLI)
