"""The rules of the memory: which ones hold for a kind of prompt, and which of them wins.

Precedence: rules of the project before rules for everywhere; among those the newest first. For each candidate the first
rule that names it decides (prefer or avoid); preferred candidates stand in the order of their rules. At most one
`treat_as` rule applies, the first, and it applies to the classified kind; prefer and avoid then go by the kind that
results. Rules with the same project, kind and subject are one rule: a new one replaces the old.

What a rule cannot do: bring in a candidate that policy, privacy, budget or health dropped. It only reorders what is
left, or takes away.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from llm_router_core.catalog.entries import Complexity, TaskType
from llm_router_core.errors import ConfigError
from llm_router_core.storage.memory import Action, MemoryRule, Source

__all__ = ["MAX_RULES", "Action", "MemoryRule", "Source", "applicable", "because", "names", "new_rule", "ranked"]

MAX_RULES = 500
MAX_TARGET = 120
_MODEL = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}(?:/[A-Za-z0-9][A-Za-z0-9_.:@/+-]{0,99})?\Z")
_PROJECT = re.compile(r"[0-9a-f]{0,64}\Z")


def new_rule(
    kind: tuple[str, str, str], action: Action, target: str, *, created_at: datetime, source: Source = "correction"
) -> MemoryRule:
    """A checked rule for a kind: project ("" everywhere), task type, complexity ("" every one).

    Raises:
        ConfigError: a part of the kind or the target is none.
    """
    project, task_type, complexity = kind
    _check("task type", task_type, set(TaskType))
    _check("complexity", complexity, {"", *Complexity})
    if not _PROJECT.match(project):
        raise ConfigError(
            f"{project!r} is not a project's hash", remedy="leave it empty for a rule that holds everywhere"
        )
    if action == "treat_as":
        task, _, level = target.partition("/")
        _check("task type", task, set(TaskType))
        _check("complexity", level, {"", *Complexity})
    elif action not in {"prefer", "avoid"}:
        raise ConfigError(f"{action!r} is not something a rule can do", remedy="use prefer, avoid or treat_as")
    elif len(target) > MAX_TARGET or not _MODEL.match(target):
        raise ConfigError(
            f"{target[:MAX_TARGET]!r} is not a provider or a model", remedy="write PROVIDER or PROVIDER/MODEL"
        )
    subject = "treat_as" if action == "treat_as" else target
    rule_id = hashlib.sha256("\0".join((*kind, subject)).encode()).hexdigest()[:10]
    return MemoryRule(rule_id, created_at, project, task_type, complexity, action, target, source)


def ranked(newest_first: Iterable[MemoryRule]) -> tuple[MemoryRule, ...]:
    """The rules in the order in which they win."""
    return tuple(sorted(newest_first, key=lambda rule: not rule.project))


def applicable(rules: Sequence[MemoryRule], task_type: str, complexity: str) -> tuple[MemoryRule, ...]:
    """The rules for one kind, in the same order."""
    return tuple(rule for rule in rules if rule.task_type == task_type and rule.complexity in {"", complexity})


def names(rule: MemoryRule, candidate_id: str) -> bool:
    """Whether the rule's target is this `provider/model`, or its provider."""
    return candidate_id == rule.target or ("/" not in rule.target and candidate_id.startswith(f"{rule.target}/"))


def because(rule: MemoryRule) -> str:
    """Why, in the words of `explain`: what the user did and when, and the id to undo it with."""
    day = rule.created_at.date().isoformat()
    did = {
        "correction": f"you corrected this kind on {day}",
        "rating": f"you rated it bad for this kind, last on {day}",
        "import": f"a rule you imported says so since {day}",
    }[rule.source]
    return f"{did} (memory {rule.rule_id})"


def _check(what: str, value: str, allowed: set[str] | set[TaskType]) -> None:
    if value not in allowed:
        choices = ", ".join(sorted(str(item) for item in allowed if item))
        raise ConfigError(f"{value[:MAX_TARGET]!r} is not a {what}", remedy=f"use one of: {choices}")
