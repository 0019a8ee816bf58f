"""unsign, correctly signed: what is inside cannot always be read (zlib, UTF-8, JSON)."""

from oracle.scenarios_unsign import signed, unsign

LONG = '{"words":"' + "table view " * 12 + '"}'


def compressed():
    """What zlib makes of what follows the leading dot."""
    def deflated(how="zlib", **edits):
        return signed(LONG, compress=how, **edits)

    cases = [
        ("stock", deflated(), "stock zlib"),
        ("zlib_ng", deflated("zlib-ng"), "zlib-ng's bytes decompress to the same"),
        ("level_0", deflated("level 0"), "stored blocks"),
        ("level_1", deflated("level 1"), "another level"),
        ("level_9", deflated("level 9"), "another level"),
        ("small_window", deflated("small window"), "a header with a small window"),
        ("sync_flush", deflated("sync flush"), "an empty block inside"),
        ("full_flush", deflated("full flush"), "a block that refers to nothing before it"),
        ("though_not_shorter", signed("1", compress="zlib"), "compressed for nothing, still read"),
        ("and_dot_without", signed(LONG, dot=True), "a leading dot, but nothing was compressed"),
        ("without_dot", deflated(text=[["remove", 0, 1]]), "the dot was taken off"),
        ("trailing_byte", deflated(bytes=[["append", "00"]]), "bytes after the stream are ignored"),
        ("trailing_text", deflated(bytes=[["append", b"and more".hex()]]), "text after the stream is ignored"),
        ("two_streams", deflated("two streams"), "only the first stream counts"),
        ("cut_by_one", deflated(bytes=[["cut", 1]]), "the checksum is not complete"),
        ("cut_by_checksum", deflated(bytes=[["cut", 4]]), "the checksum is missing"),
        ("cut_in_the_middle", deflated(bytes=[["cut", 12]]), "the data are not complete"),
        ("header_only", deflated(bytes=[["replace", "789c"]]), "two bytes of header"),
        ("empty", deflated(bytes=[["replace", ""]]), "no byte at all"),
        ("of_nothing", signed("", compress="zlib"), "an empty text is no JSON"),
        ("checksum_flipped", deflated(bytes=[["flip", -1]]), "the checksum is wrong"),
        ("header_flipped", deflated(bytes=[["flip", 1]]), "the header's own check is wrong"),
        ("data_flipped", deflated(bytes=[["flip", 12]]), "the data are damaged"),
        ("dictionary", deflated("dictionary"), "needs a dictionary nobody has"),
        ("raw_deflate", deflated("raw deflate"), "deflate without zlib's frame"),
        ("gzip", deflated("gzip"), "gzip's frame"),
        ("twice", deflated("twice"), "compressed twice"),
        ("reserved_block", deflated(bytes=[["replace", "789c0700"]]), "a block type that does not exist"),
        ("stored_length_wrong", deflated(bytes=[["replace", "789c010100ffff310031"]]),
         "a stored block whose length contradicts itself"),
        ("dots_2", deflated(body=[["insert", 0, "."]]), "a second dot is junk in the base64"),
        ("dots_3", deflated(body=[["insert", 0, ".."]]), "three dots"),
        ("dots_4", deflated(body=[["insert", 0, "..."]]), "four dots"),
        ("dots_5", deflated(body=[["insert", 0, "...."]]), "five dots: four are dropped"),
        ("invalid_utf8", signed('"\ud800"', compress="zlib"), "compressed bytes that are no UTF-8"),
        ("invalid_json", signed("{", compress="zlib"), "compressed text that is no JSON"),
    ]
    made = [unsign(f"compressed_{key}", f"{about}; correctly signed", recipe) for key, recipe, about in cases]
    made.append(unsign("plain_four_dots_inside", "dots inside a payload are junk in the base64; correctly signed",
                       signed(body=[["insert", 8, "...."]])))
    return made


def bytes_of(hexadecimal):
    """Return the Recipe of correctly signed bytes."""
    return signed("", bytes=[["replace", hexadecimal]])


