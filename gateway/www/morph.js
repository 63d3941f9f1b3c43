// SPDX-License-Identifier: ISC
//
// Makes one part of a page like another, and leaves alone what is so already:
// a focus, a selection and an opened detail stay.

// Takes over the attributes of to; which details are open is the reader's.
function morphAttributes(from, to) {
	for (const { name } of [...from.attributes]) {
		if (!to.hasAttribute(name) && name !== "open") {
			from.removeAttribute(name);
		}
	}
	for (const { name, value } of to.attributes) {
		if (from.getAttribute(name) !== value) {
			from.setAttribute(name, value);
		}
	}
}

// Returns the child of parent, from next on, that becomes like.
function findMatch(next, like) {
	if (!like.id) {
		return next?.nodeName === like.nodeName && !next.id ? next : null;
	}
	while (next && next.id !== like.id) {
		next = next.nextSibling;
	}
	return next;
}

function morphChildren(from, to) {
	let next = from.firstChild;
	for (const like of [...to.childNodes]) {
		const match = findMatch(next, like);
		if (match === null) {
			from.insertBefore(document.importNode(like, true), next);
			continue;
		}
		// What stood before it is no longer there.
		while (next !== match) {
			const gone = next;
			next = next.nextSibling;
			gone.remove();
		}
		next = match.nextSibling;
		morph(match, like);
	}
	while (next) {
		const gone = next;
		next = next.nextSibling;
		gone.remove();
	}
}

// Makes the node from like the node to, which has the same name.
export function morph(from, to) {
	if (from.nodeType !== Node.ELEMENT_NODE) {
		if (from.nodeValue !== to.nodeValue) {
			from.nodeValue = to.nodeValue;
		}
		return;
	}
	if (from.isEqualNode(to)) {
		return;
	}
	morphAttributes(from, to);
	morphChildren(from, to);
}
