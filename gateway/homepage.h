/* SPDX-License-Identifier: ISC */
/*
 * homepage: the page at the gateway's port, for people.
 *
 * www/home.html has everything that is always the same; {{words}} in it stand
 * for what an overview says.  All that is to be seen is in the page as it is
 * sent; scripts keep it fresh and draw the plot.  Links lead to hosts by
 * http://NAME.localhost, and are there only for who sits at this machine:
 * elsewhere that name is another machine.  Pure.
 */
#ifndef INROAD_GATEWAY_HOMEPAGE_H
#define INROAD_GATEWAY_HOMEPAGE_H

struct buf;
struct overview;
struct site_request;

/* The media type of the page. */
#define HOMEPAGE_TYPE "text/html; charset=utf-8"

/*
 * Append the page that answers request to out.  Returns 0, or -1 without room
 * or memory.
 */
int homepage_write(const struct overview *overview,
    const struct site_request *request, struct buf *out);

#endif
