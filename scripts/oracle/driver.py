"""Real Datasette behind a line protocol; runs inside an environment's Python.

stdin: one JSON object a line, UTF-8:

    {"id": …, "method": "…", "params": "<JSON text>", "config": {…}}

stdout: one answer a line, in order:

    {"id": …, "result": …}  or  {"id": …, "error": {"kind": "…", "message": "…"}}

`params` is the text of an object (by name) or an array (by position), so that
Datasette sees what json.loads makes of exactly that text.

config:
    secret    str, the signing secret
    old_secrets
              list of str, newest first: these verify but never sign
    now       float, Unix seconds; time.time() answers this during the call
    actions   absent: the release's own, after invoke_startup();
              "none": a Datasette that was never started;
              {"name": abbr} or a body of /-/actions.json: these, as the
              release's own Action objects
    settings  object, Datasette's settings
    zlib      "zlib" (default) or "zlib-ng": the compressor itsdangerous uses
    itsdangerous
              "2.2" (default) or "1.1": accepts SHA-512 signatures too, as 1.1.0 did

Besides the methods of PARAMETERS there are `versions`, `abbreviations` of the
actions, and `payload_sizes` of the value that is params: what the compression
rule compares.

Error kinds: not_supported, signed_tokens_disabled, invalid_params,
method_not_found, those of the module verification, and exception for whatever
else Datasette raises.
"""

import asyncio
import hashlib
import json
import os
import platform
import sys
import tempfile
import time
import warnings
import zlib
from importlib import metadata
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # isolated mode leaves it out

# The first alphas warn about pkg_resources on import.
warnings.simplefilter("ignore")

import click
import datasette
import itsdangerous
import itsdangerous.url_safe
from datasette import plugins
from datasette.app import Datasette
from datasette.utils import baseconv
from failure import Failure
from zlib_ng import zlib_ng

import verification
from strict_json import json_text

try:  # 1.0a25 and later
    from datasette.tokens import TokenRestrictions
except ImportError:
    TokenRestrictions = None

REQUIRED = object()

# Names in positional order, with defaults.
PARAMETERS = {
    "create_token": {
        "actor_id": REQUIRED,
        "expires_after": None,
        "restrict_all": None,
        "restrict_database": None,
        "restrict_resource": None,
        "restrictions": None,
        "now": None,
    },
    "sign": {"value": REQUIRED, "namespace": "default"},
    "create_actor_cookie": {"actor": REQUIRED, "expire_after": None, "now": None},
    "unsign": {"signed": REQUIRED, "namespace": "default"},
    "verify_token": {"token": REQUIRED, "now": None},
    "verify_actor_cookie": {"cookie": REQUIRED, "now": None},
    "restrictions_allow_action": {"restrictions": REQUIRED, "action": REQUIRED, "resource": None},
    "token_allows_action": {"token": REQUIRED, "action": REQUIRED, "resource": None, "now": None},
}

SHA512_FALLBACK = [{"digest_method": hashlib.sha512}]  # of itsdangerous 1.1.0


