"""verify_actor_cookie: actors, and an expiry in base62."""

import math

from oracle.scenario import NOW, SECRET, Recipe, scenario

DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefghijklmnopqrstuvwxyz"


def base62(number, digits=DIGITS):
    """Return a non-negative int in base 62, exactly."""
    text = ""
    while True:
        number, digit = divmod(number, 62)
        text = digits[digit] + text
        if not number:
            return text


def cookie(payload, **how):
    """Return the Recipe of a ds_actor cookie."""
    return Recipe({"payload": payload, "secret": SECRET, "namespace": "actor", **how})


def expiring(text):
    """Return the Recipe of root's cookie; `text` is the JSON text of e."""
    return cookie(f'{{"a":{{"id":"root"}},"e":{text}}}')


def verify(name, about, text, **config):
    """Return a scenario of verify_actor_cookie."""
    return scenario(f"verify_cookie_{name}", about, "verify_actor_cookie", {"cookie": text}, **config)


def cookies():
    """Actors, and what is no cookie."""
    root = cookie('{"a":{"id":"root"}}')
    actors = [
        ("object", '{"id":1.50,"name":"\u00c9va \U0001f511","":{}}', "any members, in order"),
        ("empty", "{}", "an empty object is an actor"),
        ("null", "null", "null, as for a visitor without a cookie"),
        ("string", '"root"', "need not be an object"),
        ("number", "0", "need not be an object"),
        ("list", "[1,[2]]", "need not be an object"),
        ("false", "false", "need not be an object"),
        ("lone_surrogate", r'{"id":"\udfff"}', "comes back as an escape"),
        ("duplicate_keys", '{"id":1,"x":2,"id":3}', "first place, last value"),
        ("nan", '{"id":NaN}', "JSON cannot carry it"),
        ("overflow", '{"id":-1e999}', "JSON cannot carry it"),
    ]
    made = [verify(f"actor_{key}", about, cookie(f'{{"a":{text}}}')) for key, text, about in actors]
    payloads = [
        ("no_actor", '{"e":"BrDCa1"}', "a is missing"),
        ("no_actor_bad_expiry", '{"e":"!"}', "a is missing, so e is not read"),
        ("empty_object", "{}", "a is missing"),
        ("list_with_a", '["a"]', "no object"),
        ("list", "[]", "no object"),
        ("string_a", '"a"', "no object"),
        ("string", '"x"', "no object"),
        ("number", "5", "no object"),
        ("null", "null", "no object"),
        ("true", "true", "no object"),
        ("other_members", '{"a":{"id":"root"},"x":NaN}', "not returned, so it does not matter"),
        ("upper_case", '{"A":{"id":"root"}}', "names are compared exactly"),
        ("no_json", "no json", "signed, but no JSON"),
        ("empty", "", "signed, but empty"),
        ("no_utf8", '{"a":"\ud800"}', "bytes that are no UTF-8"),
    ]
    made += [
        verify(f"payload_{key}", f"{about}; correctly signed", cookie(text)) for key, text, about in payloads
    ]
    large = '{"a":{"id":"x","groups":[' + ",".join(f'"group-{n}"' for n in range(30)) + "]}}"
    made += [
        verify("plain", "the usual cookie", root),
        verify("compressed", "a compressed payload", cookie(large, compress="zlib")),
        verify("compressed_zlib_ng", "whoever compressed it", cookie(large, compress="zlib-ng")),
        verify("zlib_broken", "a cut stream; correctly signed", cookie(large, compress="zlib", bytes=[["cut", 5]])),
        verify("depth_513", "one too deep; correctly signed",
               cookie('{"a":' + "[" * 512 + "]" * 512 + "}", compress="zlib")),
        verify("empty", "an anonymous visitor", ""),
        verify("word", "an anonymous visitor", "root"),
        verify("quoted", "quotes are not taken off", root.but(text=[["insert", 0, '"'], ["insert", None, '"']])),
        verify("signature_flipped", "an anonymous visitor", root.but(signature=[["flip", 4]])),
        verify("payload_flipped", "an anonymous visitor", root.but(text=[["flip", 4]])),
        verify("other_secret", "an anonymous visitor", root.but(secret="another secret")),
        verify("namespace_default", "a signed value is no cookie", root.but(namespace="default")),
        verify("namespace_token", "a token is no cookie", root.but(namespace="token")),
        verify("sha512", "only itsdangerous 1.1 took SHA-512", root.but(digest="sha512")),
        verify("signed_tokens_off", "the setting is about tokens only", root, settings={"allow_signed_tokens": False}),
        verify("signed_tokens_cap", "the setting is about tokens only", root, now=1e300,
               settings={"max_signed_tokens_ttl": 1}),
        scenario("verify_cookie_by_position", "second position is the clock", "verify_actor_cookie",
                 [expiring(f'"{base62(NOW)}"'), NOW + 1]),
        scenario("verify_cookie_now_parameter", "overrides the clock", "verify_actor_cookie",
                 {"cookie": expiring(f'"{base62(NOW)}"'), "now": 5.5}),
        scenario("verify_cookie_now_null", "null means the clock", "verify_actor_cookie",
                 {"cookie": expiring(f'"{base62(NOW)}"'), "now": None}),
    ]
    return made


