/* SPDX-License-Identifier: ISC */
/*
 * options_help: what --help prints, made from the table.
 */
#ifndef INROAD_COMMON_OPTIONS_HELP_H
#define INROAD_COMMON_OPTIONS_HELP_H

#include <stdio.h>

struct options_table;

/*
 * Print how to call the program of table, and each option with its default to
 * out.
 */
void options_help_print(const struct options_table *table, FILE *out);

#endif
