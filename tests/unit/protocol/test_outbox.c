/* SPDX-License-Identifier: ISC */
/* Texts that people send, up to what became of them. */
#include "protocol/outbox.h"

#include <stdio.h>
#include <string.h>

#include "common/control.h"
#include "common/fault.h"
#include "common/loop.h"
#include "common/mem.h"
#include "protocol/session.h"
#include "tests/support/await.h"
#include "tests/support/ear.h"
#include "tests/support/failalloc.h"
#include "tests/support/pair.h"
#include "tests/support/tempdir.h"
#include "tests/support/unit.h"

static char directory[TEMPDIR_LEN];
static char path[TEMPDIR_LEN];
static struct loop *loop;
static struct control *control;
static struct outbox *outbox;
static struct pair *office; /* a session with a host */
static struct pair *lab;    /* and another one */
static struct ear ear;
static int abandoned;

/* The request that came last. */
static struct control_request *request;

static void
on_request(struct control_request *came, void *arg)
{
	(void)arg;
	request = came;
}

static void
setup(void)
{
	struct fault fault;

	tempdir_new(directory);
	(void)tempdir_file(directory, "control", path);
	loop = loop_new();
	outbox = outbox_new(loop);
	office = pair_new(NULL);
	lab = pair_new(NULL);
	ck_assert(loop != NULL && outbox != NULL);
	ck_assert(office != NULL && lab != NULL);
	control = control_new(loop, path, on_request, NULL, &fault);
	ck_assert_ptr_nonnull(control);
	request = NULL;
	abandoned = 0;
}

static void
teardown(void)
{
	outbox_free(outbox);
	outbox_free(NULL);
	control_free(control);
	pair_free(office);
	pair_free(lab);
	loop_free(loop);
	tempdir_remove(directory);
}

static void
on_abandon(void *arg)
{
	ck_assert_ptr_eq(arg, &abandoned);
	abandoned++;
}

static bool
has_come(void *arg)
{
	(void)arg;
	return request != NULL;
}

/* Somebody wants to send "hello" within that time. */
static struct outbox_send *
begin(double seconds)
{
	ear_ask(&ear, path, "send\toffice\taGVsbG8\t30\n");
	ck_assert(await(loop, has_come, NULL));
	return outbox_begin(outbox, request, seconds, on_abandon, &abandoned);
}

/* Put "hello" into the session of pair, for the device that is called to. */
static void
add(struct outbox_send *send, const char *to, struct pair *pair)
{
	struct outbox_text *text = outbox_read(request, 2);

	ck_assert_ptr_nonnull(text);
	ck_assert_uint_eq(text->len, 5);
	outbox_add(send, to, pair->opener.session, text);
	mem_free(text);
}

/* Let pair carry the text, and tell the outbox what came back. */
static void
carry(struct pair *pair, enum code code, const char *text)
{
	pair->acceptor.hold_texts = true;
	pair_settle(pair);
	ck_assert_uint_eq(pair->acceptor.texts, 1);
	outbox_receipt(outbox, pair->opener.session, 1, code, text);
}

/* That is what was answered in the end. */
static void
expect(size_t lines, const char *answer)
{
	ear_hear(&ear, loop, lines);
	ck_assert_str_eq(ear.heard, answer);
	ear_close(&ear);
}

START_TEST(a_text_is_delivered)
{
	struct outbox_send *send = begin(30);

	add(send, "office", office);
	outbox_close(send);
	/* A receipt of another session, or another text, is not this one's. */
	outbox_receipt(outbox, lab->opener.session, 1, CODE_OK, "");
	outbox_receipt(outbox, office->opener.session, 2, CODE_OK, "");
	carry(office, CODE_OK, "");
	expect(2, "{\"schema\":1,\"to\":\"office\",\"outcome\":\"delivered\"}\n"
		  "{\"exit\":0}\n");
	ck_assert_int_eq(abandoned, 0);
}
END_TEST

START_TEST(a_text_is_refused)
{
	struct outbox_send *send = begin(30);

	add(send, "office", office);
	outbox_close(send);
	carry(office, CODE_TEXT_REFUSED, "nobody listens there");
	expect(2,
	    "{\"schema\":1,\"to\":\"office\",\"outcome\":\"refused\","
	    "\"error\":\"text-refused\",\"text\":\"nobody listens there\"}\n"
	    "{\"exit\":1,\"error\":\"text-refused\","
	    "\"text\":\"nobody listens there\"}\n");
}
END_TEST

/* One of several is enough; each is told. */
START_TEST(several_have_an_outcome_each)
{
	struct outbox_send *send = begin(30);

	add(send, "office", office);
	add(send, "lab", lab);
	outbox_miss(send, "home", CODE_HOST_OFFLINE, "it sleeps");
	outbox_close(send);
	carry(lab, CODE_OK, "");
	outbox_over(outbox, office->opener.session);
	expect(4,
	    "{\"schema\":1,\"to\":\"home\",\"outcome\":\"offline\","
	    "\"error\":\"host-offline\",\"text\":\"it sleeps\"}\n"
	    "{\"schema\":1,\"to\":\"lab\",\"outcome\":\"delivered\"}\n"
	    "{\"schema\":1,\"to\":\"office\",\"outcome\":\"unknown\","
	    "\"error\":\"session-lost\",\"text\":\"The session ended before "
	    "an answer came.\"}\n"
	    "{\"exit\":0}\n");
}
END_TEST

