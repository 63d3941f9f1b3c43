// SPDX-License-Identifier: ISC
//
// One device: what is known of it, its connection, and what it has open.

import { Failure, get, getAll, part } from "/api.js";
import { fill, make } from "/dom.js";
import { kick, revoke } from "/actions.js";
import { accountLink, lasting } from "/hosts.js";
import { loading, state } from "/table.js";
import { count, date } from "/words.js";

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
		device.channels !== undefined && ["Channels",
			count(device.channels)],
		["Enrolled", date(device.created)],
		!device.online && ["Last seen", device.last_seen
			? date(device.last_seen) : "never"],
		["Key", make("code", {}, device.key)]]);
}

export function device(user, name) {
	const body = make("div");
	const tools = make("div", { class: "tools" });
	loading(body);

	async function refresh() {
		try {
			const found = await get(
				`/users/${part(user)}/devices/${part(name)}`);
			const links = await getAll("/links", { user,
				match: `${user}/${name}` });
			found.channels = links.find((link) =>
				link.device === name)?.channels;
			const then = (work) => async () => {
				await work(found);
				await refresh();
			};
			fill(body, describe(found));
			if (tools.dataset.online !== String(found.online)) {
				tools.dataset.online = found.online;
				fill(tools, found.online && make("button", {
					type: "button", onclick: then(kick) }, "Disconnect…"),
				make("button", { type: "button", class: "danger",
					onclick: then(revoke) }, "Remove…"));
			}
		} catch (error) {
			if (!(error instanceof Failure) || error.lost) {
				throw error;
			}
			fill(body, make("p", { class: "empty" }, error.message));
			fill(tools);
		}
	}
	return { title: `${user}/${name}`, every: 5000, refresh,
		element: make("section", { class: "sheet" }, make("header", {},
			make("h2", {}, `${user}/${name}`), tools), body) };
}
