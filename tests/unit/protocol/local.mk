# SPDX-License-Identifier: ISC

UNIT_TESTS += \
	%D%/test_agentorder \
	%D%/test_armor \
	%D%/test_association \
	%D%/test_codes \
	%D%/test_credit \
	%D%/test_dgram \
	%D%/test_dgramqueue \
	%D%/test_enrol \
	%D%/test_frame \
	%D%/test_hkdf \
	%D%/test_joinsource \
	%D%/test_joinstring \
	%D%/test_keys \
	%D%/test_linkhello \
	%D%/test_linkmsg \
	%D%/test_linktcp \
	%D%/test_membership \
	%D%/test_name \
	%D%/test_noise \
	%D%/test_outbox \
	%D%/test_record \
	%D%/test_relaylist \
	%D%/test_resolvemsg \
	%D%/test_resume \
	%D%/test_retain \
	%D%/test_rights \
	%D%/test_schedule \
	%D%/test_seal \
	%D%/test_session \
	%D%/test_sessionanswer \
	%D%/test_sessionhello \
	%D%/test_sessiontext \
	%D%/test_shaper \
	%D%/test_sharemsg \
	%D%/test_sharestring \
	%D%/test_target \
	%D%/test_texts \
	%D%/test_window \
	$(NULL)
