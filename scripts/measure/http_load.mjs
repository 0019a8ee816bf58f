// Measures an HTTP server, and is the upstream of a gateway meanwhile. Each line of stdin is a
// request {port, path, token, connections, seconds}, answered with {seconds, statuses, upstream},
// where `upstream` is the port of this upstream.

import { createConnection, createServer } from "node:net";
import { createInterface } from "node:readline";

const BODY = JSON.stringify({ ok: true, rows: Array.from({ length: 20 }, (_, id) => ({ id, name: "Welwitschia mirabilis" })) });
const ANSWER = Buffer.from(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`);

function upstream(socket) {
  // A gateway sends a request without a body at once, and the next one when this one is answered.
  socket.setNoDelay(true).on("error", () => {}).on("data", (data) => {
    if (data.subarray(-4).latin1Slice() === "\r\n\r\n") socket.write(ANSWER);
  });
}

/** Sends one request after the other over one connection until `end`, and counts the statuses. */
function connection({ port, path, token }, end, statuses) {
  const request = Buffer.from(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n\r\n`);
  return new Promise((resolve, reject) => {
    let received = [];
    const socket = createConnection(port, "127.0.0.1", () => socket.write(request));
    socket.setNoDelay(true).on("data", (data) => {
      received.push(data);
      const answer = received.length > 1 ? Buffer.concat(received) : data;
      if (!isComplete(answer)) return;
      const status = answer.latin1Slice(9, 12);
      statuses[status] = (statuses[status] ?? 0) + 1;
      received = [];
      if (performance.now() < end) socket.write(request);
      else socket.end();
    });
    socket.on("error", reject).on("close", () => (performance.now() < end ? reject(new Error("closed")) : resolve()));
  });
}

function isComplete(answer) {
  const head = answer.indexOf("\r\n\r\n") + 4;
  if (head < 4) return false;
  const length = /content-length: *(\d+)/i.exec(answer.latin1Slice(0, head));
  return length ? answer.length >= head + Number(length[1]) : answer.subarray(-5).latin1Slice() === "0\r\n\r\n";
}

async function measure(request) {
  const begin = performance.now();
  const end = begin + request.seconds * 1000;
  const statuses = {};
  await Promise.all(Array.from({ length: request.connections }, () => connection(request, end, statuses)));
  return { seconds: (performance.now() - begin) / 1000, statuses, upstream: server.address().port };
}

const server = createServer(upstream).listen(0, "127.0.0.1", async () => {
  for await (const line of createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await measure(JSON.parse(line))));
  }
  process.exit();
});
