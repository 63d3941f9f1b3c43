/* SPDX-License-Identifier: ISC */
#include "relay/apiguard.h"

#include <sodium.h>
#include <string.h>
#include <strings.h>

/* Length of the hash that a token is the text of. */
#define HASH_LEN 32

_Static_assert(APIGUARD_TOKEN_LEN == 2 * HASH_LEN + 1, "a token is hex");

void
apiguard_make_key(uint8_t key[APIGUARD_KEY_LEN])
{
	randombytes_buf(key, APIGUARD_KEY_LEN);
}

void
apiguard_make_token(const uint8_t key[APIGUARD_KEY_LEN], const char *user,
    char out[APIGUARD_TOKEN_LEN])
{
	uint8_t hash[HASH_LEN];

	(void)crypto_generichash(hash, sizeof(hash), (const uint8_t *)user,
	    strlen(user), key, APIGUARD_KEY_LEN);
	(void)sodium_bin2hex(out, APIGUARD_TOKEN_LEN, hash, sizeof(hash));
}

/* Return how long the label at text is, 0 when there is none. */
static size_t
label_len(const char *text)
{
	return strspn(text, "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
}

/* "relay" or "relay.LABEL", with or without a port. */
static bool
is_ours(const char *host)
{
	static const char name[] = "relay";
	size_t len = label_len(host);

	if (len != sizeof(name) - 1 || strncasecmp(host, name, len) != 0) {
		return false;
	}
	host += len;
	if (*host == '.') {
		len = label_len(++host);
		if (len == 0) {
			return false;
		}
		host += len;
	}
	if (*host == ':') {
		host++;
		host += strspn(host, "0123456789");
	}
	return *host == '\0';
}

/* Whether origin is a page that was got from host. */
static bool
is_own_origin(const char *origin, const char *host)
{
	static const char http[] = "http://";
	static const char https[] = "https://";

	if (strncmp(origin, http, sizeof(http) - 1) == 0) {
		origin += sizeof(http) - 1;
	} else if (strncmp(origin, https, sizeof(https) - 1) == 0) {
		origin += sizeof(https) - 1;
	} else {
		return false;
	}
	return strcasecmp(origin, host) == 0;
}

/* Parameters, as of a charset, may follow. */
static bool
is_json(const char *type)
{
	static const char json[] = "application/json";
	size_t len = strcspn(type, "; \t");

	return len == sizeof(json) - 1 && strncasecmp(type, json, len) == 0;
}

static bool
is_token(const char *given, const char *token)
{
	return given != NULL && strlen(given) == strlen(token) &&
	       sodium_memcmp(given, token, strlen(token)) == 0;
}

enum apiguard_verdict
apiguard_judge(const struct apiguard_request *request, const char *token)
{
	if (request->host == NULL || !is_ours(request->host)) {
		return APIGUARD_HOST;
	}
	if (!request->changes) {
		return APIGUARD_GOOD;
	}
	if (request->type == NULL || !is_json(request->type)) {
		return APIGUARD_TYPE;
	}
	if (request->origin == NULL) {
		return request->client != NULL && *request->client != '\0'
			   ? APIGUARD_GOOD
			   : APIGUARD_ORIGIN;
	}
	if (!is_own_origin(request->origin, request->host)) {
		return APIGUARD_ORIGIN;
	}
	return is_token(request->token, token) ? APIGUARD_GOOD : APIGUARD_TOKEN;
}
