// SPDX-License-Identifier: ISC
//
// Invitations that were made and not yet forgotten.

import { self } from "/api.js";
import { make } from "/dom.js";
import { deleteToken, invite } from "/actions.js";
import { accountLink } from "/hosts.js";
import { Table, act, state } from "/table.js";
import { ahead, date } from "/words.js";

const kinds = { open: "good", used: "idle", expired: "fair" };

export function tokenTable(user) {
	const add = async () => {
		await invite({ user });
		await table.refresh();
	};
	const table = new Table({ title: "Invitations", path: "/tokens",
		fields: { user }, id: ({ id }) => id, acts: { deleteToken },
		empty: "No invitations.",
		tools: self.level === "admin" ? [make("button", { type: "button",
			onclick: add }, "Invite a gateway…")] : [],
		columns: [
			{ name: "For", cell: ({ name, role }) => name ||
				`any ${role === "agent" ? "host" : role}` },
			!user && self.level === "admin" && { name: "Account",
				cell: (token) => accountLink(token.user) },
			{ name: "Role", cell: ({ role }) =>
				role === "agent" ? "host" : role },
			{ name: "State", class: "state", cell: (token) =>
				state(kinds[token.state], token.state) },
			{ name: "Good until", cell: ({ expires }) => make("time", {
				title: date(expires) }, ahead(expires)) },
			{ name: "Used", class: "number", cell: ({ uses, uses_max }) =>
				`${uses} of ${uses_max}` },
			{ name: "", class: "acts", cell: ({ id, state, user, name }) =>
				state === "open" && act("deleteToken", "Withdraw",
					`Withdraw the invitation of ${user}/${name}`, "danger") },
		].filter(Boolean) });
	return table;
}

export function invitations() {
	const table = tokenTable();
	return { title: "Invitations", every: 5000, element: table.element,
		refresh: () => table.refresh() };
}
