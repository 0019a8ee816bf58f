"""verify_token: prefixes, clocks, caps and payloads that Datasette takes or refuses."""

from oracle.scenario import NOW, SECRET, Recipe, scenario

TTL = {"max_signed_tokens_ttl": 60}
OFF = {"allow_signed_tokens": False}


def token(members="", actor='"root"', t=NOW, **how):
    """Return the Recipe of a token; `members` is JSON text that follows a and t, comma first."""
    return of_payload(f'{{"a":{actor},"t":{t}{members}}}', **how)


def of_payload(payload, **how):
    """Return the Recipe of a token with any payload."""
    return Recipe({"payload": payload, "secret": SECRET, "namespace": "token", "prefix": "dstok_", **how})


def verify(name, about, text, **config):
    """Return a scenario of verify_token; `text` is a Recipe or a str."""
    return scenario(f"verify_token_{name}", about, "verify_token", {"token": text}, **config)


def accepted():
    """Tokens that are valid, and the actor they give; and what makes none of them."""
    restricted = '{"a":["vi"],"d":{"docs":["es","vd"]},"r":{"docs":{"attachments":["ir","ur"]}}}'
    made = [
        verify("plain", "the usual token", token()),
        verify("expiring", "token_expires is t + d", token(',"d":3600')),
        verify("restricted", "_r is handed on, except by 1.0a0 and 1.0a1", token(f',"_r":{restricted}')),
        verify("restricted_expiring", "token_expires stands after _r", token(f',"d":60,"_r":{restricted}')),
        verify("compressed", "a compressed payload", token(f',"_r":{restricted}', compress="zlib")),
        verify("compressed_zlib_ng", "verifying does not depend on the compressor",
               token(f',"_r":{restricted}', compress="zlib-ng")),
        verify("config_zlib_ng", "nor on the configured one", token(f',"_r":{restricted}', compress="zlib"),
               zlib="zlib-ng"),
        verify("order_of_members", "the actor's order is its own", of_payload('{"d":5,"_r":{},"t":1700000000,"a":1}')),
        verify("of_the_first_command_line", "1.0a0 and 1.0a1 wrote a member token",
               of_payload('{"a":"root","token":"dstok","t":1700000000,"d":60}')),
        verify("other_token_member", "token is always dstok", token(',"token":"other"')),
        verify("other_members", "members nobody knows are not handed on", token(',"x":1,"id":"x","token_expires":5')),
        verify("duplicate_members", "the last value counts", of_payload('{"a":1,"t":"x","a":2,"t":1700000000}')),
        verify("whitespace_in_payload", "whitespace is not looked at",
               of_payload('\n{ "a" : "root" ,\t"t" : 1700000000 }\r\n')),
        verify("future", "made tomorrow, accepted today", token(t=NOW + 86400)),
        verify("future_expiring", "made tomorrow", token(',"d":60', t=NOW + 86400)),
        scenario("verify_token_by_position", "second position is the clock", "verify_token",
                 [token(',"d":60'), NOW + 61]),
        scenario("verify_token_now_null", "null means the clock", "verify_token", [token(',"d":60'), None]),
        scenario("verify_token_now_parameter", "overrides the clock", "verify_token",
                 {"token": token(',"d":60'), "now": 1}),
    ]
    actors = [
        ("null", "null"), ("true", "true"), ("zero", "0"), ("float", "1.50"), ("minus_zero", "-0.0"),
        ("big_integer", "12345678901234567890123"), ("empty", '""'), ("list", '[1,["x"]]'),
        ("object", '{"id":"root"}'), ("unicode", '"z\u00fcrich \U0001f511\u2028"'),
        ("escapes", r'"\u00e9\n\u0000\/"'), ("lone_surrogate", r'"\ud800"'),
    ]
    made += [
        verify(f"actor_{key}", "an actor id is any JSON value", token(actor=text)) for key, text in actors
    ]
    restrictions = [
        ("null", "null"), ("empty", "{}"), ("string", '"vt"'), ("number", "0"), ("list", "[]"),
        ("odd", '{"x":1,"a":null}'), ("unicode", '{"r":{"d\u00f6cs":{"\U0001f511":["vt"]}}}'),
    ]
    made += [
        verify(f"restrictions_{key}", "_r is handed on as it is", token(f',"_r":{text}'))
        for key, text in restrictions
    ]
    return made


