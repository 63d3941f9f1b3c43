// SPDX-License-Identifier: ISC
//
// Keeps the page fresh. The gateway renders it; this fetches it again and takes
// over the parts that are marked data-live.

import { morph } from "/morph.js";
import { Plot } from "/plot.js";

const PAGE_TIME = 3000;
const PLOT_TIME = 1000;
const PATIENCE = 5000;

const lost = document.getElementById("lost");

// Tells the reader whether the gateway answers.
function showLost(is) {
	if (lost.hidden === is) {
		lost.hidden = !is;
		lost.querySelector("time").textContent =
			new Date().toLocaleTimeString();
	}
}

async function refreshPage() {
	const answer = await fetch("/",
		{ signal: AbortSignal.timeout(PATIENCE) });
	if (!answer.ok) {
		throw new Error(answer.statusText);
	}
	const fresh = new DOMParser().parseFromString(
		await answer.text(), "text/html");
	offerCopies(fresh);
	for (const part of document.querySelectorAll("[data-live]")) {
		const like = fresh.getElementById(part.id);
		if (like) {
			morph(part, like);
		}
	}
}

// Does work again and again, while somebody looks.
function keep(work, time) {
	async function step() {
		if (!document.hidden) {
			await work().then(() => showLost(false),
				() => showLost(true));
		}
		setTimeout(step, time);
	}
	step();
}

// Puts a button on everything in root that is there to be copied.
function offerCopies(root) {
	if (!navigator.clipboard) {
		return;
	}
	for (const place of root.querySelectorAll("[data-copy]")) {
		const button = root.createElement("button");
		button.type = "button";
		button.textContent = "Copy";
		place.classList.add("copies");
		place.append(button);
	}
}

async function copy(event) {
	const button = event.target.closest("[data-copy] button");
	if (button) {
		await navigator.clipboard.writeText(
			button.parentNode.querySelector("code").textContent);
		button.textContent = "Copied";
		setTimeout(() => { button.textContent = "Copy"; }, 2000);
	}
}

// Opens how to set up what the reader has, as far as it says so.
function openOwn() {
	const agent = navigator.userAgent;
	const systems = { Firefox: "firefox", "Mac OS": "mac",
		Windows: "windows", "": "chromium" };
	const own = Object.keys(systems).find((word) => agent.includes(word));
	document.querySelector(`[data-system=${systems[own]}]`).open = true;
}

const plot = new Plot(document.getElementById("plot"));

offerCopies(document);
document.addEventListener("click", copy);
openOwn();
keep(refreshPage, PAGE_TIME);
keep(() => plot.refresh(), PLOT_TIME);
