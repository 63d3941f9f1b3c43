/* SPDX-License-Identifier: ISC */
/*
 * virtuals: addresses that stand for names.
 *
 * Some programs look a name up first and connect to an address then: torsocks,
 * what redirects a network (tun2socks, redsocks), whatever knows no names.  Of
 * our hosts there is no address, so such a program is given one out of a range
 * that nobody uses; when it connects to that, the name is known again.
 *
 * A name keeps its address as long as it is used.  Of the VIRTUALS_MAX names
 * the one used longest ago is forgotten, and its address leads nowhere; it is
 * not given to another name before the whole range was, so that a program that
 * remembers it is not led elsewhere.
 */
#ifndef INROAD_GATEWAY_VIRTUALS_H
#define INROAD_GATEWAY_VIRTUALS_H

#include <stdint.h>

struct addr_prefix;
struct proxy_target;
struct virtuals;

/* Names at a time, some hundred bytes each: more than a person visits a day. */
#define VIRTUALS_MAX 4096

/*
 * The range where nothing else is said: kept for the measuring of networks (RFC
 * 2544), so it is in none, and what other programs use for the same thing.
 */
#define VIRTUALS_RANGE "198.18.0.0/15"

/* Return virtuals without a range, or NULL. */
struct virtuals *virtuals_new(void);

/* Free virtuals; NULL is allowed. */
void virtuals_free(struct virtuals *virtuals);

/*
 * Give addresses out of range, which is IPv4, from now on; NULL: none.  With
 * another range all names are forgotten.
 */
void virtuals_set_range(
    struct virtuals *virtuals, const struct addr_prefix *range);

/*
 * Return what is wrong with range for addresses of names, in words to stand
 * behind it; NULL if nothing is.
 */
const char *virtuals_flaw(const struct addr_prefix *range);

/* Make *out the address of name; 0, or -1: there is none. */
int virtuals_give(
    struct virtuals *virtuals, const char *name, struct proxy_target *out);

enum virtuals_result {
	VIRTUALS_OTHER, /* not of the range */
	VIRTUALS_NAME,  /* it stands for a name */
	VIRTUALS_LOST,  /* it stands for none, or none any more */
};

/*
 * Make target, if it is an address that stands for a name, that name, with the
 * same port.  virtuals may be NULL: none does.
 */
enum virtuals_result virtuals_translate(
    struct virtuals *virtuals, struct proxy_target *target);

#endif
