"""Payloads around every threshold of compression, in both flavours.

The rule of itsdangerous: compressed bytes are kept if len(z) < len(json) - 1.
Inputs on that border are found by trying deterministic candidates.
"""

from oracle.scenario import NOW, Stream, scenario

FLAVOURS = ("zlib", "zlib-ng")
HEX = "0123456789abcdef"
BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
PRINTABLE = "".join(chr(n) for n in range(32, 127) if chr(n) not in '"\\')

# len(z) - len(json): the first two are kept, the others are not.
BORDERS = {-3: "minus_three", -2: "minus_two", -1: "minus_one", 0: "zero"}
LENGTHS = ((20, 60), (60, 90), (90, 200), (200, 800))


def groups(sizes):
    """Return {group: scenarios}.

    `sizes` takes a list of values and returns for each the number of bytes of
    its JSON ("json") and of that compressed ("zlib", "zlib-ng").
    """
    tokens = _candidates("actor")
    token_sizes = sizes([{"a": actor, "t": NOW} for actor in tokens])
    values = _candidates("value")
    value_sizes = sizes(values)
    return {
        "compression": _borders("zlib", tokens, token_sizes, values, value_sizes) + _lengths() + _deflate(),
        "large": _large(),
        "zlib_ng": _borders("zlib-ng", tokens, token_sizes, values, value_sizes)
        + _disagreements(tokens, token_sizes)
        + _zlib_ng(),
    }


def _candidates(label):
    """Return strings of many lengths and degrees of redundancy."""
    found = []
    for n in range(4000):
        stream = Stream(f"{label}/{n}")
        length = 4 + n // 16 if n < 3200 else 200 + (n - 3200) // 2
        kind = n % 4
        if kind == 0:
            found.append(stream.words(length))
        elif kind == 1:
            found.append(stream.text(HEX, length))
        elif kind == 2:
            # Random characters with a repeated piece: near the border at any length.
            piece = stream.text(BASE64, 4 + stream.below(9))
            found.append((piece + stream.text(BASE64, length))[: max(length - len(piece), 1)] + piece)
        else:
            found.append(stream.text(PRINTABLE[: 40 + stream.below(50)], length))
    return found


def _borders(flavour, tokens, token_sizes, values, value_sizes):
    """Return one scenario for each border, method and range of lengths, where there is one."""
    made = []
    for method, candidates, measured in (
        ("create_token", tokens, token_sizes),
        ("sign", values, value_sizes),
    ):
        for difference, word in BORDERS.items():
            for low, high in LENGTHS:
                for candidate, size in zip(candidates, measured):
                    if low <= size["json"] < high and size[flavour] - size["json"] == difference:
                        made.append(
                            _compressing(
                                f"len_{word}_boundary_{method}_{low}_bytes",
                                f"compressed length is JSON length {difference:+d}: "
                                f"{'kept' if difference < -1 else 'not kept'}",
                                flavour,
                                method,
                                [candidate],
                            )
                        )
                        break
    return made


def _disagreements(tokens, measured):
    """Return tokens that one flavour compresses and the other does not, both ways."""
    made = []
    for winner, loser in (FLAVOURS, FLAVOURS[::-1]):
        hits = [
            token
            for token, size in zip(tokens, measured)
            if size[winner] < size["json"] - 1 <= size[loser]
        ]
        for n, hit in enumerate(hits[:3], 1):
            for flavour in FLAVOURS:
                made.append(
                    scenario(
                        f"only_{winner.replace('-', '_')}_compresses_{n}_by_{flavour.replace('-', '_')}",
                        f"{winner} wins here, {loser} does not",
                        "create_token",
                        [hit],
                        zlib=flavour,
                    )
                )
    return made


def _lengths():
    """Return payloads of every length from 20 bytes, in steps, of prose."""
    made = []
    for length in (*range(18, 100, 4), *range(100, 300, 20), *range(300, 2000, 170), 4000, 8000, 16000):
        text = Stream(f"length/{length}").words(length)
        made.append(
            scenario(f"sign_prose_{length:05d}", f"a payload of {length + 2} bytes", "sign", {"value": text})
        )
    return made


