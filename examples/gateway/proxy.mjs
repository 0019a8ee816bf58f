// The reverse proxy: each request needs a valid token that allows it, and then goes to Datasette.

import http from "node:http";
import { pipeline } from "node:stream";
import { requiredActions } from "./routes.mjs";
import { InvalidToken } from "./verifier.mjs";

const HEALTH = "/-/gateway/health";
const LIMITS = {
  headerBytes: 16_384,
  headerMs: 10_000,
  requestMs: 60_000,
  upstreamMs: 30_000,
  upstreamIdleMs: 4_000, // Datasette's server closes idle connections after 5 seconds
  upstreamConnections: 64,
  connections: 2_000,
  requests: 1_000,
};

// Headers that are about one connection, or that a client must not choose.
const DROPPED = [
  "connection", "expect", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te",
  "trailer", "transfer-encoding", "upgrade",
];
const DROPPED_FROM_REQUEST = [
  ...DROPPED, "content-length", "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto",
];

class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** Returns an http.Server. `verifier` has the method `call`, `upstream` is a URL, `log` takes a line. */
export function createGateway({ verifier, upstream, allowAnonymous = false, log }) {
  const { hostname, port } = new URL(upstream);
  const agent = new http.Agent({
    keepAlive: true, maxSockets: LIMITS.upstreamConnections, timeout: LIMITS.upstreamIdleMs,
  });
  let requests = 0;

  async function handle(request, response) {
    // No socket yet: an earlier request of this connection is unanswered. Pipelining would let one
    // connection queue any number of requests.
    if (!response.socket) return request.socket.destroy();
    if (request.url === HEALTH) return health(response);
    requests++;
    response.once("close", () => requests--);
    try {
      if (requests > LIMITS.requests) throw new Refusal(503, "too many requests at once");
      if (!/^\/[!-~]*$/.test(request.url)) throw new Refusal(400, "the path must be ASCII and begin with a slash");
      const token = bearerToken(request);
      if (token !== undefined) await authorize(token, requiredActions(request.url));
      else if (!allowAnonymous) throw new Refusal(401, "no token: send the header Authorization: Bearer TOKEN");
      if (!response.destroyed) forward(request, response);
    } catch (error) {
      refuse(response, error);
    }
  }

  async function health(response) {
    const ok = await verifier.call("ping").then((pong) => pong === "pong", () => false);
    answer(response, ok ? 200 : 503, { ok });
  }

  /** Throws unless the token is valid and allows one of the actions. */
  async function authorize(token, needed) {
    if (!needed) {
      if ((await verifier.call("verify_token", { token })) === null) throw new InvalidToken("not a token of Datasette");
      return;
    }
    for (const action of needed.actions) {
      const found = await verifier.call("token_allows_action", { token, action, resource: needed.resource });
      if (found.actor === null) throw new InvalidToken("not a token of Datasette");
      if (found.allowed) return;
    }
    throw new Refusal(403, `the token doesn't allow ${needed.actions.join(" or ")}`);
  }

  function forward(request, response) {
    const { method, url: path } = request;
    const headers = requestHeaders(request);
    const out = http.request({ hostname, port, agent, method, path, headers, timeout: LIMITS.upstreamMs });
    out.once("response", (found) => {
      response.writeHead(found.statusCode, found.statusMessage, kept(found, DROPPED));
      pipeline(found, response, () => {}); // an error ends both, so a cut answer stays visible
    });
    out.once("timeout", () => out.destroy(new Refusal(504, "Datasette took too long")));
    out.on("error", (error) => {
      if (response.headersSent) response.destroy();
      else refuse(response, error instanceof Refusal ? error : new Refusal(502, "Datasette doesn't answer"));
    });
    response.once("close", () => {
      if (!response.writableFinished) out.destroy();
    });
    request.pipe(out);
  }

  /** Fails closed: an error that nobody expected is a refusal, too. */
  function refuse(response, error) {
    const invalid = error instanceof InvalidToken;
    const status = invalid ? 401 : error.status ?? 503;
    log(`refused with ${status}: ${error.message}`);
    if (status === 401) response.setHeader("WWW-Authenticate", invalid ? 'Bearer error="invalid_token"' : "Bearer");
    if (status === 503) response.setHeader("Retry-After", "1");
    answer(response, status, { ok: false, error: error.message, status });
  }

  const server = http.createServer({
    maxHeaderSize: LIMITS.headerBytes, headersTimeout: LIMITS.headerMs, requestTimeout: LIMITS.requestMs,
  }, handle);
  server.maxConnections = LIMITS.connections;
  return server;
}

/** Returns the token, or undefined. Of several headers Datasette would read the last, and Node the first. */
function bearerToken(request) {
  const [value, ...more] = request.headersDistinct.authorization ?? [];
  if (more.length) throw new Refusal(400, "more than one Authorization header");
  return value?.startsWith("Bearer ") ? value.slice("Bearer ".length) : undefined;
}

/** Returns the headers for Datasette. The length of the body is stated anew, so nothing can hide behind it. */
function requestHeaders(request) {
  const chunked = request.headers["transfer-encoding"] !== undefined;
  return [
    ...kept(request, DROPPED_FROM_REQUEST),
    ...(chunked ? ["Transfer-Encoding", "chunked"] : ["Content-Length", request.headers["content-length"] ?? "0"]),
    "X-Forwarded-For", request.socket.remoteAddress,
  ];
}

/** Returns the raw headers without those in `dropped`, and without those that `Connection` names. */
function kept({ rawHeaders, headers }, dropped) {
  const named = (headers.connection ?? "").toLowerCase().split(",").map((name) => name.trim());
  return rawHeaders.filter((_, index) => {
    const name = rawHeaders[index - (index % 2)].toLowerCase();
    return !dropped.includes(name) && !named.includes(name);
  });
}

function answer(response, status, body) {
  if (response.destroyed) return;
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(JSON.stringify(body));
}
