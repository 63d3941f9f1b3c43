/* SPDX-License-Identifier: ISC */

#include "gateway/settings.h"

#include <stdio.h>
#include <string.h>

#include "common/addr.h"
#include "common/fault.h"
#include "common/options_argv.h"
#include "common/options_file.h"
#include "common/users.h"
#include "gateway/routes.h"
#include "tests/support/failalloc.h"
#include "tests/support/tempdir.h"
#include "tests/support/unit.h"

static struct fault fault;
static struct options *options;
static struct settings *settings;

static void
teardown(void)
{
	settings_free(settings);
	options_free(options);
	settings = NULL;
	options = NULL;
}

/* Read the words of line, separated by blanks, and file if it is not NULL. */
static void
read_options(const char *line, const char *file)
{
	char copy[512];
	char *argv[32] = { copy };
	int argc = 0;
	char *word;
	char *rest = copy;

	teardown();
	(void)snprintf(copy, sizeof(copy), "inroad-gateway %s", line);
	word = strsep(&rest, " ");
	while (word != NULL && argc < 31) {
		if (word[0] != '\0') {
			argv[argc++] = word;
		}
		word = strsep(&rest, " ");
	}
	options = options_new(&settings_table);
	ck_assert_ptr_nonnull(options);
	ck_assert_msg(
	    options_argv_parse(options, argc, argv, &fault) == OPTIONS_ARGV_OK,
	    "%s", fault.text);
	if (file != NULL) {
		ck_assert_msg(options_file_load_text(options, "gateway.conf",
				  file, strlen(file), &fault) == 0,
		    "%s", fault.text);
	}
}

/* Make settings of line and file, which are right. */
static void
make(const char *line, const char *file)
{
	read_options(line, file);
	settings = settings_make(options, &fault);
	ck_assert_msg(settings != NULL, "%s", fault.text);
}

/* Assert that line and file are refused with a text that has word in it. */
static void
refuses(const char *line, const char *file, const char *word)
{
	read_options(line, file);
	settings = settings_make(options, &fault);
	ck_assert_ptr_null(settings);
	ck_assert_msg(strstr(fault.text, word) != NULL, "\"%s\" has no \"%s\"",
	    fault.text, word);
}

static const char *
listens(size_t i)
{
	static char text[ADDR_TEXT_LEN];

	ck_assert_uint_lt(i, settings->port_count);
	return addr_format(&settings->ports[i].listen, text);
}

START_TEST(without_a_word)
{
	make("", NULL);
	ck_assert_uint_eq(settings->port_count, 1);
	ck_assert_str_eq(listens(0), "127.0.0.1:1080");
	ck_assert(!settings->ports[0].is_forward);
	ck_assert_str_eq(settings->suffix, "internal");
	ck_assert_uint_eq(settings->clients_max, 16384);
	ck_assert_uint_eq(settings->streams_max, 1024);
	ck_assert_uint_eq(settings->window_max, 8 << 20);
	ck_assert_uint_eq(settings->retain_max, 8 << 20);
	ck_assert_uint_eq(settings->receive_budget, 64 << 20);
}
END_TEST

START_TEST(listeners_and_forwards)
{
	char target[PROXYTARGET_TEXT_LEN];

	make("--listen [::1]:0 --forward 127.0.0.2:0=office:22",
	    "listen = {\"127.0.0.1:1081\", \"unix:/run/inroad\"}\n"
	    "forward \"127.0.0.1:5432\" { to = \"db.office:5432\" }\n"
	    "suffix = \"Example.Net\"\nclients = 5\n");
	ck_assert_uint_eq(settings->port_count, 5);
	ck_assert_str_eq(listens(0), "127.0.0.1:1081");
	ck_assert_str_eq(listens(1), "unix:/run/inroad");
	ck_assert_uint_eq(settings->ports[1].mode, 0600);
	ck_assert_str_eq(listens(2), "[::1]:0");
	ck_assert(!settings->ports[2].is_forward);
	ck_assert_str_eq(listens(3), "127.0.0.2:0");
	ck_assert(settings->ports[3].is_forward);
	ck_assert_str_eq(proxytarget_format(&settings->ports[3].target, target),
	    "office:22");
	ck_assert_str_eq(listens(4), "127.0.0.1:5432");
	ck_assert_str_eq(settings->suffix, "example.net");
	ck_assert_uint_eq(settings->clients_max, 5);
}
END_TEST

