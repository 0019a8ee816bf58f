"""What the values of a record ask for: the arguments of create_token, and the payload of its token."""

import json
import re

ACTOR = "actor_id"
PARAMETERS = (
    ACTOR, "expires_after", "restrict_all", "restrict_database", "restrict_resource", "restrictions", "now",
)
ADDED = ("token", "error")
ABBREVIATIONS = {
    "view-instance": "vi", "view-database": "vd", "view-table": "vt", "insert-row": "ir", "create-table": "ct",
}
PLACES = ("all", "database", "resource")
# What Rust takes for white space. Python's str.strip drops U+001C to U+001F too.
WHITE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004"
    "\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
INVISIBLE = "\xad\u200b\u200c\u200d\u2060\ufeff"
EDITED = 8  # letters of a name from which one edit is a near miss


class Object(list):
    """A JSON object as its pairs, so that members given twice are seen."""


def load(text):
    """Return what Python's json makes of a text, with objects as Object. Raises ValueError, for NaN too."""
    def refuse(name):
        raise ValueError(name)
    return json.loads(text, object_pairs_hook=Object, parse_constant=refuse)


def members(text):
    """Return what `load` returns. Half of a surrogate pair in a member's name becomes U+FFFD, as dstok prints it."""
    value = load(text)
    if isinstance(value, Object):
        return Object((name.encode(errors="surrogatepass").decode(errors="replace"), inner) for name, inner in value)
    return value


def role(name, options):
    """Return the parameter that a column or member is, `token`, `error`, or None for an ordinary one."""
    if name == (options.actor_column or ACTOR):
        return ACTOR
    return name if name != ACTOR and name in PARAMETERS + ADDED else None


def has_near_miss(names, options):
    """Whether an ordinary name nearly is a parameter's."""
    has_actor = options.actor_column or ACTOR in names
    others = [name for name in names if role(name, options) is None and name not in options.ignore]
    known = PARAMETERS[1:] if has_actor else PARAMETERS
    return any(is_near(name, parameter) for name in others for parameter in known)


def is_near(name, parameter):
    """Whether a name is one of a parameter's spellings, or one edit from a long parameter."""
    one, other = folded(name), folded(parameter)
    singular = [text.removesuffix("s") for text in (one, other)]
    edits = is_one_edit(one, other) or is_one_edit(*singular)
    return singular[0] == singular[1] or len(singular[1]) >= EDITED and edits


def folded(name):
    return "".join(c for c in name if c not in WHITE + INVISIBLE + "-_").lower()


def is_one_edit(one, other):
    """Whether one insertion, deletion, replacement or swap of neighbours turns one text into the other."""
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    one, other = one[start:], other[start:]
    return (one[1:] == other or one == other[1:] or one[1:] == other[1:]
            or (one[:2] == other[1::-1] and len(other) > 1 and one[2:] == other[2:]))


def from_cells(cells):
    """Return {parameter: value} for {parameter: cell}. Raises ValueError for a cell that makes no sense."""
    values = {}
    for name, cell in cells.items():
        text = cell.strip(WHITE)
        if name == ACTOR:
            values[name] = cell
            if not cell:
                raise ValueError("no actor")
        elif not text:
            continue
        elif name == "expires_after":
            whole = re.fullmatch(r"(.*[0-9])\.0+", text, re.DOTALL)
            values[name] = int(whole[1] if whole else text)
        elif name == "restrict_all" and text[0] != "[":
            values[name] = words(text)
        elif name in ("restrict_database", "restrict_resource") and text[0] != "{":
            values[name] = grouped(words(text), 1 if name == "restrict_database" else 2)
        else:
            values[name] = plain(load(text))
    return values


def words(text):
    return re.split(f"[{WHITE}]+", text)


def grouped(items, depth):
    """Return items `db:action` or `db/table:action` as an object. Raises ValueError for others."""
    found = {}
    for item in items:
        place, colon, action = item.rpartition(":")
        names = place.split("/", depth - 1) if depth > 1 else [place]
        if not (colon and action and all(names)) or len(names) != depth or (depth == 1 and "/" in place):
            raise ValueError(item)
        inner = found
        for name in names[:-1]:
            inner = inner.setdefault(name, {})
        inner.setdefault(names[-1], []).append(action)
    return found


def plain(value):
    """Return a value of a parameter with objects as dict. Raises ValueError for what no parameter can hold."""
    if isinstance(value, Object):
        if len(dict(value)) != len(value):
            raise ValueError("a name given twice")
        return {plain(name): plain(inner) for name, inner in value}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, str):
        value.encode()
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        raise ValueError("infinite")
    return value


def call(values, defaults):
    """Return the arguments of create_token. `defaults` are for what is missing, null or empty.

    Raises ValueError where a value has the wrong type.
    """
    made = {ACTOR: values[ACTOR]} if ACTOR in values else {}
    if not made:
        raise ValueError("no actor")
    expires_after, now = values.get("expires_after"), values.get("now")
    if type(expires_after) not in (int, type(None)) or type(now) not in (int, float, type(None)):
        raise ValueError("no number")
    together = values.get("restrictions")
    if not isinstance(together, (dict, type(None))) or not set(together or {}) <= set(PLACES):
        raise ValueError("restrictions")
    shapes = [{place: values.get(f"restrict_{place}") for place in PLACES}, together or {}]
    shapes = [{place: value for place, value in shape.items() if value not in (None, [], {})} for shape in shapes]
    if all(shapes):
        raise ValueError("both shapes of restrictions")
    given = shapes[0] or shapes[1]
    for place, value in given.items():
        check(value, PLACES.index(place))
    made["expires_after"] = defaults.get("expires_after") if expires_after is None else expires_after
    for place in PLACES:
        made[f"restrict_{place}"] = given.get(place) or defaults.get(f"restrict_{place}")
    if now is not None:
        float(now)
        made["now"] = now
    return {name: value for name, value in made.items() if name == ACTOR or value is not None}


def check(value, depth):
    """Raise ValueError unless a value is objects of this depth around lists of strings."""
    if not isinstance(value, dict if depth else list):
        raise ValueError("restrictions")
    for inner in value.values() if depth else value:
        if depth:
            check(inner, depth - 1)
        elif not isinstance(inner, str):
            raise ValueError("restrictions")


def payload(arguments, now):
    """Return the payload of the token that the newest Datasette makes."""
    made = {"a": arguments[ACTOR], "t": int(arguments.get("now", now))}
    if arguments.get("expires_after"):
        made["d"] = arguments["expires_after"]
    given = {place[0]: arguments.get(f"restrict_{place}") for place in PLACES}
    if any(given.values()):
        made["_r"] = {letter: abbreviated(value) for letter, value in given.items() if value}
    # Datasette has no entry for a database without resources.
    if "r" in made.get("_r", {}):
        made["_r"]["r"] = {name: inner for name, inner in made["_r"]["r"].items() if inner}
    return made


def abbreviated(value):
    if isinstance(value, dict):
        return {name: abbreviated(inner) for name, inner in value.items()}
    return [ABBREVIATIONS.get(action, action) for action in value]
