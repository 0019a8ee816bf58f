"""Explanations of the result of `inspect_token` in plain words."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from .times import Moment, in_days_and_hours, moment

PREFIX = "dstok_"

# Tokens of plugins that are often used: how they begin, and whose they are.
PLUGINS = {"dsatok_": "datasette-auth-tokens"}

# Characters of a payload; a longer one, which only a hostile token has, is not shown. Indented it
# may be hundreds of times as long, if it is nested deeply.
LONGEST_PAYLOAD = 20_000
LONGEST_INDENTED = 100_000

# How a payload begins: compressed, or Base64 of `{"`.
BEGINNINGS = (".", "eyJ")

# How a reason begins that ends with what is wrong with the length of the signature.
LENGTH = "Invalid token signature: it is "

TOO_LARGE = "the payload is over max_payload"

# What people paste along with a token.
AROUND = " \t\r\n'\"`\u2018\u2019\u201c\u201d<>"
HEADER = re.compile(r"(authorization\s*:)?\s*(bearer\s+)?", re.IGNORECASE)

REASONS = {
    "Signed tokens are not enabled for this Datasette instance": (
        "This Datasette accepts no signed tokens: its setting allow_signed_tokens is off."
    ),
    "Invalid token: no timestamp": "It does not say when it was made.",
    "Invalid token: invalid timestamp": "The time when it was made is not a whole number.",
    "Invalid token: invalid duration": "The time for which it is valid is not a whole number.",
    "Invalid token: malformed payload": "Its payload is not one that Datasette makes.",
}

Level = Literal["works", "leaving", "fails", "unknown"]


@dataclass
class Place:
    """A place where a token may do something, with the names of the actions."""

    name: str
    actions: list[str]


@dataclass
class Abilities:
    """The abilities of a token: a sentence, and the places that it is restricted to."""

    text: str
    places: list[Place] = field(default_factory=list)


@dataclass
class Answer:
    """The explanation of a token on the page: the verdict, then the token's contents.

    `title` is the verdict in few words; `proved` says that a known secret signed the rest.
    """

    level: Level
    title: str
    headline: str
    notes: list[str] = field(default_factory=list)
    proved: bool = False
    facts: list[tuple[str, str | Moment]] = field(default_factory=list)
    may: Abilities | None = None
    unknown_actions: list[str] = field(default_factory=list)
    payload: str | None = None


def no_answer(title: str, message: str) -> Answer:
    """Return an Answer without anything about a token."""
    return Answer("unknown", title, message)


def token(
    found: dict[str, Any],
    pasted: str,
    old_secrets: int,
    max_ttl: int = 0,
    now: float | None = None,
) -> Answer:
    """Return the Answer about a token.

    `found` is the result of inspect_token for what was `pasted`, `old_secrets` how many there
    are, `max_ttl` the setting max_signed_tokens_ttl in seconds, `now` Unix seconds.
    """
    now = time.time() if now is None else now
    answer = verdict(found, bare(pasted), old_secrets)
    if max_ttl and found["expires"] is not None and cut_short(found):
        answer.notes.append(
            "It expires sooner than it says, because of this Datasette's setting "
            f"max_signed_tokens_ttl ({in_days_and_hours(max_ttl)})."
        )
    payload = json.dumps(found["payload"], ensure_ascii=False)
    if len(payload) > LONGEST_PAYLOAD:
        answer.notes.append("Its payload is too long to be shown.")
    elif found["payload"] is not None:
        answer.proved = found["signature"] == "valid"
        answer.facts = list(facts(found, old_secrets, now))
        answer.may = abilities(found)
        answer.unknown_actions = found["unknown_actions"]
        indented = json.dumps(found["payload"], indent=2, ensure_ascii=False)
        answer.payload = indented if len(indented) <= LONGEST_INDENTED else payload
    return answer


def verdict(found: dict[str, Any], text: str, old_secrets: int) -> Answer:
    """Return an Answer with nothing but the verdict. `text` is the token as it was pasted."""
    if found["status"] == "valid" and found["secret"]:
        secret = secret_name(found["secret"])
        return Answer(
            "leaving",
            "Works for now",
            f"This token works, but only while {secret} is accepted.",
            ["Replace it with a new one before that secret is removed."],
        )
    if found["status"] == "valid":
        return Answer("works", "Valid", "This token is valid.")
    if found["status"] == "expired":
        notes = ["Replace it with a new one."]
        return Answer("fails", "Expired", "This token has expired.", notes)
    if str(found["reason"]).startswith(TOO_LARGE):
        notes = ["Its payload is too large to be inspected. No token that Datasette makes is."]
        return Answer("unknown", "Too large", "This token cannot be inspected.", notes)
    if not text.startswith(PREFIX):
        return without_prefix(found, text)
    return Answer("fails", "Not valid", "This token is not valid.", [why(found, text, old_secrets)])


def without_prefix(found: dict[str, Any], text: str) -> Answer:
    """Return the verdict on a text that does not begin with dstok_."""
    for prefix, plugin in PLUGINS.items():
        if text.startswith(prefix):
            return Answer(
                "unknown",
                "Another plugin's token",
                f"This is a token of the plugin {plugin}.",
                [
                    f"That plugin makes and verifies the tokens that begin with {prefix}. Only it "
                    "can tell whether this one works."
                ],
            )
    begins = text.partition("_")[0] + "_"
    if found["signature"] == "valid":
        note = (
            "It does not begin with dstok_. The rest is complete, and signed with "
            f"{secret_name(found['secret'])}: put dstok_ before it."
        )
    elif PREFIX.endswith(begins):
        note = (
            f"Its beginning is cut off: it begins with {begins} instead of dstok_. "
            "Copy the whole token."
        )
    else:
        return Answer(
            "unknown",
            "Not Datasette's own",
            "This is not one of Datasette's own tokens.",
            [
                "It does not begin with dstok_. Either its beginning is cut off, or something else "
                "made it. If a plugin verifies tokens here, only that plugin can tell whether this "
                "one works."
            ],
        )
    return Answer("fails", "Not valid", "This token is not valid.", [note])


def why(found: dict[str, Any], text: str, old_secrets: int) -> str:
    """Return a sentence or two that say why a token is not valid."""
    if len(text.split()) > 1:
        return "There is white space inside it, perhaps from a line break: paste it as one line."
    reason = found["reason"]
    if not reason.startswith("Invalid token signature"):
        return REASONS.get(reason, f"{reason}.")
    signed = text.removeprefix(PREFIX)
    if not signed:
        return "Nothing follows dstok_. Copy the whole token."
    if "." not in signed[1:]:
        return "Its end is cut off: it has no signature. Copy the whole token."
    _, _, length = reason.partition(LENGTH)
    if length.startswith("cut short"):
        return f"Its end is cut off: its signature is {length}. Copy the whole token."
    if length:
        return f"Its signature is {length}. Something was added to it: copy the token alone."
    if not signed.startswith(BEGINNINGS):
        return (
            "The text after dstok_ does not begin like a token: characters are missing there or "
            "were changed. Copy the whole token."
        )
    if found["payload"] is None:
        return (
            "Its payload cannot be read: characters in it are missing or were changed. "
            "Copy the whole token."
        )
    secrets = f"any of the {old_secrets + 1} secrets" if old_secrets else "the secret"
    return (
        "It was made with another secret, or it was changed: its signature does not match "
        f"{secrets} that this Datasette accepts. Perhaps it comes from another Datasette, or from "
        "before the secret was rotated."
    )


def bare(pasted: str) -> str:
    """Return a token without what people paste along with it, as inspect_token does."""
    text = pasted.strip(AROUND)
    return HEADER.sub("", text, count=1).strip(AROUND)


def cut_short(found: dict[str, Any]) -> bool:
    """Return whether the end of the token is cut off or has additions."""
    payload = found["payload"]
    own = payload.get("d") if isinstance(payload, dict) else None
    return own is None or found["created"] + own != found["expires"]


def facts(
    found: dict[str, Any], old_secrets: int, now: float
) -> Iterator[tuple[str, str | Moment]]:
    """Yield (label, text or Moment) for the list of facts; nothing if nothing was decoded."""
    if not isinstance(found["payload"], dict):
        return
    created, expires = found["created"], found["expires"]
    yield "Actor", plain(found["actor_id"])
    yield "Created", "not said" if created is None else moment(created, now)
    yield "Expires", "never" if expires is None else moment(expires, now)
    if found["signature"] == "valid":
        yield "Signed with", secret_name(found["secret"])
    elif old_secrets:
        yield "Signed with", f"none of the {old_secrets + 1} secrets known here"
    else:
        yield "Signed with", "another secret"


def abilities(found: dict[str, Any]) -> Abilities | None:
    """Return the abilities of the token, or None if it is no token."""
    payload, restrictions = found["payload"], found["restrictions"]
    if not isinstance(payload, dict):
        return None
    if restrictions is None:
        return Abilities(
            malformed(payload["_r"]) if "_r" in payload else "Whatever its actor may do."
        )
    places = [Place("Everywhere", restrictions["all"])] if restrictions["all"] else []
    for database, names in restrictions["database"].items():
        places.append(Place(f"In the database {database}", names))
    for database, resources in restrictions["resource"].items():
        places += [Place(f"In {database}/{name}", names) for name, names in resources.items()]
    if not places:
        return Abilities("Nothing: its restrictions allow no action.")
    return Abilities("Only these actions, and only if its actor may do them:", places)


def malformed(restrictions: object) -> str:
    """Describe restrictions that are not an object. Datasette itself fails on them."""
    if isinstance(restrictions, dict):
        return "Its restrictions are malformed."
    return (
        f"Nothing. Its restrictions are {'null' if restrictions is None else 'malformed'} instead "
        "of an object: Datasette responds with a server error (500) as soon as it looks up a "
        "permission."
    )


def secret_name(number: int) -> str:
    """Return the name of a secret. The secret itself is never shown."""
    return f"old secret {number}" if number else "the current secret"


def plain(value: object) -> str:
    """Return an actor's ID as text: a string unchanged, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
