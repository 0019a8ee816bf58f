"""inspect_token: what can be said of a token, good or bad."""

from oracle.scenario import NOW, scenario
from oracle.scenarios_secrets import OLD
from oracle.scenarios_verify_token import of_payload, token

RESTRICTED = ',"d":60,"_r":{"a":["vi"],"d":{"docs":["es","vd"]},"r":{"docs":{"t":["ir","ur"],"u":[]}}}'


def inspect(name, about, text, **config):
    """Return a scenario of inspect_token; `text` is a Recipe or a str."""
    return scenario(f"inspect_{name}", about, "inspect_token", {"token": text}, **config)


def inspected():
    """Every status, signature and reason."""
    plain, expiring, restricted = token(), token(',"d":60'), token(RESTRICTED)
    made = [
        inspect("plain", "valid without end", plain),
        inspect("expiring", "valid, with its end", expiring),
        inspect("expired", "expired: all is shown", expiring, now=NOW + 61),
        inspect("at_the_end", "the last moment is valid", expiring, now=NOW + 60),
        inspect("restricted", "full names of actions", restricted),
        inspect("restricted_expired", "expired: the restrictions are shown", restricted, now=NOW + 1e6),
        inspect("compressed", "says that it is compressed", token(RESTRICTED, compress="zlib")),
        inspect("future", "made tomorrow", token(t=NOW + 86400)),
        inspect("actor_object", "any actor id", token(actor='{"x":[1.50]}')),
        inspect("actor_lone_surrogate", "comes back as an escape", token(actor=r'"\ud800"')),
        inspect("first_command_line", "the payload of 1.0a0 and 1.0a1",
                of_payload('{"a":"root","token":"dstok","t":1700000000}')),
        scenario("inspect_by_position", "second position is the clock", "inspect_token", [expiring, NOW + 61]),
        scenario("inspect_now_parameter", "overrides the clock", "inspect_token", {"token": expiring, "now": 5}),
    ]
    made += [
        inspect("unchecked", "without a secret nothing can be said of the signature", plain, secret=None),
        inspect("unchecked_expired", "expired all the same", expiring, secret=None, now=NOW + 61),
        inspect("unchecked_restricted", "shown all the same", restricted, secret=None),
        inspect("unchecked_without_prefix", "no prefix", plain.but(prefix=""), secret=None),
        inspect("unchecked_malformed", "no token, whoever signed it", of_payload("5"), secret=None),
        inspect("unchecked_broken", "no JSON, whoever signed it", of_payload("no json"), secret=None),
        inspect("unchecked_disabled", "the setting counts", plain, secret=None,
                settings={"allow_signed_tokens": False}),
    ]
    made += [
        inspect("other_secret", "the payload is shown", restricted.but(secret="another secret")),
        inspect("signature_flipped", "the payload is shown", plain.but(signature=[["flip", 4]])),
        inspect("signature_empty", "the payload is shown", plain.but(signature=[["remove", 0, 27]])),
        inspect("other_secret_expired", "the signature counts first", expiring.but(secret="another secret"),
                now=NOW + 61),
        inspect("payload_flipped", "what is left of the payload", plain.but(text=[["flip", 1]])),
        inspect("namespace_default", "a signed value is no token", plain.but(namespace="default")),
        inspect("old_secret_0", "which secret matched", plain, old_secrets=OLD),
        *(
            inspect(f"old_secret_{n}", "which secret matched", plain.but(secret=secret), old_secrets=OLD)
            for n, secret in enumerate(OLD, 1)
        ),
        inspect("old_secret_expired_restricted", "the whole story", restricted.but(secret=OLD[1]), old_secrets=OLD,
                now=NOW + 300000),
        inspect("old_secret_same_twice", "the newest of equals", plain.but(secret="same"),
                old_secrets=["same", "same"]),
        inspect("signature_cut", "too short for any secret", plain.but(signature=[["remove", 13, 14]])),
        inspect("signature_cut_unchecked", "invalid without a secret too", plain.but(signature=[["remove", 13, 14]]),
                secret=None),
        inspect("signature_cut_expired", "the signature counts first", expiring.but(signature=[["remove", 26, 1]]),
                secret=None, now=NOW + 61),
        inspect("signature_long_unchecked", "too long for any secret", plain.but(signature=[["insert", None, "AAAA"]]),
                secret=None),
        inspect("signature_padded_unchecked", "another spelling of the same signature",
                plain.but(signature=[["insert", None, "="]]), secret=None),
        inspect("sha512_unchecked", "too long for itsdangerous 2.2", plain.but(digest="sha512"), secret=None),
        inspect("sha512_1_1_unchecked", "long enough for itsdangerous 1.1", plain.but(digest="sha512"), secret=None,
                itsdangerous="1.1"),
        inspect("sha512", "not taken by itsdangerous 2.2", plain.but(digest="sha512")),
        inspect("sha512_1_1", "taken by itsdangerous 1.1", plain.but(digest="sha512"), itsdangerous="1.1"),
    ]
    made += [
        inspect("empty", "nothing at all", ""),
        inspect("word", "no token", "secret-token"),
        inspect("without_prefix", "validly signed, but no prefix", plain.but(prefix="")),
        inspect("prefix_upper_case", "the prefix is compared exactly", plain.but(prefix="DSTOK_")),
        inspect("prefix_only", "nothing after it", "dstok_"),
        inspect("prefix_and_dot", "nothing but a dot", "dstok_."),
        inspect("no_dot", "no signature", plain.but(text=[["remove", -28, 1]])),
        inspect("broken_json", "signed, but no JSON", of_payload("no json")),
        inspect("broken_utf8", "signed, but no UTF-8", of_payload('"\ud800"')),
        inspect("broken_zlib", "signed, but no zlib", token(dot=True)),
        inspect("broken_base64", "signed, but no base64", of_payload("", body=[["insert", 0, "A"]])),
        inspect("broken_and_flipped", "neither signed nor JSON", of_payload("no json", signature=[["flip", 4]])),
        inspect("nan_in_payload", "JSON cannot carry the payload", token(',"x":NaN')),
        inspect("disabled", "the setting counts", plain, settings={"allow_signed_tokens": False}),
        inspect("cap", "the end after the cap", token(), settings={"max_signed_tokens_ttl": 60}),
        inspect("cap_expired", "the end after the cap", token(',"d":3600'), now=NOW + 61,
                settings={"max_signed_tokens_ttl": 60}),
        inspect("cap_escaped", "0 escapes the cap", token(',"d":0'), now=NOW + 61,
                settings={"max_signed_tokens_ttl": 60}),
    ]
    pastes = [
        ("space", " \t", "\u00a0\u3000"), ("quotes", '"', '"'), ("apostrophes", "'", "'"),
        ("typographic", "\u201c", "\u201d"), ("bearer", "Bearer ", ""), ("bearer_lower_case", "bearer\t", " "),
        ("header", "Authorization: Bearer ", ""), ("header_upper_case", "AUTHORIZATION:BEARER ", ""),
        ("header_quoted", "'Authorization: Bearer ", "'"), ("basic", "Basic ", ""), ("bearer_twice", "Bearer bearer ", ""),
    ]
    made += [
        inspect(f"pasted_{key}", "what stands around a token is dropped once",
                expiring.but(prefix=f"{before}dstok_", **({"text": [["insert", None, after]]} if after else {})))
        for key, before, after in pastes
    ]
    payloads = [
        ("integer", "5"), ("null", "null"), ("list", "[]"), ("list_with_t", '["t"]'), ("string", '"abc"'),
        ("empty_object", "{}"), ("no_actor", '{"t":1700000000}'), ("no_timestamp", '{"a":"root"}'),
        ("time_string", '{"a":"root","t":"x"}'), ("time_true", '{"a":"root","t":true}'),
        ("time_huge", f'{{"a":"root","t":1{"0" * 309},"d":1}}'),
        ("duration_string", '{"a":"root","t":1700000000,"d":"x"}'),
        ("duration_null", '{"a":"root","t":1700000000,"d":null}'),
        ("duration_zero", '{"a":"root","t":1700000000,"d":0}'),
        ("duration_true", '{"a":"root","t":1700000000,"d":true}'),
        ("duration_negative", '{"a":"root","t":1700000000,"d":-5}'),
    ]
    made += [inspect(f"payload_{key}", "correctly signed", of_payload(text)) for key, text in payloads]
    return made + inspected_restrictions()


