/* SPDX-License-Identifier: ISC */

#include "gateway/pac.h"

#include <stdlib.h>
#include <string.h>

#include "common/addr.h"
#include "common/buf.h"
#include "tests/support/sampleview.h"
#include "tests/support/unit.h"
#include "tests/support/written.h"

static struct sampleview sample;
static const char *proxy;

static void
setup(void)
{
	(void)sampleview_make(&sample);
	proxy = "127.0.0.1:1080";
}

static void
teardown(void)
{
	sampleview_free(&sample);
}

static int
write_pac(struct buf *out, const void *overview)
{
	struct addr addr;

	ck_assert_int_eq(addr_parse(&addr, proxy), 0);
	return pac_write(overview, &addr, out);
}

static void
begins(const char *start)
{
	char *text = written(write_pac, &sample.overview);

	ck_assert_msg(
	    strncmp(text, start, strlen(start)) == 0, "it is: %s", text);
	ck_assert_ptr_nonnull(
	    strstr(text, "function FindProxyForURL(url, host) {\n"));
	/* Nothing that looks a name up. */
	ck_assert_ptr_null(strstr(text, "esolve"));
	ck_assert_ptr_null(strstr(text, "isInNet"));
	ck_assert_ptr_null(strstr(text, "myIp"));
	free(text);
}

START_TEST(it_has_hosts_suffix_and_address)
{
	begins(
	    "// Names of inroad go to its gateway, everything else does not.\n"
	    "var proxy = \"PROXY 127.0.0.1:1080\";\n"
	    "var suffix = \".internal\";\n"
	    "var hosts = \" relay lab office yard \";\n");
}
END_TEST

START_TEST(it_has_what_they_are_now)
{
	proxy = "[::1]:8118";
	sample.overview.suffix = "corp.example";
	sample.overview.host_count = 0;
	begins(
	    "// Names of inroad go to its gateway, everything else does not.\n"
	    "var proxy = \"PROXY [::1]:8118\";\n"
	    "var suffix = \".corp.example\";\n"
	    "var hosts = \" relay \";\n");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("gateway/pac");
	TCase *tcase = tcase_create("pac");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, it_has_hosts_suffix_and_address);
	tcase_add_test(tcase, it_has_what_they_are_now);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
