// Runs the steps that scripts/test_clients gives it. Usage: node steps.mjs STEPS SECRET-FILE
// @ts-check
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { Dstok, DstokEnded, DstokError } from "./dstok.mjs";

/** @typedef {{ method: any, params: any }} Request */
/** @typedef {Request & { name: string, do: string, member: string, pairs: [string, any][], then: Request, count: number }} Step */

const [steps, secret] = process.argv.slice(2).map((path) => readFileSync(path, "utf8"));

async function start() {
  const dstok = new Dstok(process.env.DSTOK);
  await dstok.call("configure", { secret: secret.replace(/\n$/, "") });
  return dstok;
}

/** Send `count` calls at once, each with an actor of its own, and return their promises. */
function sendAll(/** @type {Dstok} */ dstok, /** @type {Step} */ { method, params, count }) {
  const actor = (/** @type {number} */ n) => (method === "create_token" ? { actor_id: `user-${n}` } : {});
  return Array.from({ length: count }, (_, n) => dstok.call(method, { ...params, ...actor(n) }));
}

/** @type {Record<string, (dstok: Dstok, step: Step) => Promise<any>>} */
const actions = {
  call: (dstok, { method, params }) => dstok.call(method, params),

  ordered: (dstok, { method, params, member, pairs }) => dstok.call(method, { ...params, [member]: new Map(pairs) }),

  notify(dstok, { method, params, then }) {
    dstok.notify(method, params);
    return dstok.call(then.method, then.params);
  },

  async pipeline(dstok, step) {
    const tokens = await Promise.all(sendAll(dstok, step));
    return createHash("sha256").update(tokens.map((token) => token + "\n").join("")).digest("hex");
  },

  async death(_, step) {
    const dstok = new Dstok(process.env.DSTOK_MORTAL);
    const calls = await Promise.allSettled(sendAll(dstok, step));
    const ended = calls.flatMap((call) => (call.status === "rejected" && call.reason instanceof DstokEnded ? [call.reason.message] : []));
    const later = await dstok.call("ping", {}).catch((error) => error.message);
    await dstok.close();
    return { answered: calls.filter((call) => call.status === "fulfilled").length, failed: ended.length, message: ended[0], later };
  },

  async restart(_, step) {
    const dstok = await start();
    const calls = sendAll(dstok, step);
    const exit = await dstok.close();
    return { answered: (await Promise.all(calls)).length, exit };
  },

  /** The same call `count` times, ten thousand at once. Returns how many answers are equal to the params. */
  async echo(dstok, { method, params, count }) {
    let right = 0;
    for (let left = count; left > 0; left -= 10_000) {
      const answers = await Promise.all(Array.from({ length: Math.min(left, 10_000) }, () => dstok.call(method, params)));
      right += answers.filter((answer) => isDeepStrictEqual(answer, params)).length;
    }
    return right;
  },
};

const dstok = await start();
for (const step of JSON.parse(steps)) {
  const outcome = await actions[step.do](dstok, step).then(
    (result) => ({ result }),
    (error) => {
      if (!(error instanceof DstokError)) throw error;
      const { code, kind, message, param = null } = error;
      return { error: { code, kind, message, param } };
    },
  );
  console.log(JSON.stringify({ name: step.name, ...outcome }));
}
await dstok.close();
