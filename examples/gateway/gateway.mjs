#!/usr/bin/env node
// Verifies API tokens for a Datasette behind it. See README.md.

import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { createGateway } from "./proxy.mjs";
import { Verifier } from "./verifier.mjs";

const SHUTDOWN_MS = 10_000;
const OPTIONS = {
  "secret-file": { type: "string" },
  "old-secret-file": { type: "string", multiple: true, default: [] },
  upstream: { type: "string", default: "http://127.0.0.1:8001" },
  listen: { type: "string", default: "127.0.0.1:8000" },
  dstok: { type: "string", default: "dstok" },
  "allow-anonymous": { type: "boolean", default: false },
};

function log(line) {
  process.stderr.write(`gateway: ${line}\n`);
}

function parse() {
  const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
  if (!values["secret-file"]) throw new Error("pass --secret-file FILE, the file with Datasette's secret");
  if (new URL(values.upstream).protocol !== "http:") throw new Error("--upstream must be an http URL");
  const [, host, port] = values.listen.match(/^(.+):(\d+)$/) ?? [];
  if (!host) throw new Error("--listen must be ADDRESS:PORT");
  return { ...values, host, port: Number(port), serve: positionals };
}

async function main() {
  const options = parse();
  /** An old secret that isn't there yet, or no longer, is left out. */
  const serveOptions = () => [
    ...options.serve, "--secret-file", options["secret-file"],
    ...options["old-secret-file"].filter((path) => existsSync(path)).flatMap((path) => ["--old-secret-file", path]),
  ];
  const verifier = new Verifier(options.dstok, serveOptions, log);
  process.on("SIGHUP", () => verifier.start().catch((error) => log(`the old secrets stay: ${error.message}`)));
  await verifier.start();
  const server = createGateway({ ...options, verifier, allowAnonymous: options["allow-anonymous"], log });
  for (const signal of ["SIGTERM", "SIGINT"]) {
    process.once(signal, () => {
      server.close(() => verifier.stop());
      setTimeout(() => server.closeAllConnections(), SHUTDOWN_MS).unref();
    });
  }
  server.on("error", fail);
  server.listen(options.port, options.host, () => log(`listening on http://${options.host}:${server.address().port}`));
}

function fail(error) {
  log(error.message);
  process.exit(2);
}

main().catch(fail);
