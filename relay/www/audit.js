// SPDX-License-Identifier: ISC
//
// Who changed what.

import { getAll } from "/api.js";
import { make } from "/dom.js";
import { Table } from "/table.js";
import { ago, date } from "/words.js";

// A time, told exactly when asked.
export function when(seconds) {
	return seconds ? make("time", { title: date(seconds),
		datetime: new Date(seconds * 1000).toISOString() }, ago(seconds))
		: "never";
}

function whatChanged({ before, after }) {
	if (before && after) {
		return `${before} → ${after}`;
	}
	return after || (before && `was ${before}`);
}

export const auditColumns = [
	{ name: "When", class: "narrow", cell: ({ at }) => when(at) },
	{ name: "Who", cell: ({ user, origin }) => [user,
		make("small", {}, ` from ${origin}`)] },
	{ name: "What", cell: ({ action }) => make("code", {}, action) },
	{ name: "Of what", cell: ({ object }) => object },
	{ name: "Change", cell: whatChanged },
];

// The last entries, the newest first. Those of one second are told apart by how
// often they are there.
export async function lastChanges(count) {
	const seen = new Map();
	return (await getAll("/audit", { count })).map((entry) => {
		const key = JSON.stringify(entry);
		seen.set(key, (seen.get(key) ?? 0) + 1);
		return { ...entry, id: `${key} ${seen.get(key)}` };
	}).reverse();
}

export function audit() {
	const table = new Table({ title: "Audit", columns: auditColumns,
		id: ({ id }) => id, items: () => lastChanges(500),
		empty: "Nobody has changed anything yet." });
	return { title: "Audit", every: 5000, element: table.element,
		refresh: () => table.refresh() };
}