def inspected_restrictions():
    """What an _r means."""
    shapes = [
        ("empty", "{}"), ("null", "null"), ("string", '"vt"'), ("list", '["vt"]'), ("number", "1"),
        ("a_null", '{"a":null}'), ("a_string", '{"a":"vt"}'), ("a_numbers", '{"a":["vt",1]}'),
        ("d_list", '{"d":[]}'), ("r_list", '{"r":{"docs":["vt"]}}'), ("r_empty", '{"r":{"docs":{}}}'),
        ("other_members", '{"x":["vt"],"a":["vt"]}'), ("full_names", '{"a":["view-table","insert-row"]}'),
        ("unknown", '{"a":["fly","vt"],"d":{"docs":["xx","fly"]},"r":{"docs":{"t":["yy","vt"]}}}'),
        ("duplicates", '{"a":["vt","vt","view-table"]}'), ("upper_case", '{"a":["VT"]}'),
        ("newer_actions", '{"a":["at","sct","ews","sq","uq","dq","cv","dv"]}'),
        ("unicode", '{"r":{"d\u00f6cs":{"\U0001f511":["vt"]}}}'),
    ]
    made = [
        inspect(f"restrictions_{key}", "full names of actions; what is unknown stays and is listed",
                token(f',"_r":{text}'))
        for key, text in shapes
    ]
    made += [
        inspect("actions_none", "a Datasette never started knows no actions", token(',"_r":{"a":["vt","view-table"]}'),
                actions="none"),
        inspect("actions_plugin", "a plugin's abbreviation", token(',"_r":{"a":["m","vt","mine"]}'),
                actions={"mine": "m", "plain": None}),
        inspect("actions_shared_abbreviation", "two actions with one abbreviation", token(',"_r":{"a":["o"]}'),
                actions={"one": "o", "two": "o"}),
        inspect("actions_name_is_abbreviation", "an action named as the abbreviation of another",
                token(',"_r":{"a":["vt","x"]}'), actions={"view-table": "vt", "vt": "x"}),
    ]
    return made


GROUPS = {"inspect_token": inspected}
