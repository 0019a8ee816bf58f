// Checks an OpenRPC document with the official meta-schema. Argument: its path.
const { readFileSync } = require("fs");
const Ajv = require("ajv").default;
const { openrpcDocument } = require("@open-rpc/meta-schema");
const { jsonSchema } = require("@json-schema-tools/meta-schema");

const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
ajv.addSchema(jsonSchema, "https://meta.json-schema.tools");
const validate = ajv.compile(openrpcDocument);

const document = JSON.parse(readFileSync(process.argv[2]));
if (!validate(document)) {
  console.error(ajv.errorsText(validate.errors, { separator: "\n" }));
  process.exit(1);
}
// The check itself can fail.
for (const wrong of [
  { ...document, methods: [{ ...document.methods[0], name: undefined }] },
  { ...document, methods: [{ ...document.methods[0], params: [{ name: "p" }] }] },
  { ...document, info: {} },
]) {
  if (validate(JSON.parse(JSON.stringify(wrong)))) {
    console.error("the meta-schema accepts a wrong document");
    process.exit(1);
  }
}
