# SPDX-License-Identifier: ISC
#
# Measurements, built by name and run by hand: make tests/bench/bench_link

EXTRA_PROGRAMS += \
	%D%/bench_link \
	%D%/bench_seal \
	%D%/blast \
	$(NULL)
%C%_blast_LDADD = -lpthread
EXTRA_DIST += \
	%D%/compare \
	%D%/retention \
	%D%/streams \
	$(NULL)
