"""inspect_token, which Datasette does not have, from what Datasette does have.

The judgement is the release's own verify_token; the pieces are taken apart by
itsdangerous. docs/reference/protocol.md says what each member of the answer means.
"""

import itsdangerous
from failure import Failure
from strict_json import readable
from verification import finite, is_restrictions

PREFIX = "dstok_"
# What Unicode calls white space.
WHITE_SPACE = "\t\n\x0b\x0c\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
AROUND = WHITE_SPACE + "\ufeff\"'`\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb\u2039\u203a"
STAND_IN = "signs what is judged without its own signature"
NEVER = float("-inf")  # a clock that no token has reached


def inspect_token(oracle, config, token, now):
    """Return what a token says and what is wrong with it, as a dict.

    `oracle` is a driver.Oracle, `config` as it takes it, where the secret may be
    None; `now` is Unix seconds as a float. Raises Failure (not_supported).
    """
    token = pasted(token)
    signed = token.removeprefix(PREFIX)
    text = signed.rpartition(".")[0] if "." in signed else signed
    decoded = decode(text)
    members = decoded if isinstance(decoded, dict) else {}
    secret = matching_secret(oracle, config, signed)
    status, reason = judge(oracle, config, token, text, secret, now)
    restrictions, unknown = full_names(oracle, config, members.get("_r"))
    return {
        "payload": carried(decoded),
        "compressed": text.startswith("."),
        "signature": signature(config, signed, secret),
        "secret": secret,
        "status": status,
        "reason": reason,
        "actor_id": carried(members.get("a")),
        "created": integer(members.get("t")),
        "expires": expires(members, (config.get("settings") or {}).get("max_signed_tokens_ttl") or 0),
        "restrictions": restrictions,
        "unknown_actions": unknown,
    }


def pasted(text):
    """Return the token in what somebody pasted: without white space, quotes and words around it."""
    token = text.strip(AROUND)
    if token[:14].lower() == "authorization:":
        token = token[14:].strip(AROUND)
    if token[:6].lower() == "bearer" and token[6:7] and token[6] in WHITE_SPACE:
        token = token[6:].strip(AROUND)
    return token


def can_be_signature(config, text):
    """Return whether some secret makes this signature, by its length alone."""
    try:
        length = len(itsdangerous.encoding.base64_decode(text.encode()))
    except itsdangerous.BadData:
        return False
    return length == 20 or (length == 64 and config.get("itsdangerous") == "1.1")


def signature(config, signed, secret):
    """Return what the signature is worth, where `secret` says which one matched, if any."""
    if "." not in signed or not can_be_signature(config, signed.rpartition(".")[2]):
        return "invalid"  # there is none
    if not config["secret"]:
        return "unchecked"
    return "invalid" if secret is None else "valid"


def carried(value):
    """Return `value`, or None if it holds NaN or an infinity, which JSON cannot carry."""
    try:
        return finite(value)
    except Failure:
        return None


def decode(text):
    """Return the value that a payload, base64 text, decodes to; None if it does not."""
    try:
        return itsdangerous.URLSafeSerializer("").load_payload(text.encode())
    except itsdangerous.BadPayload:
        return None


def matching_secret(oracle, config, signed):
    """Return which secret signed it (0: the newest), or None."""
    if not config["secret"]:
        return None
    for index, secret in enumerate([config["secret"], *(config.get("old_secrets") or [])]):
        # The token itself may be broken in other ways: only the signature counts.
        if oracle.has_signature(config, signed, secret, "token"):
            return index
    return None


def judge(oracle, config, token, text, secret, now):
    """Return (status, reason) of a token at `now`, whose payload is `text`."""
    if config["secret"]:
        good = "valid"
    elif "." in token and not can_be_signature(config, token.rpartition(".")[2]):
        return "invalid", "Invalid token signature"
    else:
        # Without a secret the payload is judged as if its signature were right.
        good = "unchecked"
        config = {**config, "secret": STAND_IN, "old_secrets": []}
        if "." in token and token.startswith(PREFIX):
            signature = itsdangerous.Signer(STAND_IN, "token").get_signature(text).decode()
            token = f"{PREFIX}{text}.{signature}"

    def refusal(now):
        """Return None for a good token, "refused", or a Failure that says more."""
        try:
            actor = oracle.run("verify_token", config, now, {"token": token})
        except Failure as failure:
            if failure.kind == "not_supported":
                raise
            return failure
        return None if actor else Failure("token_invalid", "Datasette does not accept it")

    refused = refusal(now)
    if refused is None:
        return good, None
    # It has expired if an earlier clock takes Datasette past that question.
    earlier = refusal(NEVER)
    expired = str(refused) != str(earlier)
    return ("expired" if expired else "invalid"), str(refused)


def integer(value):
    """Return `value` if it is what Datasette takes for an integer, as an int, else None."""
    return int(value) if isinstance(value, int) else None


def expires(members, max_ttl):
    """Return when the payload `members` (dict) ends, in Unix seconds, or None.

    `max_ttl` is the setting max_signed_tokens_ttl, in seconds; 0 is no cap.
    """
    created, duration = integer(members.get("t")), members.get("d")
    if created is None or not (duration is None or isinstance(duration, int)):
        return None
    if max_ttl and (duration is None or duration > max_ttl):
        duration = max_ttl
    return readable(created + duration) if duration else None


def full_names(oracle, config, restrictions):
    """Return `_r` in the newer shape with full action names, and the names that are unknown.

    (None, []) where there is no `_r` or a malformed one, and before 1.0a2.
    """
    abbreviations = oracle.abbreviations(config)
    if abbreviations is None or not is_restrictions(restrictions):
        return None, []
    names, by_abbreviation = set(abbreviations), {}
    for name, abbreviation in abbreviations.items():
        if abbreviation:
            by_abbreviation.setdefault(abbreviation, name)
    unknown = {}

    def full(actions):
        for action in actions or ():
            if action not in names and action not in by_abbreviation:
                unknown[action] = None
        return [action if action in names else by_abbreviation.get(action, action) for action in actions or ()]

    made = {
        "all": full(restrictions.get("a")),
        "database": {name: full(actions) for name, actions in restrictions.get("d", {}).items()},
        "resource": {
            database: {name: full(actions) for name, actions in resources.items()}
            for database, resources in restrictions.get("r", {}).items()
        },
    }
    return made, list(unknown)
