# SPDX-License-Identifier: ISC
#
# Programs that join several modules in one process, on sockets of their own.
# A new one is one line here; the source has the name of the program with .c.

SCENARIO_TESTS = \
	%D%/test_bridge \
	%D%/test_carrier \
	%D%/test_endpoint \
	%D%/test_link \
	%D%/test_linkchannel \
	%D%/test_linkgreet \
	%D%/test_sessionresume \
	%D%/test_uplink \
	$(NULL)

if HAVE_CHECK
check_PROGRAMS += $(SCENARIO_TESTS)
TESTS += $(SCENARIO_TESTS)
endif
