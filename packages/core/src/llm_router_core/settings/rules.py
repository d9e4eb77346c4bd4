"""Who may receive a prompt: rules from the user, the repository and the organisation. Each one can only say no.

A candidate has to pass every set of rules, so adding a set never lets anybody in. Patterns are `PROVIDER`,
`PROVIDER/MODEL` or either with `*` and `?`; they are compared without regard to case.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from llm_router_core.catalog.entries import DataClass


@dataclass(frozen=True, slots=True)
class PolicyRules:
    """One source's rules. An empty `allow` allows everybody; `problem` is said where a file could not be read."""

    source: str
    allow: tuple[str, ...] = ()
    block: tuple[str, ...] = ()
    forbidden_data: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class SpendCap:
    """An upper bound that a repository or an organisation puts on one budget scope; it never raises a cap."""

    scope: str
    cap_microusd: int
    source: str


def objection(rules: Iterable[PolicyRules], provider: str, model: str, data_class: DataClass) -> str:
    """Why the policy keeps this model out, naming the source; empty where it does not."""
    for rule in rules:
        reason = _objection(rule, provider, model, data_class)
        if reason:
            because = f" ({rule.problem})" if rule.problem else ""
            return f"{reason} by {rule.source}{because}"
    return ""


def matches(pattern: str, provider: str, model: str) -> bool:
    """Whether a pattern means this model."""
    wanted = pattern.strip().lower()
    name = f"{provider}/{model}".lower()
    return fnmatchcase(name, wanted) if "/" in wanted else fnmatchcase(provider.lower(), wanted)


def _objection(rule: PolicyRules, provider: str, model: str, data_class: DataClass) -> str:
    blocked = next((pattern for pattern in rule.block if matches(pattern, provider, model)), "")
    if blocked:
        return f"blocked as {blocked!r}"
    if rule.allow and not any(matches(pattern, provider, model) for pattern in rule.allow):
        return "not on the allow list"
    if data_class in rule.forbidden_data:
        return f"the data class {data_class.replace('_', ' ')} is forbidden"
    if data_class is DataClass.TRAINS and DataClass.THIRD_PARTY in rule.forbidden_data:
        return "third parties are forbidden"
    return ""
