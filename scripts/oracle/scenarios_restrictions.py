"""restrictions_allow_action: what an `_r` allows."""

import json

from oracle.scenario import scenario


def allows(name, about, restrictions, action, *resource, **config):
    """Return a scenario of restrictions_allow_action; `restrictions` is JSON text or an object."""
    text = restrictions if isinstance(restrictions, str) else json.dumps(restrictions, ensure_ascii=False)
    members = [f'"restrictions":{text}', f'"action":{json.dumps(action, ensure_ascii=False)}']
    if resource:
        members.append(f'"resource":{json.dumps(resource[0], ensure_ascii=False)}')
    return scenario(f"allow_{name}", about, "restrictions_allow_action", "{" + ",".join(members) + "}", **config)


TABLE = ["docs", "attachments"]


def levels():
    """The members a, d and r, and what a resource is."""
    a, d, r = {"a": ["vt"]}, {"d": {"docs": ["vt"]}}, {"r": {"docs": {"attachments": ["vt"]}}}
    everything = {**a, "d": {"docs": ["es"]}, "r": {"docs": {"attachments": ["ir"]}}}
    cases = [
        ("all_without_resource", "allowed everywhere", a, "view-table", None),
        ("all_database", "allowed everywhere", a, "view-table", "docs"),
        ("all_table", "allowed everywhere", a, "view-table", TABLE),
        ("all_other_action", "another action", a, "insert-row", TABLE),
        ("database_exact", "the database itself", {"d": {"docs": ["vd"]}}, "view-database", "docs"),
        ("database_other", "another database", {"d": {"docs": ["vd"]}}, "view-database", "docs2"),
        ("database_prefix", "names are compared whole", {"d": {"docs": ["vd"]}}, "view-database", "doc"),
        ("database_case", "databases are compared exactly", {"d": {"docs": ["vd"]}}, "view-database", "Docs"),
        ("database_reaches_tables", "a database's actions hold for its tables", d, "view-table", TABLE),
        ("database_other_table", "not for tables of another", d, "view-table", ["more", "attachments"]),
        ("database_without_resource", "not without a database", d, "view-table", None),
        ("database_empty_name", "an empty name counts as no database", {"d": {"": ["vd"]}}, "view-database", ""),
        ("database_empty_name_in_pair", "in a pair it is a name", {"d": {"": ["vt"]}}, "view-table", ["", "t"]),
        ("table_exact", "the table itself", r, "view-table", TABLE),
        ("table_other", "another table", r, "view-table", ["docs", "other"]),
        ("table_of_other_database", "the same table elsewhere", r, "view-table", ["more", "attachments"]),
        ("table_other_action", "another action", r, "insert-row", TABLE),
        ("table_for_database", "a table's actions do not reach its database", r, "view-table", "docs"),
        ("table_without_resource", "nor the instance", r, "view-table", None),
        ("table_empty_names", "empty names are names", {"r": {"": {"": ["vt"]}}}, "view-table", ["", ""]),
        ("table_no_implied_database", "no implied view-database", r, "view-database", "docs"),
        ("table_no_implied_instance", "no implied view-instance", r, "view-instance", None),
        ("query", "a query is a resource too", {"r": {"docs": {"q": ["vq"]}}}, "view-query", ["docs", "q"]),
        ("everything_all", "the first of three levels", everything, "view-table", "docs"),
        ("everything_database", "the second", everything, "execute-sql", "docs"),
        ("everything_table", "the third", everything, "insert-row", TABLE),
        ("everything_none", "none of the three", everything, "drop-table", TABLE),
        ("empty", "nothing is allowed", {}, "view-instance", None),
        ("empty_lists", "nothing is allowed", {"a": [], "d": {"docs": []}, "r": {"docs": {"attachments": []}}},
         "view-table", TABLE),
        ("empty_objects", "nothing is allowed", {"d": {}, "r": {}}, "view-table", TABLE),
        ("empty_database_in_r", "nothing is allowed", {"r": {"docs": {}}}, "view-table", TABLE),
        ("null_for_all", "null is as good as an empty list", {"a": None, "d": {"docs": ["vt"]}}, "view-table", TABLE),
        ("null_for_database", "null is as good as an empty list", {"d": {"docs": None}}, "view-table", TABLE),
        ("null_for_other_table", "null is as good as an empty list",
         {"r": {"docs": {"t": None, "attachments": ["vt"]}}}, "view-table", TABLE),
        ("other_members", "members nobody knows do not matter", {"x": 1, "t": ["vt"], "A": ["vt"]}, "view-table",
         TABLE),
        ("unicode_names", "any characters", {"r": {"d\u00f6cs": {"\U0001f511 \u2028": ["vt"]}}}, "view-table",
         ["d\u00f6cs", "\U0001f511 \u2028"]),
        ("not_normalised", "no Unicode normalisation", {"r": {"d": {"e\u0301": ["vt"]}}}, "view-table",
         ["d", "\u00e9"]),
    ]
    made = [allows(key, about, shape, action, resource) for key, about, shape, action, resource in cases]
    made += [
        allows("resource_left_out", "null means none", a, "view-table"),
        allows("null", "an actor without restrictions", "null", "drop-table"),
        allows("null_database", "an actor without restrictions", "null", "drop-table", "docs"),
        allows("null_table_unknown", "an actor without restrictions", "null", "fly", TABLE),
        scenario("allow_by_position", "three positions", "restrictions_allow_action", [r, "view-table", TABLE]),
        scenario("allow_by_two_positions", "the third may be absent", "restrictions_allow_action", [a, "view-table"]),
    ]
    return made


