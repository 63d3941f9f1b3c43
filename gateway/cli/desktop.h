/* SPDX-License-Identifier: ISC */
/*
 * desktop: where desktops keep which proxy programs shall use.
 *
 * GNOME and whatever follows it: gsettings, org.gnome.system.proxy; also read
 * by GTK programs elsewhere and by Firefox.  KDE: kioslaverc, by kreadconfig
 * and kwriteconfig.  What a desktop has is a few texts in its own form, which
 * are compared and given back, and never understood.
 */
#ifndef INROAD_GATEWAY_CLI_DESKTOP_H
#define INROAD_GATEWAY_CLI_DESKTOP_H

#include <stdbool.h>
#include <stddef.h>

/* The desktops, numbered from 0. */
#define DESKTOP_COUNT 2

/* What a desktop has: how to find a proxy, and the URL of a PAC file. */
#define DESKTOP_VALUES 2

/* Room for one text: a URL, and what may stand instead. */
#define DESKTOP_TEXT_MAX 1024

/* A value. */
struct desktop_values {
	char text[DESKTOP_VALUES][DESKTOP_TEXT_MAX];
};

/* Return the name of desktop, a word in lower case. */
const char *desktop_name(size_t desktop);

/* Return what the desktop calls the value i. */
const char *desktop_key(size_t desktop, size_t i);

/* Put what desktop has to *values; false when it is not on this machine. */
bool desktop_read(size_t desktop, struct desktop_values *values);

/*
 * Let desktop have values.  Returns 0, or -1 when it has not kept them, as
 * without a session: then they may be there in part.
 */
int desktop_write(size_t desktop, const struct desktop_values *values);

/* Make *values what lets desktop use the PAC file at url. */
void desktop_use(
    size_t desktop, const char *url, struct desktop_values *values);

/*
 * Say values of desktop in a few words, such as "none" or "http://…/proxy.pac";
 * returns out.
 */
char *desktop_describe(size_t desktop, const struct desktop_values *values,
    char out[DESKTOP_TEXT_MAX]);

/* Return true when both are the same. */
bool desktop_equal(
    const struct desktop_values *a, const struct desktop_values *b);

#endif
