// Runs itsdangerous.js for the benchmark. The protocol is that of peer.py.

import {createInterface} from "node:readline";
import {isDeepStrictEqual} from "node:util";
import {BadData, URLSafeSerializer} from "itsdangerous.js";

const serializer = new URLSafeSerializer({secretKey: process.env.DATASETTE_SECRET, salt: "token"});

function answer({value, signed, count}) {
  if (signed === null) {
    let text;
    for (let n = 0; n < count; n++) {
      text = serializer.stringify(value);
    }
    return text.toString();
  }
  try {
    let read;
    for (let n = 0; n < count; n++) {
      read = serializer.parse(signed);
    }
    return isDeepStrictEqual(read, value);
  } catch (error) {
    if (error instanceof BadData) {
      return false;
    }
    throw error;
  }
}

for await (const line of createInterface({input: process.stdin})) {
  console.log(JSON.stringify(answer(JSON.parse(line))));
}
