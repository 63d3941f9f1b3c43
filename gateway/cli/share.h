/* SPDX-License-Identifier: ISC */
/*
 * share: the commands about hosts that are shared with other accounts: share,
 * unshare, shares and accept.
 */
#ifndef INROAD_GATEWAY_CLI_SHARE_H
#define INROAD_GATEWAY_CLI_SHARE_H

#include <stdint.h>

struct cli;

/* share [HOST USER [--ports …] [--services …] [--until …]] */
int share_run(const struct cli *cli);

/* unshare HOST USER|SHARE */
int share_end_run(const struct cli *cli);

/* shares */
int share_list_run(const struct cli *cli);

/* accept STRING|-|@FILE [--as NAME], accept --remove NAME */
int share_accept_run(const struct cli *cli);

/*
 * Read when a share ends: a duration from now on ("2h", "7d"), a day, which
 * counts wholly ("2026-12-24"), or a minute ("2026-12-24T18:00"), in local
 * time.  Returns 0 and unix seconds, or -1 when text is none of these or past.
 */
int share_parse_until(const char *text, uint64_t now, uint64_t *out);

#endif