def spellings():
    """Prefixes, signatures and namespaces."""
    valid = token()
    made = [
        verify("empty", "no prefix: not a token of this kind", ""),
        verify("word", "no prefix", "secret-token"),
        verify("without_prefix", "validly signed, but no prefix", valid.but(prefix="")),
        verify("prefix_only", "nothing after the prefix", "dstok_"),
        verify("prefix_cut", "not the whole prefix", "dstok"),
        verify("prefix_and_dot", "an empty payload and signature", "dstok_."),
        verify("prefix_and_word", "no dot", "dstok_word"),
        verify("prefix_upper_case", "the prefix is compared exactly", valid.but(prefix="DSTOK_")),
        verify("prefix_mixed_case", "the prefix is compared exactly", valid.but(prefix="Dstok_")),
        verify("prefix_twice", "only one is taken off", valid.but(prefix="dstok_dstok_")),
        verify("prefix_with_hyphen", "another prefix", valid.but(prefix="dstok-")),
        verify("prefix_fullwidth", "letters that look alike", valid.but(prefix="\uff44stok_")),
        verify("space_before", "not trimmed", valid.but(prefix=" dstok_")),
        verify("space_after_prefix", "the space would have to be signed", valid.but(prefix="dstok_ ")),
        verify("space_after", "dropped as junk in base64, so its length decides",
               valid.but(text=[["insert", None, " "]])),
        verify("four_spaces_after", "four junk characters are dropped", valid.but(text=[["insert", None, "    "]])),
        verify("newline_after", "as one space", valid.but(text=[["insert", None, "\n"]])),
        verify("bearer_before", "the header's word is not part of it", valid.but(prefix="Bearer dstok_")),
        verify("signature_flipped", "a wrong signature", valid.but(signature=[["flip", 4]])),
        verify("signature_empty", "no signature", valid.but(signature=[["remove", 0, 27]])),
        verify("signature_cut", "half a signature", valid.but(signature=[["remove", 13, 14]])),
        verify("signature_spare_bits", "another spelling of the same signature", valid.but(signature=[["spare"]])),
        verify("signature_padded", "another spelling of the same signature",
               valid.but(signature=[["insert", None, "="]])),
        verify("signature_non_ascii", "characters that are no base64", valid.but(signature=[["insert", 4, "\u00e9"]])),
        verify("payload_flipped", "a changed payload", valid.but(text=[["flip", 5]])),
        verify("dot_added", "a dot after the token", valid.but(text=[["insert", None, "."]])),
        verify("other_secret", "signed by somebody else", valid.but(secret="another secret")),
        verify("namespace_default", "a signed value is no token", valid.but(namespace="default")),
        verify("namespace_actor", "a cookie is no token", valid.but(namespace="actor")),
        verify("sha512", "only itsdangerous 1.1 took SHA-512", valid.but(digest="sha512")),
        verify("disabled", "allow_signed_tokens is off", valid, settings=OFF),
        verify("disabled_bad_signature", "the setting is looked at first", valid.but(signature=[["flip", 4]]),
               settings=OFF),
        verify("disabled_without_prefix", "no token of this kind, whatever the setting",
               valid.but(prefix=""), settings=OFF),
        verify("disabled_expired", "the setting is looked at first", token(',"d":1', t=5), settings=OFF),
    ]
    return made


