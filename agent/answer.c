/* SPDX-License-Identifier: ISC */
#include "agent/answer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/addr.h"
#include "common/dial.h"
#include "protocol/codes.h"
#include "protocol/limits.h"
#include "protocol/stream.h"

/* Fill *out with code, error and a sentence. */
static void __attribute__((format(printf, 4, 5)))
fill(struct stream_opened *out, enum code code, int error, const char *format,
    ...)
{
	va_list args;

	memset(out, 0, sizeof(*out));
	out->code = code;
	out->error = error;
	va_start(args, format);
	(void)vsnprintf(out->text, sizeof(out->text), format, args);
	va_end(args);
}

void
answer_denied(struct stream_opened *out, const char *host, const char *to)
{
	fill(out, CODE_DENIED, 0,
	    "The policy of \"%s\" does not allow %s. On %s: --allow %s", host,
	    to, host, to);
}

void
answer_share(struct stream_opened *out, const char *host, const char *to)
{
	fill(out, CODE_DENIED, 0,
	    "The share of \"%s\" does not include %s; ask its owner.", host,
	    to);
}

void
answer_dns(struct stream_opened *out, const char *host, const char *name)
{
	fill(out, CODE_DNS_FAILED, 0, "\"%s\" cannot resolve \"%s\".", host,
	    name);
}

/* Return the code for a dial that failed. */
static enum code
dial_code(const struct dial_result *result)
{
	switch (result->status) {
	case DIAL_REFUSED:
		return CODE_SERVICE_REFUSED;
	case DIAL_TIMEOUT:
		return CODE_SERVICE_TIMEOUT;
	case DIAL_NET_UNREACHABLE:
		return CODE_NET_UNREACHABLE;
	case DIAL_HOST_UNREACHABLE:
		return CODE_HOST_UNREACHABLE;
	case DIAL_OK:
	case DIAL_NO_NAME:
	case DIAL_DNS_FAILED:
	case DIAL_DNS_TIMEOUT:
	case DIAL_DENIED:
	case DIAL_FAILED:
		break;
	}
	return codes_from_errno(result->err);
}

void
answer_dial(struct stream_opened *out, const char *host, const char *target,
    const char *name, const struct dial_result *result)
{
	enum code code = dial_code(result);
	int error = result->err;
	char ip[ADDR_TEXT_LEN];

	switch ((unsigned)code) {
	case CODE_SERVICE_REFUSED:
		fill(out, code, error,
		    "\"%s\" is up, but nothing listens on %s there.", host,
		    target);
		break;
	case CODE_SERVICE_TIMEOUT:
		fill(out, code, error, "\"%s\" did not reach %s in %u s.", host,
		    target, (unsigned)(LIMITS_DIAL_TIME / LIMITS_SEC));
		break;
	case CODE_NET_UNREACHABLE:
	case CODE_HOST_UNREACHABLE:
		fill(out, code, error, "\"%s\" has no route to %s.", host,
		    name != NULL ? name : addr_format_ip(&result->addr, ip));
		break;
	default:
		fill(out, code, error, "\"%s\" cannot connect to %s: %s.", host,
		    target, strerror(error));
		break;
	}
}

void
answer_memory(struct stream_opened *out, const char *host)
{
	fill(out, CODE_OVERLOADED, ENOMEM, "\"%s\" is out of memory.", host);
}

void
answer_bad(struct stream_opened *out, const char *flaw)
{
	fill(out, CODE_BAD_REQUEST, 0, "%s", flaw);
}
