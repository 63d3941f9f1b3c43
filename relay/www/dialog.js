// SPDX-License-Identifier: ISC
//
// Dialogs: to confirm, to fill in, to show a secret once. The browser's own
// element keeps the focus inside, and Escape closes it.

import { fill, make, say } from "/dom.js";

let number = 0;

// Puts up a dialog and resolves when it is closed.
function put(dialog) {
	return new Promise((resolve) => {
		dialog.addEventListener("close", () => {
			resolve(dialog.returnValue);
			dialog.remove();
		});
		document.body.append(dialog);
		dialog.showModal();
	});
}

// A field of a form: an input, or a choice if it has options.
function makeField({ name, label, value = "", options, hint, ...rest }) {
	const id = `field-${++number}`;
	const help = hint ? make("small", { id: `${id}-hint` }, hint) : null;
	const common = { id, name, "aria-describedby": help ? help.id : null,
		autocomplete: "off", spellcheck: "false", ...rest };
	const control = options
		? make("select", common, options.map(([key, words]) =>
			make("option", { value: key, selected: key === value }, words)))
		: make("input", { ...common, value });
	return make("div", { class: "field" },
		make("label", { for: id }, label), control, help);
}

// Asks: { title, text, fields, verb, danger, act }. act gets the values of the
// fields; while it runs the dialog waits, and what it throws is shown. Resolves
// with what act returned, or null when the dialog was closed.
export async function ask({ title, text, fields = [], verb, danger, act }) {
	const id = `dialog-${++number}`;
	const trouble = make("p", { class: "trouble", role: "alert" });
	const button = make("button", { type: "submit",
		class: danger ? "danger" : "primary" }, verb);
	let result = null;
	const dialog = make("dialog", { "aria-labelledby": id },
		make("form", { onsubmit: submit }, make("h2", { id }, title),
			text ? make("p", {}, text) : null, fields.map(makeField),
			trouble, make("div", { class: "buttons" },
				make("button", { type: "button",
					onclick: () => dialog.close() }, "Cancel"), button)));

	async function submit(event) {
		event.preventDefault();
		button.disabled = true;
		say(trouble, "");
		try {
			const form = new FormData(event.target);
			result = await act(Object.fromEntries(form)) ?? {};
			dialog.close();
		} catch (error) {
			say(trouble, error.message);
			button.disabled = false;
		}
	}
	if (danger && fields.length === 0) {
		// What is not undone is not one Enter away.
		dialog.querySelector("button").autofocus = true;
	}
	await put(dialog);
	return result;
}

// Shows a secret that cannot be had again, with a button that copies it.
export function showSecret({ title, text, secret, hint }) {
	const id = `dialog-${++number}`;
	const copied = make("span", { role: "status" });
	const code = make("code", { tabindex: 0 }, secret);
	const copy = make("button", { type: "button", class: "primary",
		onclick: async () => {
			if (navigator.clipboard) {
				await navigator.clipboard.writeText(secret);
				say(copied, "Copied");
			} else {
				getSelection().selectAllChildren(code);
				say(copied, "Selected: press Ctrl+C");
			}
		} }, "Copy");
	const dialog = make("dialog", { "aria-labelledby": id },
		make("h2", { id }, title), make("p", {}, text),
		make("pre", { class: "secret" }, code),
		hint ? make("p", { class: "hint" }, hint) : null,
		make("div", { class: "buttons" }, copied,
			make("button", { type: "button",
				onclick: () => dialog.close() }, "Done"), copy));
	return put(dialog);
}

// Says shortly that something was done.
export function tell(text) {
	const place = document.getElementById("told");
	fill(place, make("p", {}, text));
	clearTimeout(tell.timer);
	tell.timer = setTimeout(() => fill(place), 6000);
}
