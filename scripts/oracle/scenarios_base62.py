"""The expiry of cookies in both alphabets: python-baseconv's up to 0.61.1, Datasette's own since."""

import math

from oracle.scenario import scenario
from oracle.scenarios_verify_cookie import DIGITS, NOW, base62, expiring, verify

OLD_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ALPHABETS = (("old", OLD_DIGITS), ("new", DIGITS))
# Both ends of a digit, of 32 bits and of a double, and where its division rounds.
NUMBERS = (
    1, 9, 10, 35, 36, 61, 62, 63, 62**2 - 1, 62**2, NOW, 2**31 - 1, 2**31, 2**32, 62**6 - 1, 10**15 - 1, 10**15,
    10**15 + 1, 2**53 - 1, 2**53, 2**53 + 1, 10**16 + 1, 62**9 - 1, 62**9, 2**57 + 1, 2**60 - 1, 2**63 - 1, 2**64,
    62**11 - 1, 62**12 - 1, 10**25 - 1,
)  # fmt: skip
DIGIT_LIMIT = 4300  # digits that Python makes an int of, and an int into


def making():
    """create_actor_cookie: the number itself is the expiry."""
    numbers = [*NUMBERS, *(-number for number in NUMBERS), 10**309, 10**309 * 62]
    made = [
        create(spell(number), "written exactly up to 0.61.1", number) for number in numbers
    ]
    return made + [
        create("over_doubles", "no double, nor is its 62nd part", 10**311),
        create("digit_limit", "Python writes so many digits", 10**DIGIT_LIMIT - 1),
        create("digit_limit_negative", "the sign is no digit", 1 - 10**DIGIT_LIMIT),
        scenario("actor_cookie_base62_over_the_digit_limit", "the sum has a digit too many", "create_actor_cookie",
                 {"actor": {"id": "root"}, "expire_after": 10**DIGIT_LIMIT - 1, "now": 1}),
    ]  # fmt: skip


def spell(number):
    """Return a number as part of a name."""
    text = str(abs(number))
    return ("minus_" if number < 0 else "") + (text if len(text) < 30 else f"{len(text)}_digits")


def create(name, about, number):
    """Return a scenario in which a cookie expires at `number`."""
    return scenario(f"actor_cookie_base62_{name}", about, "create_actor_cookie", [{"id": "root"}, number], now=0)


def reading():
    """verify_actor_cookie: the same numbers, exactly spelled in both alphabets."""
    made = []
    for key, digits in ALPHABETS:
        for number in NUMBERS:
            text = expiring(f'"{base62(number, digits)}"')
            for when, now in moments(number):
                made.append(read(f"{key}_{number}_{when}", f"spelled as {key} releases spell it", text, now))
        # The words of Python's values are digits too.
        for value, word in (("true", "True"), ("NaN", "nan"), ("Infinity", "inf")):
            number = sum(digits.index(digit) * 62**place for place, digit in enumerate(reversed(word)))
            for when, now in moments(number):
                made.append(read(f"{key}_{word}_{when}", "a word that is a number", expiring(value), now))
        largest = base62(10**DIGIT_LIMIT - 1, digits)
        zero = digits[0]
        texts = [
            ("digit_limit", largest, "Python reads so many digits"),
            ("over_the_digit_limit", base62(10**DIGIT_LIMIT, digits), "a digit too many"),
            ("digit_limit_minus", f"-{largest}", "the sign is no digit"),
            ("over_the_digit_limit_minus", "-" + base62(10**DIGIT_LIMIT, digits), "a digit too many"),
            ("digit_limit_after_zeros", zero * 5000 + largest, "zeros do not count"),
            ("longer_than_any", digits[-1] * 5000, "too many digits"),
            ("longer_than_any_bad", digits[-1] * 5000 + "!", "too many, and one is none"),
            ("zeros", zero * 5000, "0"),
            ("minus_zero", f"-{zero}", "0 has no sign"),
            ("over_doubles", base62(10**310, digits), "the number is no double"),
        ]
        made += [verify(f"base62_{key}_{name}", about, expiring(f'"{text}"')) for name, text, about in texts]
        made += [
            read(f"{key}_{name}_at_0", about, expiring(f'"{text}"'), 0) for name, text, about in texts[-3:]
        ]
    return made


def read(name, about, cookie, now):
    """Return a scenario that reads a cookie at `now`."""
    params = {"cookie": cookie, "now": now}
    return scenario(f"verify_cookie_base62_{name}", about, "verify_actor_cookie", params)


def moments(number):
    """Return (name, clock) of the last double before `number`, of it as a double, and of the next one."""
    return (
        ("before", math.nextafter(number, 0)),
        ("at", float(number)),
        ("after", math.nextafter(number, math.inf)),
    )


GROUPS = {"actor_cookie_base62": making, "verify_actor_cookie_base62": reading}
