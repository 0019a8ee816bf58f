// Shows what the WebAssembly module says about a token. Makes no request and stores nothing.
"use strict";

// Only a hostile token exceeds these limits. Indentation makes a deeply nested payload much longer.
const LONGEST_TEXT = 2_000;
const LONGEST_PAYLOAD = 20_000;
const LONGEST_INDENTED = 100_000;
const MOST_PLACES = 500;

// Characters that are invisible or change the direction of text, except spaces.
const DECEPTIVE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const SHORT = { "\t": "\\t", "\n": "\\n", "\r": "\\r" };

const VERDICTS = {
  unchecked: ["unknown", "?", "Nothing is wrong, but the signature is not checked"],
  expired: ["fails", "!", "This token has expired"],
  invalid: ["fails", "!", "This token is not valid"],
};

const WHAT_TO_DO = {
  unchecked:
    "Anyone can write a token like this. To find out whether it is genuine, " +
    "run “dstok inspect” with the secret on your own machine.",
  expired: "Create a new token.",
  invalid: "Copy the whole token again, from dstok_ to its end. If that doesn’t help, create a new one.",
};

const UNITS = [
  [365.25 * 86_400, "year"],
  [86_400, "day"],
  [3_600, "hour"],
  [60, "minute"],
  [1, "second"],
];

const element = (id) => document.getElementById(id);

