"""In which order the remaining candidates are tried.

Free ones first, always. Among the paid ones the table's order stands, which runs from cheap to strong, except that
`premium` begins with the row's strongest and `budget` puts Claude last.

From 85 % of a provider's cap or quota on, its candidates move behind those that are not dearer: what is left of it is
kept for what only it can do. They never move behind dearer ones, because that would turn a saved quota into dollars.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from llm_router_core.budgets.pressure import SHARED_SCOPES, STEP_DOWN_AT, squeeze_on
from llm_router_core.catalog.entries import Profile
from llm_router_core.chains.candidates import Candidate, Wanted
from llm_router_core.chains.tables import ORDER

NO_PRESSURE: Mapping[str, float] = MappingProxyType({})


def order(
    candidates: Sequence[Candidate],
    wanted: Wanted,
    pressure: Mapping[str, float] = NO_PRESSURE,
    *,
    step_down_at: float = STEP_DOWN_AT,
) -> tuple[Candidate, ...]:
    """The candidates as they will be tried. `pressure` and the share it counts from are those of the world."""
    free = [candidate for candidate in candidates if candidate.is_free]
    paid = [candidate for candidate in candidates if not candidate.is_free]
    if wanted.profile is Profile.PREMIUM and paid and not wanted.model:
        strongest = _strongest(paid)
        rest = [candidate for candidate in paid if candidate is not strongest]
        paid = [replace(strongest, why=f"the strongest of its row ({strongest.slot})"), *rest]
    if wanted.profile is Profile.BUDGET:
        paid.sort(key=lambda candidate: candidate.model.provider == "anthropic")
    return relieved((*free, *paid), pressure, step_down_at)


def relieved(
    candidates: Sequence[Candidate], pressure: Mapping[str, float], step_down_at: float = STEP_DOWN_AT
) -> tuple[Candidate, ...]:
    """The candidates, those of a provider under pressure behind all that are not dearer, with the reason in `why`."""
    pressed = {place: text for place, one in enumerate(candidates) if (text := _pressed(one, pressure, step_down_at))}
    if not pressed:
        return tuple(candidates)

    def place_of(place: int) -> tuple[int, bool]:
        if place not in pressed:
            return place, False
        cost = candidates[place].worst_case_microusd
        cheaper = (n for n, one in enumerate(candidates) if n not in pressed and one.worst_case_microusd <= cost)
        return max(place, *cheaper, 0), True

    placed = sorted(range(len(candidates)), key=place_of)
    return tuple(
        replace(candidates[place], why=f"{candidates[place].why}; later because {pressed[place]}")
        if place in pressed and now_at != place
        else candidates[place]
        for now_at, place in enumerate(placed)
    )


def _pressed(candidate: Candidate, pressure: Mapping[str, float], step_down_at: float) -> str:
    """What presses on this candidate's provider alone; what presses on all of them changes the row instead."""
    own = {scope: share for scope, share in pressure.items() if scope not in SHARED_SCOPES}
    squeeze = squeeze_on(own, candidate.model.provider, is_paid=candidate.worst_case_microusd > 0)
    return squeeze.text if squeeze and squeeze.share >= step_down_at else ""


def _strongest(paid: Sequence[Candidate]) -> Candidate:
    """The Claude that ends each row of the table; without it, by the tier a model is marked for and then by price."""
    claude = next((candidate for candidate in reversed(paid) if candidate.model.provider == "anthropic"), None)
    return claude or max(paid, key=_strength)


def _strength(candidate: Candidate) -> tuple[int, int]:
    """By the tier a model is marked for, then by what its vendor asks for it."""
    tier = candidate.model.tier
    return (ORDER.index(tier) if tier else -1, candidate.worst_case_microusd if candidate.is_price_known else 0)
