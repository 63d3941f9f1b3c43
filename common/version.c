/* SPDX-License-Identifier: ISC */
#include "common/version.h"

#include <ares.h>
#include <confuse.h>
#include <ev.h>
#include <sodium.h>
#include <stdio.h>

#ifndef PACKAGE_VERSION
#error "PACKAGE_VERSION comes from configure"
#endif

const char *
version_string(void)
{
	return PACKAGE_VERSION;
}

void
version_print(const char *program, unsigned protocol,
    const struct version_library *more, size_t count)
{
	(void)printf("%s %s\n", program, version_string());
	(void)printf("protocol %u\n", protocol);
	(void)printf("libev %d.%d\n", ev_version_major(), ev_version_minor());
	(void)printf("libsodium %s\n", sodium_version_string());
	(void)printf("c-ares %s\n", ares_version(NULL));
	(void)printf("libconfuse %s\n", confuse_version);
	for (size_t i = 0; i < count; i++) {
		(void)printf("%s %s\n", more[i].name, more[i].version);
	}
}
