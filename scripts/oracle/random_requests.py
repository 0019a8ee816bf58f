"""Random request lines of every method, valid and mutated."""

import json
import re

from oracle.random_calls import ABBREVIATIONS, NAMESPACES
from oracle.random_signed import Signed, around
from oracle.scenarios_tokens import ACTIONS

# Of ABBREVIATIONS, in their order.
FULL_NAMES = (
    "view-instance view-database view-database-download view-table view-query execute-sql permissions-debug "
    "debug-menu insert-row delete-row update-row create-table drop-table alter-table set-column-type "
    "execute-write-sql store-query update-query delete-query create-view drop-view"
).split()

PARAMETERS = {
    "create_token": "actor_id expires_after restrict_all restrict_database restrict_resource restrictions now",
    "sign": "value namespace",
    "create_actor_cookie": "actor expire_after now",
    "unsign": "signed namespace",
    "verify_token": "token now",
    "inspect_token": "token now",
    "verify_actor_cookie": "cookie now",
    "restrictions_allow_action": "restrictions action resource",
    "token_allows_action": "token action resource now",
    "configure": "secret datasette_version actions settings zlib itsdangerous old_secrets",
    "ping": "",
    "info": "",
}
WEIGHTS = {
    "verify_token": 30,
    "inspect_token": 16,
    "verify_actor_cookie": 14,
    "unsign": 14,
    "restrictions_allow_action": 12,
    "token_allows_action": 14,
    "create_token": 3,
    "sign": 2,
    "create_actor_cookie": 2,
    "ping": 0.2,
    "info": 0.2,
}
# What people paste before and after a token.
PASTED = (
    ('"', '"'), ("'", "'"), ("\u201c", "\u201d"), ("Bearer ", ""), ("bearer\t", "\n"), ("Authorization: Bearer ", "\r\n"),
    ("AUTHORIZATION:BEARER\u00a0", ""), (" \u3000", "\u2028 "), ("'Authorization: bearer '", "''"), ("\ufeff", ""),
    ("Bearer", ""), ("Basic ", ""), ("\x1c", "\x1f"), ("Authorization:", ""), ("Bearer Bearer ", ""), ("Bearer Authorization:", ""),
)  # fmt: skip
CLASSES = ("TableResource", "DatabaseResource", "QueryResource", None, "Other")


