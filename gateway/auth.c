/* SPDX-License-Identifier: ISC */
#include "gateway/auth.h"

#include <sodium.h>
#include <stdint.h>
#include <string.h>

#include "common/addr.h"
#include "common/list.h"
#include "common/loop.h"
#include "common/mem.h"
#include "common/ratelimit.h"
#include "common/users.h"
#include "common/worker.h"

#define DIGEST_LEN 32

/* Each user has one password. */
#define KNOWN_MAX USERS_MAX

/* Addresses whose failures are remembered; the oldest ones go. */
#define SOURCES_MAX 64

/* A keyed hash of words, and of the hash in the file that they are good for. */
struct digest {
	uint8_t bytes[DIGEST_LEN];
};

/* An address, without what its owner can choose. */
struct source_key {
	uint8_t bytes[9];
};

struct source {
	struct source_key key;
	struct ratelimit tokens;
};

struct auth {
	struct loop *loop;
	const struct users *users;
	struct worker *worker;
	char ticket[AUTH_TICKET_LEN];
	uint8_t key[crypto_generichash_KEYBYTES];
	struct digest known[KNOWN_MAX]; /* good ones; zeroes are none */
	size_t next_known;
	struct source sources[SOURCES_MAX];
	size_t source_count;
	size_t next_source;
	struct list jobs;
	size_t job_count;
};

/* One verification; what the worker touches is copied. */
struct auth_job {
	struct worker_job job;
	struct auth *auth;
	struct digest digest;
	struct source_key source;
	bool there; /* is such a user */
	bool good;
	char hash[USERS_HASH_LEN];
	char password[USERS_WORD_MAX];
	size_t password_len;
	struct list checks; /* of struct auth_check */
	struct list all;    /* in auth->jobs */
};

/* Words, and what they are judged by. */
struct claim {
	const struct auth_words *words;
	struct source_key source;
	bool there; /* is such a user */
	char hash[USERS_HASH_LEN];
	struct digest digest;
};

/* Somebody who waits for a job. */
struct auth_check {
	auth_done *done;
	void *arg;
	struct list node; /* in job->checks */
};

/* --- words that are known ------------------------------------------------ */

static void
make_digest(
    const struct auth *auth, const struct claim *claim, struct digest *out)
{
	const struct auth_words *words = claim->words;
	crypto_generichash_state state;
	/* Tells where the name ends. */
	uint8_t len = (uint8_t)words->user_len;

	(void)crypto_generichash_init(
	    &state, auth->key, sizeof(auth->key), sizeof(out->bytes));
	(void)crypto_generichash_update(&state, &len, sizeof(len));
	(void)crypto_generichash_update(
	    &state, (const uint8_t *)words->user, words->user_len);
	(void)crypto_generichash_update(
	    &state, (const uint8_t *)claim->hash, sizeof(claim->hash));
	(void)crypto_generichash_update(
	    &state, (const uint8_t *)words->password, words->password_len);
	(void)crypto_generichash_final(&state, out->bytes, sizeof(out->bytes));
	sodium_memzero(&state, sizeof(state));
}

