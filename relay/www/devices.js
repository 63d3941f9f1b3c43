// SPDX-License-Identifier: ISC
//
// The devices, gateways and hosts, of one account or of all.

import { self } from "/api.js";
import { make } from "/dom.js";
import { kick, revoke } from "/actions.js";
import { accountLink, deviceLink, lasting } from "/hosts.js";
import { Table, act, state } from "/table.js";
import { when } from "/audit.js";

function deviceState(device) {
	if (device.revoked) {
		return state("bad", "removed", ["", when(device.revoked),
			device.revoked_by && ` by ${device.revoked_by}`]);
	}
	return device.online ? state("good", "online", lasting(device.since))
		: state("idle", "offline", device.last_seen
			? ["last seen ", when(device.last_seen)] : "never seen");
}

// A device is removed once; one of the same name may have come after it.
function deviceId(device) {
	return `${device.user}/${device.name} ${device.key} ${device.revoked}`;
}

export function deviceTable(user) {
	const all = self.level === "admin" && !user;
	return new Table({ title: "Devices", path: "/devices", fields: { user },
		search: "Search devices", id: deviceId, acts: { kick, revoke },
		empty: "No devices yet.",
		columns: [
			{ name: "Device", cell: (device) => device.revoked ? device.name
				: deviceLink(device.user, device.name) },
			all && { name: "Account", cell: (device) =>
				accountLink(device.user) },
			{ name: "Role", cell: ({ role }) =>
				role === "agent" ? "host" : role },
			{ name: "State", class: "state", cell: deviceState },
			{ name: "Address", cell: ({ address }) => address ?? "–" },
			{ name: "Key", class: "beyond", cell: ({ key }) => make("code", { title: key },
				key.slice(0, 14)) },
			{ name: "", class: "acts beyond", cell: (device) => !device.revoked && [
				device.online && act("kick", "Disconnect",
					`Disconnect ${device.user}/${device.name}`),
				act("revoke", "Remove",
					`Remove ${device.user}/${device.name}`, "danger")] },
		].filter(Boolean) });
}

export function devices() {
	const table = deviceTable();
	return { title: "Devices", every: 5000, element: table.element,
		refresh: () => table.refresh() };
}
