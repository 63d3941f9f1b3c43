/* SPDX-License-Identifier: ISC */
#include "common/confscan.h"

#include <stdio.h>
#include <string.h>

#include "common/fault.h"

enum token_kind {
	TOKEN_END,
	TOKEN_WORD,   /* without quotes */
	TOKEN_STRING, /* with; start and len are of what lies between */
	TOKEN_MARK,   /* one of { } = , */
	TOKEN_BAD,    /* fault is set */
};

struct token {
	enum token_kind kind;
	const char *start;
	size_t len;
	unsigned line;
};

struct scan {
	char *pos;
	const char *end;
	unsigned line;
	struct token token; /* the one being looked at */
	unsigned last_line; /* of the one before */
	const struct confscan_visitor *visitor;
	void *arg;
	struct fault *fault;
	/* The section that is open, if any. */
	char section[CONFSCAN_KEY_LEN];
	unsigned section_line;
};

/* What ends a bare word beside the end of the text. */
static const char word_ends[] = " \t\r\n#\"'={}()+,*";

/* Make the token bad; the fault is set already. */
static void
fail(struct scan *scan)
{
	scan->token.kind = TOKEN_BAD;
}

/* Step up to end, counting lines and leaving nothing but spaces behind. */
static void
blank_to(struct scan *scan, const char *end)
{
	for (; scan->pos < end; scan->pos++) {
		if (*scan->pos == '\n') {
			scan->line++;
		} else {
			*scan->pos = ' ';
		}
	}
}

/* Return the end of the comment at pos, pos if there is none, NULL if open. */
static const char *
comment_end(const char *pos, const char *end)
{
	size_t left = (size_t)(end - pos);
	const char *close;

	if (*pos == '#' || (left > 1 && memcmp(pos, "//", 2) == 0)) {
		close = memchr(pos, '\n', left);
		return close != NULL ? close : end;
	}
	if (left > 1 && memcmp(pos, "/*", 2) == 0) {
		close = memmem(pos + 2, left - 2, "*/", 2);
		return close != NULL ? close + 2 : NULL;
	}
	return pos;
}

/* Step over spaces, line ends and comments; false after setting the fault. */
static bool
skip_blank(struct scan *scan)
{
	while (scan->pos < scan->end) {
		const char *next = scan->pos + 1;

		if (strchr(" \t\r\n", *scan->pos) == NULL) {
			next = comment_end(scan->pos, scan->end);
		}
		if (next == NULL) {
			(void)fault_set(scan->fault, "this comment has no */");
			return false;
		}
		if (next == scan->pos) {
			break;
		}
		blank_to(scan, next);
	}
	return true;
}

/* Return true when the escape of letter in double quotes is allowed. */
static bool
is_escape(char quote, char letter)
{
	return quote == '\''
		   ? letter == '\\' || letter == '\''
		   : letter != '\0' && strchr("\"\\nt", letter) != NULL;
}

/*
 * Return how many bytes the next character of a string at pos has, 0 when its
 * line ends first, or -1 and a fault.
 */
static int
string_step(const struct scan *scan, char quote, const char *pos)
{
	size_t left = (size_t)(scan->end - pos);

	if (left == 0 || *pos == '\n' || (*pos == '\\' && left == 1)) {
		return 0;
	}
	if (*pos == '\\' && !is_escape(quote, pos[1])) {
		return fault_set(scan->fault,
		    "only \\\" \\\\ \\n and \\t may follow a backslash in "
		    "double quotes, \\' and \\\\ in single ones");
	}
	if (quote == '"' && left > 1 && memcmp(pos, "${", 2) == 0) {
		return fault_set(scan->fault,
		    "variables of the environment are not put in here: write "
		    "the value, or ${ in single quotes");
	}
	return *pos == '\\' ? 2 : 1;
}

/* Take a string that begins with the quote at pos. */
static void
take_string(struct scan *scan)
{
	char quote = *scan->pos;
	char *pos = scan->pos + 1;
	int n = 1;

	scan->token.start = pos;
	while (n > 0 && (pos == scan->end || *pos != quote)) {
		n = string_step(scan, quote, pos);
		pos += n > 0 ? n : 0;
	}
	if (n == 0) {
		n = fault_set(scan->fault, "this line has an open quote");
	}
	if (n < 0) {
		fail(scan);
		return;
	}
	scan->token.kind = TOKEN_STRING;
	scan->token.len = (size_t)(pos - scan->token.start);
	scan->pos = pos + 1;
}

