// SPDX-License-Identifier: ISC
//
// The plot of bytes a second: received as an area, sent as a line above it, so
// that they can be told apart without colours.

const SECONDS = 600;
const STEP = 2; // pixels that a point takes
const HEIGHT = 144;
const TOP = 18;
const BOTTOM = 20;

const units = ["B", "kB", "MB", "GB", "TB"];

// Writes bytes a second as the page does.
export function rate(bytes) {
	let unit = 0;
	while (bytes >= 999.5 && unit < units.length - 1) {
		bytes /= 1000;
		unit++;
	}
	const digits = unit > 0 && bytes < 9.95 ? 1 : 0;
	return `${bytes.toFixed(digits)} ${units[unit]}/s`;
}

// Returns the number of the form 1, 2 or 5 and zeroes that is not below value.
function roundUp(value) {
	const power = 10 ** Math.floor(Math.log10(value));
	return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= value);
}

function draw(name, attributes, text = "") {
	const element = document.createElementNS(
		"http://www.w3.org/2000/svg", name);
	for (const key in attributes) {
		element.setAttribute(key, attributes[key]);
	}
	element.textContent = text;
	return element;
}

export class Plot {
	#place;
	#svg;
	#words;
	#sent = [];
	#received = [];
	#next = 0;
	#back = null; // how many seconds back the reader looks

	constructor(place) {
		this.#place = place;
		this.#svg = draw("svg", { "aria-hidden": "true" });
		this.#words = document.createElement("output");
		place.append(this.#svg, this.#words);
		place.hidden = false;
		place.addEventListener("pointermove", (event) => this.#point(event));
		place.addEventListener("pointerleave", () => this.#look(null));
		place.addEventListener("blur", () => this.#look(null));
		place.addEventListener("keydown", (event) => this.#key(event));
		new ResizeObserver(() => this.#paint()).observe(place);
	}

	// Fetches the seconds since the last time and shows them.
	async refresh() {
		const answer = await fetch(
			`/api/v1/throughput?from=${this.#next}`);
		if (!answer.ok) {
			throw new Error(answer.statusText);
		}
		const news = await answer.json();
		if (news.next < this.#next) {
			// Another gateway, which counts from its own beginning.
			this.#sent = [];
			this.#received = [];
		}
		this.#sent = [...this.#sent, ...news.sent].slice(-SECONDS);
		this.#received =
			[...this.#received, ...news.received].slice(-SECONDS);
		this.#next = news.next;
		this.#paint();
	}

	#look(back) {
		this.#back = back === null ? null
			: Math.min(Math.max(Math.round(back), 0), SECONDS - 1);
		this.#paint();
	}

	#point(event) {
		const box = this.#svg.getBoundingClientRect();
		this.#look((box.right - event.clientX) / box.width *
			(SECONDS - 1));
	}

	#key(event) {
		const steps = { ArrowLeft: 1, ArrowRight: -1, PageUp: 60,
			PageDown: -60 };
		if (event.key in steps) {
			event.preventDefault();
			this.#look((this.#back ?? 0) + steps[event.key]);
		}
	}

	// Where the second that is so far back has its place, from left to right.
	#x(back, width) {
		return width * (1 - back / (SECONDS - 1));
	}

	// Averages seconds where several share a place, always the same ones.
	#points(values, width) {
		const share = Math.ceil(SECONDS * STEP / width);
		const first = this.#next - values.length;
		const points = [];
		let sum = 0;
		let count = 0;

		values.forEach((value, i) => {
			sum += value;
			count++;
			if ((first + i + 1) % share === 0) {
				points.push([values.length - 1 - i, sum / count]);
				sum = count = 0;
			}
		});
		return points;
	}

	#path(points, top, width, closed) {
		const base = HEIGHT - BOTTOM;
		const line = points.map(([back, value]) => {
			const x = this.#x(back, width);
			const y = base - value / top * (base - TOP);
			return `${x.toFixed(1)} ${y.toFixed(1)}`;
		}).join("L");
		if (!closed || points.length === 0) {
			return line && `M${line}`;
		}
		const start = this.#x(points[0][0], width).toFixed(1);
		const end = this.#x(points.at(-1)[0], width).toFixed(1);
		return `M${start} ${base}L${line}L${end} ${base}`;
	}

	#grid(top, width) {
		const base = HEIGHT - BOTTOM;
		const parts = [];
		for (const share of [0, .5, 1]) {
			const y = Math.round(base - share * (base - TOP));
			parts.push(draw("line", { class: "grid", x1: 0, x2: width,
				y1: y, y2: y }));
			if (share > 0) {
				parts.push(draw("text", { x: 0, y: y - 4 },
					rate(top * share)));
			}
		}
		for (const [back, anchor] of [[599, "start"], [300, "middle"],
			[0, "end"]]) {
			parts.push(draw("text", { x: this.#x(back, width),
				y: HEIGHT - 4, "text-anchor": anchor },
				back > 0 ? `${Math.round(back / 60)} min` : "now"));
		}
		return parts;
	}

	#describe() {
		const back = this.#back;
		const at = (values) => rate(values.at(-1 - back) ?? 0);
		this.#words.textContent = back === null ? ""
			: `${back} s ago: ↓ ${at(this.#received)}, ↑ ${at(this.#sent)}`;
	}

	#paint() {
		const width = this.#place.clientWidth;
		const received = this.#points(this.#received, width);
		const sent = this.#points(this.#sent, width);
		const peak = Math.max(...[...received, ...sent].map(([, value]) =>
			value), 1000);
		const top = roundUp(peak);
		const parts = this.#grid(top, width);

		parts.push(draw("path", { class: "received",
			d: this.#path(received, top, width, true) }));
		parts.push(draw("path", { class: "sent",
			d: this.#path(sent, top, width, false) }));
		if (this.#back !== null) {
			const x = this.#x(this.#back, width);
			parts.push(draw("line", { class: "cursor", x1: x, x2: x,
				y1: TOP, y2: HEIGHT - BOTTOM }));
		}
		this.#svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
		this.#svg.replaceChildren(...parts);
		this.#describe();
	}
}
