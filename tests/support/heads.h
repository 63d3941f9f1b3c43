/* SPDX-License-Identifier: ISC */
/*
 * heads: parses an HTTP head in every way that bytes can arrive, and fails the
 * test when the ways do not agree.
 */
#ifndef INROAD_TESTS_SUPPORT_HEADS_H
#define INROAD_TESTS_SUPPORT_HEADS_H

#include "gateway/httphead.h"

/*
 * Parses the len bytes at text into head: whole, cut after each length, byte by
 * byte with the bytes moving each time, and with other bytes behind. Asserts
 * that all give the same, and that a head is whole no earlier than at its last
 * byte. Returns the outcome; head refers to text.
 */
enum wire_result heads_parse(
    struct httphead *head, bool is_response, const char *text, size_t len);

/*
 * As heads_parse, for a request in a string that must be right.
 */
void heads_request(struct httphead *head, const char *text);

/*
 * As heads_parse, for a response in a string that must be right.
 */
void heads_response(struct httphead *head, const char *text);

#endif
