// SPDX-License-Identifier: ISC
//
// Plots of one or several series over time. Areas and lines, solid and dashed,
// can be told apart without colours; keys read what a mouse does.

import { draw, fill, make, say } from "/dom.js";
import { clock, span } from "/words.js";

const HEIGHT = 160;
const TOP = 16;
const BOTTOM = 22;
const POINT = 2; // pixels that a point takes

// Returns a round number that is not below value, one with a round half.
function roundUp(value) {
	const power = 10 ** Math.floor(Math.log10(value));
	return [1, 2, 4, 6, 10].map((n) => n * power)
		.find((n) => n >= value * 0.9999);
}

// Where a group of charts looks: how many points back, or null.
export class Gaze {
	#back = null;
	#charts = [];

	add(chart) {
		this.#charts.push(chart);
	}

	get back() {
		return this.#back;
	}

	set back(back) {
		this.#back = back;
		for (const chart of this.#charts) {
			chart.look();
		}
	}
}

// The points that charts show: the last size ones of what came.
export class Points {
	step = 1;
	next = 0;
	time = 0;
	columns = {};

	constructor(size) {
		this.size = size;
	}

	get length() {
		return Object.values(this.columns)[0]?.length ?? 0;
	}

	// Takes an answer of /series in. A relay that began to count anew, or one
	// that nobody asked for a long time, leaves nothing of before.
	take(news) {
		if (news.first !== this.next || news.next < this.next) {
			this.columns = {};
		}
		const fresh = { ...news.points };
		const added = news.next - news.first;
		for (const [slug, values] of Object.entries(news.failures)) {
			fresh[`failed ${slug}`] = values;
		}
		const before = this.length;
		for (const key of new Set([...Object.keys(this.columns),
			...Object.keys(fresh)])) {
			this.columns[key] = [
				...this.columns[key] ?? Array(before).fill(0),
				...fresh[key] ?? Array(added).fill(0),
			].slice(-this.size);
		}
		this.step = news.step;
		this.next = news.next;
		this.time = news.time;
	}

	// The slugs of what failed in the time, the most frequent first.
	get failures() {
		return Object.keys(this.columns)
			.filter((key) => key.startsWith("failed "))
			.map((key) => [key, this.sum(key)])
			.filter(([, sum]) => sum > 0)
			.sort((a, b) => b[1] - a[1]).map(([key]) => key);
	}

	sum(key) {
		return (this.columns[key] ?? []).reduce((a, b) => a + (b ?? 0), 0);
	}

	// The last value of a column that there is.
	last(key) {
		return this.columns[key]?.findLast((value) => value !== null);
	}

	// The mean of the last few points.
	lately(key) {
		const values = (this.columns[key] ?? []).slice(-5)
			.filter((value) => value !== null);
		return values.reduce((a, b) => a + b, 0) / Math.max(values.length, 1);
	}
}

// What is told of one series: how to get its value, and how it looks.
//	key     column, or a function of points that returns one
//	name    for people
//	look    class of its marks in style.css: "area blue", "line orange"
export class Chart {
	// title, series, form (number to text), least (of the scale), gaze;
	// merge: "mean" of the points that share a place, or their "most";
	// bridge: how many places without a value a line goes across.
	constructor(options) {
		Object.assign(this, { merge: "mean", least: 1, bridge: 0 }, options);
		this.points = new Points(600);
		this.svg = draw("svg", { "aria-hidden": "true" });
		this.plot = make("div", { class: "plot", tabindex: 0,
			role: "slider", "aria-label": `${this.title}, back in time`,
			"aria-valuemax": 0, "aria-valuemin": 0, "aria-valuenow": 0,
			onpointermove: (event) => this.#point(event),
			onpointerleave: () => { this.gaze.back = null; },
			onblur: () => { this.gaze.back = null; },
			onkeydown: (event) => this.#key(event) }, this.svg);
		this.legend = make("ul", { class: "legend" });
		this.when = make("span", { class: "when" });
		this.element = make("figure", { class: "sheet chart" },
			make("figcaption", {}, make("h3", {}, this.title), this.when,
				this.legend), this.plot);
		this.setSeries(this.series);
		this.gaze.add(this);
		new ResizeObserver(() => this.#paint()).observe(this.plot);
	}

	// Lets the chart have these series from now on.
	setSeries(series) {
		this.series = series;
		this.values = series.map(() => make("b"));
		fill(this.legend, series.map(({ name, look }, i) => make("li",
			{ class: look }, make("span", { class: "mark" }), name, " ",
			this.values[i])));
		if (series.length === 0) {
			fill(this.legend, make("li", { class: "none" },
				"nothing in this time"));
		}
	}

	show(points) {
		this.points = points;
		this.#paint();
	}

	// The gaze moved.
	look() {
		this.#cursor();
		this.#say();
	}

	#point(event) {
		const box = this.svg.getBoundingClientRect();
		const back = (box.right - event.clientX) / box.width *
			(this.points.size - 1);
		this.#go(Math.round(back));
	}

	#go(back) {
		this.gaze.back = Math.min(Math.max(back, 0), this.points.size - 1);
	}

	#key(event) {
		const steps = { ArrowLeft: 1, ArrowRight: -1, ArrowDown: 1,
			ArrowUp: -1, PageUp: 60, PageDown: -60, Home: Infinity,
			End: -Infinity };
		if (event.key in steps) {
			event.preventDefault();
			this.#go((this.gaze.back ?? 0) + steps[event.key]);
		}
	}

