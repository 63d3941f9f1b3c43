/* SPDX-License-Identifier: ISC */
/*
 * httpcheck: what the fields of a head say together (RFC 9112 sections 3.2, 6).
 *
 * The second half of httphead: the lines have been read, each right in itself;
 * this refuses those that contradict one another and fills in what they say
 * about framing, connection and host.  Pure.
 */
#ifndef INROAD_GATEWAY_HTTPCHECK_H
#define INROAD_GATEWAY_HTTPCHECK_H

#include "gateway/httphead.h"

/*
 * Check the fields of head, whose lines are read, and set what httphead.h lists
 * under "what the fields say", and authority and target from Host where the
 * request line does not.  Returns NULL, or the words that say what is wrong.
 */
const char *httpcheck_fields(struct httphead *head);

#endif
