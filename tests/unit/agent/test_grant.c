/* SPDX-License-Identifier: ISC */
#include "agent/grant.h"

#include <stdint.h>

#include "agent/place.h"
#include "agent/services.h"
#include "tests/support/unit.h"

static struct services *services;

static void
setup(void)
{
	const char *flaw = NULL;

	services = services_new();
	ck_assert_int_eq(
	    services_set(services, "web", "127.0.0.1:8080", &flaw), 0);
	ck_assert_int_eq(
	    services_set(services, "printer", "10.0.0.9:9100", &flaw), 0);
}

static void
teardown(void)
{
	services_free(services);
}

static bool
allows(const char *rights, const char *name, uint16_t port)
{
	struct place place;

	place_find(&place, services, name, port);
	return grant_allows(rights, services, name, &place);
}

START_TEST(owner_and_whole_share)
{
	ck_assert(allows(NULL, "", 22));
	ck_assert(allows(NULL, "10.0.0.5", 22));
	ck_assert(allows("", "printer.lan", 22));
}
END_TEST

START_TEST(ports_are_of_the_host_itself)
{
	ck_assert(allows("ports=22", "", 22));
	ck_assert(allows("ports=22", "localhost", 22));
	ck_assert(allows("ports=22", "127.0.0.1", 22));
	ck_assert(allows("ports=22", "127.1.2.3", 22));
	ck_assert(allows("ports=22", "::1", 22));
	ck_assert(allows("ports=22", "::ffff:127.0.0.1", 22));
	ck_assert(!allows("ports=22", "", 23));
	ck_assert(!allows("ports=22", "10.0.0.5", 22));
	ck_assert(!allows("ports=22", "::ffff:10.0.0.5", 22));
	ck_assert(!allows("ports=22", "0.0.0.0", 22));
	/* Nobody knows yet where it leads. */
	ck_assert(!allows("ports=22", "printer.lan", 22));
}
END_TEST

START_TEST(services_lead_where_they_lead)
{
	ck_assert(allows("services=web", "web", 1));
	ck_assert(allows("services=web", "WEB", 1));
	ck_assert(allows("services=printer", "printer", 80));
	ck_assert(!allows("services=web", "printer", 80));
	ck_assert(!allows("services=web", "", 8080));
	/* One that is no service here is a name like others. */
	ck_assert(!allows("services=db", "db", 22));
	/* What a port allows is allowed by another name, too. */
	ck_assert(allows("ports=8080", "web", 1));
	ck_assert(!allows("ports=9100", "printer", 1));
}
END_TEST

START_TEST(addresses_of_datagrams)
{
	struct place place = { .port = 53, .count = 1 };

	ck_assert_int_eq(addr_from_ip(&place.addrs[0], "127.0.0.1", 53), 0);
	ck_assert(grant_allows("ports=53", services, NULL, &place));
	ck_assert(!grant_allows("ports=54", services, NULL, &place));
	place.count = 0;
	ck_assert(!grant_allows("ports=53", services, NULL, &place));
	ck_assert(!grant_allows("ports=53", NULL, "web", &place));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("grant");
	TCase *tcase = tcase_create("grant");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, owner_and_whole_share);
	tcase_add_test(tcase, ports_are_of_the_host_itself);
	tcase_add_test(tcase, services_lead_where_they_lead);
	tcase_add_test(tcase, addresses_of_datagrams);
	return unit_main(suite);
}
