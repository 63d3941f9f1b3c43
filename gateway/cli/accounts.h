/* SPDX-License-Identifier: ISC */
/*
 * accounts: the commands by which a relay is administered: user, device, token,
 * acl and audit; limits.h has limit and usage.
 *
 * What they mean and who may use them the relay decides (relay/admin.h); here
 * are the options, and tables for people.
 */
#ifndef INROAD_GATEWAY_CLI_ACCOUNTS_H
#define INROAD_GATEWAY_CLI_ACCOUNTS_H

struct cli;

/* user list|add|invite|level|disable|enable|delete ... */
int accounts_user_run(const struct cli *cli);

/* device list|revoke ... */
int accounts_device_run(const struct cli *cli);

/* token list|revoke ... */
int accounts_token_run(const struct cli *cli);

/* acl list|add|delete ... */
int accounts_acl_run(const struct cli *cli);

/* audit [--last N] */
int accounts_audit_run(const struct cli *cli);

#endif