class Requests(Signed):
    """A source of segments: a configuration and the lines that are sent to it."""

    def segment(self):
        """Return a configuration, as the driver documents it; secret may be None."""
        rng = self.rng
        config = super().segment()
        config["secret"] = self.secret() if rng.random() > 0.04 else None
        config["old_secrets"] = [self.secret() for _ in range(rng.choice((0, 0, 1, 3)))]
        if rng.random() < 0.1 and config["old_secrets"]:
            config["old_secrets"].append(config["old_secrets"][0])
        config["now"] = rng.choice((1700000000, 1700000000.5, 1e9, 0.0, rng.uniform(1.6e9, 2e9)))
        config["zlib"] = rng.choice(("zlib", "zlib-ng"))
        config["itsdangerous"] = rng.choice(("2.2", "2.2", "1.1"))
        settings = {}
        if rng.random() < 0.5:
            settings["max_signed_tokens_ttl"] = rng.choice((0, 1, 60, 3600, 100000, 2**40, 2**64 - 1))
        if rng.random() < 0.2:
            settings["allow_signed_tokens"] = rng.random() < 0.5
        config["settings"] = settings
        if isinstance(config.get("actions"), dict) and rng.random() < 0.5:
            config["actions"] = self._actions_body(config["actions"])
        self.start(config)
        return config

    def start(self, config):
        """Make requests for this configuration from now on."""
        secrets = [*([config["secret"]] if config["secret"] else []), *config["old_secrets"]]
        self.secrets = secrets or ["some secret"]
        self.clock_now = config["now"]
        self.config = config
        self.others = ["dstok_e30.x"]
        actions = config.get("actions")
        if isinstance(actions, dict) and isinstance(actions.get("actions"), list):
            actions = actions["actions"]
        if isinstance(actions, list):
            actions = {item["name"]: item.get("abbr") for item in actions}
        named = actions if isinstance(actions, dict) else {}
        own = list(named) * 3 + [abbr for abbr in named.values() if abbr] * 3
        self.action_names = own + ACTIONS + ABBREVIATIONS
        self.full_names = {**dict(zip(ABBREVIATIONS, FULL_NAMES)), **{name: name for name in [*ACTIONS, *named]}}
        self.full_names.update({abbr: name for name, abbr in named.items() if abbr})

    def line(self):
        """Return (label, line): the method or what else it is, and bytes with a newline."""
        rng = self.rng
        kind = rng.random()
        if kind < 0.004:
            return "batch", self._ended(self._batch())
        if kind < 0.006:
            return "not a request", self._ended(self._no_request())
        label, text = self.request()
        if kind < 0.012:
            return "damaged line", self._damaged(text)
        return label, self._ended(text)

    def last_lines(self):
        """Return lines that change the configuration, for the end of a segment."""
        return [("configure", self._ended(self._request("configure", self._configure()))) for _ in range(3)]

    def request(self):
        """Return (method, text) of one request."""
        rng = self.rng
        method = rng.choices(list(WEIGHTS), WEIGHTS.values())[0]
        # Which of two things wrong is named is up to the server: then the rest is right.
        self.malformed = rng.random() < (0.3 if method == "create_token" else 0.04)
        params = getattr(self, f"_{method}_params", dict)()
        if isinstance(params, str):  # spelled by Calls
            return method, self._envelope(method, params)
        if self.malformed:
            return f"{method}, malformed", self._request(method, *self._malformed(method, params))
        return method, self._request(method, params)

    # Parameters: {name: JSON text}.

    def _verify_token_params(self):
        rng = self.rng
        payload, ends = self.token_payload()
        token = rng.choices(
            ("dstok_", "", "DSTOK_", "dstok", "dstok_dstok_", " dstok_", "dstok_."), (95, 1, 1, 1, 1, 1, 1)
        )[0] + self.signed(payload, "token")
        return self._judged("token", token, ends)

    def _inspect_token_params(self):
        params = self._verify_token_params()
        if self.rng.random() < 0.1:
            before, after = self.rng.choice(PASTED)
            params["token"] = self.spell_string(before + json.loads(params["token"]) + after)
        return params

    def _verify_actor_cookie_params(self):
        payload, ends = self.cookie_payload()
        return self._judged("cookie", self.signed(payload, "actor"), ends)

    def _unsign_params(self):
        rng = self.rng
        namespace = rng.choice(NAMESPACES)
        kind = rng.randrange(4)
        payload = (self.tree, self._no_object, self._odd_value, lambda: self.token_payload()[0])[kind]()
        params = self._judged("signed", self.signed(payload, namespace), None)
        if namespace != "default" or rng.random() < 0.5:
            params["namespace"] = self.spell_string(namespace)
        if rng.random() < 0.02:
            params["namespace"] = "null"
        return params

    def _judged(self, name, signed, ends):
        """Return what judges `signed`, damaged at times, on clocks around `ends`."""
        rng = self.rng
        if rng.random() < 0.1:
            self.others.append(signed)
            signed = self.mangled(signed, rng.choice(self.others[-20:]))
        params = {name: self.spell_string(signed)}
        if name != "signed" and rng.random() < 0.7:
            params["now"] = "null" if rng.random() < 0.02 else around(int(self.clock_now) if ends is None else ends, rng)
        return params

    def _restrictions_allow_action_params(self):
        restrictions = "null" if self.rng.random() < 0.03 else self.restrictions(odd=0.06)
        return {"restrictions": restrictions, **self._question(restrictions)}

    def _token_allows_action_params(self):
        rng = self.rng
        payload, ends = self.token_payload()
        restrictions = self.restrictions(odd=0.2)
        if rng.random() < 0.8:
            actor = self.spell_string(self.string(12))
            payload = self._object_text([("a", actor), ("t", str(int(self.clock_now))), ("_r", restrictions)])
            ends = None
        params = self._judged("token", "dstok_" + self.signed(payload, "token"), ends)
        return {**params, **self._question(restrictions)}

    def _question(self, restrictions):
        """Return an action and a resource, of which the text of an `_r` may allow something."""
        rng = self.rng
        action = rng.choice(self.action_names) if rng.random() < 0.95 else self.string(6)
        used = re.findall(r'(?<=[\[, ])"([^"\\]*)"(?=[\],])', restrictions)
        if used and rng.random() < 0.7:  # something that is allowed somewhere
            action = self.full_names.get(rng.choice(used), action)
        kind = rng.random()
        if kind < 0.6:
            resource = json.dumps([self.resource_name(), self.resource_name()])
        elif kind < 0.75:
            resource = json.dumps(self.resource_name())
        elif kind < 0.9:
            resource = "null"
        else:
            resource = rng.choice((
                "[]", '["docs"]', '["docs","docs","docs"]', "1", "true", "{}", '["docs",null]', '[null,"docs"]',
                '["docs",1]', '""', '["",""]', '"\\ud800"', '["docs","\\ud800"]', '[["docs"],"docs"]', "1.5",
            ))  # fmt: skip
        params = {"action": json.dumps(action)}
        if rng.random() < 0.9:
            params["resource"] = resource
        if rng.random() < 0.03:
            params["action"] = rng.choice(("1", "null", "[]", '"\\ud800"', '""'))
        return params

    def _create_token_params(self):
        if self.malformed:
            return {"actor_id": '"root"', "expires_after": "60"}
        return self._create_token(self._plain())

    def _sign_params(self):
        if self.malformed:
            return {"value": "[]", "namespace": json.dumps(self.string(9))}
        if self.rng.random() < 0.2:
            return {"value": self._odd_value()}
        return self._sign(None)

    def _create_actor_cookie_params(self):
        if self.malformed:
            return {"actor": "{}", "expire_after": "60"}
        if self.rng.random() < 0.2:
            return {"actor": self.tree(), "expire_after": self._odd_number()}
        return self._create_actor_cookie(None)

    def _plain(self):
        actions = self.config.get("actions")
        named = isinstance(actions, dict) and not isinstance(actions.get("actions"), list)
        return self.config if named else {}

    def _configure(self):
        rng = self.rng
        choices = {
            "secret": ('"x"', '["a","b"]', '"\u00e9"', '""', "[]", "1", "null", '"\\ud800"', '{"a":1}', "true"),
            "old_secrets": ('["a","b"]', '["\u00e9"]', '"x"', '""', "[]", '[""]', '["a",""]', "1", "null", '["\\ud800"]', '{"a":1}', "[1]",
                            '["a","a"]', "[null]"),
            "actions": ('"none"', '"some"', '{"view-table":"V"}', '{"view-table":1}', "[]", "[1]", '[{"name":"x"}]', '[{"abbr":"x"}]',
                        '{"actions":[{"name":"x","abbr":"y"}]}', '{"actions":"x"}', '{"a":"b","a":"c"}', "1", "null", '{"actions":{}}'),
            "settings": ("{}", '{"allow_signed_tokens":true}', '{"allow_signed_tokens":0}', '{"allow_signed_tokens":"ON"}', '{"allow_signed_tokens":2}',
                         '{"max_signed_tokens_ttl":5}', '{"max_signed_tokens_ttl":"7"}', '{"max_signed_tokens_ttl":-1}', '{"max_signed_tokens_ttl":1.5}',
                         '{"max_signed_tokens_ttl":true}', '{"max_signed_tokens_ttl":null}', '{"other":1}', "[]", "1", "null", '{"max_signed_tokens_ttl":"+7"}'),
            "zlib": ('"zlib"', '"zlib-ng"', '"miniz"', "1", "null", '"ZLIB"'),
            "itsdangerous": ('"2.2"', '"1.1"', "2.2", '"2.2.0"', "null"),
        }  # fmt: skip
        names = rng.sample(list(choices), rng.choice((1, 1, 1, 2)))
        return {name: rng.choice(choices[name]) for name in names[:1]} | {
            name: choices[name][0] for name in names[1:]
        }

    def _malformed(self, method, params):
        """Return params with exactly one thing wrong, and a spelling for them."""
        rng = self.rng
        names = PARAMETERS[method].split()
        kind = rng.randrange(8)
        if kind == 0:
            return {**params, rng.choice(("Now", "tokens", "", "\u00e9", "id", "params")): "1"}, "object"
        if kind == 1:
            return {name: params.get(name, "null") for name in names} | {"more": "1"}, "array"
        if kind == 2 and params:
            return {name: text for name, text in params.items() if name != next(iter(params))}, "object"
        if kind == 3 and params:
            return params, "duplicate"
        wrong = rng.choice((
            "1", "1.5", "true", "{}", "[]", '"x"', '"\\ud800"', "null", "1e400", "-1e400", "9" * 4301, '{"a":1,"a":2}',
            "[" * 509 + "]" * 509, "[" * 510 + "]" * 510, "[" * 511 + "]" * 511, "[" * 1200 + "]" * 1200, '""',
        ))  # fmt: skip
        name = rng.choice(names) if names else "x"
        if name.startswith("restrict") and rng.random() < 0.5:
            wrong = rng.choice(('{"all":[1]}', '{"a":[]}', '{"docs":null}', '{"docs":[null]}', '{"docs":{"t":null}}', '["vi",1]', '"vi"', '{"all":{}}', '{"database":[]}'))
        return {**params, name: wrong}, "object"

    # Envelopes.

    def _request(self, method, params, spelling=None):
        rng = self.rng
        names = PARAMETERS[method].split()
        if spelling == "array" or (spelling is None and params and rng.random() < 0.2):
            order = [*names, *(name for name in params if name not in names)]
            last = max((order.index(name) for name in params), default=-1)
            text = "[" + ",".join(params.get(name, "null") for name in order[: last + 1]) + "]"
        else:
            members = list(params.items())
            if spelling == "duplicate":
                members.append(members[0])
            if rng.random() < 0.3:
                rng.shuffle(members)
            text = "{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in members) + "}"
        return self._envelope(method, text)

    def _envelope(self, method, params):
        rng = self.rng
        if rng.random() > 0.03:
            return f'{{"jsonrpc":"2.0","id":{rng.randrange(10**6)},"method":"{method}","params":{params}}}'
        members = [("jsonrpc", '"2.0"'), ("id", self._id()), ("method", f'"{method}"'), ("params", params)]
        kind = rng.randrange(9)
        if kind == 0:
            members.pop(rng.randrange(4))
        elif kind == 1:
            members[0] = ("jsonrpc", rng.choice(('"1.0"', "2.0", "null", '"2.0 "', '"\\u0032.0"', '["2.0"]')))
        elif kind == 2:
            members.append(rng.choice(members))
        elif kind == 3:
            members.append((rng.choice(("x", "ID", "Method", "\\u0069d", "p")), rng.choice(("1", '{"a":1,"a":2}', "1e999", self._deep()))))
        elif kind == 4:
            members[2] = ("method", rng.choice(('"nothing"', "1", "null", '""', '"Ping"', '"\\u0070ing"', '"\\ud800"')))
        elif kind == 5:
            members[3] = ("params", rng.choice(("null", "1", '"x"', "true", "[]", "{}")))
        rng.shuffle(members)
        return "{" + ",".join(f'"{name}":{text}' for name, text in members) + "}"

    def _id(self):
        rng = self.rng
        return rng.choice((
            "null", "1.0", "1e3", "-0", "18446744073709551616", '"\\u00e9"', '"\u00e9"', '""', "1e999", "9" * 5000, '"\\ud800"',
            "true", "[]", "{}", "[1]", '"\\n\\/"', "-1.5E-7", self._deep(), self.spell_string(self.string(9)),
        ))  # fmt: skip

    def _batch(self):
        rng = self.rng
        elements = [
            self.request()[1] if rng.random() < 0.8 else rng.choice(("1", "null", "[]", "[[]]", "{}", '"x"', self._deep()))
            for _ in range(rng.choice((0, 1, 2, 5)))
        ]
        return "[" + ",".join(elements) + "]"

    def _no_request(self):
        return self.rng.choice((
            "", " ", "\t", "1", "null", '"x"', "{}", "[]", "[1]", "{", "nul", "NaN", "[NaN]", "'x'", "{}{}", "\ufeff{}", "\u00a0",
            '{"id":1}', '{"id":NaN}', '{"jsonrpc":"2.0","method":"ping"}', '{"jsonrpc":"2.0","id":1,"method":"ping"},',
            self._deep(), "[" + self._deep() + "]", "1e999", "01", '"\x01"', "\x00",
        ))  # fmt: skip

    def _damaged(self, text):
        rng = self.rng
        data = bytearray(text.encode("utf-8", "surrogatepass"))
        kind = rng.randrange(4)
        at = rng.randrange(len(data))
        if kind == 0:
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del data[at:]
        elif kind == 2:
            del data[at]
        else:
            data[at:at] = rng.choice((b"\xff", b"\xc3", b"\xed\xa0\x80", b"\x00", b" ", b",", b'"', b"\\"))
        return bytes(data).replace(b"\n", b" ") + b"\n"

    def _ended(self, text):
        return text.replace("\n", " ").encode("utf-8", "surrogatepass") + self.rng.choice((b"\n", b"\n", b"\r\n"))

    def _actions_body(self, actions):
        rng = self.rng
        listed = []
        for name, abbr in actions.items():
            item = {"name": name, "abbr": abbr}
            if rng.random() < 0.6:
                item["resource_class"] = rng.choice(CLASSES)
            listed.append(item)
        return {"ok": True, "actions": listed} if rng.random() < 0.5 else listed
