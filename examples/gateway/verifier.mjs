// `dstok serve` as a child process, which verifies tokens and can mint none.

import { spawn } from "node:child_process";

const METHODS = "token_allows_action,verify_token";
const TICK_MS = 250;
const HUNG_TICKS = 8;
const RESTART_MS = { first: 100, most: 5_000 };

/** The token is expired, altered, or signed with another secret. */
export class InvalidToken extends Error {}

/**
 * Reads an answer. The actor of a token with many restrictions takes longer to parse than to verify,
 * and nothing here needs it, so an answer that allows is read at its two ends. The last two braces
 * close the result and the answer. No string ends like that, because its quotes are escaped.
 */
function parse(line) {
  const begin = line.endsWith('"allowed":true}}') && /^\{"jsonrpc":"2\.0","id":(\d+),"result":\{"actor":\{/.exec(line);
  return begin ? { id: Number(begin[1]), result: { actor: {}, allowed: true } } : JSON.parse(line);
}

/** One process. Its answers come in the order of the requests, so many calls can wait at once. */
class Dstok {
  #child;
  #waiting = new Map();
  #lastId = 0;
  #unsent = "";
  #received = "";
  #tick = 0;

  constructor(program, options) {
    this.#child = spawn(program, ["serve", ...options, "--methods", METHODS, "--parent-pid", `${process.pid}`], {
      env: { PATH: process.env.PATH }, // the secrets come from files alone
      detached: true, // Ctrl-C reaches the gateway, which then drains
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#child.stdin.on("error", () => {}); // `ended` has the reason
    this.#child.stdout.setEncoding("utf8").on("data", (text) => this.#receive(text));
    const timer = setInterval(() => this.#endIfHung(), TICK_MS).unref();
    /** Resolves with the reason when the process is gone. */
    this.ended = new Promise((resolve) => {
      this.#child.once("error", (error) => resolve(error.message));
      this.#child.once("close", (code, signal) => resolve(signal ?? `exit code ${code}`));
    }).then((why) => {
      clearInterval(timer);
      for (const { reject } of this.#waiting.values()) reject(new Error(`dstok ended: ${why}`));
      this.#waiting.clear();
      return why;
    });
  }

  call(method, params) {
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      this.#waiting.set(id, { resolve, reject, tick: this.#tick });
      // Requests that arrive in one turn of the event loop leave with one write.
      if (!this.#unsent) setImmediate(() => this.#send());
      this.#unsent += `${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`;
    });
  }

  /** Ends the process after it has answered everything that was sent. */
  drain() {
    this.#send();
    this.#child.stdin.end();
  }

  kill() {
    this.#child.kill("SIGKILL");
  }

  #send() {
    if (this.#unsent) this.#child.stdin.write(this.#unsent);
    this.#unsent = "";
  }

  #receive(text) {
    const lines = (this.#received + text).split("\n"); // not `readline`, which also splits at U+2028
    this.#received = lines.pop();
    try {
      for (const line of lines) this.#settle(parse(line));
    } catch {
      this.kill(); // not an answer: nothing from this process can be trusted
    }
  }

  #settle({ id, result, error }) {
    const { resolve, reject } = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (!error) resolve(result);
    else if (["token_invalid", "bad_payload"].includes(error.data?.kind)) reject(new InvalidToken(error.message));
    else reject(new Error(`dstok: ${error.message}`));
  }

  /** Counts ticks instead of time, so that a busy event loop doesn't look like a hung process. */
  #endIfHung() {
    this.#tick++;
    const [oldest] = this.#waiting.values();
    if (oldest && this.#tick - oldest.tick > HUNG_TICKS) this.kill();
  }
}

/** Keeps one process running. A call without one throws, and the request must be refused. */
export class Verifier {
  #program;
  #options;
  #log;
  #current = null;
  #starts = 0;
  #failures = 0;

  /** `options` returns the options of `dstok serve` and is called for each start. */
  constructor(program, options, log) {
    [this.#program, this.#options, this.#log] = [program, options, log];
  }

  async call(method, params) {
    if (!this.#current) throw new Error("dstok is not running");
    return this.#current.call(method, params);
  }

  /** Starts a process and drains the one before, which stays if the new one fails. Throws the reason. */
  async start() {
    const start = ++this.#starts;
    const next = new Dstok(this.#program, this.#options());
    try {
      const check = next.call("token_allows_action", { token: "", action: "view-instance" });
      const [info] = await Promise.all([next.call("info"), check]);
      this.#log(`dstok ${info.version} for Datasette ${info.datasette_version}, secrets: ${info.secrets}`);
    } catch (error) {
      next.kill();
      if (start === this.#starts && !this.#current) this.#retry();
      throw error;
    }
    if (start !== this.#starts) return next.drain(); // stopped, or overtaken by a later start
    this.#current?.drain();
    this.#current = next;
    next.ended.then((why) => {
      if (next !== this.#current) return;
      this.#current = null;
      this.#log(`dstok ended: ${why}`);
      this.#retry();
    });
  }

  stop() {
    this.#starts++;
    this.#current?.drain();
    this.#current = null;
  }

  #retry() {
    const starts = this.#starts;
    const wait = Math.min(RESTART_MS.first * 2 ** this.#failures++, RESTART_MS.most);
    setTimeout(() => {
      if (starts !== this.#starts) return;
      this.start().then(() => { this.#failures = 0; }, (error) => this.#log(error.message));
    }, wait).unref();
  }
}
