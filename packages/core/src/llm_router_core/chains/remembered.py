"""What the memory's rules do to a chain: the last step, after every constraint has had its say.

A rule reorders the candidates that are left, or takes one away. It cannot bring back what policy, privacy, ability,
fit, health or budget dropped, because it never sees it. A model the user named for this one prompt is left alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from llm_router_core.catalog.entries import Complexity, TaskType
from llm_router_core.chains.candidates import Candidate, Slot, Wanted
from llm_router_core.errors import Rejection
from llm_router_core.memory.rules import MemoryRule, applicable, because, names

STAGE = "memory"


def retask(task_type: TaskType, complexity: Complexity, rules: Sequence[MemoryRule]) -> MemoryRule | None:
    """The rule that says what this kind is to be treated as, if there is one. `retasked` reads it."""
    return next((rule for rule in applicable(rules, task_type, complexity) if rule.action == "treat_as"), None)


def retasked(rule: MemoryRule, complexity: Complexity) -> tuple[TaskType, Complexity]:
    """Task type and complexity by a `treat_as` rule; the complexity stays where the rule names none."""
    task, _, level = rule.target.partition("/")
    return TaskType(task), Complexity(level) if level else complexity


def remember(
    candidates: Sequence[Candidate], wanted: Wanted, rules: Sequence[MemoryRule]
) -> tuple[tuple[Candidate, ...], tuple[Rejection, ...]]:
    """The candidates as the rules for this kind order them, and those a rule takes away, each with its reason."""
    relevant = [rule for rule in applicable(rules, wanted.task_type, wanted.complexity) if rule.action != "treat_as"]
    if wanted.model or not relevant:
        return tuple(candidates), ()
    preferred: list[tuple[int, Candidate]] = []
    others: list[Candidate] = []
    avoided: list[Rejection] = []
    for candidate in candidates:
        place = next((place for place, rule in enumerate(relevant) if names(rule, candidate.id)), None)
        if place is None:
            others.append(candidate)
        elif relevant[place].action == "avoid":
            avoided.append(Rejection(candidate.id, STAGE, because(relevant[place])))
        else:
            preferred.append((place, replace(candidate, why=because(relevant[place]))))
    preferred.sort(key=lambda item: item[0])
    return (*(candidate for _, candidate in preferred), *others), tuple(avoided)


def remembered_slots(wanted: Wanted, rules: Sequence[MemoryRule]) -> list[Slot]:
    """Slots for the preferred models of this kind, to stand in its row before anything is filtered.

    A correction may name a model that the row of the table does not have. As a slot it is filtered like any other.
    """
    if wanted.model:
        return []
    relevant = [rule for rule in applicable(rules, wanted.task_type, wanted.complexity) if rule.action == "prefer"]
    targets = [rule.target.partition("/") for rule in relevant if "/" in rule.target]
    return [Slot("memory", provider, model) for provider, _, model in targets]
