/* SPDX-License-Identifier: ISC */
#include "protocol/name.h"

#include <stdint.h>
#include <string.h>

#include "common/wire.h"

/* What is no host because it means something else, here or elsewhere. */
static const char *const reserved[] = { "arpa", "gateway", "internal",
	"invalid", "lan", "local", "localdomain", "localhost", "metadata",
	"onion", "relay", "test", "wpad" };

/*
 * The top-level domains of countries: all of them, since a host "io" would
 * take every name under .io away from the browser.
 */
static const char web_countries[] =
    "ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh "
    "bi bj bm bn bo br bs bt bv bw by bz ca cc cd cf cg ch ci ck cl cm cn co "
    "cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu fi fj fk fm "
    "fo fr ga gb gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn "
    "hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp "
    "kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm "
    "mn mo mp mq mr ms mt mu mv mw mx my mz na nc ne nf ng ni nl no np nr nu "
    "nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb "
    "sc sd se sg sh si sj sk sl sm sn so sr ss st su sv sx sy sz tc td tf tg "
    "th tj tk tl tm tn to tr tt tv tw tz ua ug uk us uy uz va vc ve vg vi vn "
    "vu wf ws ye yt za zm zw";

/*
 * Other top-level domains that many sites live under.  Not all of the 1,400:
 * "office", "host" and "box" are among those, and what people call machines.
 */
static const char *const web_generic[] = { "aero", "agency", "app", "art",
	"asia", "biz", "blog", "business", "cafe", "cat", "chat", "cloud",
	"club", "co", "codes", "com", "community", "company", "consulting",
	"coop", "design", "dev", "digital", "edu", "education", "email",
	"energy", "events", "expert", "family", "finance", "foundation", "fun",
	"games", "global", "gmbh", "gov", "group", "guide", "guru", "health",
	"info", "ink", "int", "international", "jobs", "land", "law", "life",
	"link", "live", "love", "ltd", "market", "marketing", "media", "mil",
	"mobi", "money", "museum", "name", "net", "network", "news", "one",
	"online", "org", "page", "photography", "plus", "post", "press", "pro",
	"pub", "run", "sale", "school", "services", "shop", "site", "social",
	"software", "solutions", "space", "store", "studio", "support",
	"systems", "tech", "technology", "tel", "today", "tools", "top",
	"tours", "town", "travel", "university", "video", "vip", "website",
	"wiki", "win", "work", "works", "world", "wtf", "xxx", "xyz", "zone" };

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* c in lower case, for ASCII whatever the locale. */
static char
lower(char c)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz";

	if (c >= 'A' && c <= 'Z') {
		return letters[c - 'A'];
	}
	return c;
}

static bool
is_letter(char c)
{
	return lower(c) >= 'a' && lower(c) <= 'z';
}

static bool
is_listed(const char *name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(name, list[i]) == 0) {
			return true;
		}
	}
	return false;
}

static bool
is_country(const char *name)
{
	const char *found = web_countries;

	if (strlen(name) != 2) {
		return false;
	}
	/* A match must begin where a name begins, at every third character. */
	for (; *found != '\0'; found += found[2] == '\0' ? 2 : 3) {
		if (strncmp(found, name, 2) == 0) {
			return true;
		}
	}
	return false;
}

/*
 * Judge name by its length, its characters (letters, digits and signs), and
 * that none of signs is at either end.
 */
static enum name_error
check_characters(const char *name, size_t max, const char *signs)
{
	size_t len = strlen(name);

	if (len == 0) {
		return NAME_EMPTY;
	}
	if (len > max) {
		return NAME_TOO_LONG;
	}
	for (size_t i = 0; i < len; i++) {
		if (!is_letter(name[i]) && !is_digit(name[i]) &&
		    strchr(signs, name[i]) == NULL) {
			return NAME_CHARACTER;
		}
	}
	if (strchr(signs, name[0]) != NULL ||
	    strchr(signs, name[len - 1]) != NULL) {
		return NAME_HYPHEN;
	}
	return NAME_OK;
}

enum name_error
name_check_device(const char *device)
{
	return check_characters(device, NAME_HOST_MAX, "-");
}

enum name_error
name_check_user(const char *user)
{
	return check_characters(user, NAME_USER_MAX, "-._@+");
}

enum name_error
name_check_host(const char *host)
{
	enum name_error error = name_check_device(host);

	if (error != NAME_OK) {
		return error;
	}
	if (host[0] == '0' && lower(host[1]) == 'x') {
		return NAME_HEX;
	}
	while (*host != '\0' && !is_letter(*host)) {
		host++;
	}
	return *host != '\0' ? NAME_OK : NAME_NO_LETTER;
}

enum name_error
name_check_new_host(const char *host)
{
	enum name_error error = name_check_host(host);
	char folded[NAME_HOST_MAX + 1];

	if (error != NAME_OK) {
		return error;
	}
	(void)name_fold(host, folded, sizeof(folded));
	if (is_listed(folded, reserved, COUNT(reserved))) {
		return NAME_RESERVED;
	}
	if (is_country(folded) ||
	    is_listed(folded, web_generic, COUNT(web_generic))) {
		return NAME_WEB;
	}
	return NAME_OK;
}