def characters():
    """UTF-8 and surrogates."""
    raw = [
        ("byte_ff", "22ff22", "no UTF-8"),
        ("continuation_alone", "228022", "a continuation byte alone"),
        ("cut_sequence", "22e282", "the text ends inside a character"),
        ("overlong", "22c0af22", "an overlong slash"),
        ("overlong_nul", "22c08022", "U+0000 as Java writes it"),
        ("surrogate", "22eda08022", "a surrogate in UTF-8"),
        ("surrogate_pair", "22eda0bdedb88022", "a pair of them, CESU-8"),
        ("above_10ffff", "22f490808022", "past the last character"),
        ("latin_1", "22e922", "Latin-1"),
        ("utf_16_bom", "fffe2200", "UTF-16"),
        ("utf_16", "22006100", "UTF-16 without a mark is UTF-8 with U+0000"),
        ("bad_after_json", "31ff", "bad bytes after the value"),
        ("bom", "efbbbf31", "a byte order mark before the value"),
        ("bom_inside_string", "22efbbbf22", "a byte order mark inside a string"),
        ("bom_after", "31efbbbf", "a byte order mark after the value"),
        ("last_character", "22f48fbfbf22", "U+10FFFF"),
        ("noncharacter", "22efbfbf22", "U+FFFF is a character here"),
    ]
    made = [unsign(f"utf8_{key}", f"{about}; correctly signed", bytes_of(data)) for key, data, about in raw]
    escaped = [
        ("lone_high", r'"\ud83d"', "comes back as an escape"),
        ("lone_low", r'"\uDE00"', "comes back as an escape, in lower case"),
        ("pair", r'"\ud83d\ude00"', "two escapes, one character"),
        ("pair_upper_case", r'"\uD83D\uDE00"', "both cases of hexadecimal digits"),
        ("reversed", r'"\ude00\ud83d"', "two lone ones"),
        ("high_high_low", r'"\ud83d\ud83d\ude00"', "a lone one before a pair"),
        ("high_then_letter", r'"\ud83dA\ude00"', "a letter between them"),
        ("high_then_escape", r'"\ud83d\u0041"', "an escape that is no low surrogate"),
        ("high_then_short_escape", r'"\ud83d\n"', "a short escape after it"),
        ("in_key", r'{"\udfff":1}', "in a key"),
        ("keys_apart", r'{"\ud800":1,"\ud801":2}', "two keys that differ in them only"),
        ("beside_text", '"\u00e9\\udc80\U0001f511"', "between other characters"),
    ]
    made += [unsign(f"surrogate_{key}", f"{about}; correctly signed", signed(text)) for key, text, about in escaped]
    return made


# name, text, what an implementation gets wrong
JSON = (
    ("whitespace", ' \t\r\n{ "a" :\n[ 1 , 2 ]\t}\r\n ', "around and inside"),
    ("whitespace_form_feed", "\f1", "a form feed is no whitespace"),
    ("whitespace_vertical_tab", "1\v", "a vertical tab is no whitespace"),
    ("whitespace_no_break_space", "\u00a01", "U+00A0 is no whitespace"),
    ("whitespace_only", "  ", "no value"),
    ("nul_after", "1\x00", "U+0000 after the value"),
    ("two_values", "1 2", "something after the value"),
    ("trailing_comma_list", "[1,]", "a comma too many"),
    ("trailing_comma_object", '{"a":1,}', "a comma too many"),
    ("comma_missing", "[1 2]", "a comma too few"),
    ("colon_missing", '{"a" 1}', "no colon"),
    ("unclosed_list", "[1", "the text ends"),
    ("unclosed_object", '{"a":1', "the text ends"),
    ("unclosed_string", '"abc', "the text ends"),
    ("closed_by_other", "[1}", "the wrong bracket"),
    ("only_open", "[", "the text ends at once"),
    ("single_quotes", "'a'", "Python's quotes are no JSON"),
    ("key_no_string", "{1:2}", "a key must be a string"),
    ("key_bare", "{a:1}", "a key must be quoted"),
    ("comment", "1 // one", "no comments"),
    ("python_true", "True", "JSON's words are in lower case"),
    ("python_none", "None", "JSON's words are in lower case"),
    ("word_cut", "nul", "a word that ends too early"),
    ("word_longer", "nullx", "a word that goes on"),
    ("duplicate_key", '{"a":1,"b":2,"a":3}', "first place, last value"),
    ("duplicate_key_escaped", r'{"a":1,"\u0061":2}', "compared after unescaping"),
    ("duplicate_key_nested", '[{"x":{"y":1},"x":null}]', "deeper down as well"),
    ("empty_key", '{"":{"":0}}', "an empty key is a key"),
    ("tab_in_string", '"a\tb"', "control characters must be escaped"),
    ("newline_in_string", '"a\nb"', "control characters must be escaped"),
    ("unit_separator_in_string", '"a\x1fb"', "control characters must be escaped"),
    ("delete_in_string", '"a\x7fb"', "U+007F need not be escaped"),
    ("escape_unknown", r'"\x41"', "an escape that does not exist"),
    ("escape_cut", '"\\', "the text ends inside an escape"),
    ("escape_u_cut", r'"\u12"', "four digits are needed"),
    ("escape_u_no_digits", r'"\uzzzz"', "hexadecimal digits are needed"),
    ("escape_u_plus", r'"\u+041"', "a sign is no digit"),
    ("escape_u_underscore", r'"\u0_41"', "an underscore is no digit"),
    ("escape_u_space", r'"\u 041"', "a space is no digit"),
    ("escape_u_upper", r'"\U0041"', "the u is in lower case"),
    ("escape_nul", r'"\u0000"', "U+0000 escaped"),
    ("number_leading_zero", "01", "no zeros before a number"),
    ("number_minus_leading_zero", "-01", "no zeros before a number"),
    ("number_plus", "+1", "no plus sign"),
    ("number_minus_only", "-", "digits are needed"),
    ("number_minus_space", "- 1", "the sign belongs to the digits"),
    ("number_point_first", ".5", "a digit before the point"),
    ("number_point_last", "1.", "a digit after the point"),
    ("number_exponent_empty", "1e", "digits are needed"),
    ("number_exponent_sign_only", "1e+", "digits are needed"),
    ("number_hexadecimal", "0x10", "no hexadecimal numbers"),
    ("number_underscore", "1_000", "Python's underscores are no JSON"),
    ("number_arabic_digit", "\u0661", "digits are ASCII"),
    ("number_arabic_digit_second", "1\u0661", "digits are ASCII"),
    ("number_exponent_upper", "1E5", "an exponent in upper case"),
    ("float_underflow", "1e-400", "0.0"),
    ("float_overflow", "1e400", "an infinity that JSON cannot carry"),
    ("float_overflow_minus", "-1e400", "an infinity that JSON cannot carry"),
    ("float_overflow_in_list", "[0,1e999]", "an infinity deeper down"),
    ("float_long_overflow", "1" + "0" * 400 + ".0", "an infinity written in full"),
    ("nan", "NaN", "Python reads it, JSON cannot carry it"),
    ("infinity", "Infinity", "Python reads it, JSON cannot carry it"),
    ("minus_infinity", "-Infinity", "Python reads it, JSON cannot carry it"),
    ("nan_in_object", '{"a":[1,{"b":NaN}]}', "deeper down as well"),
    ("nan_then_error", "[NaN", "no JSON at all"),
    ("nan_overwritten", '{"a":NaN,"a":1}', "the last value counts, and it is a number"),
    ("nan_minus", "-NaN", "there is no such word"),
    ("nan_lower_case", "nan", "there is no such word"),
    ("infinity_cut", "-Infinit", "there is no such word"),
)

