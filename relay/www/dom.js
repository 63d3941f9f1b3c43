// SPDX-License-Identifier: ISC
//
// Makes and changes what is on the page. Text from elsewhere becomes text nodes
// and attributes, never markup.

// Sets what of an element is an attribute, a property or a listener ("onclick").
function dress(element, attributes) {
	for (const [name, value] of Object.entries(attributes)) {
		if (name.startsWith("on")) {
			element.addEventListener(name.slice(2), value);
		} else if (value === true) {
			element.setAttribute(name, "");
		} else if (value !== false && value !== null &&
			value !== undefined) {
			element.setAttribute(name, value);
		}
	}
}

// Makes an element with children: nodes, texts, lists of them, or nothing.
export function make(name, attributes = {}, ...children) {
	const element = document.createElement(name);
	dress(element, attributes);
	fill(element, children);
	return element;
}

const SVG = "http://www.w3.org/2000/svg";

// Makes a shape.
export function draw(name, attributes = {}, text = "") {
	const element = document.createElementNS(SVG, name);
	dress(element, attributes);
	element.textContent = text;
	return element;
}

function flat(children) {
	return children.flat(Infinity).filter((child) =>
		child !== null && child !== undefined && child !== false);
}

// Lets children be what is in element.
export function fill(element, ...children) {
	element.replaceChildren(...flat(children));
}

// Sets the text of element, if it is another one.
export function say(element, text) {
	if (element.textContent !== text) {
		element.textContent = text;
	}
}

// Lets element become like fresh, without touching what is so already: a focus
// and a selection in it stay.
export function settle(element, fresh) {
	if (element.isEqualNode(fresh)) {
		return element;
	}
	if (element.contains(document.activeElement) &&
		element.tagName === fresh.tagName &&
		element.childElementCount === fresh.childElementCount &&
		element.childElementCount > 0) {
		for (const { name, value } of fresh.attributes) {
			element.setAttribute(name, value);
		}
		[...fresh.children].forEach((child, i) =>
			settle(element.children[i], child));
		return element;
	}
	element.replaceWith(fresh);
	return fresh;
}

// Lets fresh be what is in place, as settle() does.
export function renew(place, fresh) {
	if (place.childNodes.length === 1 && place.firstElementChild) {
		settle(place.firstElementChild, fresh);
	} else {
		fill(place, fresh);
	}
}
