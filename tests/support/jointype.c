/* SPDX-License-Identifier: ISC */

#include "tests/support/jointype.h"

#include <sodium.h>
#include <string.h>

#include "protocol/armor.h"
#include "protocol/joinstring.h"

/* Two characters of six bits each. */
#define LENGTH_MAX 4095

#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING

size_t
jointype(
    char *out, size_t size, const char *relays, const uint8_t *body, size_t len)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "abcdefghijklmnopqrstuvwxyz"
				       "0123456789-_.:,";
	const size_t prefix = strlen(JOINSTRING_PREFIX);
	char *text = out + prefix;
	size_t front = strlen(relays);
	size_t body_len = sodium_base64_encoded_len(len, VARIANT) - 1;
	size_t plain = front + 2 + body_len;
	size_t total = prefix + plain + armor_checks(plain);

	if (total >= size || total > LENGTH_MAX ||
	    relays[strspn(relays, alphabet)] != '\0') {
		return 0;
	}
	memcpy(out, JOINSTRING_PREFIX, prefix);
	memcpy(text, relays, front);
	sodium_bin2base64(text + front + 2, body_len + 1, body, len, VARIANT);
	text[front] = alphabet[total / 64];
	text[front + 1] = alphabet[total % 64];
	armor_protect(text, plain);
	out[total] = '\0';
	return total;
}
