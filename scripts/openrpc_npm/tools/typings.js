// Writes the typings of an OpenRPC document. Arguments: its path, the language, the file to write.
const { readFileSync, writeFileSync } = require("fs");
const { parseOpenRPCDocument } = require("@open-rpc/schema-utils-js");
const Typings = require("@open-rpc/typings").default;

const [path, language, out] = process.argv.slice(2);
parseOpenRPCDocument(JSON.parse(readFileSync(path))).then((document) => {
  const head = language === "go" ? "package dstok\n\n" : "";
  writeFileSync(out, head + new Typings(document).toString(language) + "\n");
});
