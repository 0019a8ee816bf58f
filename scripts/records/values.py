"""Random values of records, and the ones that are wrong."""

from records import meaning

ACTORS = (
    "root", "alice", "a,b;c", 'say "hi"', '"', "two\nlines", "z\u00fcrich", "tab\there", "\u2028", " pad ",
    "\U0001f511", "42", "x" * 300, "\\", "'", "{}", "],[",
)
NOTES = ("", "1", '"', "a\r\nb", "{}", "],[", "\u2028", "'", "\\", "3600.0", '{"actor_id":"evil"}', ",;\t", '"",""\n')
ACTIONS = ("view-instance", "view-database", "view-table", "insert-row", "create-table", "unknown", "vt")
NAMES = ("docs", "a:b", "fixtures", "z\u00fcrich", "t1", "caf\u00e9", "\U0001f511")
BAD_CELLS = {
    "actor_id": ("",),
    "expires_after": ("1.5", "soon", "3600.", "1e3", "--1"),
    "restrict_all": ('["a', "[1]", "[[]]"),
    "restrict_database": ("docs", "docs:", "a/b:vt", '{"docs":"vt"}', '{"docs":[],"docs":["vt"]}'),
    "restrict_resource": ("docs:vt", "docs/:vt", '{"docs":["vt"]}', '{"docs":{}}'),
    "restrictions": ("vt", "[]", '{"all":["vt"],"more":[]}', '{"all":"vt"}', "null"),
    "now": ("soon", '"5"', "true", "1e999", "NaN"),
}
BAD_MEMBERS = (
    {"restrict_all": 5}, {"restrict_all": "vt"}, {"restrict_all": [1]}, {"restrict_all": {"a": 1}},
    {"restrict_database": {"a": "vt"}}, {"restrict_resource": {"a": ["vt"]}}, {"restrictions": []},
    {"restrictions": {"more": ["vt"]}}, {"expires_after": "60"}, {"expires_after": 60.0}, {"expires_after": True},
    {"now": "5"}, {"now": False},
)
ACTORS_OF_JSON = (42, -1.5, None, True, ["a", 1], {"id": 1.0, "z\u00fc": None})
BAD_LINES = (
    "[]", "{}", "5", "{", '{"actor_id":NaN}', '{"actor_id":"a"} x', '{"actor_id":"a","actor_id":"b"}',
    '{"actor_id":"a","restrict_all":["vt"],"restrict_all":null}', '{"actor_id":"a","note":1,"note":2}',
    '{"actor_id":"a","restrict_database":{"d":["vt"],"d":["vi"]}}', '{"actor_id":"a","note":"\\ud800"}',
    '{"actor_id":"\\ud800"}', '{"\\u0061ctor_id":"a"}', '{"actor_id":"a","\\u0072estrict_all":["vt"]}',
    '{"actor_id":"a","Restrict_all":["vt"]}', '{"actor_id":"a","note":1e999}', '{"actor_id":1e999}',
    '{"actor_id":"a","restrict_all":["vt"],"restrictions":{"all":["vi"]}}', '{"note":"no actor"}',
)
LONG = 8000  # actions of one record, over 64 KiB
NEAR = (
    "Restrictions", " restrictions", "restriction", "expiresAfter", "expire_after", "restrict_al", "restrictAll",
    "ACTOR ID", "Now", "restrict-database", "restrictions\u200b", "restrict_resuorce",
)
DEFAULTS = (
    ((), {}),
    (("--expires-after", "86400"), {"expires_after": 86400}),
    (
        ("-e", "60", "--all", "view-table", "--database", "docs", "view-database", "--resource", "docs", "t1", "vt"),
        {
            "expires_after": 60,
            "restrict_all": ["view-table"],
            "restrict_database": {"docs": ["view-database"]},
            "restrict_resource": {"docs": {"t1": ["vt"]}},
        },
    ),
)
BYTES = b'",;\t\n\r {}[]:\\a0_-.sA\f\xff\x00'
PIECES = (b'""', b'"', b"\r\n", b"\n\n", b'","', b'"\n"', b"\xef\xbb\xbf", b"\xc2\xa0", b"\xe2\x80\x8b",
          b"\\u0061", b"},{", b"null")


def random_record(rng):
    """Return a dict of create_token's parameters, those that are left out missing."""
    record = {"actor_id": rng.choice(ACTORS) + rng.choice(("", str(rng.randrange(10**6))))}
    if rng.random() < 0.5:
        record["expires_after"] = rng.choice((0, 1, 3600, -5, 10**20))
    if rng.random() < 0.4:
        record["restrict_all"] = actions(rng)
    if rng.random() < 0.4:
        record["restrict_database"] = {name: actions(rng) for name in names(rng)}
    if rng.random() < 0.4:
        record["restrict_resource"] = {name: {child: actions(rng) for child in names(rng)} for name in names(rng)}
    if rng.random() < 0.2:
        record["now"] = rng.choice((0, 1600000000, 1600000000.75, -5.5))
    return record


def actions(rng):
    return [rng.choice(ACTIONS) for _ in range(rng.randrange(1, 4))]


def names(rng):
    return rng.sample(NAMES, rng.randrange(1, 4))


def together(record):
    """Return a record with its restrictions in one object."""
    others = {name: value for name, value in record.items() if not name.startswith("restrict")}
    shape = {place: record[f"restrict_{place}"] for place in meaning.PLACES if f"restrict_{place}" in record}
    return {**others, "restrictions": shape} if shape else others


def items(value):
    """Return the items `action`, `db:action` or `db/table:action` of restrictions."""
    if isinstance(value, list):
        return value
    inner = [(name, items(values)) for name, values in value.items()]
    return [f"{name}{':' if isinstance(value[name], list) else '/'}{item}" for name, found in inner for item in found]