/* Take a bare word. */
static void
take_word(struct scan *scan)
{
	char *pos = scan->pos;

	while (pos < scan->end && strchr(word_ends, *pos) == NULL) {
		pos++;
	}
	if (pos == scan->pos ||
	    (pos[-1] == '$' && pos < scan->end && *pos == '{')) {
		(void)fault_set(scan->fault,
		    "unexpected '%.1s': a value with it needs quotes",
		    pos == scan->pos ? pos : "$");
		fail(scan);
		return;
	}
	/* A star or a plus ends a word, but hardly was meant to. */
	if (pos < scan->end && strchr("*+()", *pos) != NULL) {
		(void)fault_set(
		    scan->fault, "a value with '%.1s' needs quotes", pos);
		fail(scan);
		return;
	}
	scan->token.kind = TOKEN_WORD;
	scan->token.len = (size_t)(pos - scan->pos);
	scan->pos = pos;
}

/* Look at the next token. */
static void
advance(struct scan *scan)
{
	scan->last_line = scan->token.line;
	if (!skip_blank(scan)) {
		scan->token.line = scan->line;
		fail(scan);
		return;
	}
	scan->token.line = scan->line;
	scan->token.start = scan->pos;
	scan->token.len = 0;
	if (scan->pos == scan->end) {
		scan->token.kind = TOKEN_END;
	} else if (strchr("{}=,", *scan->pos) != NULL) {
		scan->token.kind = TOKEN_MARK;
		scan->token.len = 1;
		scan->pos++;
	} else if (*scan->pos == '"' || *scan->pos == '\'') {
		take_string(scan);
	} else {
		take_word(scan);
	}
}

/* Return true when the token is that mark. */
static bool
is_mark(const struct scan *scan, char mark)
{
	return scan->token.kind == TOKEN_MARK && *scan->token.start == mark;
}

/* Return true when the token can be a value or a title. */
static bool
is_value(const struct scan *scan)
{
	return scan->token.kind == TOKEN_WORD ||
	       scan->token.kind == TOKEN_STRING;
}

/* Say what was expected instead of the token; returns -1. */
static int
expected(struct scan *scan, const char *what)
{
	struct token *token = &scan->token;

	if (token->kind == TOKEN_BAD) {
		return -1;
	}
	if (token->kind == TOKEN_END) {
		token->line = scan->last_line;
		return fault_set(
		    scan->fault, "%s is missing at the end of the file", what);
	}
	return fault_set(scan->fault, "expected %s instead of %s%.*s%s", what,
	    token->kind == TOKEN_STRING ? "\"" : "",
	    (int)(token->len < 40 ? token->len : 40), token->start,
	    token->kind == TOKEN_STRING ? "\"" : "");
}

/* Scan one value of a list, and the comma if another follows. */
static int
scan_item(struct scan *scan)
{
	if (!is_value(scan)) {
		return expected(scan, "a value");
	}
	advance(scan);
	if (is_mark(scan, ',')) {
		advance(scan);
		return is_value(scan) ? 0 : expected(scan, "a value");
	}
	return is_mark(scan, '}') ? 0 : expected(scan, "a comma or }");
}

/* Scan "{ value, value }" behind its brace. */
static int
scan_list(struct scan *scan)
{
	unsigned line = scan->token.line;

	advance(scan);
	if (scan->token.kind == TOKEN_END) {
		scan->token.line = line;
		return fault_set(scan->fault, "this { is never closed");
	}
	while (!is_mark(scan, '}')) {
		if (scan_item(scan) != 0) {
			return -1;
		}
	}
	advance(scan);
	return 0;
}

