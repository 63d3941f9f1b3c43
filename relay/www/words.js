// SPDX-License-Identifier: ISC
//
// Numbers and times as people read them; the gateway's page says them alike.

const units = ["B", "kB", "MB", "GB", "TB", "PB"];

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

// 1234567 is "1,234,567".
export function count(number) {
	return whole.format(number);
}

// 1234567 is "1.2 MB".
export function bytes(number) {
	let unit = 0;
	while (number >= 999.5 && unit < units.length - 1) {
		number /= 1000;
		unit++;
	}
	const digits = unit > 0 && number < 9.95 ? 1 : 0;
	return `${number.toFixed(digits)} ${units[unit]}`;
}

// 50000000 is "50 Mbit/s", as limits are told.
export function bits(number) {
	const units = ["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"];
	let unit = 0;
	while (number >= 1000 && unit < units.length - 1) {
		number /= 1000;
		unit++;
	}
	return `${Number(number.toFixed(1))} ${units[unit]}`;
}

export function rate(number) {
	return `${bytes(number)}/s`;
}

// 0.0241 is "24 ms".
export function duration(seconds) {
	if (seconds < 0.0005) {
		return seconds > 0 ? `${Math.round(seconds * 1e6)} µs` : "0 ms";
	}
	if (seconds < 0.9995) {
		const ms = seconds * 1000;
		return `${ms < 9.95 ? ms.toFixed(1) : Math.round(ms)} ms`;
	}
	if (seconds < 9.95) {
		return `${seconds.toFixed(1)} s`;
	}
	return span(seconds);
}

const spans = [[86400, "d", 3600, "h"], [3600, "h", 60, "min"],
	[60, "min", 0, ""]];

// 8000 is "2 h 13 min".
export function span(seconds) {
	for (const [size, unit, less, lesser] of spans) {
		if (seconds < size) {
			continue;
		}
		const many = Math.floor(seconds / size);
		const rest = less > 0 ? Math.floor(seconds % size / less) : 0;
		return rest > 0 && many < 10 ? `${many} ${unit} ${rest} ${lesser}`
			: `${many} ${unit}`;
	}
	return `${Math.floor(seconds)} s`;
}

// Unix seconds as the reader's date and time.
export function date(seconds) {
	return new Date(seconds * 1000).toLocaleString([], {
		dateStyle: "medium", timeStyle: "short" });
}

// The time of day of unix seconds.
export function clock(seconds) {
	return new Date(seconds * 1000).toLocaleTimeString([], {
		hour: "2-digit", minute: "2-digit" });
}

// How long ago unix seconds were, by the clock of this machine.
export function ago(seconds) {
	const passed = Date.now() / 1000 - seconds;
	return passed < 5 ? "now" : `${span(passed)} ago`;
}

// Until when, in the same way.
export function ahead(seconds) {
	const left = seconds - Date.now() / 1000;
	return left > 0 ? `in ${span(left)}` : `${span(-left)} ago`;
}

// One "host", two "hosts".
export function many(number, one, others = `${one}s`) {
	return `${count(number)} ${number === 1 ? one : others}`;
}