def expiry():
    """The member e."""
    end = f'"{base62(NOW + 60)}"'
    clocks = [
        ("before", NOW, "a minute left"), ("at_the_end", NOW + 60, "the last moment is valid"),
        ("half_a_second_after", NOW + 60.5, "no rounding"), ("after", NOW + 61, "a second late"),
        ("negative", -5, "before the epoch"), ("1e308", 1e308, "the end of doubles"),
    ]
    made = [verify(f"clock_{key}", about, expiring(end), now=now) for key, now, about in clocks]
    false = [
        ("zero", "0"), ("float_zero", "0.0"), ("empty", '""'), ("null", "null"), ("false", "false"),
        ("empty_list", "[]"), ("empty_object", "{}"),
    ]
    made += [
        verify(f"expiry_{key}", "false in Python, so no expiry", expiring(text), now=1e12) for key, text in false
    ]
    values = [
        ("integer", str(NOW), "its decimal digits are read as base 62"),
        ("integer_small", "1", "the digit 1 is 27 in this alphabet"),
        ("integer_negative", "-5", "a negative number"),
        ("integer_large", "9" * 25, "its decimal digits are read as base 62, with rounding"),
        ("float", "1.5", "a point is no digit"),
        ("float_exponent", "1e22", "a plus sign is no digit"),
        ("true", "true", "the word True is made of digits"),
        ("nan", "NaN", "the word nan is made of digits"),
        ("infinity", "Infinity", "the word inf is made of digits"),
        ("overflow", "1e999", "the word inf is made of digits"),
        ("minus_infinity", "-Infinity", "a sign and digits"),
        ("list", "[1]", "a bracket is no digit"),
        ("object", '{"x":1}', "a brace is no digit"),
        ("digit_a", '"A"', "the digit 0"),
        ("digits_a", '"AAAAAAAA"', "zeros before nothing"),
        ("leading_a", f'"AAA{base62(NOW + 60)}"', "zeros before the number"),
        ("lower_case", f'"{base62(NOW + 60).lower()}"', "both cases are digits, of other values"),
        ("negative", f'"-{base62(NOW)}"', "long ago"),
        ("minus_only", '"-"', "no digit is 0"),
        ("minus_twice", '"--B"', "the second is no digit"),
        ("minus_after", '"B-"', "a sign after the digits"),
        ("minus_a", '"-A"', "0 has no sign"),
        ("space", '" BrDCa1"', "not trimmed"),
        ("newline", r'"BrDCa1\n"', "not trimmed"),
        ("underscore", '"Br_Ca1"', "no digit"),
        ("non_ascii", '"Br\u00e9"', "no digit"),
        ("fullwidth", '"\uff22"', "no digit"),
        ("arabic_digit", '"\u0661"', "a digit, but not of this alphabet"),
        ("lone_surrogate", r'"\ud800"', "no digit"),
    ]
    for key, text, about in values:
        made.append(verify(f"expiry_{key}", about, expiring(text)))
    made += [
        verify("expiry_true_at_10", "the word True is a moment in 1970", expiring("true"), now=10),
        verify("expiry_nan_at_10", "the word nan is a moment in 1970", expiring("NaN"), now=10),
        verify("expiry_infinity_at_10", "the word inf is a moment in 1970", expiring("Infinity"), now=10),
        verify("expiry_digit_a_at_0", "the moment itself is valid", expiring('"A"'), now=0),
        verify("expiry_minus_only_at_0", "the moment itself is valid", expiring('"-"'), now=0),
        verify("expiry_negative_in_time", "before the epoch", expiring('"-B"'), now=-1),
        verify("expiry_negative_late", "before the epoch", expiring('"-B"'), now=-0.5),
    ]
    # The decimal digits are taken off by a division of floats.
    exact = [2**53 - 1, 2**53 + 1, 10**16 + 1, 2**57 + 1, 2**63 - 1, 2**64, 62**11 - 1, 62**12 - 1]
    for number in exact:
        for key, now in (("before", math.nextafter(number, 0)), ("at", float(number)),
                         ("after", math.nextafter(number, math.inf))):
            made.append(verify(f"expiry_rounded_{number}_{key}", "its end is not quite what it was made from",
                               expiring(f'"{base62(number)}"'), now=now))
    made += [
        verify("expiry_62_pow_100", "most digits come from rounding", expiring(f'"{"z" * 100}"'), now=1e170),
        verify("expiry_near_the_doubles", "its tenth part is still a double", expiring(f'"{"J" + "z" * 171}"')),
        verify("expiry_past_the_doubles", "its tenth part is no double", expiring(f'"{"z" * 200}"')),
        verify("expiry_1000_zeros", "1000 digits, and 0 all the same", expiring(f'"{"A" * 1000}"')),
        verify("expiry_past_the_doubles_minus", "its tenth part is no double", expiring(f'"-{"z" * 200}"')),
    ]
    return made


GROUPS = {"verify_actor_cookie": cookies, "verify_actor_cookie_expiry": expiry}