/* Scan what follows "key =". */
static int
scan_assignment(struct scan *scan, const char *key, unsigned line)
{
	bool list;
	int result;

	advance(scan);
	list = is_mark(scan, '{');
	if (!list && !is_value(scan)) {
		return expected(scan, "a value");
	}
	if (list) {
		result = scan_list(scan);
	} else {
		advance(scan);
		result = 0;
	}
	/* Its grammar comes before its meaning. */
	if (result != 0) {
		return -1;
	}
	if (scan->visitor->assign(scan->arg, key, list, line, scan->fault) !=
	    0) {
		scan->token.line = line;
		return -1;
	}
	return scan->token.kind == TOKEN_BAD ? -1 : 0;
}

/* Scan "title {" behind the key of a section. */
static int
scan_begin(struct scan *scan, const char *key, unsigned line)
{
	const struct token *token = &scan->token;
	char title[CONFSCAN_TITLE_LEN];

	if (token->len == 0 || token->len >= sizeof(title) ||
	    memchr(token->start, '\\', token->len) != NULL) {
		return fault_set(scan->fault,
		    "the name of a section has 1 to %d letters and no "
		    "backslash",
		    CONFSCAN_TITLE_LEN - 1);
	}
	memcpy(title, token->start, token->len);
	title[token->len] = '\0';
	advance(scan);
	if (!is_mark(scan, '{')) {
		return expected(scan, "= or {");
	}
	if (scan->section_line != 0) {
		return fault_set(scan->fault,
		    "a section cannot stand in another; the { of %s on line "
		    "%u is still open",
		    scan->section, scan->section_line);
	}
	if (scan->visitor->begin(scan->arg, key, title, line, scan->fault) !=
	    0) {
		scan->token.line = line;
		return -1;
	}
	(void)snprintf(scan->section, sizeof(scan->section), "%s", key);
	scan->section_line = line;
	advance(scan);
	return 0;
}

/* Scan one statement, which begins with the token. */
static int
scan_statement(struct scan *scan)
{
	char key[CONFSCAN_KEY_LEN];
	unsigned line = scan->token.line;

	if (is_mark(scan, '}') && scan->section_line != 0) {
		scan->section_line = 0;
		scan->visitor->end(scan->arg);
		advance(scan);
		return 0;
	}
	if (scan->token.kind != TOKEN_WORD || scan->token.len >= sizeof(key)) {
		return expected(
		    scan, scan->section_line != 0 ? "a key or }" : "a key");
	}
	memcpy(key, scan->token.start, scan->token.len);
	key[scan->token.len] = '\0';
	advance(scan);
	if (is_mark(scan, '=')) {
		return scan_assignment(scan, key, line);
	}
	if (is_mark(scan, '{')) {
		return fault_set(scan->fault,
		    "a section needs a name: %s NAME { ... }", key);
	}
	return is_value(scan) ? scan_begin(scan, key, line)
			      : expected(scan, "= or the name of a section");
}

/* Refuse control characters, a NUL among them; 0 or -1 with the line set. */
static int
check_bytes(struct scan *scan)
{
	for (const char *pos = scan->pos; pos < scan->end; pos++) {
		unsigned char c = (unsigned char)*pos;

		if ((c < 0x20 && strchr("\t\n\r", c) == NULL) || c == 0 ||
		    c == 0x7f) {
			return fault_set(scan->fault,
			    "the character with code %u is not text", c);
		}
		scan->token.line += c == '\n';
	}
	return 0;
}

/* Scan everything; 0 or -1 with the line in the token. */
static int
scan_all(struct scan *scan)
{
	if (check_bytes(scan) != 0) {
		return -1;
	}
	advance(scan);
	while (scan->token.kind != TOKEN_END) {
		if (scan_statement(scan) != 0) {
			return -1;
		}
	}
	if (scan->section_line != 0) {
		scan->token.line = scan->section_line;
		return fault_set(
		    scan->fault, "the { of %s is never closed", scan->section);
	}
	return 0;
}

int
confscan(const char *name, char *text, size_t len,
    const struct confscan_visitor *visitor, void *arg, struct fault *fault)
{
	struct scan scan = {
		.pos = text,
		.end = text + len,
		.line = 1,
		.token = { .kind = TOKEN_END, .line = 1 },
		.visitor = visitor,
		.arg = arg,
		.fault = fault,
	};

	if (scan_all(&scan) != 0) {
		return fault_prefix(fault, "%s:%u", name, scan.token.line);
	}
	return 0;
}
