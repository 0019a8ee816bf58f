"""Reports of usage, as the pages get them."""

from dataclasses import dataclass


@dataclass
class Use:
    kind: str
    requests: int
    actors: int | None
    more_actors: bool
    last_seen: float | None
    last_actor: str | None


@dataclass
class Verdict:
    level: str
    text: str


@dataclass
class SecretReport:
    name: str
    fingerprint: str
    uses: list[Use]
    verdict: Verdict | None


@dataclass
class Report:
    scope: str
    since: float
    secrets: list[SecretReport]
