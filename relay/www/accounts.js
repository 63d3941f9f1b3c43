// SPDX-License-Identifier: ISC
//
// All accounts.

import { make } from "/dom.js";
import { addAccount, disable, enable, invite } from "/actions.js";
import { accountLink } from "/hosts.js";
import { Table, act, quota, state } from "/table.js";
import { bytes, count } from "/words.js";
import { when } from "/audit.js";

export function accounts() {
	const add = async () => {
		await addAccount();
		await table.refresh();
	};
	const table = new Table({ title: "Accounts", path: "/users",
		search: "Search accounts", id: ({ user }) => user,
		acts: { disable, enable, invite }, empty: "No accounts.",
		tools: [make("button", { type: "button", class: "primary",
			onclick: add }, "Add an account…")],
		columns: [
			{ name: "Account", cell: ({ user }) => accountLink(user) },
			{ name: "Level", cell: ({ level }) => level },
			{ name: "State", class: "state", cell: ({ disabled }) =>
				disabled ? state("bad", "disabled")
					: state("good", "enabled") },
			{ name: "Online", cell: ({ online, devices }) =>
				`${count(online)} of ${count(devices)}` },
			{ name: "Hosts", cell: ({ hosts }) => count(hosts) },
			{ name: "This month", cell: ({ month, month_limit: limit }) =>
				quota(month ?? 0, limit, bytes) },
			{ name: "Since", cell: ({ created }) => when(created) },
			{ name: "", class: "acts beyond", cell: ({ user, disabled }) => [
				act("invite", "Invite", `Invite a gateway of ${user}`),
				disabled ? act("enable", "Enable", `Enable ${user}`)
					: act("disable", "Disable", `Disable ${user}`,
						"danger")] },
		] });
	return { title: "Accounts", every: 5000, element: table.element,
		refresh: () => table.refresh() };
}
