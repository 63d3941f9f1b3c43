/* SPDX-License-Identifier: ISC */
/*
 * sampleoptions: a table with options of every kind, for tests.
 */
#ifndef INROAD_TESTS_SUPPORT_SAMPLEOPTIONS_H
#define INROAD_TESTS_SUPPORT_SAMPLEOPTIONS_H

struct options_table;

/* The table; its operands follow a command. */
extern const struct options_table sampleoptions;

#endif
