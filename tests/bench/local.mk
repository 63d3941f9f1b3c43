# SPDX-License-Identifier: ISC
#
# Measurements, built by name and run by hand: make tests/bench/bench_link

EXTRA_PROGRAMS += \
	%D%/bench_link \
	%D%/bench_seal \
	%D%/blast \
	%D%/fill \
	%D%/logins \
	$(NULL)
%C%_blast_LDADD = -lpthread
%C%_logins_LDADD = $(LIBS_UNIT) $(LIBS_RELAY)
%C%_fill_LDADD = $(LIBS_UNIT) $(LIBS_RELAY)
EXTRA_DIST += \
	%D%/compare \
	%D%/glance \
	%D%/glance.py \
	%D%/load \
	%D%/storm \
	%D%/rates \
	%D%/retention \
	%D%/streams \
	$(NULL)