class Oracle:
    """The installed Datasette release, one instance per configuration."""

    def __init__(self):
        self._loop = asyncio.new_event_loop()
        # Old releases make asyncio locks outside a coroutine.
        asyncio.set_event_loop(self._loop)
        self._instances = {}
        self._cli_datasettes = {}
        self._cli_create_token = self._find_cli_create_token()

    def call(self, method, params_text, config):
        """Answer one call; the result is what JSON can carry.

        Raises Failure, or whatever Datasette raises.
        """
        if method == "versions":
            return versions()
        if method == "payload_sizes":
            return payload_sizes(json.loads(params_text))
        if method == "abbreviations":
            return self.abbreviations(config)
        if method not in PARAMETERS:
            raise Failure("method_not_found", f"no method {method!r}")
        arguments = bind(method, json.loads(params_text))
        now = arguments.pop("now", None)
        now = float(config["now"] if now is None else now)
        return self.run(method, config, now, arguments)

    def run(self, method, config, now, arguments):
        """Call a method of this class at `now` (float, Unix seconds) with bound arguments.

        Raises Failure, or whatever Datasette raises.
        """
        itsdangerous.url_safe.zlib = zlib_ng if config.get("zlib") == "zlib-ng" else zlib
        itsdangerous.URLSafeSerializer.default_fallback_signers = (
            SHA512_FALLBACK if config.get("itsdangerous") == "1.1" else []
        )
        real_time, time.time = time.time, lambda: now
        try:
            return getattr(self, method)(config, **arguments)
        finally:
            time.time = real_time

    def create_token(self, config, actor_id, expires_after, restrictions, **restrict):
        """Return a `dstok_` token: the command line's in 1.0a0 and 1.0a1, else the API's."""
        restrict = merge_restrictions(restrictions, **restrict)
        if self._cli_create_token:
            if restrict and any(restrict.values()):
                raise Failure("not_supported", "1.0a0 and 1.0a1 have no restrictions")
            return self._run_cli_create_token(config["secret"], actor_id, expires_after)
        if not hasattr(Datasette, "create_token"):
            raise Failure("not_supported", f"Datasette {datasette.__version__} has no API tokens")
        instance = self.instance(config)
        if TokenRestrictions is None:
            named = {f"restrict_{name}": value for name, value in (restrict or {}).items()}
            return instance.create_token(actor_id, expires_after=expires_after, **named)
        made = None if restrict is None else TokenRestrictions(**restrict)
        coroutine = instance.create_token(
            actor_id, expires_after=expires_after, restrictions=made, handler="signed"
        )
        try:
            return self._loop.run_until_complete(coroutine)
        except ValueError as error:
            if str(error).startswith("Signed tokens are not enabled"):
                raise Failure("signed_tokens_disabled", str(error)) from error
            raise

    def sign(self, config, value, namespace):
        """Return datasette.sign(value, namespace)."""
        return self.instance(config).sign(value, namespace)

    def create_actor_cookie(self, config, actor, expire_after):
        """Return the value of the ds_actor cookie.

        Before 1.0a17 by the recipe of Datasette's documentation, "Setting cookies".
        """
        instance = self.instance(config)
        if hasattr(instance, "set_actor_cookie"):
            response = CookieJar()
            instance.set_actor_cookie(response, actor, expire_after)
            return response.cookies["ds_actor"]
        data = {"a": actor}
        if expire_after:
            data["e"] = baseconv.base62.encode(int(time.time()) + expire_after)
        return instance.sign(data, "actor")

    def unsign(self, config, signed, namespace):
        """Return datasette.unsign(signed, namespace)."""
        return verification.unsign(self.instance(config), signed, namespace)

    def verify_token(self, config, token):
        """Return the actor whose API token this is, or None."""
        return verification.verify_token(self.instance(config), token, self._loop.run_until_complete)

    def verify_actor_cookie(self, config, cookie):
        """Return the actor whose ds_actor cookie this is, or None."""
        return verification.verify_actor_cookie(self.instance(config), cookie)

    def restrictions_allow_action(self, config, restrictions, action, resource):
        """Return whether the object `_r` allows an action (bool)."""
        instance = self.instance(config)
        return verification.restrictions_allow_action(instance, restrictions, action, resource)

    def token_allows_action(self, config, token, action, resource):
        """Return {"actor": what verify_token returns, "allowed": whether its `_r` allows an action}."""
        run = self._loop.run_until_complete
        return verification.token_allows_action(self.instance(config), token, action, resource, run)

    def forget(self):
        """Drop the Datasettes of all configurations."""
        self._instances.clear()
        self._cli_datasettes.clear()

    def has_signature(self, config, signed, secret, namespace):
        """Return whether `signed` bears the signature of one secret, whatever its payload."""
        fallback = SHA512_FALLBACK if config.get("itsdangerous") == "1.1" else []
        serializer = itsdangerous.URLSafeSerializer(secret, namespace, fallback_signers=fallback)
        return any(signer.validate(signed) for signer in serializer.iter_unsigners())

    def abbreviations(self, config):
        """Return {action name: abbreviation or None}, or None before 1.0a2."""
        if self._cli_create_token:
            return None
        instance = self.instance(config)
        known = getattr(instance, "actions", None) or getattr(instance, "permissions", {})
        return {name: item.abbr for name, item in known.items()}

    def instance(self, config):
        """Return the Datasette for this configuration, started unless actions are "none"."""
        actions = config.get("actions")
        # What needs no secret may be asked without one.
        secrets = [*reversed(config.get("old_secrets") or []), config["secret"] or "no secret"]
        key = json.dumps([secrets, config.get("settings"), actions])
        if key not in self._instances:
            made = Datasette([], memory=True, secret=secrets[-1], settings=config.get("settings"))
            # Datasette hands this on to itsdangerous, which takes a list from oldest to newest.
            made._secret = secrets
            if actions != "none":
                self._loop.run_until_complete(made.invoke_startup())
            if actions is not None and actions != "none":
                replace_actions(made, read_actions(actions))
            self._instances[key] = made
        return self._instances[key]

    def _find_cli_create_token(self):
        """Return the callback of `datasette create-token` of 1.0a0 and 1.0a1, else None."""
        if hasattr(Datasette, "create_token") or datasette.__version__.startswith("0."):
            return None
        from datasette import default_permissions

        def cached(secret):
            if secret not in self._cli_datasettes:
                self._cli_datasettes[secret] = Datasette(secret=secret)
            return self._cli_datasettes[secret]

        # The command imports Datasette when it is registered and makes one at
        # every call, which takes most of its time.
        group = click.Group()
        real, datasette.app.Datasette = datasette.app.Datasette, cached
        try:
            default_permissions.register_commands(group)
        finally:
            datasette.app.Datasette = real
        return group.commands["create-token"].callback

    def _run_cli_create_token(self, secret, actor_id, expires_after):
        printed = []
        real, click.echo = click.echo, printed.append
        try:
            self._cli_create_token(actor_id, secret, expires_after, False)
        finally:
            click.echo = real
        (token,) = printed
        return token


