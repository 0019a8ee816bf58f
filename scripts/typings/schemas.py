"""From JSON Schema, as far as dstok uses it, to Python's type hints.

What a method takes is wider than what it returns: any mapping and any sequence but str, not only
dict and list. So each schema is read in one of two ways, `given` or not.
"""

from typings.layout import bracketed, docstring, union

PREFIX = "#/components/schemas/"
SCALARS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
# No type hint can say these.
BEYOND_TYPES = {"pattern", "minimum", "maximum", "minLength", "default", "title", "description"}


class SchemaFailure(Exception):
    """The document has something that this generator does not know. The message says what."""


class Types:
    """The types that schemas need, each before its first use."""

    def __init__(self, schemas):
        self._schemas = schemas
        self.sources = {}  # name -> source

    def hint(self, schema, given):
        """Return the type hint for a schema."""
        return " | ".join(self._parts(schema, given))

    def typed_dict(self, name, about, members, given):
        """Write a TypedDict. `members` is a list of name, schema, whether it is required, description."""
        required = [member for member in members if member[2]]
        optional = [member for member in members if not member[2]]
        if required and optional:
            self._class(f"_{name}", "TypedDict", f"The members of {name} that are always there.", required, given)
            self._class(name, f"_{name}, total=False", about, optional, given)
        else:
            self._class(name, "TypedDict, total=False" if optional else "TypedDict", about, members, given)

    def literal(self, name, about, values):
        """Write a Literal."""
        options = list(map(quoted, values))
        self._write(name, bracketed(f"{name}: TypeAlias = Literal[", options, "]") + "\n" + docstring(about))

    def _class(self, name, bases, about, members, given):
        lines = [f"class {name}({bases}):", docstring(about, 4)]
        for member, schema, _, description in members:
            lines += ["", f"    {member}: {self.hint(schema, given)}", docstring(description, 4)]
        self._write(name, "\n".join(lines))

    def _named(self, name, given):
        """Return the parts of a schema that has a name; write its type if that deserves one."""
        schema = self._schemas[name]
        about = schema["description"]
        if len(schema.get("enum", ())) > 1:
            self.literal(name, about, schema["enum"])
            return [name]
        if is_closed(schema):
            members = [
                (member, one, member in schema["required"], self._description(one))
                for member, one in schema["properties"].items()
            ]
            self.typed_dict(name, about, members, given)
            return [name]
        parts = self._parts(schema, given)
        plain = {*SCALARS.values(), "object", "Any", *self.sources}
        # A name is worth its while only for what takes more than a word.
        if not given or (parts[0] in plain and parts[1:] in ([], ["None"])):
            return parts
        self._write(name, union(name, parts) + "\n" + docstring(about))
        return [name]

    def _parts(self, schema, given):
        """Return the members of the union that a schema is, None last."""
        if "$ref" in schema:
            return self._named(schema["$ref"].removeprefix(PREFIX), given)
        if "oneOf" in schema:
            self._check(schema, {"oneOf"})
            choices = [one for one in schema["oneOf"] if not self._is_empty(one)]
            parts = dict.fromkeys(part for one in choices for part in self._parts(one, given))
            return sorted(parts, key="None".__eq__)
        if "enum" in schema or "const" in schema:
            self._check(schema, {"enum", "const", "type"})
            values = schema.get("enum", [schema.get("const")])
            return [f"Literal[{', '.join(map(quoted, values))}]"]
        match schema.get("type"):
            case None:
                self._check(schema, set())
                return ["object" if given else "Any"]
            case "array":
                return self._array(schema, given)
            case "object":
                return [self._object(schema, given)]
            case str(scalar) if scalar in SCALARS:
                self._check(schema, {"type"})
                return [SCALARS[scalar]]
        raise SchemaFailure(f"an unknown type: {schema}")

    def _array(self, schema, given):
        self._check(schema, {"type", "items", "minItems", "maxItems"})
        item = self.hint(schema["items"], given)
        if not given:
            return [f"list[{item}]"]
        least, most = schema.get("minItems"), schema.get("maxItems")
        if least != most:
            raise SchemaFailure(f"an array of {least} to {most} items")
        if least is None:
            return [f"SequenceNotStr[{item}]"]
        return [f"tuple[{', '.join([item] * least)}]", f"list[{item}]"]

    def _object(self, schema, given):
        """Return the hint of an object that may have members of any name."""
        self._check(schema, {"type", "properties", "required", "additionalProperties"})
        others = schema.get("additionalProperties", True)
        if is_closed(schema):
            raise SchemaFailure(f"an object without a name: {schema}")
        if isinstance(others, dict):
            return f"{'Mapping' if given else 'dict'}[str, {self.hint(others, given)}]"
        # A TypedDict cannot say "and other members".
        return "Mapping[str, object]" if given else "dict[str, Any]"

    def _is_empty(self, schema):
        """Tell whether this is an empty collection, which means null: one way to say it is enough."""
        name = schema.get("$ref", "").removeprefix(PREFIX)
        target = self._schemas.get(name, schema)
        return target.get("maxItems") == 0 or target.get("maxProperties") == 0

    def _description(self, schema):
        return self._schemas[schema["$ref"].removeprefix(PREFIX)]["description"]

    def _check(self, schema, known):
        unknown = set(schema) - known - BEYOND_TYPES
        if unknown:
            raise SchemaFailure(f"unknown keywords {sorted(unknown)} in {schema}")

    def _write(self, name, source):
        if self.sources.setdefault(name, source) != source:
            raise SchemaFailure(f"{name} is both taken and returned, and differs")


def is_closed(schema):
    """Tell whether a schema is an object that has these members and no others."""
    return "properties" in schema and schema["additionalProperties"] is False


def quoted(value):
    """Return a value of a Literal."""
    return f'"{value}"' if isinstance(value, str) else repr(value)
