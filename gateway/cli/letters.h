/* SPDX-License-Identifier: ISC */
/*
 * letters: messages between devices, and notices.
 *
 *	inroad send HOST TEXT		from a gateway to a host of the account
 *	inroad send DEVICE TEXT		to another gateway of it, or USER/DEVICE
 *	inroad send USER TEXT		to all of them
 *	inroad --agent DIR send USER TEXT	back, to its gateways
 *	inroad listen			what comes here, as it comes
 *	inroad notice all TEXT		from an administrator to people
 *
 * With --json `listen` writes an object a line, as the daemon sends them
 * (common/inbox.h), and not one document at the end: there may be none.
 */
#ifndef INROAD_GATEWAY_CLI_LETTERS_H
#define INROAD_GATEWAY_CLI_LETTERS_H

struct cli;

/* Run "send"; the exit code. */
int letters_send_run(const struct cli *cli);

/* Run "listen"; the exit code. */
int letters_listen_run(const struct cli *cli);

/* Run "notice"; the exit code. */
int letters_notice_run(const struct cli *cli);

#endif
