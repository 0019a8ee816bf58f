"""token_allows_action: the actor of a token, and whether its `_r` allows an action."""

from oracle.scenario import NOW, scenario
from oracle.scenarios_restrictions import TABLE, body
from oracle.scenarios_secrets import OLD
from oracle.scenarios_verify_token import OFF, of_payload, token


def allows(name, about, text, action="view-table", resource=None, **config):
    """Return a scenario of token_allows_action; `text` is a Recipe or a str."""
    params = {"token": text, "action": action}
    if resource is not None:
        params["resource"] = resource
    return scenario(f"token_allows_{name}", about, "token_allows_action", params, **config)


def restricted(restrictions, members="", **how):
    """Return the Recipe of a token with this `_r`, JSON text; `members` go before it, comma first."""
    return token(f'{members},"_r":{restrictions}', **how)


def answered():
    """Valid and invalid tokens."""
    table, expiring = restricted('{"r":{"docs":{"attachments":["vt"]}}}'), token(',"d":60')
    everything = restricted('{"a":["vi"],"d":{"docs":["es"]},"r":{"docs":{"attachments":["ir"]}}}', ',"d":60')
    made = [
        allows("unrestricted", "without `_r` everything is allowed", token(), "drop-table", TABLE),
        allows("unrestricted_unknown", "an unknown action too", token(), "fly"),
        allows("expiring", "the actor is that of verify_token", expiring),
        allows("actor_object", "any actor id", token(actor='{"x":[1.50]}')),
        allows("actor_lone_surrogate", "comes back as an escape", token(actor=r'"\ud800"')),
        allows("table", "the table itself", table, "view-table", TABLE),
        allows("table_other", "another table", table, "view-table", ["docs", "other"]),
        allows("table_other_action", "another action", table, "insert-row", TABLE),
        allows("table_for_database", "not its database", table, "view-table", "docs"),
        allows("table_without_resource", "nor the instance", table, "view-table"),
        allows("all", "the first of three levels", everything, "view-instance"),
        allows("database", "the second", everything, "execute-sql", "docs"),
        allows("child", "the third", everything, "insert-row", TABLE),
        allows("none", "none of the three", everything, "drop-table", TABLE),
        allows("compressed", "a compressed payload", restricted('{"a":["vt","vt","vt"]}', compress="zlib"),
               "view-table", TABLE),
        allows("duplicate_members", "the last value counts",
               of_payload('{"a":1,"t":1700000000,"_r":{"a":["vt"]},"_r":{"a":[],"a":["vi"]}}'), "view-instance"),
        allows("unicode", "any characters", restricted('{"r":{"d\u00f6cs":{"\U0001f511 \u2028":["vt"]}}}'),
               "view-table", ["d\u00f6cs", "\U0001f511 \u2028"]),
        allows("escaped", "however spelled", restricted(r'{"a":["\u0076t"]}')),
        allows("lone_surrogates", "matched exactly", restricted(r'{"r":{"\ud800":{"t":["\udfff"]}}}'), "x",
               ["docs", "t"]),
        scenario("token_allows_by_position", "the fourth is the clock", "token_allows_action",
                 [expiring, "view-table", TABLE, NOW + 61]),
        scenario("token_allows_now_parameter", "overrides the clock", "token_allows_action",
                 {"token": expiring, "action": "view-table", "now": 1}),
        scenario("token_allows_nulls", "null means the default", "token_allows_action",
                 [expiring, "view-table", None, None]),
    ]
    made += [
        allows("empty", "no token of this kind", ""),
        allows("without_prefix", "no token of this kind", token(prefix="")),
        allows("bearer_before", "nothing is stripped", token(prefix="Bearer dstok_")),
        allows("expired", "as verify_token answers it", expiring, now=NOW + 61),
        allows("expired_restricted", "the token is judged first", restricted("5", ',"d":60'), now=NOW + 61),
        allows("cap", "max_signed_tokens_ttl counts", token(t=NOW - 61), settings={"max_signed_tokens_ttl": 60}),
        allows("other_secret", "a wrong signature", token(secret="another secret")),
        allows("disabled", "allow_signed_tokens is off", token(), settings=OFF),
        allows("no_timestamp", "no t", of_payload('{"a":"root"}')),
        allows("no_actor", "Datasette crashes", of_payload('{"t":1700000000}')),
        allows("broken_json", "signed, but no JSON", of_payload("no json")),
        allows("nan_in_restrictions", "JSON cannot carry the actor", restricted('{"a":["vt",NaN]}')),
        allows("old_secret", "old secrets verify", table.but(secret=OLD[1]), "view-table", TABLE, old_secrets=OLD),
        allows("sha512", "taken by itsdangerous 1.1", table.but(digest="sha512"), "view-table", TABLE,
               itsdangerous="1.1"),
    ]
    made += [
        allows("table_case", "since 1.0a39 the case of a table does not matter", table, "view-table",
               ["docs", "ATTACHMENTS"]),
        allows("actions_none", "a Datasette never started knows no actions", table, "view-table", TABLE,
               actions="none"),
        allows("actions_plugin", "a plugin's abbreviation", restricted('{"a":["m"]}'), "mine",
               actions={"mine": "m"}),
        allows("actions_file_case", "resource_class decides on case", restricted('{"r":{"docs":{"T":["m"]}}}'),
               "mine", ["docs", "t"], actions=body(("mine", "m", "TableResource"))),
    ]
    return made