static bool
is_same(const struct digest *a, const struct digest *b)
{
	return sodium_memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

static bool
is_known(const struct auth *auth, const struct digest *digest)
{
	for (size_t i = 0; i < KNOWN_MAX; i++) {
		if (is_same(&auth->known[i], digest)) {
			return true;
		}
	}
	return false;
}

static void
learn(struct auth *auth, const struct digest *digest)
{
	auth->known[auth->next_known] = *digest;
	auth->next_known = (auth->next_known + 1) % KNOWN_MAX;
}

/* --- those who are often wrong ------------------------------------------- */

static struct source_key
key_of(const struct addr *peer)
{
	struct source_key key = { { 0 } };
	uint8_t bytes[16];
	size_t len;

	if (addr_family(peer) == AF_UNIX || addr_is_loopback(peer)) {
		return key;
	}
	/* Who has one address of IPv6 has the 2^64 of its network. */
	len = addr_to_bytes(peer, bytes);
	key.bytes[0] = (uint8_t)len;
	memcpy(key.bytes + 1, bytes, len < 8 ? len : 8);
	return key;
}

/* Return what is remembered of key, or NULL. */
static struct source *
find_source(struct auth *auth, const struct source_key *key)
{
	for (size_t i = 0; i < auth->source_count; i++) {
		if (memcmp(&auth->sources[i].key, key, sizeof(*key)) == 0) {
			return &auth->sources[i];
		}
	}
	return NULL;
}

static bool
is_too_often(struct auth *auth, const struct source_key *key)
{
	struct source *source = find_source(auth, key);

	return source != NULL && ratelimit_available(&source->tokens,
				     loop_now(auth->loop)) < AUTH_FAILURE_TIME;
}

/* Note that a wrong one came from key. */
static void
blame(struct auth *auth, const struct source_key *key)
{
	struct source *source = find_source(auth, key);
	uint64_t now = loop_now(auth->loop);

	if (source == NULL) {
		source = &auth->sources[auth->next_source];
		auth->next_source = (auth->next_source + 1) % SOURCES_MAX;
		auth->source_count += auth->source_count < SOURCES_MAX;
		source->key = *key;
		ratelimit_init(&source->tokens, 1,
		    AUTH_FAILURES_MAX * AUTH_FAILURE_TIME, now);
	}
	ratelimit_charge(&source->tokens, AUTH_FAILURE_TIME, now);
}

/* --- verifying ----------------------------------------------------------- */

static void
free_job(struct auth_job *job)
{
	mem_free_wiped(job, sizeof(*job));
}

static void
work(struct worker_job *job)
{
	struct auth_job *j = list_entry(job, struct auth_job, job);

	/* Also for nobody: how long it takes tells nothing. */
	j->good =
	    users_verify(j->hash, j->password, j->password_len) && j->there;
}

static void
on_worked(struct worker_job *worked)
{
	struct auth_job *job = list_entry(worked, struct auth_job, job);
	struct list *node;

	list_remove(&job->all);
	job->auth->job_count--;
	if (job->good) {
		learn(job->auth, &job->digest);
	} else {
		blame(job->auth, &job->source);
	}
	while ((node = list_first(&job->checks)) != NULL) {
		struct auth_check *check =
		    list_entry(node, struct auth_check, node);

		list_remove(&check->node);
		check->done(job->good ? AUTH_GOOD : AUTH_WRONG, check->arg);
		mem_free(check);
	}
	free_job(job);
}

static struct auth_job *
find_job(const struct auth *auth, const struct digest *digest)
{
	struct list *node = list_first(&auth->jobs);

	for (; node != NULL; node = list_after(&auth->jobs, node)) {
		struct auth_job *job = list_entry(node, struct auth_job, all);

		if (is_same(&job->digest, digest)) {
			return job;
		}
	}
	return NULL;
}

/* Make a job of claim; NULL when memory is short or too many wait. */
static struct auth_job *
new_job(struct auth *auth, const struct claim *claim)
{
	struct auth_job *job = NULL;

	if (auth->job_count < AUTH_WAITING_MAX) {
		job = mem_new(1, sizeof(*job));
	}
	if (job == NULL) {
		return NULL;
	}
	job->job = (struct worker_job){ .work = work, .done = on_worked };
	job->auth = auth;
	job->digest = claim->digest;
	job->source = claim->source;
	job->there = claim->there;
	memcpy(job->hash, claim->hash, sizeof(job->hash));
	memcpy(
	    job->password, claim->words->password, claim->words->password_len);
	job->password_len = claim->words->password_len;
	list_init(&job->checks);
	return job;
}

/* Return the job that verifies claim, begun if need be, or NULL. */
static struct auth_job *
job_for(struct auth *auth, const struct claim *claim)
{
	struct auth_job *job = find_job(auth, &claim->digest);

	if (job != NULL || is_too_often(auth, &claim->source)) {
		return job;
	}
	job = new_job(auth, claim);
	if (job == NULL) {
		return NULL;
	}
	if (worker_submit(auth->worker, &job->job) != 0) {
		free_job(job);
		return NULL;
	}
	list_push_back(&auth->jobs, &job->all);
	auth->job_count++;
	return job;
}

/* No user of the file has an empty name (common/users.h). */
static bool
is_ticket(const struct auth *auth, const struct auth_words *words)
{
	return words->user_len == 0 &&
	       words->password_len == AUTH_TICKET_LEN - 1 &&
	       sodium_memcmp(
		   words->password, auth->ticket, AUTH_TICKET_LEN - 1) == 0;
}

struct auth_check *
auth_start(struct auth *auth, const struct auth_words *words,
    const struct addr *peer, auth_done *done, void *arg)
{
	struct claim claim = { .words = words, .source = key_of(peer) };
	struct auth_job *job = NULL;
	struct auth_check *check;

	if (is_ticket(auth, words)) {
		done(AUTH_GOOD, arg);
		return NULL;
	}
	claim.there =
	    users_find(auth->users, words->user, words->user_len, claim.hash);
	make_digest(auth, &claim, &claim.digest);
	if (claim.there && is_known(auth, &claim.digest)) {
		done(AUTH_GOOD, arg);
		return NULL;
	}
	check = mem_new(1, sizeof(*check));
	if (check != NULL) {
		job = job_for(auth, &claim);
	}
	if (job == NULL) {
		mem_free(check);
		done(AUTH_LATER, arg);
		return NULL;
	}
	check->done = done;
	check->arg = arg;
	list_push_back(&job->checks, &check->node);
	return check;
}

void
auth_cancel(struct auth_check *check)
{
	if (check != NULL) {
		list_remove(&check->node);
		mem_free(check);
	}
}

/* --- life ---------------------------------------------------------------- */

static void
make_ticket(struct auth *auth)
{
	uint8_t bytes[(AUTH_TICKET_LEN - 1) / 2];

	randombytes_buf(bytes, sizeof(bytes));
	(void)sodium_bin2hex(
	    auth->ticket, sizeof(auth->ticket), bytes, sizeof(bytes));
	mem_wipe(bytes, sizeof(bytes));
}

struct auth *
auth_new(struct loop *loop)
{
	struct auth *auth = mem_new(1, sizeof(*auth));

	if (auth == NULL) {
		return NULL;
	}
	auth->loop = loop;
	auth->worker = worker_new(loop);
	if (auth->worker == NULL) {
		mem_free(auth);
		return NULL;
	}
	list_init(&auth->jobs);
	crypto_generichash_keygen(auth->key);
	make_ticket(auth);
	return auth;
}

void
auth_free(struct auth *auth)
{
	if (auth != NULL) {
		worker_free(auth->worker);
		mem_free_wiped(auth, sizeof(*auth));
	}
}

void
auth_set_users(struct auth *auth, const struct users *users)
{
	auth->users = users;
}

bool
auth_is_on(const struct auth *auth)
{
	return auth != NULL && auth->users != NULL;
}

const char *
auth_ticket(const struct auth *auth)
{
	return auth->ticket;
}
