// A client of `dstok serve` for Node 18 and newer. It has no dependencies. JSDoc holds the types: TypeScript reads them.
// @ts-check
import { spawn } from "node:child_process";

/** @typedef {import("./methods.d.ts").Methods} Methods */
/** @typedef {{ resolve: (result: any) => void, reject: (error: Error) => void }} Call */

/** An error that dstok answers. `kind` is stable; the message is for people. */
export class DstokError extends Error {
  /** @param {{ code: number, message: string, data?: { kind?: string, param?: string } }} error */
  constructor({ code, message, data }) {
    super(message);
    this.name = "DstokError";
    this.code = code;
    this.kind = data?.kind;
    this.param = data?.param;
  }
}

/** The process has ended, or never started. */
export class DstokEnded extends Error {
  name = "DstokEnded";
}

/** One process. Any number of calls can be in flight. */
export class Dstok {
  #child;
  #lastId = 0;
  /** @type {Map<number, Call>} */
  #calls = new Map();
  /** @type {string[]} the pieces of a line that is still being read */
  #line = [];
  /** @type {DstokEnded | undefined} */
  #ended;
  /** @type {Promise<number | null>} */
  #exit;

  /**
   * Start `command serve ...args`. If it can't start, the calls fail.
   *
   * @param {string} command
   * @param {string[]} args options of `serve`, without secrets: other users can read them
   */
  constructor(command = "dstok", args = []) {
    // dstok would sign with a secret that it inherits, until `configure` brings another one.
    const { DATASETTE_SECRET: _, DSTOK_OLD_SECRETS: __, ...env } = process.env;
    this.#child = spawn(command, ["serve", ...args], { env, stdio: ["pipe", "pipe", "inherit"] });
    // "utf8" joins characters that two chunks share.
    this.#child.stdout.setEncoding("utf8").on("data", (chunk) => this.#read(chunk));
    // "close" tells callers what happened, after the last answer.
    this.#child.stdin.on("error", () => {});
    this.#exit = new Promise((resolve) => {
      this.#child.on("error", (error) => this.#end(`cannot run ${command}: ${error.message}`));
      this.#child.on("close", (code, signal) => {
        this.#end(`dstok ended: ${signal ? `killed by ${signal}` : `exit code ${code}`}`);
        resolve(code);
      });
    });
  }

  /**
   * Call a method. Rejects with DstokError or DstokEnded.
   *
   * @template {keyof Methods} M
   * @param {M} method
   * @param {Methods[M]["params"]} params
   * @returns {Promise<Methods[M]["result"]>}
   */
  call(method, params) {
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(this.#ended);
      const id = this.#lastId + 1;
      const line = toJson({ jsonrpc: "2.0", id, method, params });
      this.#calls.set((this.#lastId = id), { resolve, reject });
      this.#child.stdin.write(line + "\n");
    });
  }

  /**
   * Send a request that gets no answer. You don't learn whether it failed.
   *
   * @template {keyof Methods} M
   * @param {M} method
   * @param {Methods[M]["params"]} params
   */
  notify(method, params) {
    if (!this.#ended) this.#child.stdin.write(toJson({ jsonrpc: "2.0", method, params }) + "\n");
  }

  /** Close stdin and wait. Calls in flight are answered. Returns the exit code, or null after a signal. */
  close() {
    this.#child.stdin.end();
    return this.#exit;
  }

  /** @param {string} chunk */
  #read(chunk) {
    // Not readline, which also ends lines at U+2028 and U+2029.
    const [first, ...others] = chunk.split("\n");
    this.#line.push(first);
    for (const other of others) {
      this.#answer(this.#line.join(""));
      this.#line = [other];
    }
  }

  /** @param {string} line */
  #answer(line) {
    try {
      const { id, error, result } = JSON.parse(line);
      // Answers come in the order of the calls. The answer to a line that is too long has no ID.
      const oldest = this.#lastId - this.#calls.size + 1;
      const call = this.#calls.get(oldest);
      if (!call || (id !== oldest && id !== null)) throw new Error();
      this.#calls.delete(oldest);
      if (error) call.reject(new DstokError(error));
      else call.resolve(result);
    } catch {
      this.#end("dstok ended: its output is not the answer to a call");
      this.#child.kill("SIGKILL");
    }
  }

  /** @param {string} reason */
  #end(reason) {
    this.#ended ??= new DstokEnded(reason);
    for (const call of this.#calls.values()) call.reject(this.#ended);
    this.#calls.clear();
  }
}

/**
 * JSON.stringify, but a Map becomes an object that keeps the order: other objects put "2024" before "docs". NaN is an
 * error: as null it would mean a token that never expires.
 *
 * @param {any} value
 * @returns {string | undefined}
 */
function toJson(value) {
  if (typeof value === "number" && !Number.isFinite(value)) throw new TypeError(`JSON has no ${value}`);
  if (value === null || typeof value !== "object" || value.toJSON) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => toJson(item) ?? "null").join()}]`;
  const members = [];
  for (const [name, item] of value instanceof Map ? value : Object.entries(value)) {
    const text = toJson(item);
    if (text !== undefined) members.push(`${JSON.stringify(name)}:${text}`);
  }
  return `{${members.join()}}`;
}