def malformed():
    """An `_r` of another shape: Datasette looks at no more of it than it needs."""
    shapes = [
        ("null", "null"), ("list", '["vt"]'), ("string", '"vt"'), ("number", "5"), ("true", "true"), ("empty", "{}"),
        ("a_null", '{"a":null}'), ("a_string", '{"a":"vt"}'), ("a_object", '{"a":{"vt":1}}'), ("a_number", '{"a":1}'),
        ("a_mixed", '{"a":["vt",1,null,1.5,true]}'), ("a_of_lists", '{"a":["vt",["vt"]]}'),
        ("a_of_objects", '{"a":[{},"vt"]}'), ("a_and_others", '{"a":["vt"],"d":5,"r":"x"}'),
        ("d_null", '{"d":null}'), ("d_list", '{"d":["vt"]}'), ("d_string", '{"d":{"docs":"vt"}}'),
        ("d_empty_string", '{"d":{"docs":""}}'), ("d_null_list", '{"d":{"docs":null}}'), ("d_mixed", '{"d":{"docs":[1,"vt"]}}'),
        ("d_and_r", '{"d":{"docs":["vt"]},"r":5}'), ("d_other", '{"d":{"other":5}}'),
        ("r_null", '{"r":null}'), ("r_list", '{"r":[]}'), ("r_of_lists", '{"r":{"docs":["vt"]}}'),
        ("r_of_null", '{"r":{"docs":null}}'), ("r_string", '{"r":{"docs":{"attachments":"vt"}}}'),
        ("r_null_list", '{"r":{"docs":{"attachments":null}}}'), ("r_object", '{"r":{"docs":{"attachments":{}}}}'),
        ("r_other", '{"r":{"other":5,"docs":{"x":5}}}'),
        ("r_case_first", '{"r":{"docs":{"Attachments":5,"attachments":["vt"]}}}'),
        ("r_case_last", '{"r":{"docs":{"attachments":["vt"],"Attachments":5}}}'),
    ]
    made = []
    for key, text in shapes:
        for place, resource in (("table", TABLE), ("database", "docs"), ("instance", None)):
            about = "what Datasette does not crash on is answered"
            made.append(allows(f"{key}_{place}", about, restricted(text), "view-table", resource))
    resources = [("one", ["docs"]), ("three", ["docs", "t", "x"]), ("number", 5), ("object", {"database": "docs"})]
    made += [
        allows(f"resource_{key}", "neither null, nor a database, nor a pair", token(), "view-table", resource)
        for key, resource in resources
    ]
    made += [
        allows(f"action_is_{key}", "an action is a string", token(), action)
        for key, action in (("null", None), ("number", 1), ("list", ["view-table"]))
    ]
    return made


GROUPS = {"token_allows_action": answered, "token_allows_malformed": malformed}
