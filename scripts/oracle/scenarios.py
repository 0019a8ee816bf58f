"""All scenarios, by group; a group is one file of compat-fixtures/."""

from oracle import scenarios_compression, scenarios_cookies, scenarios_tokens, scenarios_values


def all_groups(sizes):
    """Return {group: [Scenario]} in file order; `sizes` as scenarios_compression.groups takes it.

    Raises ValueError if two scenarios share a name.
    """
    made = {
        group: build()
        for module in (scenarios_tokens, scenarios_values, scenarios_cookies)
        for group, build in module.GROUPS.items()
    }
    made.update(scenarios_compression.groups(sizes))
    seen = set()
    for one in (one for group in made.values() for one in group):
        if one.name in seen:
            raise ValueError(f"two scenarios are named {one.name}")
        seen.add(one.name)
    return made
