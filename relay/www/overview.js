// SPDX-License-Identifier: ISC
//
// All of the relay at a glance: what it does now, and did lately.

import { get } from "/api.js";
import { Chart, Gaze, Points } from "/chart.js";
import { make, say } from "/dom.js";
import { Table } from "/table.js";
import { auditColumns, lastChanges } from "/audit.js";
import { backup, drain, notice } from "/actions.js";
import { bytes, count, duration, rate } from "/words.js";

// Of what fails, the most frequent first.
const looks = ["area red", "line orange", "line violet dashed",
	"line blue dotted", "line green dashed", "line grey"];

const ranges = {
	"1s": { words: "10 minutes", size: 600 },
	"1m": { words: "24 hours", size: 1440 },
};

// Bytes of a point as bytes a second.
function perSecond(points) {
	return (number) => rate(number / points().step);
}

function makeCharts(points) {
	const gaze = new Gaze();
	const make = (options) => new Chart({ gaze, ...options });
	return {
		traffic: make({ title: "Traffic", form: perSecond(points), least: 1000,
			series: [
				{ key: "down", name: "↓ from hosts", look: "area blue" },
				{ key: "up", name: "↑ to hosts", look: "line orange" }] }),
		connect: make({ title: "Time to connect", form: duration,
			least: .001, merge: "most", bridge: 20, series: [
				{ key: "p99", name: "p99", look: "line red dotted" },
				{ key: "p90", name: "p90", look: "line orange dashed" },
				{ key: "p50", name: "p50", look: "line blue" }] }),
		links: make({ title: "Connected", form: count, least: 4,
			series: [
				{ key: "agents", name: "hosts", look: "area green" },
				{ key: "gateways", name: "gateways", look: "line blue dashed" }] }),
		channels: make({ title: "Channels", form: count, least: 4,
			merge: "most", series: [
				{ key: "channels", name: "open", look: "area violet" }] }),
		failures: make({ title: "Refused", form: count, least: 4,
			merge: "most", series: [] }),
		lag: make({ title: "Loop lag", form: duration, least: .005,
			merge: "most", series: [
				{ key: "lag", name: "longest", look: "area orange" }] }),
		queued: make({ title: "Bytes that wait", form: bytes, least: 100000,
			merge: "most", series: [
				{ key: "queued", name: "queued", look: "area blue" }] }),
		memory: make({ title: "Memory", form: bytes, least: 10000000,
			merge: "most", series: [
				{ key: "memory", name: "resident", look: "area violet" }] }),
	};
}

// The tiles above the plots: what, how much, and beside it what that is of.
function makeTiles() {
	const tiles = {};
	const element = make("dl", { class: "tiles" }, [
		["hosts", "Hosts online"], ["gateways", "Gateways"],
		["channels", "Channels"], ["traffic", "Traffic"],
		["connect", "Time to connect, p90"], ["refused", "Refused"],
	].map(([key, name]) => {
		tiles[key] = { value: make("b", {}, "–"), more: make("small", {}, "\u00a0") };
		return make("div", { class: "sheet tile" }, make("dt", {}, name),
			make("dd", {}, tiles[key].value, tiles[key].more));
	}));
	return { tiles, element };
}

function showTile({ value, more }, text, rest) {
	say(value, text);
	say(more, rest || "\u00a0");
}

function showTiles(tiles, status, points, range) {
	showTile(tiles.hosts, count(status.agents), `of ${count(status.hosts)}`);
	showTile(tiles.gateways, count(status.gateways), status.guests > 0
		? `and ${count(status.guests)} not logged in` : "");
	showTile(tiles.channels, count(status.channels), "");
	showTile(tiles.traffic,
		`↓ ${rate(points.lately("down") / points.step)}`,
		`↑ ${rate(points.lately("up") / points.step)}`);
	const p90 = points.last("p90");
	showTile(tiles.connect, p90 === undefined ? "–" : duration(p90),
		p90 === undefined ? "nobody connected" : "when one last did");
	const refused = points.failures.reduce((sum, key) =>
		sum + points.sum(key), 0);
	showTile(tiles.refused, count(refused), `in ${ranges[range].words}`);
}

// The reasons that are told apart, the most frequent first.
function failureSeries(points) {
	return points.failures.slice(0, looks.length).map((key, i) =>
		({ key, name: key.slice("failed ".length),
			look: looks[i] }));
}

function chooseRange(range, choose) {
	return make("fieldset", { class: "choice" },
		make("legend", { class: "unseen" }, "Time that is shown"),
		Object.entries(ranges).map(([key, { words }]) => make("label", {},
			make("input", { type: "radio", name: "range", value: key,
				checked: key === range, onchange: () => choose(key) }),
			make("span", {}, words))));
}

export function overview() {
	let range = "1s";
	let points = new Points(ranges[range].size);
	let rounds = 0;
	const charts = makeCharts(() => points);
	const { tiles, element } = makeTiles();
	const last = new Table({ title: "Last changes", columns: auditColumns,
		id: ({ id }) => id, items: () => lastChanges(8),
		empty: "Nobody has changed anything yet." });

	function choose(key) {
		range = key;
		points = new Points(ranges[key].size);
		refresh();
	}

	async function refresh() {
		const asked = points;
		const status = await get("/status");
		let news;
		do {
			news = await get("/series", { resolution: range,
				since: asked.next });
			asked.take(news);
		} while (news.more);
		if (asked !== points) {
			return;
		}
		const series = failureSeries(points);
		if (JSON.stringify(series) !== JSON.stringify(charts.failures.series)) {
			charts.failures.setSeries(series);
		}
		for (const chart of Object.values(charts)) {
			chart.show(points);
		}
		showTiles(tiles, status, points, range);
		if (rounds++ % 5 === 0) {
			await last.refresh();
		}
	}
	return { title: "Overview", every: 1000, refresh, element: [
		make("div", { class: "bar" }, make("h2", {}, "Overview"),
			chooseRange(range, choose), make("div", { class: "tools" },
				[["Notice…", notice], ["Back up…", backup],
					["Drain…", drain]].map(([words, work]) => make("button",
					{ type: "button", onclick: work }, words)))),
		element,
		make("div", { class: "charts" },
			Object.values(charts).map((chart) => chart.element)),
		last.element] };
}
