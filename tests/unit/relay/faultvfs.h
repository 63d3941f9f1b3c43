/* SPDX-License-Identifier: ISC */
/*
 * faultvfs: a disk for SQLite that can be full, fail, or take its time.
 *
 * Stands between SQLite and its ordinary file access.  Whatever is set holds
 * for all files that are opened afterwards or were before, in all threads.
 */
#ifndef INROAD_TESTS_UNIT_RELAY_FAULTVFS_H
#define INROAD_TESTS_UNIT_RELAY_FAULTVFS_H

#include <stdbool.h>

/* Have SQLite open all files through here from now on; 0 or -1. */
int faultvfs_install(void);

/* Let every write fail as on a full disk, or no longer. */
void faultvfs_set_full(bool full);

/* Let every sync fail, or no longer. */
void faultvfs_set_broken(bool broken);

/* Let syncs, which are counted but never made, wait until this is taken back.
 */
void faultvfs_set_slow(bool slow);

/* Return how many syncs succeeded so far. */
unsigned long faultvfs_syncs(void);

/* Wait until a sync waits because of faultvfs_set_slow(). */
void faultvfs_await_sync(void);

#endif
