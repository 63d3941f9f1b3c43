/* SPDX-License-Identifier: ISC */
/*
 * sshconfig: the command "inroad ssh-config".
 *
 *	inroad ssh-config >~/.ssh/inroad.conf
 *
 * Prints a block for ssh_config(5) by which ssh, scp, sftp, rsync and git reach
 * the hosts, by short and by full name.  Both names stand for one entry of
 * known_hosts.  The same hosts always give the same text.
 *
 * A file of the person's is never written: ~/.ssh/config is often a link into
 * a collection of such files, and the first line that fits wins there.
 */
#ifndef INROAD_GATEWAY_CLI_SSHCONFIG_H
#define INROAD_GATEWAY_CLI_SSHCONFIG_H

struct cli;

/* Do what the words of cli say; returns the exit code. */
int sshconfig_run(const struct cli *cli);

#endif
