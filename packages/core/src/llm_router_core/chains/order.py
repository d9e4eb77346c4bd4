"""In which order the remaining candidates are tried.

Free ones first, always. Among the paid ones the table's order stands, which runs from cheap to strong, except that
`premium` begins with the row's strongest and `budget` puts Claude last.
"""

from __future__ import annotations

from collections.abc import Sequence

from llm_router_core.catalog.entries import Profile
from llm_router_core.chains.candidates import Candidate, Wanted


def order(candidates: Sequence[Candidate], wanted: Wanted) -> tuple[Candidate, ...]:
    """The candidates as they will be tried."""
    free = [candidate for candidate in candidates if candidate.is_free]
    paid = [candidate for candidate in candidates if not candidate.is_free]
    if wanted.profile is Profile.PREMIUM and paid and not wanted.model:
        strongest = next((candidate for candidate in reversed(paid) if candidate.model.tier), paid[0])
        paid = [strongest, *(candidate for candidate in paid if candidate is not strongest)]
    if wanted.profile is Profile.BUDGET:
        paid.sort(key=lambda candidate: candidate.model.provider == "anthropic")
    return (*free, *paid)
