/* SPDX-License-Identifier: ISC */

#include "agent/services.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/failalloc.h"
#include "tests/support/unit.h"

/* Add text, which must be right, to services. */
static void
add(struct services *services, const char *text)
{
	const char *flaw = "";

	ck_assert_msg(
	    services_add(services, text, &flaw) == 0, "%s %s", text, flaw);
}

/* Assert that name leads to host and port. */
static void
leads_to(const struct services *services, const char *name, const char *host,
    uint16_t port)
{
	const struct service *service = services_find(services, name);

	ck_assert_ptr_nonnull(service);
	ck_assert_str_eq(service->host, host);
	ck_assert_uint_eq(service->port, port);
}

START_TEST(names_lead_to_targets)
{
	struct services *services = services_new();

	ck_assert_uint_eq(services_count(services), 0);
	ck_assert_ptr_null(services_find(services, "web"));
	add(services, "web=127.0.0.1:8080");
	add(services, "Six=[::1]:80");
	add(services, "print=printer.lan:9100");
	leads_to(services, "web", "127.0.0.1", 8080);
	leads_to(services, "WEB", "127.0.0.1", 8080);
	leads_to(services, "six", "::1", 80);
	leads_to(services, "print", "printer.lan", 9100);
	ck_assert_ptr_null(services_find(services, "we"));
	ck_assert_ptr_null(services_find(services, ""));
	ck_assert_uint_eq(services_count(services), 3);
	ck_assert_str_eq(services_at(services, 1)->name, "six");
	services_free(services);
	services_free(NULL);
}
END_TEST

START_TEST(last_word_counts)
{
	struct services *services = services_new();

	add(services, "web=127.0.0.1:8080");
	add(services, "WEB=127.0.0.1:9090");
	leads_to(services, "web", "127.0.0.1", 9090);
	ck_assert_uint_eq(services_count(services), 1);
	services_free(services);
}
END_TEST

START_TEST(bad_services_are_refused)
{
	static const char *const bad[] = {
		"",
		"web",
		"=127.0.0.1:80",
		"web=",
		"web=127.0.0.1",
		"web=127.0.0.1:",
		"web=127.0.0.1:0",
		"web=127.0.0.1:65536",
		"web=:80",
		"web=::1:80",
		"we b=127.0.0.1:80",
		"we.b=127.0.0.1:80",
		"-web=127.0.0.1:80",
		"80=127.0.0.1:80",
	};
	struct services *services = services_new();
	char text[400];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *flaw = NULL;

		ck_assert_msg(services_add(services, bad[i], &flaw) == -1,
		    "\"%s\" was taken", bad[i]);
		ck_assert_ptr_nonnull(flaw);
	}
	memset(text, 'a', sizeof(text));
	(void)snprintf(text + 64, sizeof(text) - 64, "=127.0.0.1:80");
	ck_assert_int_eq(
	    services_add(services, text, &(const char *){ NULL }), -1);
	ck_assert_uint_eq(services_count(services), 0);
	services_free(services);
}
END_TEST

START_TEST(number_is_bounded)
{
	struct services *services = services_new();
	const char *flaw = NULL;
	char text[64];

	for (unsigned i = 0; i < SERVICES_MAX; i++) {
		(void)snprintf(text, sizeof(text), "s%u=127.0.0.1:80", i);
		add(services, text);
	}
	ck_assert_int_eq(services_add(services, "t=127.0.0.1:80", &flaw), -1);
	add(services, "s0=127.0.0.1:81");
	services_free(services);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
	bool failed = true;

	for (long n = 1; failed; n++) {
		const char *flaw = NULL;
		struct services *services;
		int rc = -1;

		failalloc_after(n);
		services = services_new();
		if (services != NULL) {
			rc = services_add(services, "a=127.0.0.1:80", &flaw);
		}
		failed = failalloc_hit();
		failalloc_off();
		ck_assert_int_eq(rc, failed ? -1 : 0);
		services_free(services);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("services");
	TCase *tcase = tcase_create("services");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, names_lead_to_targets);
	tcase_add_test(tcase, last_word_counts);
	tcase_add_test(tcase, bad_services_are_refused);
	tcase_add_test(tcase, number_is_bounded);
	tcase_add_test(tcase, every_allocation_may_fail);
	return unit_main(suite);
}
