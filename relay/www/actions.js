// SPDX-License-Identifier: ISC
//
// What can be ordered. Everything that is not undone by the next click asks
// first, in words that say what will happen.

import { change, get, getAll, part } from "/api.js";
import { ask, showSecret, tell } from "/dialog.js";
import { many } from "/words.js";

const levels = [["user", "user: the own hosts and devices"],
	["guest", "guest: like user, often with tighter limits"],
	["admin", "admin: everything on this relay"]];

// Runs what changes something, and says that it was done.
async function done(text, work) {
	const result = await work;
	if (result !== null) {
		tell(text);
	}
	return result;
}

// --- accounts

export async function addAccount() {
	const added = await ask({ title: "Add an account", verb: "Add",
		text: "Then invite its first gateway, which makes the account’s key.",
		fields: [
			{ name: "user", label: "Name", required: true, maxlength: 63 },
			{ name: "level", label: "Level", options: levels,
				value: "user" }],
		act: async (form) => {
			await change("POST", "/users", form);
			return form;
		} });
	if (added) {
		tell(`The account ${added.user} was added.`);
	}
	return added;
}

export function setLevel({ user, level }) {
	return done(`The level of ${user} was changed.`, ask({
		title: `Level of ${user}`, verb: "Set",
		fields: [{ name: "level", label: "Level", options: levels,
			value: level }],
		act: (form) => change("PUT", `/users/${part(user)}/level`, form) }));
}

export function disable({ user, online }) {
	return done(`The account ${user} is disabled.`, ask({
		title: `Disable ${user}?`, verb: "Disable", danger: true,
		text: `${many(online ?? 0, "device")} will be sent away, and none is ` +
			"let in until the account is enabled again. Nothing is deleted.",
		act: () => change("POST", `/users/${part(user)}/disable`) }));
}

export function enable({ user }) {
	return done(`The account ${user} is enabled.`, ask({
		title: `Enable ${user}?`, verb: "Enable",
		text: "Its devices are let in again.",
		act: () => change("POST", `/users/${part(user)}/enable`) }));
}

export function deleteAccount({ user, devices }) {
	return done(`The account ${user} was deleted.`, ask({
		title: `Delete ${user}?`, verb: "Delete", danger: true,
		text: `The account, ${many(devices ?? 0, "device")} and all ` +
			"invitations are removed. This cannot be undone; type the name " +
			"of the account to confirm it.",
		fields: [{ name: "again", label: "Name of the account",
			required: true }],
		act: ({ again }) => {
			if (again.trim().toLowerCase() !== user) {
				throw new Error(`That is not “${user}”.`);
			}
			return change("DELETE", `/users/${part(user)}`);
		} }));
}

// --- limits

const hints = {
	devices: "devices, hosts among them",
	hosts: "hosts",
	links: "devices that are connected",
	channels: "open channels of its gateways",
	attaches: "channels a second",
	"rate-up": "from gateways to hosts, as 10Mbit",
	"rate-down": "from hosts to gateways, as 10Mbit",
	burst: "at once after a pause, as 1MiB",
	month: "both ways in a calendar month, as 200GiB",
};

function shorten(value, units, size) {
	let unit = 0;
	while (unit < units.length - 1 && value >= size && value % size === 0) {
		value /= size;
		unit++;
	}
	return `${value}${units[unit]}`;
}

// Writes a limit as it may be typed.
function limitText({ value, unit }) {
	if (value === null) {
		return "";
	}
	if (unit === "bit/s") {
		return shorten(value, ["bit", "kbit", "Mbit", "Gbit"], 1000);
	}
	return unit === "B" ? shorten(value, ["", "KiB", "MiB", "GiB", "TiB"],
		1024) : String(value);
}

export async function setLimits({ user }) {
	const limits = await getAll(`/users/${part(user)}/limits`);
	const own = (limit) => limit.from === "account" ? limitText(limit) : "";
	return done(`The limits of ${user} were set.`, ask({
		title: `Limits of ${user}`, verb: "Set",
		text: "An empty field stands for that of the level. They hold at once.",
		fields: limits.map((limit) => ({ name: limit.limit,
			label: limit.limit, hint: hints[limit.limit],
			value: own(limit), placeholder: limit.from === "account" ? "none"
				: limitText(limit) || "none" })),
		act: async (form) => {
			const changed = Object.fromEntries(limits
				.filter((limit) => form[limit.limit].trim() !== own(limit))
				.map(({ limit }) => [limit, form[limit].trim() || "none"]));
			if (Object.keys(changed).length > 0) {
				await change("PATCH", `/users/${part(user)}/limits`, changed);
			}
		} }));
}

