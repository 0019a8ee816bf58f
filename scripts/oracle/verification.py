"""What each release has to judge tokens and cookies; imported by the driver.

Every function takes a Datasette object and calls the release's own code. It
returns what that returns, or raises Failure of one of these kinds:

    bad_signature, bad_payload   itsdangerous' exceptions of those names
    token_invalid                Datasette's TokenInvalid, with its own message;
                                 or MALFORMED, where Datasette crashes on a payload
    not_supported                the release has no such thing
    invalid_params               what no Datasette would be called with
"""

import json

import datasette
import itsdangerous
from datasette import actor_auth_cookie, default_permissions
from datasette.app import Datasette
from failure import Failure
from strict_json import MAX_DEPTH, json_text, nesting, readable

try:  # its Action: 1.0a20 and later
    from datasette import permissions
except ImportError:
    permissions = None

try:  # 1.0a36 and later
    from datasette.tokens import TokenInvalid
except ImportError:
    TokenInvalid = ()  # matches nothing in an except clause

MALFORMED = "Invalid token: malformed payload"
MAX_PAYLOAD = 4 << 20  # bytes of JSON


class LimitedJSON(itsdangerous.URLSafeSerializer.default_serializer):
    """itsdangerous' JSON, with dstok's limits on what is read."""

    @staticmethod
    def loads(payload):
        """Return json.loads(payload), a str. Raises ValueError also for what is over a limit."""
        if len(payload) > MAX_PAYLOAD // 4 and len(payload.encode()) > MAX_PAYLOAD:
            raise ValueError(f"over {MAX_PAYLOAD} bytes")
        if nesting(payload) > MAX_DEPTH:
            raise ValueError(f"nested more than {MAX_DEPTH} levels deep")
        return json.loads(payload)


# itsdangerous turns whatever this raises into BadPayload.
itsdangerous.URLSafeSerializer.default_serializer = LimitedJSON


class Request:
    """Stands in for a Request: what the hook `actor_from_request` reads."""

    def __init__(self, headers, cookies):
        self.headers = headers
        self.cookies = cookies


def unsign(instance, signed, namespace):
    """Return datasette.unsign(signed, namespace)."""
    check_text(signed=signed, namespace=namespace)
    try:
        return finite(instance.unsign(signed, namespace))
    except itsdangerous.BadSignature as error:
        raise Failure("bad_signature", str(error)) from error
    except itsdangerous.BadPayload as error:
        raise Failure("bad_payload", str(error)) from error


def verify_token(instance, token, run):
    """Return the actor (dict) whose token this is, or None.

    `run` runs a coroutine to its end and returns its result.
    """
    check_text(token=token)
    if hasattr(Datasette, "verify_token"):  # 1.0a25 and later
        return judged(lambda: run(instance.verify_token(token)))
    hook = actor_from_token()
    if hook is None:
        raise Failure("not_supported", f"Datasette {datasette.__version__} has no API tokens")
    request = Request({"authorization": f"Bearer {token}"}, {})
    return judged(lambda: hook(instance, request))


def actor_from_token():
    """Return the hook of 1.0a0 to 1.0a24 that reads tokens, or None before."""
    tokens = getattr(default_permissions, "tokens", None)
    if tokens:  # 1.0a23 and later
        return tokens.actor_from_signed_api_token
    return getattr(default_permissions, "actor_from_request", None)


def verify_actor_cookie(instance, cookie):
    """Return the actor (any JSON value) whose ds_actor cookie this is, or None."""
    check_text(cookie=cookie)
    request = Request({}, {"ds_actor": cookie})
    return judged(lambda: actor_auth_cookie.actor_from_request(instance, request))