	#x(back) {
		return this.width * (1 - back / (this.points.size - 1));
	}

	#y(value) {
		const base = HEIGHT - BOTTOM;
		return base - value / this.top * (base - TOP);
	}

	// The value of series at so many points back; undefined or null: none.
	#at({ key }, back) {
		return this.points.columns[key]?.at(-1 - back);
	}

	// Makes runs of [back, value]: points that share a place become one, always
	// the same ones, and a gap that is too wide ends a run.
	#runs({ key }) {
		const values = this.points.columns[key] ?? [];
		const share = Math.max(1, Math.ceil(
			this.points.size * POINT / Math.max(this.width, 1)));
		const first = this.points.next - values.length;
		const runs = [[]];
		let group = [];
		let gap = 0;

		values.forEach((value, i) => {
			if (value !== null) {
				group.push(value);
			}
			if ((first + i + 1) % share !== 0) {
				return;
			}
			if (group.length > 0) {
				runs.at(-1).push([values.length - 1 - i,
					this.#join(group)]);
				gap = 0;
			} else if (runs.at(-1).length > 0 && ++gap > this.bridge) {
				runs.push([]);
			}
			group = [];
		});
		return runs.filter((run) => run.length > 0);
	}

	#join(group) {
		return this.merge === "most" ? Math.max(...group)
			: group.reduce((a, b) => a + b) / group.length;
	}

	#path(runs, closed) {
		const base = HEIGHT - BOTTOM;
		return runs.map((run) => {
			const line = run.map(([back, value]) =>
				`${this.#x(back).toFixed(1)} ${this.#y(value).toFixed(1)}`);
			if (run.length === 1) {
				// A point alone is seen, too.
				line.push(`${(this.#x(run[0][0]) + 1).toFixed(1)} ` +
					this.#y(run[0][1]).toFixed(1));
			}
			if (!closed) {
				return `M${line.join("L")}`;
			}
			const start = this.#x(run[0][0]).toFixed(1);
			const end = line.at(-1).split(" ")[0];
			return `M${start} ${base}L${line.join("L")}L${end} ${base}Z`;
		}).join("");
	}

	#grid() {
		const parts = [];
		const labels = [];
		for (const share of [0, .5, 1]) {
			const y = Math.round(this.#y(this.top * share)) + .5;
			parts.push(draw("line", { class: "grid", x1: 0,
				x2: this.width, y1: y, y2: y }));
			if (share > 0) {
				labels.push(draw("text", { x: 0, y: y - 4 },
					this.form(this.top * share)));
			}
		}
		const total = this.points.size - 1;
		for (const [back, anchor] of [[total, "start"],
			[total / 2, "middle"], [0, "end"]]) {
			labels.push(draw("text", { x: this.#x(back), y: HEIGHT - 5,
				"text-anchor": anchor }, this.#label(back)));
		}
		return { parts, labels };
	}

	// What stands below the plot at so many points back.
	#label(back) {
		const seconds = Math.round(back * this.points.step / 60) * 60;
		if (seconds === 0) {
			return "now";
		}
		return seconds <= 3600 ? `${seconds / 60} min ago`
			: clock(this.points.time - seconds);
	}

	#paint() {
		this.width = this.plot.clientWidth;
		if (this.width === 0) {
			return;
		}
		const all = this.series.map((series) => this.#runs(series));
		const peak = Math.max(this.least,
			...all.flat(2).map(([, value]) => value));
		this.top = roundUp(peak);
		const shapes = this.series.flatMap(({ look }, i) => {
			const runs = all[i];
			const line = draw("path", { class: `stroke ${look}`,
				d: this.#path(runs, false) });
			return look.startsWith("area") ? [draw("path", {
				class: `fill ${look}`, d: this.#path(runs, true) }), line]
				: [line];
		});
		this.svg.setAttribute("viewBox", `0 0 ${this.width} ${HEIGHT}`);
		this.cursor = draw("line", { class: "cursor", y1: TOP,
			y2: HEIGHT - BOTTOM, visibility: "hidden" });
		const { parts, labels } = this.#grid();
		fill(this.svg, parts, shapes, labels, this.cursor);
		this.plot.setAttribute("aria-valuemin", 1 - this.points.size);
		this.look();
	}

	#cursor() {
		const back = this.gaze.back;
		if (!this.cursor) {
			return;
		}
		this.cursor.setAttribute("visibility",
			back === null ? "hidden" : "visible");
		if (back !== null) {
			const x = this.#x(back).toFixed(1);
			this.cursor.setAttribute("x1", x);
			this.cursor.setAttribute("x2", x);
		}
	}

	#say() {
		const back = this.gaze.back;
		const words = this.series.map((series, i) => {
			const value = this.#at(series, back ?? 0);
			const text = value === null || value === undefined ? "–"
				: this.form(value);
			say(this.values[i], text);
			return `${series.name} ${text}`;
		});
		say(this.when, back === null ? ""
			: `${span(back * this.points.step)} ago`);
		this.plot.setAttribute("aria-valuenow", -(back ?? 0));
		this.plot.setAttribute("aria-valuetext",
			`${this.when.textContent || "now"}: ${words.join(", ")}`);
	}
}