def expiry():
    """t and d, the clock, and max_signed_tokens_ttl."""
    hour = ',"d":3600'
    clocks = [
        ("before", NOW + 3599.5, "half a second left"),
        ("at_the_end", NOW + 3600, "the last moment is valid"),
        ("just_after", NOW + 3600.0000003, "one step of the double after the end"),
        ("half_a_second_after", NOW + 3600.5, "no rounding"),
        ("after", NOW + 3601, "a second after the end"),
        ("before_it_was_made", 0, "the epoch"),
        ("negative", -1e9, "before the epoch"),
        ("1e308", 1e308, "the end of doubles"),
        ("minus_1e308", -1e308, "the other end"),
    ]
    made = [verify(f"clock_{key}", about, token(hour), now=now) for key, now, about in clocks]
    made += [
        verify("clock_1e308_without_end", "no end, so no clock", token(), now=1e308),
        verify("clock_1e19", "the difference is rounded to a double, past the end",
               token(',"d":9999999998300000000'), now=1e19),
    ]
    durations = [
        ("zero", "0", "no end"),
        ("minus_zero", "-0", "the integer 0"),
        ("one", "1", "still valid in the second it was made"),
        ("negative", "-1", "ended before it was made"),
        ("negative_large", "-99999999999", "ended before it was made"),
        ("null", "null", "as if absent"),
        ("true", "true", "an int in Python: one second"),
        ("false", "false", "an int in Python: no end"),
        ("float", "3600.0", "no integer"),
        ("float_zero", "0.0", "no integer"),
        ("string", '"3600"', "no integer"),
        ("list", "[3600]", "no integer"),
        ("object", "{}", "no integer"),
        ("2_pow_63", "9223372036854775808", "past 64 bits"),
        ("2_pow_63_minus_t", "9223372035154775808", "the sum is past 64 bits"),
        ("1e400", "1" + "0" * 400, "past the doubles, compared exactly"),
        ("minus_1e400", "-1" + "0" * 400, "past the doubles, compared exactly"),
        ("nan", "NaN", "a float"),
    ]
    made += [verify(f"duration_{key}", about, token(f',"d":{text}')) for key, text, about in durations]
    made += [
        verify("duration_negative_in_the_future", "valid until a second before it is made",
               token(',"d":-1', t=NOW + 1)),
        verify("duration_negative_further_in_the_future", "made later still, valid still", token(',"d":-1', t=NOW + 2)),
        verify("duration_true_at_the_end", "one second", token(',"d":true'), now=NOW + 1),
        verify("duration_true_after", "one second", token(',"d":true'), now=NOW + 1.5),
        verify("duration_to_zero", "token_expires may be 0", token(',"d":-1700000000', t=1700000000), now=0),
    ]
    times = [
        ("zero", "0", "the epoch"), ("negative", "-5", "before the epoch"), ("true", "true", "an int in Python: 1"),
        ("false", "false", "an int in Python: 0"), ("float", "1700000000.0", "no integer"),
        ("exponent", "17e8", "a float all the same"), ("string", '"1700000000"', "no integer"),
        ("null", "null", "no integer"), ("list", "[]", "no integer"), ("object", "{}", "no integer"),
        ("2_pow_53_plus_1", "9007199254740993", "rounded for the difference, not for token_expires"),
        ("2_pow_64", "18446744073709551616", "past 64 bits"),
        ("1e308", "1" + "0" * 308, "the end of doubles"),
        ("1e309", "1" + "0" * 309, "no double: the difference overflows"),
        ("minus_1e309", "-1" + "0" * 309, "no double: the difference overflows"),
        ("just_over_the_doubles", str(2**1024 - 2**970), "the first integer that no double rounds to"),
        ("just_below", str(2**1024 - 2**970 - 1), "rounds to the largest double"),
        ("infinity", "Infinity", "a float"),
    ]
    for key, text, about in times:
        made.append(verify(f"time_{key}", about, token(t=text)))
        made.append(verify(f"time_{key}_expiring", f"{about}; with an hour", token(hour, t=text)))
    made += [
        verify("time_2_pow_53_plus_1_at_the_end", "the difference is one of doubles",
               token(',"d":1', t=2**53 + 1), now=2**53 + 2),
        verify("time_2_pow_53_plus_3_before", "rounded up to even",
               token(',"d":-4', t=2**53 + 3), now=2**53),
    ]
    return made + caps()


def caps():
    """max_signed_tokens_ttl."""
    cases = [
        ("no_end", "", NOW, "the cap becomes the end"),
        ("no_end_at_the_cap", "", NOW + 60, "the last moment is valid"),
        ("no_end_after_the_cap", "", NOW + 60.5, "past the cap"),
        ("null", ',"d":null', NOW + 61, "null is no end, so the cap is"),
        ("longer", ',"d":3600', NOW, "cut to the cap"),
        ("longer_after_the_cap", ',"d":3600', NOW + 61, "past the cap"),
        ("equal", ',"d":60', NOW, "as it is"),
        ("one_longer", ',"d":61', NOW, "cut by one"),
        ("shorter", ',"d":30', NOW, "as it is"),
        ("shorter_expired", ',"d":30', NOW + 31, "past its own end"),
        ("zero", ',"d":0', NOW + 99999, "0 escapes the cap"),
        ("false", ',"d":false', NOW + 99999, "false escapes the cap"),
        ("true", ',"d":true', NOW, "an int in Python: one second"),
        ("negative", ',"d":-5', NOW, "a negative one is no longer"),
        ("huge", ',"d":' + "9" * 400, NOW, "cut to the cap, past the doubles"),
        ("float", ',"d":5.0', NOW, "no integer, whatever the cap"),
        ("future", "", NOW - 99999, "made tomorrow"),
    ]
    made = [verify(f"cap_{key}", about, token(members), now=now, settings=TTL) for key, members, now, about in cases]
    made += [
        verify("cap_huge_time", "the cap brings the difference that overflows",
               token(t="1" + "0" * 309), settings=TTL),
        verify("no_cap", "0 is no cap", token(), now=1e12, settings={"max_signed_tokens_ttl": 0}),
    ]
    return made


