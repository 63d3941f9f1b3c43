// SPDX-License-Identifier: ISC
//
// Fetches a page by a library of Node that knows proxies, and prints it. Ends
// with 1 and what the program saw when there is no page.
//
// usage: fetch.js WAY PROXY URL      PROXY is HOST:PORT
//
//   undici        ProxyAgent of undici, which always tunnels
//   http-proxy    http-proxy-agent, which asks with the whole URL
//   https-proxy   https-proxy-agent, which tunnels
//   socks         socks, on which socks-proxy-agent is built, SOCKS5
//   socks4        the same, SOCKS4a
//   socks-agent   socks-proxy-agent, of what INROAD_NODE_MODULES holds
//   ws            ws by https-proxy-agent: URL is ws://, and echoes

"use strict";

// Where Debian puts packages for Node.
process.env.NODE_PATH = "/usr/share/nodejs";
require("module").Module._initPaths();

const http = require("http");

const [way, proxy, url] = process.argv.slice(2);
const patience = AbortSignal.timeout(15000);

// The body of an answer, or an error that says it.
function page(status, body) {
  if (status !== 200) throw new Error(`${status}: ${body}`);
  return body;
}

function get(options) {
  return new Promise((resolve, reject) => {
    http.get(url, { ...options, signal: patience }, async (answer) => {
      let body = "";
      for await (const piece of answer) body += piece;
      resolve([answer.statusCode, body]);
    }).on("error", reject);
  }).then((said) => page(...said));
}

async function bySocks(type) {
  const { SocksClient } = require("socks");
  const { hostname: host, port } = new URL(url);
  const [proxyHost, proxyPort] = proxy.split(":");
  const { socket } = await SocksClient.createConnection({
    proxy: { host: proxyHost, port: Number(proxyPort), type },
    command: "connect",
    destination: { host, port: Number(port) },
  });
  return get({ createConnection: () => socket });
}

function bySocksAgent() {
  const { SocksProxyAgent } = require(
    `${process.env.INROAD_NODE_MODULES}/socks-proxy-agent`,
  );
  return get({ agent: new SocksProxyAgent(`socks5h://${proxy}`) });
}

async function byUndici() {
  const { ProxyAgent, request } = require("undici");
  const dispatcher = new ProxyAgent(`http://${proxy}`);
  const answer = await request(url, { dispatcher, signal: patience });
  return page(answer.statusCode, await answer.body.text());
}

function byWebSocket() {
  const WebSocket = require("ws");
  const agent = require("https-proxy-agent")(`http://${proxy}`);
  const large = Buffer.alloc(1 << 20, "inroad");
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { agent, handshakeTimeout: 15000 });
    socket.on("open", () => socket.send(large));
    socket.on("error", reject);
    socket.on("message", (data) => {
      socket.close();
      if (large.equals(data)) resolve("the same came back");
      else reject(new Error("something else came back"));
    });
  });
}

const ways = {
  undici: byUndici,
  "http-proxy": () =>
    get({ agent: require("http-proxy-agent")(`http://${proxy}`) }),
  "https-proxy": () =>
    get({ agent: require("https-proxy-agent")(`http://${proxy}`) }),
  socks: () => bySocks(5),
  socks4: () => bySocks(4),
  "socks-agent": bySocksAgent,
  ws: byWebSocket,
};

ways[way]().then(
  (body) => {
    console.log(body);
    process.exit(0);
  },
  (error) => {
    console.log(error.code, error.message);
    process.exit(1);
  },
);