def restrictions_allow_action(instance, restrictions, action, resource):
    """Return whether the object `_r` allows an action (bool); None, an actor without one, does.

    `resource` is None, a database (str) or [database, child]. Members of `_r`
    other than a, d and r are ignored, as Datasette ignores them.
    """
    if restrictions is not None and not is_restrictions(restrictions):
        raise Failure("invalid_params", "restrictions is not an _r", param="restrictions")
    check_question(action, resource)
    allows = exact_restrictions_allow_action()
    try:
        return restrictions is None or allows(instance, restrictions, action, resource)
    except AssertionError as error:  # 1.0a39 and later, on None for the list of that resource
        raise Failure("invalid_params", "restrictions is not an _r", param="restrictions") from error


def token_allows_action(instance, token, action, resource, run):
    """Return {"actor": dict or None, "allowed": bool}: verify_token, then the function on its `_r`.

    `resource` and `run` are as above.
    """
    check_text(token=token)
    check_question(action, resource)
    allows = exact_restrictions_allow_action()
    actor = verify_token(instance, token, run)
    if actor is None or "_r" not in actor:
        return {"actor": actor, "allowed": actor is not None}
    return {"actor": actor, "allowed": judged(lambda: allows(instance, actor["_r"], action, resource))}


def check_question(action, resource):
    """Raise Failure (invalid_params) for what is no action or resource."""
    if not isinstance(action, str):
        raise Failure("invalid_params", "action must be a string", param="action")
    if not is_resource(resource):
        message = "resource must be null, a database or [database, child]"
        raise Failure("invalid_params", message, param="resource")


def exact_restrictions_allow_action():
    """Return Datasette's function of 1.0a20 and later. Raises Failure (not_supported)."""
    # 1.0a5 to 1.0a19 have a function of this name too, with implied rights.
    if not hasattr(permissions, "Action"):
        message = f"Datasette {datasette.__version__} has no exact restrictions_allow_action"
        raise Failure("not_supported", message)
    where = getattr(default_permissions, "restrictions", default_permissions)
    return where.restrictions_allow_action


def is_restrictions(value, null_lists=True):
    """Return whether `value` has the shape of `_r`: any of a, d and r, each of its own shape.

    `null_lists` says whether any of the lists may be None; Datasette reads such an `_r`.
    """

    def names(value):
        if value is None:
            return null_lists
        return isinstance(value, list) and all(isinstance(name, str) for name in value)

    def by_name(value, shape):
        return isinstance(value, dict) and all(shape(member) for member in value.values())

    return (
        isinstance(value, dict)
        and names(value.get("a", []))
        and by_name(value.get("d", {}), names)
        and by_name(value.get("r", {}), lambda resources: by_name(resources, names))
    )


def is_resource(value):
    """Return whether `value` is None, a str or a list of two of them."""
    if isinstance(value, list):
        return len(value) == 2 and all(isinstance(name, str) for name in value)
    return value is None or isinstance(value, str)


def judged(judge):
    """Return judge(), turning what it raises into Failure."""
    try:
        actor = judge()
    except TokenInvalid as error:
        raise Failure("token_invalid", str(error)) from error
    except itsdangerous.BadPayload as error:
        raise Failure("bad_payload", str(error)) from error
    except Exception as error:  # the payload is signed, and Datasette crashed on it
        raise Failure("token_invalid", MALFORMED) from error
    if isinstance(actor, dict) and "token_expires" in actor:
        actor["token_expires"] = readable(actor["token_expires"])
    return finite(actor)


def finite(value):
    """Return `value`. Raises Failure (bad_payload) if it holds NaN or an infinity."""
    try:
        json_text(value, allow_nan=False)
    except ValueError as error:
        raise Failure("bad_payload", "JSON cannot carry NaN or an infinity") from error
    return value


def check_text(**named):
    """Raise Failure (invalid_params) for a value that is no str or holds a lone surrogate."""
    for name, value in named.items():
        if not isinstance(value, str):
            raise Failure("invalid_params", f"{name} must be a string", param=name)
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise Failure("invalid_params", f"{name} holds half of a surrogate pair", param=name) from error
