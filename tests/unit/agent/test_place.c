/* SPDX-License-Identifier: ISC */

#include "agent/place.h"

#include "agent/services.h"
#include "tests/support/unit.h"

START_TEST(names_stand_for_places)
{
	static const struct {
		const char *name;
		uint16_t port;
		const char *text;
		size_t count;
	} cases[] = {
		{ "", 80, "127.0.0.1:80", 2 },
		{ "localhost", 80, "127.0.0.1:80", 2 },
		{ "LocalHost.", 80, "127.0.0.1:80", 2 },
		{ "app.localhost", 80, "127.0.0.1:80", 2 },
		{ ".localhost", 80, ".localhost:80", 0 },
		{ "10.0.0.5", 22, "10.0.0.5:22", 1 },
		{ "fd00::5", 22, "[fd00::5]:22", 1 },
		{ "printer", 9100, "printer:9100", 0 },
		{ "printer.lan.", 9100, "printer.lan:9100", 0 },
		{ "web", 1, "127.0.0.1:8080", 1 },
		{ "web", 0, "127.0.0.1:8080", 1 },
		{ "lan", 1, "host.lan:53", 0 },
	};
	struct services *services = services_new();
	const char *flaw;

	ck_assert_int_eq(
	    services_add(services, "web=127.0.0.1:8080", &flaw), 0);
	ck_assert_int_eq(services_add(services, "lan=host.lan:53", &flaw), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[PLACE_TEXT_LEN];
		struct place place;

		place_find(&place, services, cases[i].name, cases[i].port);
		ck_assert_str_eq(place_format(&place, text), cases[i].text);
		ck_assert_uint_eq(place.count, cases[i].count);
		ck_assert_int_eq(place.named, cases[i].count == 0);
	}
	services_free(services);
}
END_TEST

START_TEST(without_services)
{
	struct place place;

	place_find(&place, NULL, "web", 80);
	ck_assert(place.named);
	ck_assert_str_eq(place.host, "web");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("place");
	TCase *tc = tcase_create("place");

	tcase_add_test(tc, names_stand_for_places);
	tcase_add_test(tc, without_services);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