class CookieJar:
    """Stands in for a Response; keeps the cookies that are set."""

    def __init__(self):
        self.cookies = {}

    def set_cookie(self, name, value, **_):
        """Take the first two arguments of Response.set_cookie."""
        self.cookies[name] = value


def bind(method, params):
    """Return the arguments of `method` as a dict, from an object or an array.

    Raises Failure (invalid_params).
    """
    names = PARAMETERS[method]
    if isinstance(params, list):
        if len(params) > len(names):
            raise Failure("invalid_params", "too many positions")
        params = dict(zip(names, params))
    unknown = [name for name in params if name not in names]
    missing = [n for n, default in names.items() if default is REQUIRED and n not in params]
    if unknown or missing:
        raise Failure("invalid_params", f"unknown {unknown}, missing {missing}")
    arguments = {}
    for name, default in names.items():
        value = params.get(name)
        # An explicit null means the default, where there is one.
        arguments[name] = default if value is None and default is not REQUIRED else value
    return arguments


def merge_restrictions(restrictions, restrict_all, restrict_database, restrict_resource):
    """Return {"all", "database", "resource"} from either shape, or None without any."""
    older = {"all": restrict_all, "database": restrict_database, "resource": restrict_resource}
    if restrictions is None:
        if all(value is None for value in older.values()):
            return None
        restrictions = older
    elif any(value is not None for value in older.values()):
        raise Failure("invalid_params", "both shapes of restrictions")
    return {
        "all": restrictions.get("all") or [],
        "database": restrictions.get("database") or {},
        "resource": restrictions.get("resource") or {},
    }


def read_actions(actions):
    """Return what a body of /-/actions.json or {"name": abbr} says.

    {name: (abbr, resource_class)}; resource_class is a name, None, or absent
    where nothing was said about it: (abbr,).
    """
    if isinstance(actions, dict) and isinstance(actions.get("actions"), list):
        actions = actions["actions"]
    if isinstance(actions, dict):
        return {name: (abbr,) for name, abbr in actions.items()}
    return {
        item["name"]: (item.get("abbr"), *([item["resource_class"]] if "resource_class" in item else []))
        for item in actions
    }