// --- devices

function of({ user, name, device }) {
	return `/users/${part(user)}/devices/${part(name ?? device)}`;
}

export function revoke(item) {
	const name = item.name ?? item.device;
	return done(`${item.user}/${name} was removed.`, ask({
		title: `Remove ${item.user}/${name}?`, verb: "Remove", danger: true,
		text: "It is sent away and never let in again. To come back it has " +
			"to be invited like a new one.",
		act: () => change("DELETE", of(item)) }));
}

export function kick(item) {
	const name = item.name ?? item.device;
	return done(`The connection of ${item.user}/${name} was ended.`, ask({
		title: `Disconnect ${item.user}/${name}?`, verb: "Disconnect",
		text: "Its connection to the relay ends and it may come back at " +
			"once. Sessions outlive that.",
		act: () => change("POST", `${of(item)}/kick`) }));
}

export function endChannels(item) {
	return done(`The channels of ${item.user}/${item.name} were ended.`, ask({
		title: `End the channels of ${item.user}/${item.name}?`, verb: "End",
		text: "Its connection to the relay stays. Sessions make new channels " +
			"and go on where they were.",
		act: () => change("POST", `${of(item)}/kick`, { what: "channels" }) }));
}

// --- invitations

export async function invite({ user = "" } = {}) {
	const result = await ask({ title: user ? `Invite a gateway of ${user}`
		: "Invite a gateway", verb: "Invite",
	text: "Hosts are invited by their owner, on a gateway: inroad invite " +
		"HOST.",
	fields: [
		{ name: "user", label: "Account", value: user, required: true,
			readonly: user !== "", maxlength: 63 },
		{ name: "name", label: "Name of the gateway", value: "gateway",
			required: true, maxlength: 63 },
		{ name: "ttl", label: "Good for", value: "24h",
			hint: "a time, as 2h or 7d" }],
	act: (form) => change("POST", "/tokens", form) });
	if (result?.join) {
		await showSecret({ title: "Invitation",
			text: "Shown this once: whoever has it first joins the account.",
			secret: result.join,
			hint: "On the machine of the gateway: inroad join -" });
	}
	return result;
}

export function deleteToken({ id, user, name }) {
	return done("The invitation is void.", ask({
		title: `Withdraw the invitation ${id}?`, verb: "Withdraw",
		danger: true, text: `Whoever has the join string of ${user}/${name} ` +
			"cannot join with it any more.",
		act: () => change("DELETE", `/tokens/${part(id)}`) }));
}

// --- the relay

export async function notice() {
	const sent = await ask({
		title: "Send a notice", verb: "Send",
		text: "Those who are connected see it in the log of their programs " +
			"and by inroad listen.",
		fields: [
			{ name: "to", label: "To", value: "all", required: true,
				hint: "all, an account, or account/host" },
			{ name: "severity", label: "Severity", value: "note", options: [
				["note", "note"], ["warning", "warning"],
				["alarm", "alarm"]] },
			{ name: "text", label: "Text", required: true,
				maxlength: 250 }],
		act: (form) => change("POST", "/notices", form) });
	if (sent) {
		tell(`The notice went to ${many(sent.told ?? 0, "device")}.`);
	}
}

export function backup() {
	return ask({ title: "Back up the store?", verb: "Back up",
		text: "A copy of all accounts, devices and the audit is written " +
			"beside the store, while the relay goes on.",
		act: async () => {
			const { file } = await change("POST", "/backup");
			tell(file ? `The backup is ${file}.` : "The backup was made.");
		} });
}

export async function drain() {
	const { drain: now } = await get("/drain");
	const off = now === "on";
	return done(off ? "Devices are let in again." : "The relay drains.", ask({
		title: off ? "Let devices in again?" : "Drain the relay?",
		verb: off ? "Let in" : "Drain", danger: !off,
		text: off ? "Those that were sent away find back by themselves."
			: "Within a minute all devices are sent to other relays, and no " +
			"more are let in. Without another relay they wait.",
		act: () => change("PUT", "/drain", { drain: off ? "off" : "on" }) }));
}
