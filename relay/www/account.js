// SPDX-License-Identifier: ISC
//
// One account: what it may have and has, and its devices.

import { Failure, get, getAll, part, self } from "/api.js";
import { fill, make, renew } from "/dom.js";
import { deleteAccount, disable, enable, invite, setLevel, setLimits }
	from "/actions.js";
import { deviceTable } from "/devices.js";
import { tokenTable } from "/invitations.js";
import { loading, quota, state } from "/table.js";
import { bits, bytes, count, date } from "/words.js";

const names = {
	devices: "Devices", hosts: "Hosts", links: "Connected devices",
	channels: "Open channels", attaches: "Channels a second",
	"rate-up": "Rate to hosts", "rate-down": "Rate from hosts",
	burst: "Burst", month: "This month",
};

const forms = { "": count, "B": bytes, "bit/s": bits };

// Shows what is used of each limit; of what nobody counts, the limit alone.
export function usageOf(limits) {
	return make("dl", { class: "usage" }, limits
		.filter(({ use, value }) => use !== null || value !== null)
		.map(({ limit, use, value, unit }) => {
			const form = forms[unit] ?? count;
			return make("div", {}, make("dt", {}, names[limit] ?? limit),
				make("dd", {}, use === null ? `at most ${form(value)}`
					: quota(use, value, form)));
		}));
}

function describe({ level, disabled, created }) {
	return make("p", {}, disabled ? state("bad", "disabled")
		: state("good", "enabled"), `, level ${level}, since ${date(created)}`);
}

function buttons(found, refresh) {
	const button = (words, work, kind) => make("button", { type: "button",
		class: kind, onclick: async () => {
			await work(found);
			await refresh().catch(() => {});
		} }, words);
	return [button("Invite…", invite), button("Limits…", setLimits),
		button("Level…", setLevel),
		found.disabled ? button("Enable…", enable)
			: button("Disable…", disable, "danger"),
		button("Delete…", deleteAccount, "danger")];
}

export function account(user) {
	const words = make("div");
	const usage = make("div");
	const tools = make("div", { class: "tools" });
	const devices = deviceTable(user);
	const tokens = tokenTable(user);
	loading(words);

	async function refresh() {
		try {
			const [found, used] = await Promise.all([
				get(`/users/${part(user)}`),
				getAll(`/users/${part(user)}/limits`)]);
			renew(words, describe(found));
			renew(usage, usageOf(used));
			const state = JSON.stringify(found);
			if (self.level === "admin" && tools.dataset.state !== state &&
				!tools.contains(document.activeElement)) {
				tools.dataset.state = state;
				fill(tools, buttons(found, refresh));
			}
			await Promise.all([devices.refresh(), tokens.refresh()]);
		} catch (error) {
			if (!(error instanceof Failure) || error.lost) {
				throw error;
			}
			fill(words, make("p", { class: "empty" }, error.message));
			fill(usage);
			fill(tools);
		}
	}
	return { title: user, every: 5000, refresh, element: [
		make("section", { class: "sheet" }, make("header", {},
			make("h2", {}, user), tools), words, usage),
		devices.element, tokens.element] };
}