def actions():
    """Names, abbreviations and tables of actions."""
    plugin = {"view-table": "xx", "mine": "m", "view-instance": None, "empty": ""}
    cases = [
        ("full_name", "a full name is as good", {"a": ["view-table"]}, "view-table", {}),
        ("both", "both spellings", {"a": ["x", "view-table", "vt"]}, "view-table", {}),
        ("abbreviation_asked", "an abbreviation is an unknown action, compared as it is", {"a": ["vt"]}, "vt", {}),
        ("abbreviation_asked_full", "it is not lengthened", {"a": ["view-table"]}, "vt", {}),
        ("unknown", "an unknown action, listed", {"a": ["fly"]}, "fly", {}),
        ("unknown_not_listed", "an unknown action", {"a": ["vt"]}, "fly", {}),
        ("upper_case", "actions are compared exactly", {"a": ["VT", "View-Table"]}, "view-table", {}),
        ("upper_case_asked", "actions are compared exactly", {"a": ["vt", "view-table"]}, "View-Table", {}),
        ("with_space", "not trimmed", {"a": [" vt", "vt "]}, "view-table", {}),
        ("empty_name", "an empty name is a name", {"a": [""]}, "", {}),
        ("initials", "vtx is no abbreviation of view-table", {"a": ["vtx", "v"]}, "view-table", {}),
        ("none_abbreviation", "a Datasette never started knows no abbreviations", {"a": ["vt"]}, "view-table",
         {"actions": "none"}),
        ("none_full", "but full names", {"a": ["view-table"]}, "view-table", {"actions": "none"}),
        ("plugin_abbreviation", "a plugin's abbreviation", {"a": ["m"]}, "mine", {"actions": plugin}),
        ("plugin_replaces", "the table replaces the built-in one", {"a": ["vt"]}, "view-table", {"actions": plugin}),
        ("plugin_replaced", "the table replaces the built-in one", {"a": ["xx"]}, "view-table", {"actions": plugin}),
        ("plugin_null", "without abbreviation the full name counts", {"a": ["vi"]}, "view-instance",
         {"actions": plugin}),
        ("plugin_empty", "an empty abbreviation is none", {"a": [""]}, "empty", {"actions": plugin}),
        ("plugin_missing", "a built-in action that is not in the table", {"a": ["ir"]}, "insert-row",
         {"actions": plugin}),
    ]
    made = [
        allows(f"action_{key}", about, shape, action, None, **config) for key, about, shape, action, config in cases
    ]
    abbreviations = {
        "view-instance": "vi", "view-database": "vd", "view-database-download": "vdd", "view-query": "vq",
        "execute-sql": "es", "permissions-debug": "pd", "debug-menu": "dm", "insert-row": "ir", "delete-row": "dr",
        "update-row": "ur", "create-table": "ct", "alter-table": "at", "drop-table": "dt", "set-column-type": "sct",
        "execute-write-sql": "ews", "store-query": "sq", "update-query": "uq", "delete-query": "dq",
        "create-view": "cv", "drop-view": "dv",
    }
    made += [
        allows(f"abbreviation_{short}", f"stands for {name} in the releases that have it", {"a": [short]}, name)
        for name, short in abbreviations.items()
    ]
    return made


