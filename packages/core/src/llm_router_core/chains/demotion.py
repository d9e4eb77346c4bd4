"""A model whose answers were judged badly waits at the end of its group; it is never dropped for that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from llm_router_core.chains.candidates import Candidate


def demote(candidates: Sequence[Candidate], demoted: Mapping[str, str]) -> tuple[Candidate, ...]:
    """The candidates with the demoted ones last in their group, each saying why. A group is a run of equally free ones.

    `demoted` holds the reason by `provider/model`. The order is otherwise kept.
    """
    if not demoted:
        return tuple(candidates)
    found: list[Candidate] = []
    for _, group in groupby(candidates, key=lambda candidate: candidate.is_free):
        members = tuple(group)
        found += [member for member in members if member.id not in demoted]
        found += [_explained(member, demoted[member.id]) for member in members if member.id in demoted]
    return tuple(found)


def _explained(candidate: Candidate, reason: str) -> Candidate:
    return replace(candidate, why=f"{candidate.why}; {reason}" if candidate.why else reason)
