/* SPDX-License-Identifier: ISC */
/*
 * www: the files of the gateway's page.
 */
#ifndef INROAD_GATEWAY_WWW_H
#define INROAD_GATEWAY_WWW_H

#include "common/webfile.h"

/* The file that is no page by itself: homepage.h fills it in. */
#define WWW_HOME "/home.html"

/* All of gateway/www/; wwwdata.c, which common/webembed makes. */
extern const struct webfile_table www_gateway;

#endif