START_TEST(what_is_not_right)
{
	refuses("--listen localhost:1080", NULL,
	    "--listen: \"localhost:1080\" is no address");
	refuses("--listen unix:run/inroad", NULL, "is no address");
	refuses("--listen 0.0.0.0:1080", NULL, "other machines");
	refuses("--listen [::]:1080", NULL, "other machines");
	refuses("", "listen = {\"127.0.0.1:1080\", \"192.0.2.1:1\"}\n",
	    "gateway.conf:1: listen: \"192.0.2.1:1\" would let");
	refuses("--forward 0.0.0.0:1=office:1", NULL, "other machines");
	refuses("--forward 127.0.0.1:1=office", NULL,
	    "--forward 127.0.0.1:1: \"127.0.0.1:1\" leads nowhere");
	refuses("", "\nforward \"127.0.0.1:1\" { }\n",
	    "gateway.conf:2: forward 127.0.0.1:1: \"127.0.0.1:1\" leads");
	refuses("--forward 127.0.0.1:1=a..b:1", NULL, "leads nowhere");
	refuses("--dns localhost:53", NULL,
	    "--dns: \"localhost:53\" is no address");
	refuses("", "dns = {\"[::]:53\"}\n",
	    "gateway.conf:1: dns: \"[::]:53\" "
	    "would tell other machines");
	refuses("--dns 127.0.0.1:53 --dns 127.0.0.1:53", NULL, "second time");
	refuses("--listen 127.0.0.1:1 --forward 127.0.0.1:1=a:1", NULL,
	    "a second time");
	refuses("--suffix a..b", NULL, "--suffix: \"a..b\" is no domain");
	refuses("--suffix 127.0.0.1", NULL, "no domain");
}
END_TEST

START_TEST(users)
{
	make("", NULL);
	ck_assert(!settings->gate.every_user);
	ck_assert_uint_eq(settings->gate.user_count, 0);
	make("--allow-user root --allow-user 65534 --listen unix:/x",
	    "listen = {\"127.0.0.1:0\"}\n");
	ck_assert(!settings->gate.every_user);
	ck_assert_uint_eq(settings->gate.user_count, 2);
	ck_assert_uint_eq(settings->gate.users[0], 0);
	ck_assert_uint_eq(settings->gate.users[1], 65534);
	/* The gate tells who may use a socket, not its mode; TCP has none. */
	ck_assert_uint_eq(settings->ports[0].mode, 0);
	ck_assert_uint_eq(settings->ports[1].mode, 0666);
	make("--same-user=no --listen unix:/x", NULL);
	ck_assert(settings->gate.every_user);
	ck_assert_uint_eq(settings->ports[0].mode, 0666);
	refuses("", "\nallow-user = {\"nosuch\"}\n",
	    "gateway.conf:2: allow-user: this machine has no user \"nosuch\"");
	refuses("--allow-user 4294967295", NULL, "has no user");
	refuses("--allow-user -1", NULL, "has no user");
}
END_TEST

/* A hash of some password. */
#define HASH                                                                   \
	"$argon2id$v=19$m=19456,t=2,p=1$a0WRnGlMu0PHmvhBgyZRpA$"               \
	"wvN7Y+WiBKpYW2B8gS2zmf9HoXXXiWmYEtTWyMHmVxM"

START_TEST(other_machines)
{
	char dir[TEMPDIR_LEN];
	char path[TEMPDIR_LEN];
	char line[256];

	tempdir_new(dir);
	tempdir_write(tempdir_file(dir, "users", path), "anna:" HASH "\n");
	make("", NULL);
	ck_assert_ptr_null(settings->users);
	ck_assert(!settings->open);
	(void)snprintf(
	    line, sizeof(line), "--auth %s --listen 0.0.0.0:1080", path);
	make(line, NULL);
	ck_assert_uint_eq(users_count(settings->users), 1);
	ck_assert_str_eq(listens(0), "0.0.0.0:1080");
	/* A forward asks for none. */
	(void)snprintf(line, sizeof(line),
	    "--auth %s --forward 0.0.0.0:1080=office:1", path);
	refuses(line, NULL, "which a forward cannot ask for");
	make("--open --dns [::]:53", NULL);
	make("--open --listen [::]:1080 --forward 0.0.0.0:1=office:1", NULL);
	ck_assert_uint_eq(settings->port_count, 2);
	ck_assert(settings->open);
	tempdir_write(path, "anna:secret\n");
	(void)snprintf(line, sizeof(line), "auth = \"%s\"\n", path);
	refuses("", line, "users:1: what follows the colon is no hash");
	tempdir_write(path, "# nobody\n");
	refuses("", line, "has no users; \"inroad passwd ");
	tempdir_remove(dir);
	refuses("", line, "gateway.conf:1: auth: cannot read ");
}
END_TEST

