"""Numbers and strings, wherever a payload can hold them; sign and its namespaces."""

import json

from oracle.scenario import scenario

# name, JSON text, what an implementation gets wrong
NUMBERS = (
    ("int_zero", "0", "the smallest number"),
    ("int_minus_zero", "-0", "the integer 0 has no sign"),
    ("int_minus_one", "-1", "a sign"),
    ("int_2_pow_53_plus_1", "9007199254740993", "no double holds it"),
    ("int_2_pow_63", "9223372036854775808", "past i64"),
    ("int_2_pow_64", "18446744073709551616", "past u64"),
    ("int_minus_2_pow_63_minus_1", "-9223372036854775809", "below i64"),
    ("int_2_pow_128", "340282366920938463463374607431768211456", "past u128"),
    ("int_40_zeros", "1" + "0" * 40, "no exponent form for integers"),
    ("int_4300_digits", "123456789" * 477 + "1234567", "the longest that Python reads"),
    ("int_minus_4300_digits", "-" + "9" * 4300, "the sign does not count"),
    ("float_zero", "0.0", "stays a float"),
    ("float_minus_zero", "-0.0", "keeps its sign"),
    ("float_minus_zero_exponent", "-0e5", "an exponent makes a float of -0"),
    ("float_one", "1.0", "keeps .0"),
    ("float_one_exponent", "1e0", "a float without a point"),
    ("float_upper_e_plus", "1.50E+2", "spelling is not kept"),
    ("float_exponent_leading_zeros", "25e-0002", "zeros before an exponent"),
    ("float_trailing_zeros", "0.10000", "zeros after a fraction"),
    ("float_2_pow_minus_25", "2.98023223876953125e-8", "a tie between two shortest spellings"),
    ("float_minus_2_pow_minus_25", "-2.98023223876953125e-8", "the same tie, negative"),
    ("float_2_pow_minus_24", "5.9604644775390625e-08", "16 digits, no tie"),
    ("float_2_pow_minus_44", "5.684341886080801486968994140625E-14", "an exact power of two, digits cut"),
    ("float_2_pow_minus_1022", "2.2250738585072014e-308", "the smallest normal double"),
    ("float_2_pow_54_plus_tie", "18014398509481986.0", "halfway between two doubles, to even"),
    ("float_5e15_tie", "5000000000000000.5", "a half that a double holds"),
    ("float_2_pow_60", "1152921504606846976.0", "exact, written with fewer digits"),
    ("float_2_pow_89", "618970019642690137449562112.0", "shortest digits, not exact ones"),
    ("float_9007199254740993", "9007199254740993.0", "a tie when read, to even"),
    ("float_1e15", "1e15", "no exponent below 1e16"),
    ("float_1e16", "1e16", "exponent from 1e16 on"),
    ("float_below_1e16", "9999999999999998.0", "the last without exponent"),
    ("float_rounds_to_1e16", "9999999999999999.5", "rounds up into exponent form"),
    ("float_12345678901234567", "12345678901234567.0", "17 digits with exponent"),
    ("float_1e_minus_4", "1e-4", "no exponent from 1e-4 on"),
    ("float_below_1e_minus_4", "0.00009999999999999999", "exponent below 1e-4"),
    ("float_1e_minus_5", "0.00001", "two-digit exponent"),
    ("float_1e21", "1e21", "JavaScript's border is not Python's"),
    ("float_1e22", "1e22", "the last power of ten held exactly"),
    ("float_1e23", "1e23", "the first that is not; shortest form all the same"),
    ("float_1e100", "1e100", "three-digit exponent"),
    ("float_max", "1.7976931348623157e308", "the largest double"),
    ("float_just_below_overflow", "1.7976931348623158079e308", "rounds down to the largest double"),
    ("float_min_subnormal", "5e-324", "the smallest double"),
    ("float_rounds_to_min_subnormal", "2.4703282292062328e-324", "just over half of the smallest"),
    ("float_rounds_to_zero", "2.4703282292062327e-324", "just under half of the smallest"),
    ("float_minus_rounds_to_zero", "-1e-400", "underflow keeps the sign"),
    ("float_subnormal", "1.2345e-310", "fewer digits than a normal double"),
    ("float_zero_huge_exponent", "0e999999999999", "zero at any exponent"),
    ("float_huge_negative_exponent", "123456789e-99999999999999999999", "underflow, exponent past 64 bits"),
    ("float_small_mantissa_huge_exponent", "0." + "0" * 400 + "1e+500", "finite in spite of its exponent"),
    ("float_long_mantissa_negative_exponent", "1" + "0" * 400 + "e-400", "finite in spite of its mantissa"),
    ("float_1000_digit_fraction", "0." + "3" * 1000, "more digits than matter"),
    ("float_tie_broken_by_last_digit", "9007199254740993." + "0" * 800 + "1", "a digit after 800 zeros decides"),
    ("float_4_35", "4.35", "shortest digits, not a product of tenths"),
    ("float_0_1_plus_0_2", "0.30000000000000004", "17 digits"),
    ("float_pi", "3.141592653589793238462643383279", "digits past the 17th"),
    ("float_notorious_subnormal", "2.2250738585072011e-308", "the number that hung old parsers"),
)

