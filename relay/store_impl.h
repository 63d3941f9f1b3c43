/* SPDX-License-Identifier: ISC */
/*
 * store_impl: what the files of the store share.
 *
 * store.c queues and commits, store_schema.c opens the file, store_rows.c
 * and store_read.c know the columns.  One thread at a time uses a database
 * handle.  Texts of errors are what is said of the file, "is damaged"; store.c
 * puts its path in front.
 */
#ifndef INROAD_RELAY_STORE_IMPL_H
#define INROAD_RELAY_STORE_IMPL_H

#include <sqlite3.h>

#include "relay/store.h"

/* The value of a macro as a string literal. */
#define STORE_IMPL_TEXT(macro) STORE_IMPL_QUOTE(macro)
#define STORE_IMPL_QUOTE(token) #token

/* One prepared statement for each kind of change. */
struct store_rows {
	sqlite3 *db;
	sqlite3_stmt *statements[STORE_KINDS];
};

/*
 * Open the database at path as store_open() says.  Returns it, or NULL and
 * *error.  The caller closes it.
 */
sqlite3 *store_schema_open(const char *path, struct store_error *error);

/*
 * Fill *error with the status and a text made of what and the last error of
 * db; returns -1.
 */
int store_schema_fail(struct store_error *error, sqlite3 *db, const char *what);

/* Prepare all statements of rows for db; 0, or -1 and *error. */
int store_rows_prepare(
    struct store_rows *rows, sqlite3 *db, struct store_error *error);

/* Free the statements; what is zero is left alone. */
void store_rows_finalize(struct store_rows *rows);

/* Execute change; 0, or -1 with the reason in the database's error. */
int store_rows_apply(
    struct store_rows *rows, const struct store_change *change);

/*
 * Read all rows of db for loader as store_load() says; 0, or -1 and *error.
 */
int store_rows_load(sqlite3 *db, const struct store_loader *loader, void *arg,
    struct store_error *error);

/*
 * Put the highest id that table ("account", "device") ever had into *id, 0 if
 * none; 0, or -1 and *error.
 */
int store_rows_last_id(
    sqlite3 *db, const char *table, int64_t *id, struct store_error *error);

#endif
