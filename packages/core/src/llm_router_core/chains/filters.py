"""Why a candidate may not be tried, in the product's order of constraints.

Policy and privacy come first, then ability and fit, then health, then money: the first filter that objects gives the
reason `explain` shows, so a user reads the reason that would still hold if all the later ones were mended.
"""

from __future__ import annotations

from collections.abc import Callable

from llm_router_core.budgets.pressure import squeeze_on
from llm_router_core.catalog.entries import Complexity, DataClass
from llm_router_core.catalog.load import Catalog
from llm_router_core.chains.candidates import Candidate, Wanted, World
from llm_router_core.chains.tables import ORDER, row_complexity
from llm_router_core.errors import Rejection
from llm_router_core.settings import rules
from llm_router_core.units import format_usd

Filter = Callable[[Candidate, Wanted, World], str]
CHARACTERS_PER_TOKEN = 3
LEAST_ANSWER_TOKENS = 1_024  # a window that holds the prompt and less than this of an answer does not hold it


def policy(candidate: Candidate, wanted: Wanted, world: World) -> str:
    """No rule of the user, the repository or the organisation keeps it out; a model that was named is no exception."""
    del wanted
    model = candidate.model
    return rules.objection(world.rules, model.provider, model.name, candidate.endpoint.data_class)


def privacy(candidate: Candidate, wanted: Wanted, world: World) -> str:
    """A prompt that holds a secret stays on this machine."""
    del world
    is_local = candidate.endpoint.data_class is DataClass.LOCAL
    return "" if is_local or not wanted.secret else "the prompt holds a secret, and this is a third party"


def ability(candidate: Candidate, wanted: Wanted, world: World) -> str:
    """The model can do what is asked: needed capabilities, and for a free model the complexity."""
    del world
    missing = wanted.needs - candidate.model.capabilities
    if missing and (candidate.model.capabilities or missing - {"tools", "images"}):
        return f"it cannot do: {', '.join(sorted(missing))}"
    if wanted.model or not candidate.is_free:
        return ""
    needed = row_complexity(wanted.complexity, wanted.quality_mode)
    tier = candidate.model.tier
    if needed is Complexity.SIMPLE and (tier or wanted.profile != "premium"):
        return ""
    if tier is None or ORDER.index(tier) < ORDER.index(needed):
        return f"not marked capable of {needed} work"
    return ""


def fit(candidate: Candidate, wanted: Wanted, world: World) -> str:
    """The prompt and some answer fit the window, where the window is known."""
    del world
    window = candidate.model.context_tokens
    if window is None:
        return ""
    needed = wanted.input_bytes // CHARACTERS_PER_TOKEN
    if needed + min(candidate.max_output_tokens, LEAST_ANSWER_TOKENS) <= window:
        return ""
    return f"about {needed:,} tokens do not fit its window of {window:,}"


def health(candidate: Candidate, wanted: Wanted, world: World) -> str:
    """No breaker is open for it."""
    del wanted
    return world.open_breakers.get((candidate.model.provider, candidate.model.name), "")


def record(candidate: Candidate, wanted: Wanted, world: World) -> str:
    """What it costs can be recorded; what is free may go without."""
    del wanted
    is_recordable = candidate.is_free or not world.ledger_problem
    return "" if is_recordable else f"a paid call cannot be recorded: {world.ledger_problem}"


def money(candidate: Candidate, wanted: Wanted, world: World) -> str:
    """Its worst case fits what is left under every cap."""
    needed = candidate.worst_case_microusd
    limits = {"call": wanted.max_cost_microusd, **world.headroom_microusd}
    for scope, left in limits.items():
        applies = not scope.startswith("provider:") or scope == f"provider:{candidate.model.provider}"
        if applies and left is not None and needed > left:
            return f"its worst case of {format_usd(needed)} passes the {scope} cap: {format_usd(max(left, 0))} left"
    return ""


def pressure(candidate: Candidate, wanted: Wanted, world: World) -> str:
    """No cap or quota it draws on is used up, or within one percent of it."""
    del wanted
    squeeze = squeeze_on(world.pressure, candidate.model.provider, is_paid=candidate.worst_case_microusd > 0)
    return f"{squeeze.text}: it is out from {world.out_at:.0%} on" if squeeze and squeeze.share >= world.out_at else ""


FILTERS: tuple[tuple[str, Filter], ...] = (
    ("policy", policy),
    ("privacy", privacy),
    ("ability", ability),
    ("fit", fit),
    ("health", health),
    ("ledger", record),
    ("budget", money),
    ("pressure", pressure),
)


def floor(candidate: Candidate, wanted: Wanted, catalog: Catalog) -> str:
    """The user's `min_model`: nothing marked for less than it."""
    if not wanted.min_model or wanted.model:
        return ""
    least = catalog.models.get(wanted.min_model)
    if least is None or least.tier is None or candidate.id == wanted.min_model:
        return ""
    tier = candidate.model.tier
    if tier is None or ORDER.index(tier) < ORDER.index(least.tier):
        return f"below your least model, {wanted.min_model}"
    return ""


def rejection(candidate: Candidate, wanted: Wanted, world: World, catalog: Catalog) -> Rejection | None:
    """The first objection to a candidate, or None."""
    for stage, check in FILTERS:
        reason = check(candidate, wanted, world)
        if not reason and stage == "privacy":
            stage, reason = "policy", floor(candidate, wanted, catalog)  # noqa: PLW2901 - the policy half of stage one
        if reason:
            return Rejection(candidate.id, stage, reason)
    return None
