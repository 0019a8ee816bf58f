"""unsign: values, namespaces, dots and signatures; how base64 is read."""

from oracle.scenario import SECRET, Recipe, scenario

VALUE = '{"id":"root","n":[1,2.5,null]}'


def signed(payload=VALUE, namespace="default", **how):
    """Return the Recipe of a signed value."""
    return Recipe(payload=payload, secret=SECRET, namespace=namespace, **how)


def unsign(name, about, text, *namespace, **config):
    """Return a scenario of unsign; `text` is a Recipe or a str."""
    params = {"signed": text, **({"namespace": namespace[0]} if namespace else {})}
    return scenario(f"unsign_{name}", about, "unsign", params, **config)


def values():
    """What was signed comes back, and where the signature is looked for."""
    kinds = [
        ("object", VALUE, "the usual value"),
        ("null", "null", "a null is a value, no refusal"),
        ("true", "true", "a boolean"),
        ("false", "false", "a boolean that is false is no refusal"),
        ("zero", "0", "the integer 0"),
        ("minus_zero", "-0", "the integer 0 has no sign"),
        ("float_minus_zero", "-0.0", "keeps its sign"),
        ("float", "1.50e2", "written as Python writes it"),
        ("float_tie", "2.98023223876953125e-8", "a tie between two shortest spellings"),
        ("float_1e16", "1e16", "exponent from 1e16 on"),
        ("big_integer", "123456789012345678901234567890", "past 64 bits"),
        ("string", '"root"', "need not be an object"),
        ("string_empty", '""', "an empty string"),
        ("string_unicode", '"z\u00fcrich \U0001f511 \u2028 \x7f"', "UTF-8, not escapes"),
        ("string_escapes", r'"\u00e9\/\b\u001F\""', "unescaped, then escaped as Python does"),
        ("list_empty", "[]", "an empty list"),
        ("object_empty", "{}", "an empty object"),
        ("order", '{"b":1,"a":{"10":1,"9":2}}', "keys keep their order"),
        ("messages", '[["Row added",1]]', "Datasette's own messages"),
    ]
    made = [unsign(f"value_{key}", about, signed(text)) for key, text, about in kinds]
    namespaces = [
        ("token", "token", "token", "the namespace of tokens"),
        ("empty", "", "", "an empty namespace is one"),
        ("unicode", "n\u00e4me \U0001f511", "n\u00e4me \U0001f511", "UTF-8"),
        ("other", "token", "actor", "signed in another namespace"),
        ("default_for_token", "token", "default", "the default is a namespace as any other"),
        ("case", "token", "Token", "names are compared exactly"),
        ("with_signer", "tokensigner", "token", "the key is made of namespace, the word signer and the secret"),
    ]
    made += [
        unsign(f"namespace_{key}", about, signed(namespace=signing), unsigning)
        for key, signing, unsigning, about in namespaces
    ]
    made += [
        unsign("namespace_left_out", "the default namespace", signed()),
        scenario("unsign_by_position", "second position is the namespace", "unsign", [signed(namespace="x"), "x"]),
        scenario("unsign_namespace_null", "null means the default", "unsign", [signed(), None]),
        unsign("namespace_and_secret_run_together", "asigner + secret is the key of a + signersecret",
               signed(namespace="asigner").but(secret="secret"), "a", secret="signersecret"),
    ]
    return made


def signatures():
    """Which signatures are refused, and where they are looked for."""
    flipped = [
        ("first", 0, "the first letter of the signature"),
        ("middle", 13, "a letter in the middle"),
        ("last", -1, "the last letter: bits that count"),
    ]
    made = [
        unsign(f"signature_flipped_{key}", about, signed(signature=[["flip", at]])) for key, at, about in flipped
    ]
    made += [
        unsign("signature_cut_by_one", "a letter short", signed(signature=[["remove", -1, 1]])),
        unsign("signature_cut_by_four", "three bytes short", signed(signature=[["remove", -4, 4]])),
        unsign("signature_first_half", "a prefix of the signature is no signature",
               signed(signature=[["remove", 12, 15]])),
        unsign("signature_empty", "a dot at the end", signed(signature=[["remove", 0, 27]])),
        unsign("signature_longer", "bytes after the signature", signed(signature=[["insert", None, "AAAA"]])),
        unsign("signature_of_another_secret", "signed with another secret", signed().but(secret="another secret")),
        unsign("secret_with_newline", "a newline is part of a secret", signed().but(secret=SECRET + "\n")),
        unsign("secret_case", "secrets are compared exactly", signed().but(secret=SECRET.upper())),
        unsign("payload_flipped", "the payload was changed", signed(text=[["flip", 3]])),
        unsign("payload_respelled_after_signing", "the signature is over the letters, not the bytes",
               signed('"\u00ff\u00fe\u00fb\u00ef??>>~~"', text=[["respell"]])),
        unsign("payload_with_padding_after_signing", "padding was not signed", signed("1", text=[["insert", 2, "=="]])),
        unsign("payload_empty_after_signing", "only the signature is left", signed(text=[["remove", 0, 40]])),
        unsign("dot_last_counts", "a dot inside the payload is part of it", signed(body=[["insert", 8, "."]])),
        unsign("dot_before_the_last", "the signature begins after the last dot",
               signed(text=[["insert", -10, "."]])),
        unsign("dot_trailing", "a dot after the signature", signed(text=[["insert", None, "."]])),
        unsign("dot_doubled", "two dots between payload and signature", signed(signature=[["insert", 0, "."]])),
        unsign("dot_missing", "no dot at all", signed(text=[["remove", 40, 1]])),
        unsign("dot_leading_after_signing", "a leading dot is signed too", signed(text=[["insert", 0, "."]])),
        unsign("empty", "no dot", ""),
        unsign("only_dot", "an empty payload with an empty signature", "."),
        unsign("only_dots", "a dot as payload, an empty signature", ".."),
        unsign("no_base64", "words", "not a token at all"),
        unsign("whitespace_before", "not trimmed", signed(text=[["insert", 0, " "]])),
        unsign("newline_after", "dropped as junk in base64, so it verifies or not by its length",
               signed(text=[["insert", None, "\n"]])),
        unsign("twice_signed", "a signed value around another", signed(body=[["insert", None, ".AAAA"]])),
        unsign("empty_payload", "an empty text is no JSON, but signed", signed("")),
    ]
    return made


