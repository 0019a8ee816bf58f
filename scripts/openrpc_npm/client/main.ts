// Drives dstok with the client that @open-rpc/generator makes. The generator knows no transport for
// stdin and stdout, so this file has one.
// Arguments: the binary, and the OpenRPC document.
import assert from "assert";
import { ChildProcess, spawn } from "child_process";
import { readFileSync } from "fs";
import { Client, RequestManager } from "@open-rpc/client-js";
import { JSONRPCRequestData, getNotifications } from "@open-rpc/client-js/build/Request";
import { Transport } from "@open-rpc/client-js/build/transports/Transport";
import Dstok, { Access, Inspection, OptionalActor, ProcessInfo, Token } from ".";

class ProcessTransport extends Transport {
  private process?: ChildProcess;
  private unfinished = "";

  constructor(private command: string, private secret: string) {
    super();
  }

  connect(): Promise<void> {
    const environment = { ...process.env, DATASETTE_SECRET: this.secret };
    // A session of its own: Ctrl-C ends this program, and dstok with it.
    const child = spawn(this.command, ["serve", "--now", "1700000000"], {
      env: environment, stdio: ["pipe", "pipe", "inherit"], detached: true,
    });
    this.process = child;
    child.stdout!.setEncoding("utf8").on("data", (text: string) => this.read(text));
    return new Promise((resolve, reject) => {
      child.once("spawn", resolve).once("error", reject);
    });
  }

  private read(text: string) {
    const lines = (this.unfinished + text).split("\n");
    this.unfinished = lines.pop()!;
    lines.forEach((line) => this.transportRequestManager.resolveResponse(line));
  }

  sendData(data: JSONRPCRequestData, timeout: number | null = null): Promise<any> {
    const answer = this.transportRequestManager.addRequest(data, timeout);
    this.process!.stdin!.write(JSON.stringify(this.parseData(data)) + "\n");
    this.transportRequestManager.settlePendingRequest(getNotifications(data));
    return answer;
  }

  close() {
    this.process!.stdin!.end();
  }
}

function connect(secret: string): Dstok {
  const client = new Dstok({ transport: { type: "http", host: "localhost", port: 0 } });
  client.rpc = new Client(new RequestManager([new ProcessTransport(process.argv[2], secret)]));
  return client;
}

// What the types promise is there.
async function callWithTypes(client: Dstok) {
  const token: Token = await client.create_token("root", 3600, null, null, { docs: { t: ["view-table"] } });
  const actor: OptionalActor = await client.verify_token(token);
  assert.ok(actor !== null);
  assert.strictEqual(actor.token_expires, 1700003600);
  const inspection: Inspection = await client.inspect_token(token);
  assert.strictEqual(inspection.status, "valid");
  assert.ok(inspection.restrictions !== null);
  assert.deepStrictEqual(inspection.restrictions.resource, { docs: { t: ["view-table"] } });
  const access: Access = await client.token_allows_action(token, "view-table", ["docs", "t"]);
  assert.strictEqual(access.allowed, true);
  assert.strictEqual(await client.verify_token("no token"), null);
  const signed = await client.sign({ a: [1.5] }, "messages");
  assert.deepStrictEqual(await client.unsign(signed, "messages"), { a: [1.5] });
  const info: ProcessInfo = await client.configure(undefined, "1.0a36", "none", { max_signed_tokens_ttl: 60 });
  assert.strictEqual(info.settings.max_signed_tokens_ttl, 60);
  assert.strictEqual(info.datasette_version, "1.0a36");
  assert.strictEqual(await client.ping(), "pong");
  assert.strictEqual((await client.info()).secrets, 1);
}

async function fail(client: Dstok) {
  await assert.rejects(client.unsign("a.b"), (error: any) => error.code === 2 && error.data.kind === "bad_signature");
  // The client refuses what the schema refuses, and sends nothing.
  await assert.rejects(client.create_token("root", "soon" as any), (errors: any) => errors.length === 1);
}

// Each example of the document is true.
async function callExamples(client: Dstok, document: any): Promise<number> {
  let count = 0;
  for (const method of document.methods) {
    for (const example of method.examples) {
      if (["configure", "info"].includes(method.name)) {
        continue; // They show the process that answered the document.
      }
      const given = new Map(example.params.map((param: any) => [param.name, param.value]));
      const params = method.params.map((param: any) => given.get(param.name));
      while (params.length > 0 && params[params.length - 1] === undefined) {
        params.pop();
      }
      const result = await (client as any)[method.name](...params);
      assert.deepStrictEqual(result, example.result.value, example.name);
      count += 1;
    }
  }
  return count;
}

async function main() {
  const document = JSON.parse(readFileSync(process.argv[3], "utf8"));
  const clients = ["a secret for fixtures", "another secret"].map(connect);
  const count = await callExamples(clients[0], document);
  await callWithTypes(clients[1]);
  await fail(clients[1]);
  clients.forEach((client) => client.rpc.close());
  console.log(`${count} examples and every method`);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
