// SPDX-License-Identifier: ISC
//
// The dashboard: which page is shown, and that it is kept fresh.

import { Failure, enter, get, self } from "/api.js";
import { fill, make, say } from "/dom.js";
import { account } from "/account.js";
import { accounts } from "/accounts.js";
import { audit } from "/audit.js";
import { device } from "/device.js";
import { devices } from "/devices.js";
import { home } from "/home.js";
import { hosts } from "/hosts.js";
import { invitations } from "/invitations.js";
import { overview } from "/overview.js";
import { span } from "/words.js";

const STATUS_TIME = 5000;

// The pages: what the address has behind "#/", and which levels see a link.
const pages = [
	{ at: "", name: "Overview", open: () =>
		self.level === "admin" ? overview() : home() },
	{ at: "hosts", name: "Hosts", open: hosts },
	{ at: "accounts", name: "Accounts", level: "admin", open: accounts,
		one: account },
	{ at: "devices", name: "Devices", open: devices, one: device },
	{ at: "invitations", name: "Invitations", open: invitations },
	{ at: "audit", name: "Audit", level: "admin", open: audit },
];

const main = document.getElementById("main");
const lost = document.getElementById("lost");
let shown = null; // { view, timer }
let lostSince = null;

// --- whether the relay answers

function showLost(error) {
	if (error === null) {
		lostSince = null;
		lost.hidden = true;
		return;
	}
	lostSince ??= new Date();
	fill(lost, make("p", {}, make("b", {}, error.message), " This is how it ",
		"was at ", make("time", {}, lostSince.toLocaleTimeString()),
		". Trying again."));
	lost.hidden = false;
}

// Notes how an attempt ended. An answer of the relay, good or bad, is one.
function note(error) {
	if (error === null || error instanceof Failure) {
		showLost(error?.lost ? error : null);
	} else {
		throw error;
	}
}

// --- pages

// Where we are: the page, and what its address names.
function place() {
	const [at, ...names] = location.hash.replace(/^#\/?/, "").split("/")
		.map(decodeURIComponent);
	const page = pages.find((one) => one.at === at) ?? pages[0];
	return { page, names };
}

function showPlaces(current) {
	const links = pages.filter(({ level }) => !level || level === self.level);
	fill(document.getElementById("places"), links.map((page) =>
		make("a", { href: `#/${page.at}`,
			"aria-current": page === current ? "page" : null }, page.name)));
	document.querySelector("#places [aria-current]")?.scrollIntoView(
		{ block: "nearest", inline: "center" });
}

// Refreshes view now and again, while it is shown and somebody looks.
async function keep(place) {
	if (!document.hidden) {
		try {
			await place.view.refresh();
			note(null);
		} catch (error) {
			note(error);
		}
	}
	if (shown === place) {
		place.timer = setTimeout(() => keep(place), place.view.every);
	}
}

function openPage(focus) {
	const { page, names } = place();
	const view = page.one && names.length > 0 ? page.one(...names)
		: page.open();
	clearTimeout(shown?.timer);
	shown = { view };
	document.title = `${view.title} – inroad relay`;
	showPlaces(page);
	fill(main, view.element);
	scrollTo(0, 0);
	if (focus) {
		main.focus();
	}
	keep(shown);
}

// --- who and what

async function refreshStatus() {
	try {
		const status = await get("/status");
		say(document.getElementById("about"), `${status.public ?? "relay"}, ` +
			`version ${status.version}, up ${span(status.uptime)}`);
		note(null);
	} catch (error) {
		note(error);
	}
	setTimeout(refreshStatus, STATUS_TIME);
}

async function start() {
	try {
		await enter();
	} catch (error) {
		note(error);
		if (!error.lost) {
			fill(main, make("p", { class: "sheet" }, error.message));
		}
		setTimeout(start, 2000);
		return;
	}
	showLost(null);
	fill(document.getElementById("who"), "as ", make("b", {}, self.user),
		`, level ${self.level}`);
	document.getElementById("measured").hidden = self.level !== "admin";
	openPage(false);
	refreshStatus();
}

addEventListener("hashchange", () => {
	if (location.hash.startsWith("#/") || location.hash === "") {
		openPage(true);
	}
});
document.addEventListener("visibilitychange", () => {
	if (!document.hidden && shown) {
		clearTimeout(shown.timer);
		keep(shown);
	}
});
start();
