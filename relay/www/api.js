// SPDX-License-Identifier: ISC
//
// Asks the relay. Whatever goes wrong becomes a Failure with words for people.

// More than a gateway waits for its relay before it says why there is no answer.
const PATIENCE = 15000;

// What went wrong. Lost: nobody can tell what the relay would have said.
export class Failure extends Error {
	constructor(text, slug, lost = false) {
		super(text);
		this.slug = slug;
		this.lost = lost;
	}
}

// Who we are, as the relay sees it; set by enter().
export const self = { user: "", level: "", token: "" };

// What the gateway says in Proxy-Status, or nothing.
function whyLost(answer) {
	const field = answer.headers.get("Proxy-Status") ?? "";
	return field.match(/details="((?:[^"\\]|\\.)*)"/)?.[1]
		.replace(/\\(.)/g, "$1") ?? "";
}

async function read(answer) {
	const type = answer.headers.get("Content-Type") ?? "";
	if (!type.startsWith("application/json")) {
		throw new Failure(whyLost(answer) || "The relay does not answer.",
			"lost", true);
	}
	const value = await answer.json();
	if (!answer.ok) {
		throw new Failure(value.text ?? answer.statusText, value.error,
			answer.status === 503);
	}
	return value;
}

async function send(path, options) {
	try {
		return await read(await fetch(`/api/v1${path}`, {
			...options, cache: "no-store",
			signal: AbortSignal.timeout(PATIENCE) }));
	} catch (error) {
		if (error instanceof Failure) {
			throw error;
		}
		throw new Failure("The gateway does not answer.", "lost", true);
	}
}

// Gets what is at path; fields that are set become its query.
export function get(path, fields = {}) {
	const query = new URLSearchParams();
	for (const [name, value] of Object.entries(fields)) {
		if (value !== "" && value !== null && value !== undefined) {
			query.set(name, value);
		}
	}
	return send(query.size ? `${path}?${query}` : path);
}

// Gets all pages of a short list.
export async function getAll(path, fields = {}, most = 10000) {
	const items = [];
	let after;
	do {
		const page = await get(path, { ...fields, after });
		items.push(...page.items);
		after = page.next;
	} while (after && items.length < most);
	return items;
}

// Finds out who we are, with the token that changes need.
export async function enter() {
	Object.assign(self, await get("/token"));
}

function order(method, path, body) {
	return send(path, { method, body: JSON.stringify(body), headers: {
		"Content-Type": "application/json",
		"Inroad-Token": self.token } });
}

// Changes something. A relay that was started anew has another token.
export async function change(method, path, body = {}) {
	try {
		return await order(method, path, body);
	} catch (error) {
		if (error.slug !== "bad-token") {
			throw error;
		}
		await enter();
		return order(method, path, body);
	}
}

// A part of a path.
export const part = encodeURIComponent;
