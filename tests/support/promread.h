/* SPDX-License-Identifier: ISC */
/*
 * promread: reads what is there for Prometheus, as strictly as it does.
 */
#ifndef INROAD_TESTS_SUPPORT_PROMREAD_H
#define INROAD_TESTS_SUPPORT_PROMREAD_H

/*
 * Asserts that text, which is taken apart, is in the text format: families with
 * help and type, whose names begin with prefix, samples of the family they
 * stand in, and no family and no series twice.
 */
void promread_check(char *text, const char *prefix);

#endif
