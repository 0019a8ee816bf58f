"""create_token: plain, expiring and restricted tokens, secrets, settings, action tables."""

from oracle.scenario import scenario

# Every action any release registered, in the order of 1.0a41's start-up.
ACTIONS = (
    "view-instance permissions-debug debug-menu view-database view-database-download execute-sql "
    "execute-write-sql create-table create-view store-query view-table insert-row delete-row "
    "update-row alter-table set-column-type drop-table drop-view view-query update-query delete-query"
).split()


def token(name, about, params, **config):
    """Return a create_token scenario."""
    return scenario(name, about, "create_token", params, **config)


def restricted(name, about, all=None, database=None, resource=None, **config):
    """Return the same restrictions twice: as restrict_* and as `restrictions`."""
    older = {"restrict_all": all, "restrict_database": database, "restrict_resource": resource}
    newer = {"all": all, "database": database, "resource": resource}
    older = {key: value for key, value in older.items() if value is not None}
    newer = {key: value for key, value in newer.items() if value is not None}
    return [
        token(name, about, {"actor_id": "root", **older}, **config),
        token(
            f"{name}_newer_shape",
            f"{about}; as one restrictions object",
            {"actor_id": "root", "restrictions": newer},
            **config,
        ),
    ]


def plain():
    """Tokens without expiry or restrictions."""
    actors = [
        ("root", "root", "the shortest useful token"),
        ("empty_string", "", "an empty string is an actor id, not a missing one"),
        ("null", None, "null is written, it has no default"),
        ("true", True, "a boolean stays one"),
        ("false", False, "a false actor id is not left out"),
        ("empty_list", [], "an empty list is kept"),
        ("empty_object", {}, "an empty object is kept"),
        ("nested", {"b": [1, {"z": None, "a": []}], "a": {}}, "key order is kept, nothing is sorted"),
        ("empty_key", {"": ""}, "an empty key is a key"),
        ("with_spaces", "a b  c", "spaces in strings survive compact separators"),
        ("separators_inside", ", : {} []", "punctuation in strings is not JSON syntax"),
        ("looks_like_token", "dstok_abc.def", "no special meaning of the prefix or of dots"),
        ("100_characters", "a1b2c3d4e5" * 10, "long enough to be compressed"),
    ]
    made = [token(f"actor_id_{key}", about, {"actor_id": id_}) for key, id_, about in actors]
    spelled = [
        ("params_by_position", "positions follow the table", '["root"]'),
        ("params_all_positions_null", "null means the default", '["root",null,null,null,null,null,null]'),
        ("params_all_names_null", "null means the default",
         '{"actor_id":"root","expires_after":null,"restrict_all":null,"restrict_database":null,'
         '"restrict_resource":null,"restrictions":null,"now":null}'),
        ("params_name_escaped", "names are compared after unescaping", r'{"\u0061ctor\u005fid":"root"}'),
        ("params_reversed_order", "the payload's order is its own", '{"expires_after":60,"actor_id":"root"}'),
        ("params_whitespace", "whitespace in a request never reaches the payload",
         '\t{ "actor_id" :\t{ "a" : [ 1 , 2 , { } , [ ] ] ,\r "b" : null } } '),
    ]
    made += [token(name, about, text) for name, about, text in spelled]
    clocks = [
        ("zero", 0, "the epoch"),
        ("negative", -5, "before 1970"),
        ("fraction", 1700000000.999999, "int() cuts, it does not round"),
        ("negative_fraction", -0.5, "int() cuts towards zero, without a sign"),
        ("negative_1_9", -1.9, "int() cuts towards zero, not down"),
        ("minus_zero", -0.0, "int(-0.0) is 0"),
        ("2_pow_31", 2147483648, "past 32 bits"),
        ("2_pow_53", 9007199254740992, "where doubles stop being exact"),
        ("2_pow_63", 9223372036854775808, "past a signed 64-bit integer"),
        ("1e22", 1e22, "the last power of ten that a double holds exactly"),
        ("1e23", 1e23, "t is all digits of the double"),
        ("1e300", 1e300, "301 digits"),
        ("max", 1.7976931348623157e308, "the largest double"),
        ("negative_1e300", -1e300, "301 digits and a sign"),
        ("tiny", 5e-324, "cuts to 0"),
        ("just_below_one", 0.9999999999999999, "cuts to 0"),
    ]
    for key, now, about in clocks:
        made.append(token(f"clock_{key}", about, ["root"], now=now))
    parameters = [
        ("integer", "0", "overrides the clock, even with 0"),
        ("float", "1.5e9", "a float is a clock as time.time() is"),
        ("2_pow_53_plus_1", "9007199254740993", "an integer becomes a double first, ties to even"),
        ("2_pow_53_plus_3", "9007199254740995", "an integer becomes a double first, ties to even, upwards"),
        ("25_digits", "1234567890123456789012345", "a long integer is rounded once"),
        ("300_digits", "9" * 300, "a very long integer is rounded once"),
        ("negative", "-1700000000.75", "cuts towards zero"),
        ("exponent", "17E+8", "any spelling of a number"),
    ]
    for key, text, about in parameters:
        made.append(token(f"now_parameter_{key}", about, f'{{"actor_id":"root","now":{text}}}'))
    return made


