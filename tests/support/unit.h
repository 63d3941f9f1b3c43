/* SPDX-License-Identifier: ISC */
/*
 * unit: the main function of every unit test program.
 *
 * Runs a Check suite and prints TAP, so that the test driver counts each case
 * and not the program as one.
 *
 * Check runs each case in a child process unless CK_FORK=no is set, which the
 * build does for sanitizers and valgrind: leaks then surface in one process.
 */
#ifndef INROAD_TESTS_SUPPORT_UNIT_H
#define INROAD_TESTS_SUPPORT_UNIT_H

#include <check.h>
#include <stddef.h>

/*
 * Runs suite, which it takes over and frees, with TAP on standard output.
 * Returns the exit status for main: 0 if every case passed, else 1.
 */
int unit_main(Suite *suite);

/*
 * Return 1, or n under valgrind: how far a loop goes in one step that tries
 * everything, where everything takes fifty times as long.
 */
size_t unit_stride(size_t n);

#endif
