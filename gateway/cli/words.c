/* SPDX-License-Identifier: ISC */
#include "gateway/cli/words.h"

#include <stdio.h>
#include <time.h>

const char *
words_ago(double when, char *out, size_t size)
{
	time_t now = time(NULL);
	double s = (double)now - when;

	if (when == 0) {
		(void)snprintf(out, size, "never");
	} else if (s < 60) {
		(void)snprintf(out, size, "%.0f s ago", s > 0 ? s : 0.);
	} else if (s < 7200) {
		(void)snprintf(out, size, "%.0f min ago", s / 60);
	} else if (s < 172800) {
		(void)snprintf(out, size, "%.0f h ago", s / 3600);
	} else {
		(void)snprintf(out, size, "%.0f days ago", s / 86400);
	}
	return out;
}

const char *
words_duration(double s, char *out, size_t size)
{
	if (s < 120) {
		(void)snprintf(out, size, "%.0f s", s);
	} else if (s < 7200) {
		(void)snprintf(out, size, "%.0f m", s / 60);
	} else {
		(void)snprintf(out, size, "%.0f h", s / 3600);
	}
	return out;
}
