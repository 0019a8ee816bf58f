"""create_actor_cookie: actors, expiry, and base62 by way of float division."""

from oracle.scenario import scenario


def actor_cookie():
    """Values of the ds_actor cookie."""
    made = []
    actors = [
        ("root", {"id": "root"}, "the usual actor"),
        ("object", {"id": 1.5, "name": "Éva \U0001f511", "roles": ["a", "b"], "": {}}, "any members, in order"),
        ("null", None, "null is written"),
        ("string", "root", "need not be an object"),
        ("empty_object", {}, "kept"),
        ("list", [1, [2]], "need not be an object"),
        ("large", {"id": "x", "groups": [f"group-{n}" for n in range(40)]}, "compressed"),
    ]
    for key, actor, about in actors:
        made.append(scenario(f"actor_cookie_{key}", about, "create_actor_cookie", {"actor": actor}))
        made.append(scenario(f"actor_cookie_{key}_expiring", about, "create_actor_cookie", [actor, 3600]))
    ages = [
        ("zero", "0", "means no expiry"),
        ("minus_zero", "-0", "means no expiry"),
        ("null", "null", "means no expiry"),
        ("one", "1", "1.0a17 to 1.0a38 make a day of it"),
        ("day", "86400", "the same in every release"),
        ("negative", "-1", "in the past, all the same"),
        ("to_the_epoch", "-1700000000", "base62 of 0"),
        ("before_the_epoch", "-1700000001", "base62 of a negative number"),
        ("far_before_the_epoch", "-99999999999999", "base62 of a large negative number"),
        ("2_pow_31", "2147483648", "past 32 bits"),
        ("2_pow_52", "4503599627370496", "division still exact enough"),
        ("2_pow_53", "9007199254740992", "where doubles stop being exact"),
        ("2_pow_57", "144115188075855872", "digits are lost in the division"),
        ("2_pow_60_minus_1", "1152921504606846975", "digits are lost in the division"),
        ("2_pow_63", "9223372036854775808", "past a signed 64-bit integer"),
        ("2_pow_64", "18446744073709551616", "past an unsigned 64-bit integer"),
        ("20_nines", "9" * 20, "digits are lost in the division"),
        ("62_pow_10", str(62**10 - 1700000000), "a power of the base"),
        ("62_pow_10_minus_1", str(62**10 - 1700000001), "one below a power of the base"),
        ("62_pow_12_minus_1", str(62**12 - 1700000001), "one below a power past 2^53: the division rounds up"),
        ("1e40", "1" + "0" * 40, "most digits come from rounding"),
        ("minus_1e40", "-1" + "0" * 40, "the same, negative"),
        ("1e100", "1" + "0" * 100, "most digits come from rounding"),
        ("1e300", "1" + "0" * 300, "near the end of doubles"),
        ("1e309", "1" + "0" * 309, "no double, but its 62nd part is one"),
        ("1_1e310", "11" + "0" * 309, "close to the last whose 62nd part is a double"),
    ]
    for key, text, about in ages:
        made.append(scenario(f"actor_cookie_expire_after_{key}", about, "create_actor_cookie",
                             f'{{"actor":{{"id":"root"}},"expire_after":{text}}}'))
    clocks = [
        ("fraction", 1700000000.999, "int() cuts"),
        ("zero", 0, "the epoch"),
        ("negative", -100000.5, "base62 of a negative number"),
        ("2_pow_53", 9007199254740992, "digits are lost in the division"),
        ("1e22", 1e22, "digits are lost in the division"),
        ("1e300", 1e300, "near the end of doubles"),
        ("max", 1.7976931348623157e308, "the largest double"),
    ]
    for key, now, about in clocks:
        made.append(scenario(f"actor_cookie_clock_{key}", about, "create_actor_cookie", [{"id": "root"}, 60], now=now))
    made += [
        scenario("actor_cookie_now_parameter", "overrides the clock", "create_actor_cookie",
                 '{"actor":{"id":"root"},"expire_after":60,"now":1.9e9}'),
        scenario("actor_cookie_now_by_position", "third position", "create_actor_cookie", '[{"id":"root"},60,5]'),
        scenario("actor_cookie_now_without_expiry", "the clock is not in the cookie", "create_actor_cookie",
                 '[{"id":"root"},null,1e308]'),
        scenario("actor_cookie_signed_tokens_off", "the setting is about tokens only", "create_actor_cookie",
                 '[{"id":"root"},60]', settings={"allow_signed_tokens": False}),
        scenario("actor_cookie_zlib_ng", "whose bytes a compressed cookie carries", "create_actor_cookie",
                 {"actor": {"id": "x", "groups": [f"group-{n}" for n in range(40)]}}, zlib="zlib-ng"),
    ]
    return made


GROUPS = {"actor_cookie": actor_cookie}
