#!/usr/bin/env node
// Verifies API tokens for a Datasette behind it. See README.md.

import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { createGateway } from "./proxy.mjs";
import { Verifier } from "./verifier.mjs";

const SHUTDOWN_MS = 10_000;

function log(line) {
  process.stderr.write(`gateway: ${line}\n`);
}

function fail(message) {
  log(message);
  process.exit(2);
}

function parse() {
  const options = {
    "secret-file": { type: "string" },
    "old-secret-file": { type: "string", multiple: true, default: [] },
    upstream: { type: "string", default: "http://127.0.0.1:8001" },
    listen: { type: "string", default: "127.0.0.1:8000" },
    dstok: { type: "string", default: "dstok" },
    "allow-anonymous": { type: "boolean", default: false },
  };
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    if (!values["secret-file"]) throw new Error("pass --secret-file FILE, the file with Datasette's secret");
    if (new URL(values.upstream).protocol !== "http:") throw new Error("--upstream must be an http URL");
    return { ...values, serve: positionals };
  } catch (error) {
    return fail(error.message);
  }
}

const arguments_ = parse();

/** The options of `dstok serve`. An old secret that isn't there yet, or no longer, is left out. */
function serveOptions() {
  const old = arguments_["old-secret-file"].filter((path) => existsSync(path));
  return [
    ...arguments_.serve, "--secret-file", arguments_["secret-file"], ...old.flatMap((path) => ["--old-secret-file", path]),
  ];
}

const verifier = new Verifier(arguments_.dstok, serveOptions, log);
await verifier.start().catch((error) => fail(error.message));

const [, host, port] = arguments_.listen.match(/^(.*):(\d+)$/) ?? fail("--listen must be ADDRESS:PORT");
const server = createGateway({
  verifier, upstream: arguments_.upstream, allowAnonymous: arguments_["allow-anonymous"], log,
});
server.on("error", (error) => fail(error.message));
server.listen(Number(port), host, () => log(`listening on http://${host}:${server.address().port}`));

process.on("SIGHUP", () => verifier.start().catch((error) => log(`the old secrets stay: ${error.message}`)));
for (const signal of ["SIGTERM", "SIGINT"]) {
  process.once(signal, () => {
    server.close(() => {
      verifier.stop();
    });
    setTimeout(() => server.closeAllConnections(), SHUTDOWN_MS).unref();
  });
}