# name, how it stands in JSON (without quotes), what an implementation gets wrong
STRINGS = (
    ("short_escapes", r"\b\t\n\f\r", "written in short form"),
    ("short_escapes_as_hex", r"\u0008\u0009\u000a\u000c\u000d", "become short form"),
    ("quote_and_backslash", r"\"\\ \u0022\u005c", "escaped by one character"),
    ("solidus_escaped", r"a\/b/c\u002f", "the solidus is never escaped"),
    ("control_characters", "".join(f"\\u{n:04x}" for n in range(32)), "all 32 in lower case"),
    ("control_upper_case_hex", r"\u001F\u001B\u000B", "hexadecimal digits in lower case"),
    ("null_character", r"a\u0000b", "U+0000 does not end a string"),
    ("delete_raw", "a\x7fb", "U+007F goes raw"),
    ("delete_escaped", r"a\u007fb", "U+007F is unescaped"),
    ("c1_controls", r"\u0080\u0085\u009f", "U+0080 to U+009F go raw"),
    ("ascii_escaped", r"\u0072\u006F\u006f\u0074", "escaped ASCII is unescaped"),
    ("html_characters", "<script>&'</script>", "no HTML escaping"),
    ("latin_raw", "café ñ ß", "UTF-8, not escapes"),
    ("latin_escaped", r"caf\u00e9 \u00F1 \u00df", "both cases of hexadecimal digits"),
    ("combining", "e\u0301 \u00e9", "no normalisation"),
    ("right_to_left", "שלום عربي", "nothing reordered"),
    ("cjk", "日本語テスト", "three bytes each"),
    ("line_separators_raw", "a\u2028b\u2029c", "not escaped as for JavaScript, no line end"),
    ("line_separators_escaped", r"a\u2028b\u2029c", "unescaped"),
    ("byte_order_mark_inside", "\ufeffa\ufeff", "not dropped"),
    ("noncharacter_ffff", "\uffff\ufffe\ufdd0", "noncharacters are characters here"),
    ("noncharacter_ffff_escaped", r"\uffff\uFFFE\ufdd0", "noncharacters are characters here"),
    ("around_surrogates", r"\ud7ff\ue000", "the neighbours of the surrogates are no surrogates"),
    ("private_use", "\ue000\uf8ff\U000f0000", "kept"),
    ("astral_plane", "\U0001f511\U0001d54f", "four bytes, no escapes"),
    ("astral_plane_escaped", r"\ud83d\udd11\uD835\uDD4F", "pairs become one character"),
    ("astral_plane_borders", r"\ud800\udc00\udbff\udfff", "U+10000 and U+10FFFF"),
    ("emoji_sequence", "\U0001f468\u200d\U0001f469\u200d\U0001f467\ufe0f", "joiners are kept"),
    ("spaces", " \u00a0\u2003\u3000 ", "nothing trimmed"),
    ("backslash_u_not_an_escape", r"\\u0041", "an escaped backslash before u"),
)


