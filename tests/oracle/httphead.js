// SPDX-License-Identifier: ISC
//
// Compares what httphead and httpbody see with what Node's parser sees: for
// each case, for each case with one byte put in or taken out, and for cases with
// some changes at random (the same ones in each run), the same messages with
// the same fields, ending at the same byte. Prints TAP; the first argument is
// httpsee.
//
// Node repairs some things that are refused here and knows fewer methods. Each
// such difference is listed with its reason, and any other is a failure. What
// of the lists did not occur is told, not failed: it depends on the version.
'use strict';

const { execFileSync } = require('child_process');
const http = require('http');
const { Duplex } = require('stream');

// Refused here, taken by Node: our words, and why that is no fault.
const STRICTER = {
	'a CR without LF': 'Node skips it before a request, Node 18 elsewhere',
	'an LF without CR': 'the same; Node 18 takes it for the end of a line',
	'a NUL byte': 'Node takes it in the phrase behind a status',
	'a control character': 'the same',
	'no Host field': 'Node asks for it by a setting, which is off here',
	'two Host fields': 'Node keeps both and shows the first',
	'a Host field that names no host': 'Node leaves Host to the program',
	'a Connection field that names framing': 'Node forwards nothing',
	'a Transfer-Encoding that is not "chunked"':
	    'Node takes other codings before the last',
	'two Transfer-Encoding fields': 'Node joins them',
	'Transfer-Encoding in HTTP/1.0': 'Node reads it as in HTTP/1.1',
	'a body in CONNECT': 'Node takes the bytes for the tunnel',
	'an empty field name': 'Node 18 takes it',
	'not a field name': 'Node 18 takes spaces in it',
	'a space before the colon': 'Node 18 drops it',
	'a folded field': 'Node 18 unfolds',
	'a folded trailer': 'the same',
	'a trailer that is not a field': 'as in names of fields',
	'a trailer that belongs into the head': 'Node keeps trailers apart',
	'both Content-Length and Transfer-Encoding':
	    'Node 18 does not see an empty Transfer-Encoding',
	'a chunk longer than its size': 'Node 18 takes any two bytes behind it',
	'a CR without LF in the body': 'Node 18 takes any byte for the LF',
	'a request line without three parts': 'Node knows HTTP/0.9',
	'not an HTTP version': 'the same',
	'no target': 'Node skips spaces before it',
	'more than two spaces in the first line': 'Node skips them',
	'no port in the target': 'Node leaves targets to the program',
	'not a port': 'the same',
	'an empty host': 'the same',
	'not a host name': 'the same',
	'a user name in the target': 'the same',
	'a fragment in the target': 'the same',
	'a target that is neither a path nor http://': 'the same',
	'an https:// target, which needs CONNECT': 'the same',
	'a character in the target that may not be there': 'Node 18 takes tabs',
	'not a status': 'Node takes 000',
	'not a status line': 'Node skips empty lines; Node 18 takes less',
};

// Taken here, refused by Node: its code, what such a case has, and why that is
// no fault.
const LOOSER = {
	// Node has a list of methods; here it is any token.
	HPE_INVALID_METHOD: /^[!-~]+ /m,
	// Bytes that some clients send as they are.
	HPE_INVALID_URL: /^\w+ [^ ]*[\x80-\xff]/m,
	// Extensions of any bytes but control characters: nobody reads them.
	HPE_STRICT: /^[\da-f]+;/im,
	// A tab behind the value, which is a blank by RFC 9110.
	HPE_INVALID_CONTENT_LENGTH: /^Content-Length: ?\d+\t\r/m,
	HPE_INVALID_TRANSFER_ENCODING: /^Transfer-Encoding: ?chunked\t\r/m,
};

const MARK = 'GET /mark HTTP/1.1\r\nHost: m\r\n\r\n';

const REQUESTS = [
	'GET http://a/b?c HTTP/1.1\r\nHost: a\r\nAccept: x\r\n\r\n',
	'GET / HTTP/1.1\r\nHost: a:1\r\nConnection: keep-alive\r\n\r\n',
	'POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody',
	'POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n' +
	    '4;e=f\r\nbody\r\n0\r\nT: u\r\n\r\n',
	'POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n' +
	    'Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
	'POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n' +
	    'Content-Length: 4\r\n\r\nbody',
	'POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n' +
	    '\r\n0\r\n\r\n',
	'PUT /p HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx',
	'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n',
	'GET /w HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
	'OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
	'GET / HTTP/1.1\r\nHost: a\r\nX:\r\nY: \t z \t\r\n z: 1\r\n\r\n',
	'GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n',
	'POST /p HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
	'POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n' +
	    'Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
	'POST /p HTTP/1.1\r\nHost: a\r\nConnection: content-length\r\n' +
	    'Content-Length: 4\r\n\r\nbody',
	'POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n' +
	    '0\r\nHost: b\r\n\r\n',
	'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nContent-Length: 1\r\n\r\nx',
	'GET https://a/ HTTP/1.1\r\nHost: a\r\n\r\n',
	'\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n',
	'HEAD http://a HTTP/1.1\r\nHost: a\r\nProxy-Connection: keep-alive\r\n' +
	    '\r\nGET http://b/ HTTP/1.1\r\nHost: b\r\n\r\n',
	'POST http://a/ HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n' +
	    'Transfer-Encoding: chunked\r\n\r\n' +
	    'a\r\n0123456789\r\nA\r\n0123456789\r\n000\r\n\r\n',
];

