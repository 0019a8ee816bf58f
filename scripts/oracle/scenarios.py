"""All scenarios, by group; a group is one file of compat-fixtures/."""

from oracle import (
    scenarios_base62,
    scenarios_compression,
    scenarios_cookies,
    scenarios_inspect,
    scenarios_payloads,
    scenarios_restrictions,
    scenarios_secrets,
    scenarios_token_allows,
    scenarios_tokens,
    scenarios_unsign,
    scenarios_values,
    scenarios_verify_cookie,
    scenarios_verify_token,
)
from oracle.scenario import with_signed

MODULES = (
    scenarios_tokens,
    scenarios_values,
    scenarios_cookies,
    scenarios_unsign,
    scenarios_payloads,
    scenarios_verify_token,
    scenarios_verify_cookie,
    scenarios_base62,
    scenarios_secrets,
    scenarios_restrictions,
    scenarios_token_allows,
    scenarios_inspect,
)


def all_groups(sizes, make_signed):
    """Return {group: [Scenario]} in file order.

    `sizes` is as scenarios_compression.groups takes it, `make_signed` as with_signed.
    Raises ValueError if two scenarios share a name.
    """
    made = {group: build() for module in MODULES for group, build in module.GROUPS.items()}
    made.update(scenarios_compression.groups(sizes))
    together = with_signed([one for group in made.values() for one in group], make_signed)
    seen = set()
    for one in together:
        if one.name in seen:
            raise ValueError(f"two scenarios are named {one.name}")
        seen.add(one.name)
    rest = iter(together)
    return {group: [next(rest) for _ in scenarios] for group, scenarios in made.items()}
