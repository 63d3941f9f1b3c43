// SPDX-License-Identifier: ISC
//
// The hosts, of one account or of all.

import { part, self } from "/api.js";
import { make } from "/dom.js";
import { kick, revoke } from "/actions.js";
import { Table, act, state } from "/table.js";
import { count, span } from "/words.js";
import { when } from "/audit.js";

// Where the page of a device is.
export function deviceLink(user, name, words = name) {
	return make("a", { href: `#/devices/${part(user)}/${part(name)}` }, words);
}

// Where the page of an account is, for who may see others.
export function accountLink(user) {
	return self.level === "admin"
		? make("a", { href: `#/accounts/${part(user)}` }, user) : user;
}

// For how long something that began at since has been so.
export function lasting(since) {
	return since ? `for ${span(Math.max(Date.now() / 1000 - since, 0))}` : "";
}

function hostState(host) {
	return host.state === "online"
		? state("good", "online", lasting(host.since))
		: state("idle", host.state, host.last_seen
			? ["last seen ", when(host.last_seen)] : "never seen");
}

// Makes the list of hosts of user, of all that one sees without.
export function hostTable(user) {
	const all = self.level === "admin" && !user;
	return new Table({ title: "Hosts", path: "/hosts", fields: { user },
		search: "Search hosts",
		id: (host) => `${host.user}/${host.name}`,
		acts: { kick, revoke },
		empty: "No hosts yet. On a gateway: inroad invite NAME",
		columns: [
			{ name: "Host", cell: ({ user, name }) =>
				deviceLink(user, name) },
			all && { name: "Account", cell: (host) =>
				accountLink(host.user) },
			{ name: "State", class: "state", cell: hostState },
			{ name: "Channels", class: "number", cell: ({ channels }) =>
				count(channels ?? 0) },
			{ name: "Address", cell: ({ address }) => address ?? "–" },
			{ name: "", class: "acts beyond", cell: (host) => [
				host.state === "online" && act("kick", "Disconnect",
					`Disconnect ${host.user}/${host.name}`),
				act("revoke", "Remove",
					`Remove ${host.user}/${host.name}`, "danger")] },
		].filter(Boolean) });
}

export function hosts() {
	const table = hostTable();
	return { title: "Hosts", every: 5000, element: table.element,
		refresh: () => table.refresh() };
}
