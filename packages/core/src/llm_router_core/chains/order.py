"""In which order the remaining candidates are tried.

Free ones first, always. Among the paid ones the table's order stands, which runs from cheap to strong, except that
`premium` begins with the row's strongest and `budget` puts Claude last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from llm_router_core.catalog.entries import Profile
from llm_router_core.chains.candidates import Candidate, Wanted
from llm_router_core.chains.tables import ORDER


def order(candidates: Sequence[Candidate], wanted: Wanted) -> tuple[Candidate, ...]:
    """The candidates as they will be tried."""
    free = [candidate for candidate in candidates if candidate.is_free]
    paid = [candidate for candidate in candidates if not candidate.is_free]
    if wanted.profile is Profile.PREMIUM and paid and not wanted.model:
        strongest = _strongest(paid)
        rest = [candidate for candidate in paid if candidate is not strongest]
        paid = [replace(strongest, why=f"the strongest of its row ({strongest.slot})"), *rest]
    if wanted.profile is Profile.BUDGET:
        paid.sort(key=lambda candidate: candidate.model.provider == "anthropic")
    return (*free, *paid)


def _strongest(paid: Sequence[Candidate]) -> Candidate:
    """The Claude that ends each row of the table; without it, by the tier a model is marked for and then by price."""
    claude = next((candidate for candidate in reversed(paid) if candidate.model.provider == "anthropic"), None)
    return claude or max(paid, key=_strength)


def _strength(candidate: Candidate) -> tuple[int, int]:
    """By the tier a model is marked for, then by what its vendor asks for it."""
    tier = candidate.model.tier
    return (ORDER.index(tier) if tier else -1, candidate.worst_case_microusd if candidate.is_price_known else 0)