def replace_actions(instance, actions):
    """Put what read_actions returned in place of the release's own actions."""
    if hasattr(instance, "actions"):  # 1.0a20 and later
        from datasette import resources
        from datasette.permissions import Action

        built_in = instance.actions
        instance.actions = {}
        for name, (abbr, *said) in actions.items():
            resource_class = getattr(built_in.get(name), "resource_class", None)
            if said:
                resource_class = getattr(resources, said[0] or "", None)
            instance.actions[name] = Action(
                name=name, description=None, abbr=abbr, resource_class=resource_class
            )
    elif hasattr(instance, "permissions"):  # 1.0a2 to 1.0a19
        from datasette import Permission

        instance.permissions = {
            name: Permission(name, abbr, None, False, False, False)
            for name, (abbr, *_) in actions.items()
        }


def payload_sizes(value):
    """Return how many bytes the JSON of `value` has, and those bytes compressed by each flavour."""
    text = itsdangerous.url_safe.URLSafeSerializer("").serializer.dumps(value).encode()
    return {
        "json": len(text),
        "zlib": len(zlib.compress(text)),
        "zlib-ng": len(zlib_ng.compress(text)),
    }


def versions():
    """Return what the answers depend on, each as a string."""
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "datasette": datasette.__version__,
        "itsdangerous": metadata.version("itsdangerous"),
        "zlib": zlib.ZLIB_RUNTIME_VERSION,
        "zlib_ng": metadata.version("zlib-ng"),
        "zlib_ng_library": zlib_ng.ZLIBNG_VERSION,
    }


def why_no_oracle():
    """Return why this Python is not the reference build, or None if it is."""
    if metadata.version("itsdangerous") != "2.2.0":
        return f"itsdangerous is {metadata.version('itsdangerous')}, not 2.2.0"
    if platform.python_implementation() != "CPython":
        return f"this is {platform.python_implementation()}, not CPython"
    if hasattr(zlib, "ZLIBNG_VERSION") or zlib.ZLIB_RUNTIME_VERSION.endswith(".zlib-ng"):
        return "this Python's zlib module is zlib-ng, not stock zlib; use another Python build"
    if itsdangerous.url_safe.zlib is not zlib:
        return "itsdangerous does not use Python's zlib module"
    if plugins.pm.list_plugin_distinfo():
        return "Datasette plugins are installed"
    return None


def answer(oracle, line):
    """Return the answer to one request line as a dict."""
    request = json.loads(line)
    try:
        result = oracle.call(request["method"], request.get("params"), request.get("config") or {})
        return {"id": request["id"], "result": result}
    except Failure as failure:
        error = {"kind": failure.kind, "message": str(failure)}
    except Exception as exception:
        error = {"kind": "exception", "message": f"{type(exception).__name__}: {exception}"}
    return {"id": request["id"], "error": error}


def main():
    run_alone("driver", lambda: serve(Oracle()))


def run_alone(name, work):
    """Run `work` as all that this process does, and end it. Exit code 1 and a line on failure.

    `name` stands before what is said on stderr.
    """
    reason = why_no_oracle()
    if reason:
        sys.exit(f"{name}: not the reference build: {reason}")
    status = 0
    try:
        # Newer releases leave their internal database behind; take it away with us.
        with tempfile.TemporaryDirectory(prefix="datasette-oracle-") as tempfile.tempdir:
            work()
        sys.stdout.flush()
    except BrokenPipeError:
        pass  # whoever asked is gone
    except Exception as exception:
        print(f"{name}: {type(exception).__name__}: {exception}", file=sys.stderr, flush=True)
        status = 1
    # Their database threads would hold the exit up.
    os._exit(status)


def serve(oracle):
    """Answer every line of stdin, each before the next is read."""
    for line in sys.stdin.buffer:
        sys.stdout.write(json_text(answer(oracle, line)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