def expiry():
    """Tokens with expires_after."""
    durations = [
        ("one", "1", "the smallest duration"),
        ("hour", "3600", "the usual case"),
        ("zero", "0", "0 means no expiry at all"),
        ("minus_zero", "-0", "-0 is the integer 0"),
        ("null", "null", "null means no expiry"),
        ("negative", "-1", "a negative duration is stored"),
        ("2_pow_31", "2147483648", "past 32 bits"),
        ("2_pow_63", "9223372036854775808", "past a signed 64-bit integer"),
        ("2_pow_64", "18446744073709551616", "past an unsigned 64-bit integer"),
        ("minus_2_pow_63_minus_1", "-9223372036854775809", "below a signed 64-bit integer"),
        ("100_digits", "1" + "0" * 99, "integers have no size"),
        ("4300_digits", "7" * 4300, "the longest integer Python reads"),
    ]
    made = [
        token(f"expires_after_{key}", about, f'{{"actor_id":"root","expires_after":{text}}}')
        for key, text, about in durations
    ]
    made.append(token("expires_after_by_position", "second position", '["root",3600]'))
    made.append(token("expires_after_with_restrictions", "d stands before _r",
                      {"actor_id": "root", "restrict_all": ["view-instance"], "expires_after": 60}))
    return made


def restrictions():
    """Every shape of restrictions, empty ones too, and every action."""
    three = {"fixtures": ["view-database", "execute-sql"], "docs": ["view-query"]}
    tables = {"docs": {"attachments": ["insert-row", "update-row"], "b": ["view-table"]}}
    cases = [
        ("restrict_all", "actions for the instance", {"all": ["view-instance", "view-table"]}),
        ("restrict_database", "several databases in their order", {"database": three}),
        ("restrict_resource", "several tables in their order", {"resource": tables}),
        ("restrict_everything", "a, d, r in this order",
         {"resource": tables, "database": three, "all": ["view-instance"]}),
        ("restrict_all_and_resource", "no d between a and r", {"all": ["view-instance"], "resource": tables}),
        ("restrict_database_and_resource", "no a before d", {"database": three, "resource": tables}),
        ("restrict_all_duplicates", "duplicates are kept",
         {"all": ["view-table", "view-table", "vt", "view-instance", "view-table"]}),
        ("restrict_all_order", "actions are not sorted", {"all": ["update-row", "delete-row", "insert-row"]}),
        ("restrict_all_empty", "as if absent", {"all": []}),
        ("restrict_database_empty", "as if absent", {"database": {}}),
        ("restrict_resource_empty", "as if absent", {"resource": {}}),
        ("restrict_three_empties", "no _r at all", {"all": [], "database": {}, "resource": {}}),
        ("restrict_all_empty_beside_database", "only the filled one is written",
         {"all": [], "database": {"docs": ["view-database"]}}),
        ("restrict_database_no_actions", "an empty list of actions stays", {"database": {"docs": []}}),
        ("restrict_resource_no_actions", "an empty list of actions stays", {"resource": {"docs": {"t": []}}}),
        ("restrict_resource_empty_database", 'gives "r":{}', {"resource": {"docs": {}}}),
        ("restrict_resource_two_empty_databases", 'gives "r":{} too', {"resource": {"docs": {}, "more": {}}}),
        ("restrict_resource_empty_before_filled", "the empty database vanishes",
         {"resource": {"empty": {}, "docs": {"t": ["view-table"]}}}),
        ("restrict_unknown_action", "unknown names stay as they are", {"all": ["fly", "view-instance"]}),
        ("restrict_already_abbreviated", "an abbreviation is an unknown name", {"all": ["vi", "es"]}),
        ("restrict_action_upper_case", "names are compared exactly", {"all": ["View-Instance", "VIEW-TABLE"]}),
        ("restrict_action_with_spaces", "names are not trimmed", {"all": [" view-instance", "view-table "]}),
        ("restrict_action_underscores", "names are not normalised", {"all": ["view_instance"]}),
        ("restrict_action_empty_name", "an empty name is a name", {"all": [""]}),
        ("restrict_empty_keys", "empty database and table names",
         {"database": {"": ["view-database"]}, "resource": {"": {"": ["view-table"]}}}),
        ("restrict_every_action", "every abbreviation of the release at once", {"all": ACTIONS}),
        ("restrict_keys_like_payload", "names that the payload uses itself",
         {"database": {"a": ["d"], "d": ["r"]}, "resource": {"r": {"_r": ["a"]}, "t": {"a": ["t"]}}}),
        ("restrict_numeric_keys_order", "keys that look like numbers keep their order",
         {"database": {"10": ["view-database"], "9": ["view-database"], "-1": []}}),
    ]
    made = [one for name, about, shape in cases for one in restricted(name, about, **shape)]
    made += [
        token(f"action_{action.replace('-', '_')}", "its abbreviation, in the releases that have it",
              {"actor_id": "root", "restrict_database": {"docs": [action]}})
        for action in ACTIONS
    ]
    made += [
        token("restrictions_empty_object", "no _r", {"actor_id": "root", "restrictions": {}}),
        token("restrictions_null_members", "null members are as if absent",
              {"actor_id": "root", "restrictions": {"all": None, "database": None, "resource": None}}),
        token("restrictions_members_reversed", "the payload's order is its own",
              '{"restrictions":{"resource":{"d":{"t":["view-table"]}},"all":["view-instance"]},"actor_id":1}'),
        token("restrictions_by_position", "sixth position",
              '["root",60,null,null,null,{"all":["view-instance"]}]'),
        token("restrict_by_position", "third to fifth position",
              '["root",null,["view-instance"],{"d":["execute-sql"]},{"d":{"t":["insert-row"]}}]'),
        token("restrict_empties_by_position", "empty collections by position", '["root",60,[],{},{}]'),
        token("restrict_whitespace", "whitespace inside collections vanishes",
              '{"actor_id":"root","restrict_resource":{ "d" : { "t" : [ "view-table" ,"insert-row" ] } } }'),
    ]
    return made


