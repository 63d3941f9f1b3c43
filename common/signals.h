/* SPDX-License-Identifier: ISC */
/*
 * signals: the signals a daemon answers, as calls from its loop.
 *
 * SIGTERM and SIGINT ask for an end, SIGHUP for a reload; which is which is
 * the owner's business.  SIGPIPE is ignored from then on: sockets are written
 * without it anyway, but standard output may be a pipe whose reader has left.
 *
 * One per process.  Made after fork(), for libev ties signals to one loop.
 */
#ifndef INROAD_COMMON_SIGNALS_H
#define INROAD_COMMON_SIGNALS_H

struct loop;
struct signals;

/* Called from the loop with SIGTERM, SIGINT or SIGHUP and the owner's arg. */
typedef void signals_callback(int signum, void *arg);

/* Report signals to callback(signum, arg).  Returns NULL without memory. */
struct signals *signals_new(
    struct loop *loop, signals_callback *callback, void *arg);

/* Give the signals their default action back; NULL is allowed. */
void signals_free(struct signals *signals);

#endif
