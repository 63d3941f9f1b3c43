// SPDX-License-Identifier: ISC
//
// One device: what is known of it, its connection, and what it has open.

import { Failure, get, getAll, part } from "/api.js";
import { fill, make, renew } from "/dom.js";
import { endChannels, kick, revoke } from "/actions.js";
import { accountLink, deviceLink, lasting } from "/hosts.js";
import { Table, loading, state } from "/table.js";
import { bytes, date } from "/words.js";
import { when } from "/audit.js";

// One end of a channel, as a link to it.
function end(path) {
	if (!path) {
		return "gone";
	}
	const [user, name] = path.split("/");
	return deviceLink(user, name, path);
}

const channelColumns = [
	{ name: "Gateway", cell: ({ gateway }) => end(gateway) },
	{ name: "Host", cell: ({ host }) => end(host) },
	{ name: "State", class: "state", cell: ({ answered }) => answered
		? state("good", "open") : state("fair", "not answered yet") },
	{ name: "Since", cell: ({ since }) => when(since) },
	{ name: "↓ from host", cell: ({ down }) => bytes(down) },
	{ name: "↑ to host", cell: ({ up }) => bytes(up) },
];

// Channels have no name: those of one pair and second are counted through.
async function getChannels(path) {
	const seen = new Map();
	return (await getAll(`${path}/channels`)).map((channel) => {
		const key = `${channel.gateway} ${channel.host} ${channel.since}`;
		seen.set(key, (seen.get(key) ?? 0) + 1);
		return { ...channel, id: `${key} ${seen.get(key)}` };
	});
}

function facts(pairs) {
	return make("dl", { class: "facts" }, pairs.filter(Boolean).map(
		([name, value]) => make("div", {}, make("dt", {}, name),
			make("dd", {}, value))));
}

function describe(device) {
	return facts([
		["Account", accountLink(device.user)],
		["Role", device.role === "agent" ? "host" : device.role],
		["State", device.online ? state("good", "online",
			lasting(device.since)) : state("idle", "offline")],
		device.online && ["Address", device.address],
		["Enrolled", date(device.created)],
		!device.online && ["Last seen", device.last_seen
			? date(device.last_seen) : "never"],
		["Key", make("code", {}, device.key)]]);
}

export function device(user, name) {
	const body = make("div");
	const tools = make("div", { class: "tools" });
	const path = `/users/${part(user)}/devices/${part(name)}`;
	const channels = new Table({ title: "Channels", columns: channelColumns,
		id: ({ id }) => id, items: () => getChannels(path),
		empty: "No channels at the moment." });
	loading(body);

	async function refresh() {
		try {
			const found = await get(path);
			const then = (work) => async () => {
				await work(found);
				await refresh();
			};
			renew(body, describe(found));
			if (tools.dataset.online !== String(found.online)) {
				tools.dataset.online = found.online;
				fill(tools, found.online && [make("button", {
					type: "button", onclick: then(endChannels) },
				"End channels…"), make("button", {
					type: "button", onclick: then(kick) }, "Disconnect…")],
				make("button", { type: "button", class: "danger",
					onclick: then(revoke) }, "Remove…"));
			}
			await channels.refresh();
		} catch (error) {
			if (!(error instanceof Failure) || error.lost) {
				throw error;
			}
			fill(body, make("p", { class: "empty" }, error.message));
			fill(tools);
			delete tools.dataset.online;
		}
	}
	return { title: `${user}/${name}`, every: 5000, refresh, element: [
		make("section", { class: "sheet" }, make("header", {},
			make("h2", {}, `${user}/${name}`), tools), body),
		channels.element] };
}