const RESPONSES = [
	'HTTP/1.1 200 OK\r\nContent-Length: 4\r\nServer: x\r\n\r\nbody',
	'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n' +
	    '4\r\nbody\r\n0\r\n\r\n',
	'HTTP/1.0 404 Not Found\r\nConnection: close\r\n\r\nbody',
	'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 None\r\nA: b\r\n\r\n',
	'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
	'HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: host\r\n' +
	    'Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
	'HTTP/1.1 200 OK\r\nX: y\r\n\r\nbody',
	'HTTP/1.1 304 Same\r\nContent-Length: 4\r\n\r\n',
];

const BYTES = ['\0', '\t', '\n', '\r', ' ', '"', '#', ',', '-', '0', '9', ':',
	';', '@', '\\', 'x', '\x7f', '\x80', '\r\n', '\r\n ', 'chunked'];

// Yields text and all that is one change away from it.
function *variants(text) {
	yield text;
	for (let i = 0; i <= text.length; i++) {
		for (const byte of BYTES)
			yield text.slice(0, i) + byte + text.slice(i);
		if (i < text.length)
			yield text.slice(0, i) + text.slice(i + 1);
	}
}

// What changes of a case are made of: parts of other cases, and what is known
// to be read in two ways.
const PARTS = [...BYTES, '\n\n', '\r\n\r\n', 'Host: b\r\n',
	'Content-Length: 1\r\n', 'Content-Length: 0\r\n',
	'Transfer-Encoding: chunked\r\n', 'Transfer-Encoding: identity\r\n',
	'Transfer-Encoding:\x0bchunked\r\n', 'Connection: close\r\n',
	'Connection: keep-alive, Transfer-Encoding\r\n', '0\r\n\r\n',
	'GET / HTTP/1.1\r\n', 'HTTP/1.1 200 OK\r\n', ' HTTP/1.0', ' chunked',
	'+1', '0x1', '1e1', '-1', '1 1', ', 1', '\x0b', '\x0c', '\x85'];

// Numbers below n that are the same in each run (a generator of Park and
// Miller).
function random(n) {
	random.state = random.state * 48271 % 2147483647;
	return random.state % n;
}
random.state = 42;

// Puts something in, takes something out, or writes something over it.
function change(text) {
	const at = random(text.length + 1);
	const gone = random(3) === 0 ? 1 + random(12) : random(2);
	const part = random(4) === 0 ? '' : PARTS[random(PARTS.length)];
	return text.slice(0, at) + part + text.slice(at + gone);
}

// Yields count texts that are two to four changes away from one of seeds.
function *mutations(seeds, count) {
	for (let i = 0; i < count; i++) {
		let text = seeds[random(seeds.length)];
		for (let n = 2 + random(3); n > 0; n--)
			text = change(text);
		yield text;
	}
}

// A connection in memory.
function connection(text, whole) {
	const stream = new Duplex({
		read() {},
		write(chunk, encoding, done) { done(); },
	});
	stream.feed = () => {
		stream.push(Buffer.from(text, 'latin1'));
		if (whole)
			stream.push(null);
	};
	return stream;
}

function seen(message) {
	const fields = message.rawHeaders;
	return {
		minor: message.httpVersionMinor,
		major: message.httpVersionMajor,
		method: message.method || '',
		status: message.statusCode || 0,
		target: message.url || '',
		fields: fields.map((text) => text.replace(/^[ \t]+|[ \t]+$/g, '')),
		message,
	};
}

// What Node sees of requests: { messages, error }.
function nodeRequests(text) {
	return new Promise((resolve) => {
		const messages = [];
		let error = null;
		const server = http.createServer({ requireHostHeader: false,
			maxHeaderSize: 65536 });
		const stream = connection(text, true);
		const take = (request, response) => {
			messages.push(seen(request));
			request.resume();
			request.on('error', () => {});
			response.end();
		};
		server.on('request', take);
		server.on('checkContinue', take);
		server.on('checkExpectation', take);
		server.on('connect', (request, socket) => {
			messages.push(seen(request));
			socket.destroy();
		});
		server.on('clientError', (e, socket) => {
			error = e.code;
			socket.destroy();
		});
		stream.on('close', () => resolve({ messages, error }));
		server.emit('connection', stream);
		stream.feed();
	});
}

// What Node sees of a response.
function nodeResponse(text, method) {
	return new Promise((resolve) => {
		const messages = [];
		let error = null;
		const stream = connection(text, true);
		const request = http.request({ host: 'a', method,
			maxHeaderSize: 65536, createConnection: () => stream });
		request.on('information', (info) => messages.push(seen(info)));
		request.on('response', (response) => {
			messages.push(seen(response));
			response.on('error', () => {});
			response.resume();
		});
		request.on('upgrade', (response, socket) => {
			messages.push(seen(response));
			socket.destroy();
		});
		request.on('error', (e) => { error = error || e.code; });
		stream.on('close', () => setImmediate(() =>
			resolve({ messages, error })));
		request.on('close', () => stream.destroy());
		request.end(() => stream.feed());
	});
}

