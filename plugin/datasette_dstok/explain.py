"""What `inspect_token` found, in words for people."""

import json
import time
from datetime import datetime, timezone

UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))

# Characters of a payload; a longer one, which only a hostile token has, is not shown.
LONGEST_PAYLOAD = 200_000

SPACED = "There is white space inside it, perhaps from a line break: paste it as one line."

# What goes before how the length of a signature is wrong.
LENGTH = "Invalid token signature: it is "

REASONS = {
    "Invalid token signature": (
        "The signature is not right. The token was made with a secret that is neither this "
        "Datasette's nor one of its old ones, perhaps by another Datasette; or it was changed or "
        "cut short on its way."
    ),
    "Not a signed token: it does not begin with dstok_": (
        "It does not begin with dstok_, so it is no token of Datasette's own. If a plugin keeps "
        "tokens here, that plugin may know it."
    ),
    "Signed tokens are not enabled for this Datasette instance": (
        "This Datasette accepts no signed tokens: its setting allow_signed_tokens is off."
    ),
    "Invalid token: no timestamp": "It does not say when it was made.",
    "Invalid token: invalid timestamp": "When it was made is not written as a whole number.",
    "Invalid token: invalid duration": "How long it is valid is not written as a whole number.",
    "Invalid token: malformed payload": "Its payload is not one that Datasette makes.",
}


def none(message):
    """Return what the template shows instead of a token: why there is nothing to show."""
    return {"level": "error", "headline": message}


def token(found, old_secrets, max_ttl):
    """Return what the template shows about a token.

    `found` is the result of inspect_token, `old_secrets` how many there are, `max_ttl` the
    setting max_signed_tokens_ttl in seconds.
    """
    valid = found["status"] == "valid"
    old = valid and found["secret"]
    verdict = {
        "level": "warning" if old else "info" if valid else "error",
        "headline": headline(found),
        "notes": [*why(found, max_ttl), *(leaving(found["secret"]) if old else ())],
    }
    payload = json.dumps(found["payload"], indent=2, ensure_ascii=False)
    if len(payload) > LONGEST_PAYLOAD:
        verdict["notes"].append("Its payload is too long to be shown.")
    elif found["payload"] is not None:
        verdict["proved"] = found["signature"] == "valid"
        verdict["facts"] = list(facts(found, old_secrets))
        verdict["may"] = abilities(found)
        verdict["unknown"] = found["unknown_actions"]
        verdict["payload"] = payload
    return verdict


def headline(found):
    """Say in one line whether the token works."""
    if found["status"] == "valid":
        return "This token is valid."
    if found["status"] == "expired":
        return "This token has expired."
    return "This token is not valid."


def why(found, max_ttl):
    """Return sentences that say why a token does not work, and what ends it early."""
    reason = found["reason"]
    if reason and found["status"] != "expired":
        yield in_words(reason)
    if found["status"] == "expired":
        until = moment(found["expires"])["text"]
        yield f"It was valid until {until}. Whoever uses it needs a new one."
    if max_ttl and found["expires"] is not None and cut_short(found):
        yield (
            "It ends sooner than it says, by this Datasette's setting max_signed_tokens_ttl "
            f"({max_ttl} seconds)."
        )


def in_words(reason):
    """Return a sentence for a `reason` of inspect_token."""
    _, of_length, length = reason.partition(LENGTH)
    if of_length:
        return f"The signature is not right. It is {length}: copy the whole token."
    return REASONS.get(reason, f"{reason}.")


def cut_short(found):
    """Tell whether the end is another than the token's own."""
    payload = found["payload"]
    own = payload.get("d") if isinstance(payload, dict) else None
    return own is None or found["created"] + own != found["expires"]


def leaving(secret):
    """Say what becomes of a token that an old secret signed."""
    yield (
        f"It is signed with {secret_name(secret)} and works only as long as that secret stands in "
        "old_secrets. Whoever uses it should be given a new one."
    )


def facts(found, old_secrets):
    """Return (label, text or moment) for the list of facts; nothing if nothing was decoded."""
    if not isinstance(found["payload"], dict):
        return
    yield "Actor", plain(found["actor_id"])
    yield "Created", moment(found["created"]) or "not said"
    yield "Expires", moment(found["expires"]) or "never"
    if found["signature"] == "valid":
        yield "Signed with", secret_name(found["secret"])
    elif old_secrets:
        yield "Signed with", f"none of the {old_secrets + 1} secrets known here"
    else:
        yield "Signed with", "another secret"


def abilities(found):
    """Return what the token may do: a sentence, and (where, names of actions) for each place."""
    payload, restrictions = found["payload"], found["restrictions"]
    if not isinstance(payload, dict):
        return None
    if restrictions is None:
        if "_r" in payload:
            return {"text": malformed(payload["_r"]), "places": []}
        return {"text": "Whatever its actor may do.", "places": []}
    places = [("everywhere", restrictions["all"])] if restrictions["all"] else []
    places += [
        (f"in the database {name}", names) for name, names in restrictions["database"].items()
    ]
    for database, resources in restrictions["resource"].items():
        places += [(f"in {database}/{name}", names) for name, names in resources.items()]
    if not places:
        return {"text": "Nothing: it is restricted to no action at all.", "places": []}
    return {"text": "Of what its actor may do, only this:", "places": places}


def malformed(restrictions):
    """Say what becomes of restrictions that are none: Datasette itself fails on no object."""
    if isinstance(restrictions, dict):
        return "Its restrictions are malformed."
    return (
        f"Nothing. Its restrictions are {'null' if restrictions is None else 'malformed'}, where "
        "Datasette expects an object: it answers with a server error (500) as soon as it looks "
        "up a permission."
    )


def secret_name(number):
    """Return what a secret is called: it is never shown itself."""
    return f"old secret {number}" if number else "the current secret"


def seen(use):
    """Return what the template shows of a Use."""
    return {
        "requests": use.requests,
        "actors": f"{use.actors}{' or more' if use.more_actors else ''}",
        "last": moment(use.last_seen),
    }


def moment(timestamp):
    """Return {"iso", "text"} for Unix seconds; text alone beyond the calendar; None for None."""
    if timestamp is None:
        return None
    try:
        at = datetime.fromtimestamp(timestamp, timezone.utc)
    except (OverflowError, ValueError, OSError):
        return {"iso": None, "text": f"{timestamp} seconds after 1970"}
    return {
        "iso": at.isoformat(timespec="seconds"),
        "text": f"{at:%Y-%m-%d %H:%M:%S} UTC, {away(timestamp - time.time())}",
    }


def away(seconds):
    """Say how far off something is, in the largest unit that fits: "3 days ago", "in 1 hour"."""
    for unit, size in UNITS:
        if count := int(abs(seconds) // size):
            span = f"{count} {unit}{'' if count == 1 else 's'}"
            return f"in {span}" if seconds > 0 else f"{span} ago"
    return "now"


def plain(value):
    """Return an actor's id as text: strings as they are, else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
