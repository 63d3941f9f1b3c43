/* SPDX-License-Identifier: ISC */
#include "protocol/codes.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

struct codes_row {
	enum code code;
	const char *slug;
	uint8_t socks5;
	unsigned http;
	const char *proxy_status;
	const char *summary;
};

static const struct codes_row rows[] = {
#define CODE(number, name, slug, socks5, http, proxy_status, summary)          \
	{ CODE_##name, slug, socks5, http, proxy_status, summary },
#include "protocol/codes.def"
#undef CODE
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static const struct codes_row *
row_of(uint16_t number)
{
	for (size_t i = 0; i < ROWS; i++) {
		if ((uint16_t)rows[i].code == number) {
			return &rows[i];
		}
	}
	return &rows[ROWS - 1];
}

unsigned
codes_index(enum code code)
{
	return (unsigned)(row_of((uint16_t)code) - rows);
}

enum code
codes_at(unsigned index)
{
	return rows[index].code;
}

enum code
codes_from_number(uint16_t number)
{
	return row_of(number)->code;
}

const char *
codes_slug(enum code code)
{
	return row_of((uint16_t)code)->slug;
}

const char *
codes_summary(enum code code)
{
	return row_of((uint16_t)code)->summary;
}

enum code
codes_explain(
    enum code code, char text[LIMITS_TEXT_LEN], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, LIMITS_TEXT_LEN, format, args);
	va_end(args);
	return code;
}

bool
codes_is_lasting(enum code code)
{
	switch ((unsigned)code) {
	case CODE_NOT_JOINED:
	case CODE_REVOKED:
	case CODE_DISABLED:
	case CODE_ACCOUNT_KEY:
	case CODE_JOIN_USED:
	case CODE_JOIN_EXPIRED:
	case CODE_LOGIN_REFUSED:
	case CODE_NAME_TAKEN:
	case CODE_NAME_INVALID:
		return true;
	default:
		return false;
	}
}

uint8_t
codes_socks5(enum code code)
{
	return row_of((uint16_t)code)->socks5;
}

unsigned
codes_http(enum code code)
{
	return row_of((uint16_t)code)->http;
}

const char *
codes_proxy_status(enum code code)
{
	return row_of((uint16_t)code)->proxy_status;
}

enum code
codes_from_errno(int error)
{
	switch (error) {
	case 0:
		return CODE_OK;
	case ECONNREFUSED:
		return CODE_SERVICE_REFUSED;
	case ETIMEDOUT:
		return CODE_SERVICE_TIMEOUT;
	case ENETUNREACH:
	case ENETDOWN:
	case EAFNOSUPPORT:
		return CODE_NET_UNREACHABLE;
	case EHOSTUNREACH:
	case EHOSTDOWN:
	case EADDRNOTAVAIL:
		return CODE_HOST_UNREACHABLE;
	case EACCES:
	case EPERM:
		return CODE_DENIED;
	case ECONNRESET:
	case EPIPE:
	case ECONNABORTED:
		return CODE_TARGET_RESET;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
		return CODE_OVERLOADED;
	default:
		return CODE_INTERNAL;
	}
}

enum code
codes_shown(enum code code, int error)
{
	enum code cause = codes_from_errno(error);

	if (code != CODE_DIRECT_FAILED) {
		return code;
	}
	switch ((int)cause) {
	case CODE_OK:
		return CODE_DNS_FAILED;
	case CODE_SERVICE_REFUSED:
	case CODE_SERVICE_TIMEOUT:
	case CODE_NET_UNREACHABLE:
	case CODE_OVERLOADED:
		return cause;
	default:
		/* Whatever the kernel says: nobody was reached. */
		return CODE_HOST_UNREACHABLE;
	}
}