/* What was not sent in time never is; what was sent may have arrived. */
START_TEST(time_runs_out)
{
	struct outbox_send *send = begin(0.05);

	add(send, "office", office);
	add(send, "lab", lab);
	outbox_close(send);
	pair_settle(office);
	office->acceptor.hold_texts = true;
	expect(3,
	    "{\"schema\":1,\"to\":\"office\",\"outcome\":\"unknown\","
	    "\"error\":\"timeout\",\"text\":\"It was sent, and no answer came "
	    "in that time.\"}\n"
	    "{\"schema\":1,\"to\":\"lab\",\"outcome\":\"offline\","
	    "\"error\":\"host-offline\",\"text\":\"the host is offline; look "
	    "at the log of its inroad-agent\"}\n"
	    /* What is more than "not there" counts. */
	    "{\"exit\":8,\"error\":\"timeout\",\"text\":\"It was sent, and no "
	    "answer came in that time.\"}\n");
	pair_settle(lab);
	ck_assert_uint_eq(lab->acceptor.texts, 0);
	ck_assert_uint_eq(office->acceptor.texts, 1);
}
END_TEST

/* Whoever still looks for a way is told to stop. */
START_TEST(who_looks_for_a_way_is_told)
{
	(void)begin(0.05);
	ear_hear(&ear, loop, 2);
	ck_assert_ptr_nonnull(strstr(ear.heard, "{\"exit\":7,"));
	ck_assert_int_eq(abandoned, 1);
	ear_close(&ear);
}
END_TEST

static bool
is_abandoned(void *arg)
{
	(void)arg;
	return abandoned > 0;
}

START_TEST(who_goes_away_sends_nothing)
{
	struct outbox_send *send = begin(30);

	add(send, "office", office);
	ear_close(&ear);
	ck_assert(await(loop, is_abandoned, NULL));
	pair_settle(office);
	ck_assert_uint_eq(office->acceptor.texts, 0);
}
END_TEST

START_TEST(the_end_of_the_daemon_is_told)
{
	struct outbox_send *send = begin(30);

	add(send, "office", office);
	outbox_close(send);
	outbox_free(outbox);
	outbox = NULL;
	ear_hear(&ear, loop, 2);
	ck_assert_ptr_nonnull(strstr(ear.heard, "\"error\":\"going-down\""));
	ear_close(&ear);
}
END_TEST

START_TEST(what_is_no_text_is_refused)
{
	static const char *const lines[] = { "send\toffice\t\t30\n",
		"send\toffice\t!!!\t30\n", "send\n" };

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		request = NULL;
		ear_ask(&ear, path, lines[i]);
		ck_assert(await(loop, has_come, NULL));
		ck_assert_ptr_null(outbox_read(request, 2));
		expect(1, "{\"exit\":2,\"error\":\"bad-request\",\"text\":\"A "
			  "message "
			  "has 1 to 65536 bytes of text.\"}\n");
	}
}
END_TEST

START_TEST(short_of_memory)
{
	struct outbox_send *send;
	struct outbox_text *text;

	failalloc_after(1);
	ck_assert_ptr_null(outbox_new(loop));
	failalloc_off();
	send = begin(30);
	text = outbox_read(request, 2);
	for (long n = 1; n < 4; n++) {
		failalloc_after(n);
		outbox_add(send, "office", office->opener.session, text);
		failalloc_off();
	}
	mem_free(text);
	outbox_close(send);
	ear_hear(&ear, loop, 4);
	ck_assert_ptr_nonnull(strstr(ear.heard, "\"error\":\"overloaded\""));
	ear_close(&ear);
	request = NULL;
	ear_ask(&ear, path, "send\toffice\taGVsbG8\t30\n");
	ck_assert(await(loop, has_come, NULL));
	failalloc_after(1);
	ck_assert_ptr_null(outbox_begin(outbox, request, 1, NULL, NULL));
	failalloc_off();
	ear_hear(&ear, loop, 1);
	ear_close(&ear);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("protocol/outbox");
	TCase *tcase = tcase_create("outbox");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_text_is_delivered);
	tcase_add_test(tcase, a_text_is_refused);
	tcase_add_test(tcase, several_have_an_outcome_each);
	tcase_add_test(tcase, time_runs_out);
	tcase_add_test(tcase, who_looks_for_a_way_is_told);
	tcase_add_test(tcase, who_goes_away_sends_nothing);
	tcase_add_test(tcase, the_end_of_the_daemon_is_told);
	tcase_add_test(tcase, what_is_no_text_is_refused);
	tcase_add_test(tcase, short_of_memory);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