# name, edit, what an implementation gets wrong; `insert` at 5 is inside the text
SPELLINGS = (
    ("spare_bits", [["spare"]], "the bits that no byte uses are free"),
    ("padding", [["insert", None, "="]], "padding that is right"),
    ("padding_2", [["insert", None, "=="]], "padding of two"),
    ("padding_3", [["insert", None, "==="]], "padding of three"),
    ("padding_4", [["insert", None, "===="]], "padding of four"),
    ("padding_5", [["insert", None, "====="]], "padding of five"),
    ("padding_then_letter", [["insert", None, "=A"]], "a letter after padding"),
    ("padding_then_letters", [["insert", None, "=AAAA"]], "letters after padding"),
    ("padding_2_then_letters", [["insert", None, "==AAAA"]], "letters after padding of two"),
    ("padding_first", [["insert", 0, "="]], "padding before everything"),
    ("padding_inside", [["insert", 8, "="]], "padding at a multiple of four"),
    ("padding_inside_odd", [["insert", 6, "="]], "padding in the middle of a group"),
    ("padding_4_inside", [["insert", 6, "===="]], "four of them in the middle of a group"),
    ("padding_split", [["insert", None, "=*="]], "junk between padding"),
    ("junk_1", [["insert", 5, "*"]], "one character that is no base64 shifts the padding"),
    ("junk_2", [["insert", 5, "**"]], "two of them"),
    ("junk_3", [["insert", 5, "***"]], "three of them"),
    ("junk_4", [["insert", 5, "****"]], "four of them are dropped"),
    ("junk_1_end", [["insert", None, "*"]], "one at the end"),
    ("junk_4_end", [["insert", None, "!!!!"]], "four at the end"),
    ("junk_4_scattered", [["insert", 2, " "], ["insert", 9, "\t"], ["insert", 12, "\n"], ["insert", 20, "~"]],
     "whitespace and junk, four in all"),
    ("null_characters", [["insert", 4, "\x00\x00\x00\x00"]], "U+0000 is junk too"),
    ("non_ascii_1", [["insert", 5, "\u00e9"]], "two bytes of junk"),
    ("non_ascii_2", [["insert", 5, "\u00e9\u00e9"]], "four bytes of junk, two characters"),
    ("non_ascii_4_bytes", [["insert", 5, "\U0001f511"]], "four bytes of junk, one character"),
    ("fullwidth_letters", [["insert", 5, "\uff21\uff21\uff21\uff21"]], "no letters of the alphabet"),
    ("letter_more", [["insert", None, "A"]], "one letter more"),
    ("letters_2_more", [["insert", None, "AA"]], "two letters more"),
)


def base64():
    """Every lenient spelling, in the signature and, correctly signed, in the payload."""
    made = []
    for key, edits, about in SPELLINGS:
        made.append(unsign(f"signature_{key}", about, signed(signature=edits)))
        # The payload's length decides about padding: 20 bytes need one =.
        made.append(unsign(f"payload_{key}", f"{about}; correctly signed",
                           signed('{"id":"payload 20"}\n', body=edits)))
    # Signatures and payloads in which both of the letters that differ stand.
    made += [
        unsign("signature_plus_and_slash", "+ and / count as - and _",
               signed('{"n":15}', signature=[["respell"]])),
        unsign("payload_plus_and_slash", "+ and / count as - and _; correctly signed",
               signed('"\u00ff\u00fe\u00fb\u00ef??>>~~"', body=[["respell"]])),
        unsign("payload_plus_and_slash_compressed", "+ and / in a compressed payload; correctly signed",
               signed("[" + ",".join(map(str, range(90))) + "]", compress="zlib", body=[["respell"]])),
        unsign("payload_one_letter", "a single letter holds no byte; correctly signed",
               signed("", body=[["insert", 0, "A"]])),
        unsign("payload_two_letters", "a byte that is a digit; correctly signed", signed("7")),
        unsign("payload_five_letters", "one letter after a whole group; correctly signed",
               signed("777", body=[["insert", None, "A"]])),
        unsign("payload_only_junk", "no letter at all; correctly signed", signed("", body=[["insert", 0, "****"]])),
        unsign("payload_only_padding", "padding alone; correctly signed", signed("", body=[["insert", 0, "===="]])),
        unsign("payload_one_byte_missing", "the text is cut; correctly signed", signed(body=[["remove", -1, 1]])),
    ]
    return made


GROUPS = {"unsign": values, "unsign_signatures": signatures, "unsign_base64": base64}
