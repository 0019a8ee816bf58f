// examples/gateway with a verifier that allows everything, to measure what verification costs.

import { parseArgs } from "node:util";
import { createGateway } from "../../examples/gateway/proxy.mjs";

const { values } = parseArgs({ options: { upstream: { type: "string" } }, strict: false });
const verifier = { call: async () => ({ actor: { id: "root" }, allowed: true }) };
const server = createGateway({ verifier, upstream: values.upstream, log: (line) => process.stderr.write(`${line}\n`) });
server.listen(0, "127.0.0.1", () => process.stderr.write(`listening on http://127.0.0.1:${server.address().port}\n`));