def payloads():
    """Correctly signed payloads that are no token."""
    t = f'"t":{NOW}'
    cases = [
        ("no_timestamp", '{"a":"root"}', "t is missing"),
        ("empty_object", "{}", "everything is missing"),
        ("upper_case_members", f'{{"A":"root","T":{NOW}}}', "names are compared exactly"),
        ("no_actor", f"{{{t}}}", "a is missing: a crash"),
        ("no_actor_expired", '{"t":5,"d":1}', "expired is seen before the missing actor"),
        ("no_actor_bad_duration", f'{{{t},"d":"x"}}', "the duration is seen before the missing actor"),
        ("no_actor_bad_time", '{"t":"x"}', "the time is seen before the missing actor"),
        ("bad_time_and_duration", '{"a":1,"t":"x","d":"x"}', "the time is seen first"),
        ("escaped_members", r'{"\u0061":"root","\u0074":1700000000}', "compared after unescaping"),
        ("list_empty", "[]", "a list without t has no timestamp"),
        ("list", '["a","d"]', "a list without t has no timestamp"),
        ("list_with_t", '["a","t"]', "t is in the list, but cannot be looked up: a crash"),
        ("list_with_t_first", '["t",1]', "t is in the list: a crash"),
        ("list_with_longer_string", '["tt",["t"]]', "only an element that is t counts"),
        ("string_empty", '""', "no t in it"),
        ("string", '"abc"', "no t in it"),
        ("string_t", '"t"', "t is in it: a crash"),
        ("string_with_t", '"a text"', "t is in it: a crash"),
        ("string_with_upper_case_t", '"TOP"', "an upper case T is another letter"),
        ("integer", "5", "nothing can be in a number: a crash"),
        ("float", "1.5", "nothing can be in a number: a crash"),
        ("null", "null", "nothing can be in null: a crash"),
        ("true", "true", "nothing can be in true: a crash"),
        ("nan", "NaN", "a float: a crash"),
        ("actor_nan", f'{{"a":NaN,{t}}}', "JSON cannot carry what is returned"),
        ("actor_overflow", f'{{"a":[1e400],{t}}}', "JSON cannot carry what is returned"),
        ("restrictions_nan", f'{{"a":1,{t},"_r":{{"a":[NaN]}}}}', "returned from 1.0a2 on only"),
        ("other_member_nan", f'{{"a":1,{t},"x":[NaN,Infinity,1e400]}}', "not returned, so it does not matter"),
        ("expired_nan", '{"a":NaN,"t":5,"d":1}', "refused before anything is returned"),
        ("4300_digits", f'{{"a":{"9" * 4300},{t}}}', "the longest integer that Python reads"),
        ("4301_digits", f'{{"a":1,{t},"x":{"9" * 4301}}}', "a longer integer, though in a member nobody needs"),
        ("depth_512", f'{{"a":{"[" * 511}{"]" * 511},{t}}}', "the deepest that is allowed"),
        ("depth_513", f'{{"a":{"[" * 512}{"]" * 512},{t}}}', "one too deep"),
        ("depth_513_elsewhere", f'{{"a":1,{t},"x":{"[" * 512}{"]" * 512}}}', "in a member nobody needs"),
    ]
    made = [
        verify(f"payload_{key}", f"{about}; correctly signed",
               of_payload(text, **({"compress": "zlib"} if len(text) > 300 else {})))
        for key, text, about in cases
    ]
    broken = [
        ("no_json", of_payload("no json"), "signed, but no JSON"),
        ("empty", of_payload(""), "signed, but empty"),
        ("cut", of_payload('{"a":"root","t":17'), "signed, but cut"),
        ("bom", of_payload('\ufeff{"a":"root","t":1700000000}'), "a byte order mark"),
        ("no_utf8", of_payload('{"a":"\ud800","t":1700000000}'), "bytes that are no UTF-8"),
        ("no_zlib", token(dot=True), "a leading dot, but not compressed"),
        ("zlib_cut", token(compress="zlib", bytes=[["cut", 3]]), "a cut stream"),
        ("one_letter", of_payload("", body=[["insert", 0, "A"]]), "base64 that holds no byte"),
    ]
    made += [verify(f"broken_{key}", f"{about}; correctly signed", text) for key, text, about in broken]
    made += [
        verify("broken_and_flipped", "the signature is looked at first",
               of_payload("no json", signature=[["flip", 4]])),
        verify("broken_disabled", "the setting is looked at first", of_payload("no json"), settings=OFF),
        verify("malformed_disabled", "the setting is looked at first", of_payload("5"), settings=OFF),
    ]
    return made


GROUPS = {
    "verify_token": accepted,
    "verify_token_spellings": spellings,
    "verify_token_expiry": expiry,
    "verify_token_payloads": payloads,
}
