/* SPDX-License-Identifier: ISC */
/*
 * pac: the proxy auto-configuration that leads a browser to us, for our names
 * only.
 *
 *	office  web.office  anything.internal    PROXY, the gateway
 *	everything else                          DIRECT
 *
 * It names the gateway as an HTTP proxy: a browser shows the page by which an
 * HTTP proxy says why something failed, and has only words of its own when a
 * SOCKS proxy refuses.  It compares strings and looks nothing up, so that no
 * name reaches a name server for being looked at.  A gateway that does not run
 * costs the rest of the web nothing.  Old engines read it: ECMAScript 3.  Pure.
 */
#ifndef INROAD_GATEWAY_PAC_H
#define INROAD_GATEWAY_PAC_H

struct addr;
struct buf;
struct overview;

/* The media type of the file. */
#define PAC_TYPE "application/x-ns-proxy-autoconfig"

/*
 * Append the file that leads names of overview to the proxy at proxy, an IP
 * address.  Returns 0, or -1 without room or memory.
 */
int pac_write(
    const struct overview *overview, const struct addr *proxy, struct buf *out);

#endif
