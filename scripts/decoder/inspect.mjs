// Write what the WebAssembly module says about tokens, a line of JSON for each.
// Usage: node inspect.mjs MODULE NOW < TOKENS (a JSON array)
import { readFileSync } from "node:fs";
import vm from "node:vm";

const [file, now] = process.argv.slice(2);
// Only what the module needs: no clock, no network and no files.
const context = vm.createContext({ atob, TextEncoder, TextDecoder });
const decoder = await vm.runInContext(`${readFileSync(file, "utf8")}
wasm_bindgen({ module_or_path: Uint8Array.from(atob(WASM_BASE64), (c) => c.charCodeAt(0)) })
  .then(() => wasm_bindgen);`, context);
for (const token of JSON.parse(readFileSync(0, "utf8"))) {
  console.log(decoder.inspect_token(token, Number(now)));
}
