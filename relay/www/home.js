// SPDX-License-Identifier: ISC
//
// What somebody who is no administrator sees first: the own hosts and limits.

import { getAll, part, self } from "/api.js";
import { make, renew } from "/dom.js";
import { usageOf } from "/account.js";
import { hostTable } from "/hosts.js";
import { loading } from "/table.js";

export function home() {
	const usage = make("div");
	const hosts = hostTable(self.user);
	loading(usage);

	async function refresh() {
		const [used] = await Promise.all([
			getAll(`/users/${part(self.user)}/limits`), hosts.refresh()]);
		renew(usage, usageOf(used));
	}
	return { title: "Overview", every: 5000, refresh, element: [
		make("section", { class: "sheet" }, make("header", {},
			make("h2", {}, "Usage")), usage), hosts.element] };
}