function ourView(program, cases) {
	const parts = [];
	for (const { kind, text } of cases) {
		const head = Buffer.alloc(5);
		head.write(kind, 'latin1');
		head.writeUInt32BE(text.length, 1);
		parts.push(head, Buffer.from(text, 'latin1'));
	}
	const out = execFileSync(program, [], { input: Buffer.concat(parts),
		maxBuffer: 1 << 30 });
	return out.toString('latin1').trimEnd().split('\n').map((line) => JSON.parse(line));
}

// The difference of one message, or null.
function differs(ours, node) {
	const target = node.target.replace(/^http:\/\//i, '');
	if (ours.minor !== node.minor || node.major !== 1)
		return 'version';
	if (ours.method !== node.method || ours.target !== target)
		return `target ${ours.method} ${ours.target}`;
	if (ours.status !== node.status)
		return 'status';
	if (JSON.stringify(ours.fields) !== JSON.stringify(node.fields))
		return 'fields';
	return null;
}

const used = new Set();

function mayRefuse(what) {
	used.add(what);
	return Object.hasOwn(STRICTER, what);
}

function mayTake(what, text) {
	used.add(what);
	return Object.hasOwn(LOOSER, what) && LOOSER[what].test(text);
}

// What is wrong with this pair of views, or null.
function compare(ours, node) {
	for (let i = 0; i < ours.length; i++) {
		const mine = ours[i];
		const theirs = node.messages[i];
		if (mine.minor === undefined)
			return compareEnd(mine.end, theirs, node);
		if (theirs === undefined) {
			return mayTake(node.error, node.text) ? null :
			    `only Node refused: ${node.error}`;
		}
		const what = differs(mine, theirs);
		if (what !== null)
			return `not the same ${what}`;
		if (mine.end !== undefined)
			return compareBody(mine.end, theirs.message, node);
	}
	return 'no end';
}

// Nothing more was seen by us; what of Node?
function compareEnd(end, theirs, node) {
	if (end === 'more')
		return theirs === undefined ? null : 'Node saw a whole head';
	if (theirs === undefined && node.error !== null)
		return null;
	return mayRefuse(end) ? null : `only we refused: ${end}`;
}

// The last message that we saw, with a body that ended so.
function compareBody(end, message, node) {
	if (end === 'last' || end === 'close') {
		if (message.complete || end === 'last' && message.upgrade)
			return null;
		return mayTake(node.error, node.text) ? null :
		    `Node has no end: ${node.error}`;
	}
	if (end === 'more')
		return message.complete ? 'Node has an end of the body' : null;
	if (!message.complete || node.error !== null)
		return null;
	return mayRefuse(end) ? null : `only we refused: ${end}`;
}

async function run(name, program, cases, ask) {
	const ours = ourView(program, cases);
	const wrong = [];
	for (let i = 0; i < cases.length; i++) {
		const node = await ask(cases[i].text);
		const what = compare(ours[i], { ...node, text: cases[i].text });
		if (what !== null)
			wrong.push(`${what}: ${JSON.stringify(cases[i].text)}`);
	}
	const result = wrong.length === 0 ? 'ok' : 'not ok';
	console.log(`${result} - ${name}: ${cases.length} cases`);
	for (const line of wrong.slice(0, 20))
		console.log(`# ${line}`);
	if (wrong.length > 20)
		console.log(`# and ${wrong.length - 20} more`);
}

async function main(program) {
	const requests = [];
	const gets = [];
	const heads = [];
	for (const seed of REQUESTS) {
		for (const text of variants(seed))
			requests.push({ kind: 'q', text: text + MARK });
	}
	for (const seed of RESPONSES) {
		for (const text of variants(seed))
			gets.push({ kind: 'r', text });
		heads.push({ kind: 'h', text: seed.replace(/body$/, '') });
	}
	const mutated = [];
	for (const text of mutations(REQUESTS, 20000))
		mutated.push({ kind: 'q', text: text + MARK });
	const mutatedGets = [];
	for (const text of mutations(RESPONSES, 10000))
		mutatedGets.push({ kind: 'r', text });
	console.log('1..5');
	await run('requests', program, requests, nodeRequests);
	await run('requests changed at random', program, mutated, nodeRequests);
	await run('responses changed at random', program, mutatedGets,
	    (text) => nodeResponse(text, 'GET'));
	await run('responses to GET', program, gets,
	    (text) => nodeResponse(text, 'GET'));
	await run('responses to HEAD', program, heads,
	    (text) => nodeResponse(text, 'HEAD'));
	const idle = Object.keys({ ...STRICTER, ...LOOSER })
	    .filter((what) => !used.has(what));
	for (const what of idle)
		console.log(`# did not occur in ${process.version}: ${what}`);
}

main(process.argv[2]);