def _deflate():
    """Return payloads at the limits inside deflate."""
    random = Stream("deflate")
    cases = [(f"run_of_{n}", f"one character {n} times: match lengths around 258", "a" * n)
             for n in (2, 3, 4, 8, 130, 131, 256, 257, 258, 259, 260, 261, 516, 517, 518)]
    for distance in (4095, 4096, 4097):
        noise = random.text(PRINTABLE.replace("a", "").replace("b", "").replace("c", ""), distance - 3)
        cases.append((f"three_bytes_at_distance_{distance}", "matches of three are refused past 4,096",
                      f"abc{noise}abc"))
    for distance in (32505, 32506, 32507, 32767, 32768, 32769):
        noise = random.text(PRINTABLE.replace("~", ""), distance - 20)
        cases.append((f"match_at_distance_{distance}", "the window ends near 32 KiB",
                      f"{'~' * 10}0123456789{noise}{'~' * 10}0123456789"))
    for length in (16380, 16381, 16382, 16383, 16384, 16385):
        cases.append((f"literals_{length}", "a block ends after 16,383 symbols",
                      random.text(PRINTABLE, length - 2)))
    fibonacci = [1, 1]
    while len(fibonacci) < 18:
        fibonacci.append(sum(fibonacci[-2:]))
    pool = "".join(chr(97 + n) * count for n, count in enumerate(fibonacci))
    shuffled = sorted(range(len(pool)), key=lambda n: Stream(f"fibonacci/{n}").below(65536))
    cases.append(("fibonacci_frequencies", "a Huffman tree as deep as can be", "".join(pool[n] for n in shuffled)))
    cases.append(("two_symbols", "few codes, long matches", random.text("ab", 3000)))
    cases.append(("alternating", "a match that overlaps itself", "ab" * 700))
    cases.append(("all_printable_once", "no match at all", PRINTABLE * 1))
    cases.append(("non_ascii_prose", "multi-byte characters", "".join(random.choice("äöüßéèñ日本語") for _ in range(600))))
    cases.append(("numbers", "digits only", random.text("0123456789", 1500)))
    return [scenario(f"deflate_{name}", about, "sign", {"value": text}) for name, about, text in cases]


def _restrictions(databases, tables, actions):
    return {
        f"database_{d}": {f"table_{t}": actions for t in range(tables)} for d in range(databases)
    }


def _large_cases():
    random = Stream("large")
    three = ["view-table", "insert-row", "update-row"]
    return [
        ("restrictions_3_kb", "20 databases of 5 tables", "create_token",
         {"actor_id": "root", "restrict_resource": _restrictions(20, 5, three)}),
        ("restrictions_70_kb", "past the 32 KiB window", "create_token",
         {"actor_id": "root", "restrict_resource": _restrictions(100, 20, three)}),
        ("actor_list_40_kb", "numbers and names", "create_token",
         {"actor_id": [{"id": n, "name": random.words(12)} for n in range(900)]}),
        ("repetitive_300_kb", "compresses a thousandfold", "sign", {"value": "ab" * 150000}),
        ("prose_300_kb", "many blocks", "sign", {"value": random.words(300000)}),
        ("noise_40_kb", "hardly compresses, several blocks", "sign", {"value": random.text(BASE64, 40000)}),
        ("noise_then_run", "blocks of different kinds", "sign",
         {"value": random.text(PRINTABLE, 20000) + "z" * 50000 + random.text(HEX, 20000)}),
        ("floats_60_kb", "digits without pattern", "sign",
         {"value": [(random.below(65536) * 65536 + random.below(65536)) / 7 for _ in range(3000)]}),
        ("non_ascii_90_kb", "two to four bytes a character", "sign",
         {"value": "".join(random.choice("éß日本\U0001f511\U0001d54fx ") for _ in range(32000))}),
    ]


def _large():
    """Return payloads past 16,383 symbols and past the 32 KiB window."""
    return [scenario(f"large_{name}", about, method, params) for name, about, method, params in _large_cases()]


def _zlib_ng():
    """Return payloads of many sizes for zlib-ng alone."""
    made = [
        scenario(f"zlib_ng_large_{name}", about, method, params, zlib="zlib-ng")
        for name, about, method, params in _large_cases()
        if not name.startswith(("prose", "non_ascii"))
    ]
    for length in (18, 40, 60, 70, 80, 90, 100, 150, 250, 500, 1000, 2000, 5000, 20000):
        text = Stream(f"zlib-ng/{length}").words(length)
        made.append(scenario(f"zlib_ng_sign_prose_{length:05d}", f"a payload of {length + 2} bytes", "sign",
                             {"value": text}, zlib="zlib-ng"))
    made += _output_buffers()
    made.append(scenario("zlib_ng_root", "too short to compress", "create_token", ["root"], zlib="zlib-ng"))
    made.append(scenario("zlib_ng_restricted", "a usual restricted token", "create_token",
                         {"actor_id": "root", "expires_after": 3600, "restrict_all": ["view-instance"],
                          "restrict_resource": _restrictions(2, 3, ["view-table", "insert-row"])}, zlib="zlib-ng"))
    return made


def _output_buffers():
    """Return payloads whose zlib-ng bytes depend on the caller's output buffers.

    When a block ends and the output buffer is full, zlib-ng's level 6 forgets the
    match it had found for the next block. The package's `compress` gives it
    16 KiB and doubles that each time: another way of growing gives other bytes.
    """
    words = Stream("output buffers")
    vocabulary = [words.text("abcdefghij", 2 + words.below(7)) for _ in range(300)]
    cases = {
        "digits_60_kb": Stream("output buffers").text("0123456789", 60000),
        "digits_100_kb": Stream("output buffers").text("0123456789", 100000),
        "vocabulary_220_kb": " ".join(words.choice(vocabulary) for _ in range(37000)),
    }
    return [
        scenario(f"zlib_ng_output_past_16_kib_{name}", "the output buffer grows from 16 KiB by doubling",
                 "sign", {"value": text}, zlib="zlib-ng")
        for name, text in cases.items()
    ]


def _compressing(name, about, flavour, method, params):
    if flavour == "zlib":
        return scenario(name, about, method, params)
    return scenario(f"zlib_ng_{name}", about, method, params, zlib=flavour)