def numbers_in_tokens():
    """Every number as an actor id."""
    return [
        scenario(f"actor_id_{key}", about, "create_token", f'{{"actor_id":{text}}}')
        for key, text, about in NUMBERS
    ]


def numbers_signed():
    """Every number as a signed value, inside an object and a list."""
    return [
        scenario(f"sign_{key}", about, "sign", f'{{"value":{{"n":[{text}, {text}]}}}}')
        for key, text, about in NUMBERS
    ]


def strings_in_tokens():
    """Every string as an actor id, and as database, table and action name."""
    made = []
    for key, text, about in STRINGS:
        made.append(scenario(f"actor_id_{key}", about, "create_token", f'["{text}"]'))
        made.append(
            scenario(
                f"restrict_names_{key}",
                f"{about}; in names of databases, tables and actions",
                "create_token",
                f'{{"actor_id":"root","restrict_all":["{text}"],"restrict_database":{{"{text}":["view-query"]}},'
                f'"restrict_resource":{{"{text}":{{"{text}":["{text}","view-table"]}}}}}}',
            )
        )
    return made


def strings_signed():
    """Every string as a signed value, a key and a namespace."""
    made = []
    for key, text, about in STRINGS:
        made.append(scenario(f"sign_{key}", about, "sign", f'{{"value":{{"{text}":["{text}"]}}}}'))
        made.append(
            scenario(f"namespace_{key}", f"{about}; in the namespace", "sign", f'{{"value":1,"namespace":"{text}"}}')
        )
    return made


def sign():
    """sign: kinds of values, spellings, depth, namespaces."""
    values = [
        ("null", "null", "null is a value"),
        ("true", "true", "in lower case"),
        ("false", "false", "in lower case"),
        ("string", '"hello"', "a bare string"),
        ("empty_string", '""', "two quotes"),
        ("empty_list", "[ ]", "no space inside"),
        ("empty_object", "{ }", "no space inside"),
        ("whitespace", '\t[ 1 ,\r2 , { "a" : null } ] ', "whitespace is not kept"),
        ("key_order", '{"b":1,"a":2,"10":3,"9":4,"B":5}', "keys keep their order"),
        ("key_escaped", r'{"\u0062":1,"a\/b":2}', "keys are unescaped"),
        ("nested_empties", '{"a":{},"b":[],"c":[[],{}]}', "empties inside"),
        ("list_depth_510", "[" * 510 + "]" * 510, "as deep as a request may be"),
        ("object_depth_510", '{"a":' * 509 + "{}" + "}" * 509, "as deep as a request may be"),
        ("wide_list", json.dumps(list(range(1000))), "a thousand members"),
        ("long_key", '{"' + "k" * 2000 + '":1}', "a long key"),
        ("message", '[["Something went wrong",3]]', "as the messages cookie holds it"),
    ]
    made = [scenario(f"sign_{key}", about, "sign", f'{{"value":{text}}}') for key, text, about in values]
    namespaces = ("default", "token", "actor", "messages", "dsatok", "", "csrftoken", "ns with space", "ü\U0001f511",
                  "signer", "n" * 100)
    names = ("default", "token", "actor", "messages", "dsatok", "empty", "csrftoken", "space", "non_ascii",
             "signer", "100_bytes")
    for key, namespace in zip(names, namespaces):
        made.append(scenario(f"sign_namespace_{key}", "the namespace is part of the key", "sign",
                             {"value": {"id": "root"}, "namespace": namespace}))
    made += [
        scenario("sign_by_position", "value, namespace", "sign", '["x","actor"]'),
        scenario("sign_namespace_absent", "is the default namespace", "sign", '["x"]'),
        scenario("sign_namespace_null", "null means the default", "sign", '{"value":"x","namespace":null}'),
        scenario("sign_reversed_names", "names come in any order", "sign", '{"namespace":"actor","value":[1]}'),
    ]
    return made


GROUPS = {
    "create_token_numbers": numbers_in_tokens,
    "create_token_unicode": strings_in_tokens,
    "sign": sign,
    "sign_numbers": numbers_signed,
    "sign_unicode": strings_signed,
}