const char *
name_error_text(enum name_error error)
{
	switch (error) {
	case NAME_OK:
		return "is fine";
	case NAME_EMPTY:
		return "is empty";
	case NAME_TOO_LONG:
		return "is longer than 63 characters";
	case NAME_CHARACTER:
		return "has a character other than a-z, 0-9 and hyphen";
	case NAME_HYPHEN:
		return "begins or ends with a hyphen or another sign";
	case NAME_NO_LETTER:
		return "has no letter and would be taken for an address";
	case NAME_HEX:
		return "begins with 0x and would be taken for an address";
	case NAME_RESERVED:
		return "is reserved";
	case NAME_WEB:
		return "is a top-level domain and would capture the web";
	}
	return "is not valid";
}

int
name_fold(const char *name, char *out, size_t size)
{
	size_t len = strlen(name);

	if (len >= size) {
		out[0] = '\0';
		return -1;
	}
	for (size_t i = 0; i < len; i++) {
		out[i] = lower(name[i]);
	}
	out[len] = '\0';
	return 0;
}

bool
name_is_printable(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text < ' ' || *text > '~') {
			return false;
		}
	}
	return true;
}

void
name_put(struct wire_writer *writer, const char *name,
    enum name_error (*check)(const char *name))
{
	char folded[NAME_TARGET_MAX + 1];

	if (check(name) != NAME_OK ||
	    name_fold(name, folded, sizeof(folded)) != 0) {
		wire_writer_fail(writer);
		return;
	}
	wire_put_str8(writer, folded);
}

void
name_put_or_none(struct wire_writer *writer, const char *name,
    enum name_error (*check)(const char *name))
{
	if (name[0] == '\0') {
		wire_put_str8(writer, name);
	} else {
		name_put(writer, name, check);
	}
}

static bool
is_lower(const char *name)
{
	while (*name != '\0' && *name == lower(*name)) {
		name++;
	}
	return *name == '\0';
}

void
name_get_or_none(struct wire_reader *reader, char *out, size_t size,
    enum name_error (*check)(const char *name))
{
	wire_get_str8(reader, out, size);
	if (out[0] != '\0' && (!is_lower(out) || check(out) != NAME_OK)) {
		wire_reader_fail(reader);
		out[0] = '\0';
	}
}

void
name_get(struct wire_reader *reader, char *out, size_t size,
    enum name_error (*check)(const char *name))
{
	name_get_or_none(reader, out, size, check);
	/* No name is empty; nor is one after something else went wrong. */
	if (out[0] == '\0') {
		wire_reader_fail(reader);
	}
}

static unsigned
min(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/*
 * One cell of the table below: the distance between the first i characters of
 * a and the first j of b, from the rows for i, i - 1 and i - 2.
 */
static unsigned
cell(const char *a, const char *b, size_t i, size_t j,
    uint8_t rows[3][NAME_HOST_MAX + 1])
{
	const uint8_t *row = rows[i % 3];
	const uint8_t *above = rows[(i + 2) % 3];
	const uint8_t *above2 = rows[(i + 1) % 3];
	unsigned differ = lower(a[i - 1]) != lower(b[j - 1]);
	unsigned best = above[j - 1] + differ;

	best = min(best, above[j] + 1U);
	best = min(best, row[j - 1] + 1U);
	if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
	    lower(a[i - 2]) == lower(b[j - 1])) {
		best = min(best, above2[j - 2] + 1U);
	}
	return best;
}

/* The optimal string alignment distance, by its recurrence. */
unsigned
name_distance(const char *a, const char *b)
{
	uint8_t rows[3][NAME_HOST_MAX + 1];
	size_t a_len = strlen(a);
	size_t b_len = strlen(b);

	if (a_len > NAME_HOST_MAX || b_len > NAME_HOST_MAX) {
		return NAME_FAR;
	}
	/* Where as many letters are missing it is no nearer than that. */
	if (a_len >= b_len + NAME_FAR || b_len >= a_len + NAME_FAR) {
		return NAME_FAR;
	}
	for (size_t j = 0; j <= b_len; j++) {
		rows[0][j] = (uint8_t)j;
	}
	for (size_t i = 1; i <= a_len; i++) {
		rows[i % 3][0] = (uint8_t)i;
		for (size_t j = 1; j <= b_len; j++) {
			rows[i % 3][j] = (uint8_t)cell(a, b, i, j, rows);
		}
	}
	return min(rows[a_len % 3][b_len], NAME_FAR);
}

bool
name_is_nearer(const char *typed, const char *candidate, unsigned *best)
{
	unsigned distance = name_distance(typed, candidate);

	/* In a name of three letters two mistakes leave nothing to go by. */
	if (distance >= *best || (distance > 1 && strlen(typed) < 4)) {
		return false;
	}
	*best = distance;
	return true;
}
