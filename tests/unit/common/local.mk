# SPDX-License-Identifier: ISC

UNIT_TESTS += \
	%D%/test_addr \
	%D%/test_backoff \
	%D%/test_blob \
	%D%/test_buf \
	%D%/test_confscan \
	%D%/test_control \
	%D%/test_dial \
	%D%/test_escape \
	%D%/test_fault \
	%D%/test_file \
	%D%/test_idmap \
	%D%/test_inbox \
	%D%/test_io \
	%D%/test_jsonout \
	%D%/test_latency \
	%D%/test_lines \
	%D%/test_listener \
	%D%/test_log \
	%D%/test_loop \
	%D%/test_mem \
	%D%/test_meter \
	%D%/test_nearest \
	%D%/test_options \
	%D%/test_pending \
	%D%/test_promout \
	%D%/test_quantity \
	%D%/test_ratelimit \
	%D%/test_resolver \
	%D%/test_signals \
	%D%/test_statedir \
	%D%/test_table \
	%D%/test_udpsock \
	%D%/test_users \
	%D%/test_version \
	%D%/test_webfile \
	%D%/test_wire \
	%D%/test_worker \
	$(NULL)