def settings_and_actions():
    """Settings that change minting, and other tables of actions."""
    shape = {"all": ["view-instance", "execute-sql"], "resource": {"docs": {"t": ["insert-row", "mine"]}}}
    off = {"allow_signed_tokens": False}
    plugin = {"view-instance": "vi", "mine": "m", "long-action-of-a-plugin": "la", "insert-row": "xx"}
    made = [
        token("allow_signed_tokens_off", "minting fails from 1.0a25 on only", ["root"], settings=off),
        token("allow_signed_tokens_off_restricted", "fails with restrictions too",
              {"actor_id": "root", "restrict_all": ["view-instance"]}, settings=off),
        token("allow_signed_tokens_on", "the default, said aloud", ["root"], settings={"allow_signed_tokens": True}),
        token("max_signed_tokens_ttl_no_expiry", "the cap is no part of the token", ["root"],
              settings={"max_signed_tokens_ttl": 60}),
        token("max_signed_tokens_ttl_longer", "the cap does not shorten d", ["root", 3600],
              settings={"max_signed_tokens_ttl": 60}),
        scenario("allow_signed_tokens_off_sign", "sign does not care", "sign", ["x", "token"], settings=off),
    ]
    made += restricted("actions_none", "a Datasette never started abbreviates nothing", **shape, actions="none")
    made += restricted("actions_empty_table", "an empty table abbreviates nothing", **shape, actions={})
    made += restricted("actions_of_plugin", "a plugin's abbreviations; built-in ones not given are unknown",
                       **shape, actions=plugin)
    made += restricted("actions_abbr_null", "without abbreviation the name stays", **shape,
                       actions={"view-instance": None, "mine": "m"})
    made += restricted("actions_abbr_empty", "an empty abbreviation is none", **shape,
                       actions={"view-instance": "", "insert-row": "ir"})
    made += restricted("actions_abbr_unicode", "names and abbreviations outside ASCII",
                       all=["véxation", "日本", "q"], actions={"véxation": "é", "日本": "日", "q": "\U0001d54f\"\n"})
    made += restricted("actions_abbr_is_another_name", "abbreviating happens once",
                       all=["one", "two"], actions={"one": "two", "two": "three"})
    made += restricted("actions_same_abbr_twice", "two names, one abbreviation",
                       all=["one", "two"], actions={"one": "o", "two": "o"})
    made += restricted("actions_empty_name", "the empty name can have an abbreviation",
                       all=["", "x"], actions={"": "e"})
    return made


def secrets():
    """Secrets of every length and alphabet."""
    cases = [
        ("one_byte", "s", "the shortest"),
        ("63_bytes", "k" * 63, "one below the block of SHA-1"),
        ("64_bytes", "k" * 64, "the block of SHA-1"),
        ("65_bytes", "k" * 65, "one over the block of SHA-1"),
        ("200_bytes", "0123456789" * 20, "several blocks"),
        ("10000_bytes", "0123456789" * 1000, "no limit"),
        ("non_ascii", "gehéim-秘密-\U0001f511", "UTF-8 bytes are what is hashed"),
        ("not_normalised", "e\u0301\u00e9", "no Unicode normalisation"),
        ("newline_inside", "first\nsecond", "only a trailing newline of a file is stripped"),
        ("spaces_around", "  secret  ", "spaces belong to it"),
        ("quotes_and_backslash", "\"'\\$`", "no shell or JSON quoting"),
        ("looks_like_list", "a,b c", "one secret, not a list"),
    ]
    made = []
    for key, secret, about in cases:
        made.append(token(f"secret_{key}", about, ["root"], secret=secret))
        made.append(scenario(f"secret_{key}_sign", f"{about}; sign", "sign", {"value": 1}, secret=secret))
    return made


GROUPS = {
    "create_token_plain": plain,
    "create_token_expiry": expiry,
    "create_token_restrictions": restrictions,
    "settings_and_actions": settings_and_actions,
    "secrets": secrets,
}
