// Make calls through vscode-jsonrpc, as it is. Arguments: the folder that it is installed in, then
// the command of the server. stdin: a JSON list of [method, params]. stdout: a list of answers.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const [folder, command, ...options] = process.argv.slice(2);
const { createMessageConnection, StreamMessageReader, StreamMessageWriter } = createRequire(`${folder}/x`)(
    "vscode-jsonrpc/node",
);
const calls = JSON.parse(readFileSync(0, "utf8"));
const server = spawn(command, options, { stdio: ["pipe", "pipe", "inherit"] });
const connection = createMessageConnection(
    new StreamMessageReader(server.stdout),
    new StreamMessageWriter(server.stdin),
);
connection.onError(([error]) => {
    throw error;
});
connection.listen();
// All are sent before the first is answered.
const answers = await Promise.all(
    calls.map(async ([method, params]) => {
        try {
            return { result: await connection.sendRequest(method, params) };
        } catch ({ code, message, data }) {
            return { error: { code, message, data } };
        }
    }),
);
await connection.sendNotification("ping", {});
connection.end();
server.stdin.end();
const status = await new Promise((resolve) => server.on("exit", resolve));
process.stdout.write(JSON.stringify(answers));
// Not process.exit(), which would not wait for a pipe.
process.exitCode = status;
