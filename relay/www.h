/* SPDX-License-Identifier: ISC */
/*
 * www: the files of the relay's dashboard.
 */
#ifndef INROAD_RELAY_WWW_H
#define INROAD_RELAY_WWW_H

#include "common/webfile.h"

/* The file that "/" stands for. */
#define WWW_INDEX "/index.html"

/* All of relay/www/; wwwdata.c, which common/webembed makes. */
extern const struct webfile_table www_relay;

#endif