/** Make an element with a class and text or children. */
function make(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/** Escape invisible characters and cut long text, because a token may come from anywhere. */
function visible(text) {
  if (text.length > LONGEST_TEXT) {
    return `${visible(text.slice(0, LONGEST_TEXT))}… (${text.length} characters)`;
  }
  const code = (character) => character.codePointAt(0).toString(16);
  return text.replace(DECEPTIVE, (character) => SHORT[character] ?? `\\u{${code(character)}}`);
}

/** The JSON of a payload, with escapes for invisible characters. Indented unless that is very long. */
function payloadText(payload) {
  const compact = JSON.stringify(payload);
  if (payload === null || compact.length > LONGEST_PAYLOAD) return null;
  const unit = (_, at, text) => `\\u${text.charCodeAt(at).toString(16).padStart(4, "0")}`;
  const escape = (hidden) => hidden.replace(/[^]/g, unit);
  const indented = JSON.stringify(payload, null, 2);
  const text = indented.length > LONGEST_INDENTED ? compact : indented;
  return text.split("\n").map((line) => line.replace(DECEPTIVE, escape)).join("\n");
}

/** Parse JSON. Numbers keep their digits where the browser can do so, as objects with `rawJSON`. */
function parse(json) {
  if (!JSON.rawJSON) return JSON.parse(json);
  return JSON.parse(json, (_, value, context) =>
    typeof value === "number" && context?.source ? JSON.rawJSON(context.source) : value,
  );
}

const digits = (number) => number.rawJSON ?? String(number);

/** The date and time of Unix seconds, or just the number where the calendar ends. */
function utc(number) {
  const date = new Date(Number(digits(number)) * 1000);
  const year = date.getUTCFullYear();
  if (!(Math.abs(year) <= 9999)) return `${visible(digits(number))} (Unix seconds, outside the calendar)`;
  return date.toISOString().replace("T", " ").replace(".000Z", " UTC").replace(/^-00/, "-");
}

/** The distance of Unix seconds from now: "3 days ago", "in 1 hour". */
function relative(number, now) {
  const seconds = Number(digits(number));
  const distance = Math.abs(seconds - now);
  const [length, unit] = UNITS.find(([length]) => distance >= length) ?? [];
  if (!length) return "now";
  const count = Math.floor(distance / length);
  if (count > 1e6) return seconds < now ? "long ago" : "far in the future";
  const words = `${count} ${unit}${count > 1 ? "s" : ""}`;
  return seconds < now ? `${words} ago` : `in ${words}`;
}

const moment = (number, now) => `${utc(number)}, ${relative(number, now)}`;

/** A string as it is, anything else as JSON. */
function actor(id) {
  return typeof id === "string" ? visible(id) : `${visible(JSON.stringify(id))} (not a string)`;
}

/** Whether a payload is an object with a member. */
function has(payload, name) {
  return typeof payload === "object" && payload !== null && Object.hasOwn(payload, name);
}

/** The places where a token may do something, as [where, actions]. */
function places(restrictions) {
  const rows = [["Everywhere", restrictions.all]];
  for (const [database, names] of Object.entries(restrictions.database)) {
    rows.push([`Database ${database}`, names]);
  }
  for (const [database, resources] of Object.entries(restrictions.resource)) {
    for (const [name, names] of Object.entries(resources)) rows.push([`${database}/${name}`, names]);
  }
  return rows.map(([where, names]) => [where, names.join(", ")]).filter(([, actions]) => actions);
}

/** A sentence about what a token allows; null if the table shows it or it is unknown. */
function mayDo(found, rows) {
  if (found.restrictions !== null) return rows.length ? null : "Nothing: its restrictions are empty";
  if (has(found.payload, "_r")) return "Unknown: its restrictions are malformed";
  return found.status === "invalid" ? null : "Whatever its actor may do";
}

/** The list of facts as [label, text]. */
function* facts(found, rows, now) {
  yield ["Signature", found.signature === "unchecked" ? "Not checked" : "Invalid"];
  if (found.actor_id !== null || has(found.payload, "a")) yield ["Actor", actor(found.actor_id)];
  if (found.created !== null) {
    yield ["Created", moment(found.created, now)];
    yield ["Expires", found.expires === null ? "Never" : moment(found.expires, now)];
  }
  if (found.payload === null) return;
  const may = mayDo(found, rows);
  if (may) yield ["May do", may];
  if (found.unknown_actions.length) {
    const names = visible(found.unknown_actions.join(", "));
    yield ["Unknown", `${names} (not an action of Datasette ${wasm_bindgen.datasette_version()})`];
  }
}

function showVerdict(found) {
  const [level, mark, title] = VERDICTS[found.status];
  const lines = [make("h2", "", title)];
  if (found.status === "invalid") lines.push(make("p", "", `${found.reason}.`));
  lines.push(make("p", "", WHAT_TO_DO[found.status]));
  const sign = make("span", "mark", mark);
  sign.setAttribute("aria-hidden", "true");
  element("verdict").replaceChildren(make("div", level, sign, ...lines));
}

function showAnswer(found, now) {
  const rows = found.restrictions ? places(found.restrictions) : [];
  const text = payloadText(found.payload);
  const list = [...facts(found, rows, now)];
  if (text === null && found.payload !== null) list.push(["Payload", "Too long to show"]);
  const items = list.map(([label, text]) => make("div", "", make("dt", "", label), make("dd", "", text)));
  element("facts").replaceChildren(...items);
  const shown = rows.slice(0, MOST_PLACES).map(([where, actions]) => {
    const header = make("th", "", visible(where));
    header.scope = "row";
    return make("tr", "", header, make("td", "", visible(actions)));
  });
  if (rows.length > shown.length) {
    shown.push(make("tr", "", make("td", "", `and ${rows.length - shown.length} more places`)));
  }
  element("places").tBodies[0].replaceChildren(...shown);
  element("places").hidden = !shown.length;
  element("payload").lastElementChild.textContent = text;
  element("payload").firstElementChild.textContent = found.compressed ? "Payload (compressed)" : "Payload";
  element("payload").hidden = text === null;
  element("answer").hidden = false;
}

function show() {
  const pasted = element("token").innerText;
  element("clear").hidden = !pasted;
  element("verdict").replaceChildren();
  element("answer").hidden = true;
  if (!pasted.trim()) return;
  const now = Date.now() / 1000;
  try {
    const found = parse(wasm_bindgen.inspect_token(pasted, now));
    showVerdict(found);
    showAnswer(found, now);
  } catch (error) {
    element("verdict").replaceChildren(make("p", "", "The decoder failed. Reload the page, and report this as a bug."));
    throw error;
  }
}

function clear() {
  element("token").textContent = "";
  show();
  element("token").focus();
}

async function start() {
  const bytes = Uint8Array.from(atob(WASM_BASE64), (character) => character.charCodeAt(0));
  await wasm_bindgen({ module_or_path: bytes });
  const field = element("token");
  // Older browsers know only "true".
  field.setAttribute("contenteditable", "plaintext-only");
  if (!field.isContentEditable) field.contentEditable = "true";
  field.addEventListener("input", show);
  element("clear").addEventListener("click", clear);
  // Otherwise the browser restores the token with the page.
  addEventListener("pagehide", clear);
  show();
}

start();