START_TEST(one_port_too_many)
{
	char file[64 * (PORTS_MAX + 1)] = "listen = {\"127.0.0.1:0\"";
	size_t len = strlen(file);

	for (int i = 0; i < PORTS_MAX; i++) {
		len += (size_t)snprintf(
		    file + len, sizeof(file) - len, ",\"127.0.0.1:0\"");
		if (i == PORTS_MAX - 2) {
			(void)snprintf(file + len, sizeof(file) - len, "}\n");
			make("", file);
			ck_assert_uint_eq(settings->port_count, PORTS_MAX);
		}
	}
	(void)snprintf(file + len, sizeof(file) - len, "}\n");
	refuses("", file, "one port too many");
}
END_TEST

/* Assert that name goes by rule number, 0 for the others, that way. */
static void
goes(const char *name, size_t number, enum routes_way way)
{
	struct routes_choice choice;
	struct proxy_target target;

	ck_assert_int_eq(
	    proxytarget_set_host(&target, name, strlen(name), 80), 0);
	routes_choose(settings->routes, &target, NULL, &choice);
	ck_assert_uint_eq(choice.number, number);
	ck_assert_int_eq(choice.way, way);
}

START_TEST(routes)
{
	make("", NULL);
	goes("example.com", 0, ROUTES_DIRECT);
	make("--others refuse --route *.corp.example=via:office "
	     "--route 192.0.2.0/24=refuse",
	    "route \"10.0.0.0/8\" { via = \"Office\" }\n"
	    "route \"192.0.2.1\" { way = \"direct\" }\n"
	    "route \"fd00::/8\" { way = \"direct\" }\n");
	goes("db.corp.example", 1, ROUTES_VIA);
	/* The command line comes first. */
	goes("192.0.2.1", 2, ROUTES_REFUSE);
	goes("10.1.2.3", 3, ROUTES_VIA);
	goes("fd00::1", 5, ROUTES_DIRECT);
	goes("example.com", 0, ROUTES_REFUSE);
	refuses("--route 10.0.0.1/8=direct", NULL,
	    "--route 10.0.0.1/8: \"10.0.0.1/8\" is no range");
	refuses("--route www.example=via:-", NULL, "no name of a host");
	refuses("", "\nroute \"*\" { }\n",
	    "gateway.conf:2: route *: \"*\" needs a way");
	refuses("", "route \"*\" { way = \"direct\" via = \"office\" }\n",
	    "needs a way");
	refuses("--route printer=direct", NULL, "name of one label");
}
END_TEST

START_TEST(out_of_memory)
{
	read_options(
	    "--forward 127.0.0.2:0=office:22 --route *.x.y=via:office", NULL);
	for (long n = 1; settings == NULL; n++) {
		failalloc_after(n);
		settings = settings_make(options, &fault);
		failalloc_off();
		ck_assert(settings != NULL || fault.text[0] != '\0');
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("settings");
	TCase *tests = tcase_create("tests");

	tcase_add_checked_fixture(tests, NULL, teardown);
	tcase_add_test(tests, without_a_word);
	tcase_add_test(tests, listeners_and_forwards);
	tcase_add_test(tests, what_is_not_right);
	tcase_add_test(tests, users);
	tcase_add_test(tests, other_machines);
	tcase_add_test(tests, routes);
	tcase_add_test(tests, one_port_too_many);
	tcase_add_test(tests, out_of_memory);
	suite_add_tcase(suite, tests);
	return unit_main(suite);
}
