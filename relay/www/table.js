// SPDX-License-Identifier: ISC
//
// Lists of any length: a page at a time, searched by the relay, kept fresh while
// somebody looks, without moving what is being read or pointed at.

import { get } from "/api.js";
import { fill, make, say, settle } from "/dom.js";

const PAGE = 50;
const TYPING = 250;

export class Table {
	// title     of the section, a heading
	// path      of the list in the API, with fields for its query
	// columns   [{ name, cell(item), class }], the first one names the row
	// id(item)  what makes a row the same one
	// empty     words when there are none
	// search    label of the search field; none without one
	// tools     what stands beside the title
	// items     instead of path: a function that gets all of a short list
	constructor(options) {
		Object.assign(this, { fields: {}, tools: [] }, options);
		this.before = []; // where the pages before this one began
		this.after = "";
		this.find = "";
		this.body = make("tbody", { role: "rowgroup",
			onclick: (event) => this.#act(event) });
		this.state = make("p", { class: "empty", role: "status" },
			"Loading…");
		this.pager = this.#makePager();
		this.element = make("section", { class: "sheet list",
			"aria-label": this.title },
			make("header", {}, make("h2", {}, this.title),
				this.#makeSearch(),
				make("div", { class: "tools" }, this.tools)),
			this.table = this.#makeTable(), this.state, this.pager);
		this.table.hidden = true;
	}

	#makeTable() {
		return make("table", { role: "table" },
			make("thead", { role: "rowgroup" }, make("tr", { role: "row" },
				this.columns.map(({ name, class: kind }) => make("th",
					{ scope: "col", role: "columnheader", class: kind },
					name || make("span", { class: "unseen" }, "Actions"))))),
			this.body);
	}

	// What a button does is looked up when it is pressed, with what its row is
	// about by then.
	async #act(event) {
		const button = event.target.closest("button[data-act]");
		if (button) {
			await this.acts[button.dataset.act](
				button.closest("tr").item);
			await this.refresh().catch(() => {});
		}
	}

	#makeSearch() {
		if (!this.search) {
			return null;
		}
		return make("input", { type: "search", class: "search",
			placeholder: this.search, "aria-label": this.search,
			spellcheck: "false", autocomplete: "off",
			oninput: (event) => {
				clearTimeout(this.typing);
				this.typing = setTimeout(() => this.#seek(
					event.target.value.trim()), TYPING);
			} });
	}

	#makePager() {
		const turn = (words, step) => make("button", { type: "button",
			onclick: step }, words);
		this.back = turn("Previous", () => this.#turn(
			this.before.pop() ?? ""));
		this.forth = turn("Next", () => {
			this.before.push(this.after);
			this.#turn(this.next);
		});
		this.place = make("span", { role: "status" });
		return make("nav", { class: "pager", hidden: true,
			"aria-label": `Pages of ${this.title}` },
			this.back, this.place, this.forth);
	}

	#seek(find) {
		this.find = find;
		this.before = [];
		return this.#turn("");
	}

	#turn(after) {
		this.after = after;
		return this.refresh().catch(() => {});
	}

	// Gets the page again. What comes late, after another was asked for, is
	// left.
	async refresh() {
		const round = this.round = (this.round ?? 0) + 1;
		try {
			const page = this.items ? { items: await this.items() }
				: await this.#getPage();
			if (round === this.round) {
				this.#show(page);
			}
		} catch (error) {
			if (round === this.round && this.table.hidden) {
				say(this.state, error.message);
			}
			throw error;
		}
	}

	// A relay that searches looks at so many names at a time, and may find few.
	async #getPage() {
		const items = [];
		let next = this.after;
		do {
			const part = await get(this.path, { ...this.fields, after: next,
				limit: PAGE - items.length, match: this.find });
			items.push(...part.items);
			next = part.next;
		} while (next && items.length < PAGE);
		return { items, next };
	}

	#show({ items, next }) {
		this.next = next ?? "";
		this.#showRows(items);
		this.table.hidden = items.length === 0;
		this.state.hidden = items.length > 0;
		say(this.state, this.find ? `Nothing fits “${this.find}”.`
			: this.empty);
		this.pager.hidden = !this.next && this.before.length === 0;
		// A button that has the focus must not vanish under it.
		this.back.disabled = this.before.length === 0;
		this.forth.disabled = !this.next;
		say(this.place, `Page ${this.before.length + 1}`);
	}

	#showRows(items) {
		const rows = new Map([...this.body.children].map((row) =>
			[row.dataset.id, row]));
		let next = this.body.firstElementChild;
		for (const item of items) {
			const fresh = this.#makeRow(item);
			const old = rows.get(fresh.dataset.id);
			rows.delete(fresh.dataset.id);
			if (!old) {
				this.body.insertBefore(fresh, next);
				continue;
			}
			if (old === next) {
				next = next.nextElementSibling;
			} else {
				this.body.insertBefore(old, next);
			}
			this.#settleRow(old, fresh);
		}
		for (const row of rows.values()) {
			row.remove();
		}
	}

	#settleRow(old, fresh) {
		old.item = fresh.item;
		[...fresh.children].forEach((cell, i) => {
			if (old.children[i]) {
				settle(old.children[i], cell);
			}
		});
	}

	#makeRow(item) {
		const row = make("tr", { role: "row", "data-id": this.id(item) },
			this.columns.map(({ name, cell, class: kind }, i) => make(
				i === 0 ? "th" : "td",
				i === 0 ? { scope: "row", role: "rowheader", class: kind }
					: { role: "cell", class: kind, "data-label": name },
				cell(item))));
		row.item = item;
		return row;
	}
}

// A button of a row: the name of what it does, its word, and for who cannot see
// which row it is in, all of it.
export function act(name, word, whole, kind = "") {
	return make("button", { type: "button", "data-act": name, class: kind,
		"aria-label": whole }, word);
}

// The state of something: a dot, and the word for it.
export function state(kind, words, more) {
	return [make("span", { class: `dot ${kind}` }), words, " ",
		more ? make("small", {}, more) : null];
}

// How much of a limit is used, as a bar and in words.
export function quota(used, limit, form) {
	if (limit === null || limit === undefined) {
		return [form(used), make("small", {}, " no limit")];
	}
	const share = limit > 0 ? Math.min(used / limit, 1) : 1;
	return [make("meter", { min: 0, max: 1, value: share.toFixed(4),
		high: .8, low: .8, optimum: 0,
		title: `${Math.round(share * 100)} %` }),
		make("span", {}, `${form(used)} of ${form(limit)}`)];
}

// Lets element be what is there while something loads.
export function loading(element) {
	fill(element, make("p", { class: "empty", role: "status" }, "Loading…"));
}