# The same, long: compressed to keep the file small.
LONG_JSON = (
    ("depth_511", "[" * 511 + "]" * 511, "deep, but allowed"),
    ("depth_512", "[" * 512 + "]" * 512, "the deepest that is allowed"),
    ("depth_513", "[" * 513 + "]" * 513, "one too deep"),
    ("depth_512_objects", '{"a":' * 512 + "1" + "}" * 512, "objects count as lists do"),
    ("depth_513_objects", '{"a":' * 513 + "1" + "}" * 513, "objects count as lists do"),
    ("depth_512_mixed", '[{"a":' * 256 + "1" + "}]" * 256, "lists and objects together"),
    ("depth_513_at_the_end", "[1," + "[" * 512 + "]" * 512 + "]", "not on the first way down"),
    ("depth_not_length", "[" + "[]," * 600 + "[]]", "only open containers count"),
    ("depth_100000", "[" * 100_000 + "]" * 100_000, "deep enough to break a stack"),
    ("depth_100000_unclosed", "[" * 100_000, "deep and broken"),
    ("integer_4300_digits", "7" * 4300, "the longest that Python reads"),
    ("integer_4300_digits_minus", "-" + "7" * 4300, "the sign does not count"),
    ("integer_4301_digits", "7" * 4301, "longer than Python reads"),
    ("integer_4301_digits_in_list", "[0," + "7" * 4301 + "]", "longer than Python reads, deeper down"),
    ("integer_4301_zeros", "-" + "1" + "0" * 4300, "longer than Python reads"),
    ("float_4301_digits", "0." + "3" * 5000, "floats have no such limit"),
    ("float_4301_digits_before_the_point", "1" + "0" * 4400 + "e-4400", "floats have no such limit"),
)


def json_texts():
    """Python's JSON, what it takes and what it refuses."""
    made = [unsign(f"json_{key}", f"{about}; correctly signed", signed(text)) for key, text, about in JSON]
    made += [
        unsign(f"json_{key}", f"{about}; correctly signed", signed(text, compress="zlib"))
        for key, text, about in LONG_JSON
    ]
    return made


GROUPS = {"unsign_compressed": compressed, "unsign_characters": characters, "unsign_json": json_texts}