def case_folding():
    """From 1.0a39 on, ASCII letters of tables are compared without case."""
    def of(table, *names):
        return {"r": {"docs": {table: list(names or ("vt",))}}}

    upper = {"r": {"docs": {"Users": ["vt"]}}}
    cases = [
        ("lower", upper, "view-table", ["docs", "users"], "asked in lower case"),
        ("upper", upper, "view-table", ["docs", "USERS"], "asked in upper case"),
        ("database", upper, "view-table", ["Docs", "Users"], "databases are never folded"),
        ("all_letters", of("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), "view-table", ["docs", "abcdefghijklmnopqrstuvwxyz"],
         "all 26"),
        ("neighbours", of("@[`{"), "view-table", ["docs", "`{@["], "only letters"),
        ("umlaut", of("M\u00dcNCHEN"), "view-table", ["docs", "m\u00fcnchen"], "ASCII only"),
        ("umlaut_beside_ascii", of("M\u00fcNCHEN"), "view-table", ["docs", "m\u00fcnchen"], "the ASCII letters of it"),
        ("sharp_s", of("STRASSE"), "view-table", ["docs", "stra\u00dfe"], "no full case folding"),
        ("kelvin", of("\u212a"), "view-table", ["docs", "k"], "the Kelvin sign is no k"),
        ("long_s", of("\u017f"), "view-table", ["docs", "s"], "the long s is no s"),
        ("dotless_i", of("I"), "view-table", ["docs", "\u0131"], "no Turkish i"),
        ("fullwidth", of("\uff21"), "view-table", ["docs", "\uff41"], "ASCII only"),
        ("full_name", of("Users", "view-table"), "view-table", ["docs", "users"], "with the full name of the action"),
        ("two_spellings", {"r": {"docs": {"Users": ["ir"], "users": ["vt"], "USERS": ["ur"]}}}, "update-row",
         ["docs", "uSERS"], "every spelling counts"),
        ("two_spellings_none", {"r": {"docs": {"Users": ["ir"], "users": ["vt"]}}}, "update-row", ["docs", "users"],
         "none of them has it"),
        ("two_spellings_exact", {"r": {"docs": {"Users": ["ir"], "users": ["vt"]}}}, "insert-row", ["docs", "users"],
         "another spelling has it"),
        ("query", {"r": {"docs": {"Report": ["vq"]}}}, "view-query", ["docs", "report"], "queries are never folded"),
        ("query_update", {"r": {"docs": {"Report": ["uq"]}}}, "update-query", ["docs", "report"],
         "queries are never folded"),
        ("database_action", {"r": {"docs": {"Users": ["ct"]}}}, "create-table", ["docs", "users"],
         "not an action on tables"),
        ("unknown_action", {"r": {"docs": {"Users": ["fly"]}}}, "fly", ["docs", "users"], "nobody knows on what"),
        ("abbreviation_asked", upper, "vt", ["docs", "users"], "nobody knows on what"),
    ]
    made = [allows(f"case_{key}", about, shape, action, resource) for key, shape, action, resource, about in cases]
    for short, name in (("ir", "insert-row"), ("dr", "delete-row"), ("ur", "update-row"), ("at", "alter-table"),
                        ("dt", "drop-table"), ("sct", "set-column-type"), ("dv", "drop-view")):
        made.append(allows(f"case_action_{short}", "an action on tables", of("Users", short, name), name,
                           ["docs", "users"]))
    made += [
        allows("case_none", "a Datasette never started does not know which actions are on tables",
               of("Users", "view-table"), "view-table", ["docs", "users"], actions="none"),
        allows("case_plain_table", "built-in names are still actions on tables", of("Users", "xx"), "view-table",
               ["docs", "users"], actions={"view-table": "xx"}),
        allows("case_plain_table_other", "a plugin's are not known to be", of("Users", "m"), "mine",
               ["docs", "users"], actions={"mine": "m"}),
        allows("case_actions_file_table", "resource_class says so", of("Users", "m"), "mine", ["docs", "users"],
               actions=body(("mine", "m", "TableResource"))),
        allows("case_actions_file_query", "resource_class says otherwise", of("Users", "vt"), "view-table",
               ["docs", "users"], actions=body(("view-table", "vt", "QueryResource"))),
        allows("case_actions_file_null", "resource_class says otherwise", of("Users", "vt"), "view-table",
               ["docs", "users"], actions=body(("view-table", "vt", None))),
    ]
    return made


def body(*actions):
    """Return a body of /-/actions.json with these (name, abbr, resource_class)."""
    return {
        "ok": True,
        "actions": [{"name": name, "abbr": abbr, "resource_class": kind} for name, abbr, kind in actions],
    }


def malformed():
    """What no Datasette would be called with."""
    shapes = [
        ("list", "[]"), ("string", '"vt"'), ("number", "1"),
        ("a_string", '{"a":"vt"}'), ("a_object", '{"a":{"vt":1}}'), ("a_number", '{"a":1}'),
        ("a_of_numbers", '{"a":["vt",1]}'), ("a_of_lists", '{"a":["vt",["vt"]]}'), ("a_of_null", '{"a":[null]}'),
        ("d_list", '{"a":["vt"],"d":["vt"]}'), ("d_null", '{"d":null}'), ("d_string", '{"d":{"docs":"vt"}}'),
        ("d_of_numbers", '{"d":{"docs":[1]}}'), ("r_list", '{"r":[]}'),
        ("r_null", '{"a":["vt"],"r":null}'), ("r_of_lists", '{"r":{"docs":["vt"]}}'),
        ("r_of_null", '{"r":{"docs":null}}'), ("r_of_strings", '{"r":{"docs":{"t":"vt"}}}'),
        ("r_of_numbers", '{"r":{"other":{"t":[1]}}}'),
    ]
    made = [
        allows(f"malformed_{key}", "no `_r`: an error, though Python might answer", text, "view-table", TABLE)
        for key, text in shapes
    ]
    resources = [
        ("empty_list", []), ("one", ["docs"]), ("three", ["docs", "t", "x"]), ("numbers", ["docs", 1]),
        ("null_inside", ["docs", None]), ("number", 5), ("true", True), ("object", {"database": "docs"}),
    ]
    made += [
        allows(f"resource_{key}", "neither null, nor a database, nor a pair", {"a": ["vt"]}, "view-table", resource)
        for key, resource in resources
    ]
    made += [
        allows(f"action_is_{key}", "an action is a string", {"a": ["vt"]}, action, None)
        for key, action in (("null", None), ("number", 1), ("list", ["view-table"]))
    ]
    return made


GROUPS = {
    "restrictions_levels": levels,
    "restrictions_actions": actions,
    "restrictions_case": case_folding,
    "restrictions_malformed": malformed,
}
