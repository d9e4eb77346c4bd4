"""How things stand in the database before a call: what is left, what presses, what is demoted, what is remembered.

All of it is advice for the plan. A database that cannot be read costs the advice and the paid calls, never a free one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from llm_router_core.budgets.pressure import cap_pressure
from llm_router_core.budgets.status import list_status
from llm_router_core.clock import Clock
from llm_router_core.errors import StorageError
from llm_router_core.judging.demotion import Bar, demoted_now
from llm_router_core.memory.book import rules_now
from llm_router_core.memory.rules import MemoryRule
from llm_router_core.quotas.board import list_states, quota_pressure
from llm_router_core.recording import RouteContext
from llm_router_core.settings.model import Settings
from llm_router_core.settings.rules import SpendCap
from llm_router_core.storage.database import Database


@dataclass(frozen=True, slots=True)
class Standing:
    """`headroom_microusd` by scope, `pressure` by scope or account, and the reasons of judge and memory."""

    headroom_microusd: Mapping[str, int] = field(default_factory=dict)
    pressure: Mapping[str, float] = field(default_factory=dict)
    demoted: Mapping[str, str] = field(default_factory=dict)
    memory_rules: tuple[MemoryRule, ...] = ()
    problem: str = ""


def look_up(db: Database, clock: Clock, context: RouteContext, settings: Settings) -> Standing:
    """The standing of one session and project, under the settings' own thresholds and upper bounds."""
    now = clock.now()
    try:
        rows = list_status(
            db, clock, session=context.session, project=context.project, limits=limits_of(settings.spend_caps)
        )
        pressure = {**cap_pressure(rows), **quota_pressure(list_states(db, now))}
    except StorageError as error:
        return Standing(problem=error.message)
    headroom = {row.scope: row.left_microusd for row in rows if row.left_microusd is not None}
    bar = Bar(settings.demotion_below, settings.demotion_samples)
    return Standing(headroom, pressure, demoted_now(db, now, bar), rules_now(db, context.project))


def limits_of(caps: Sequence[SpendCap]) -> dict[str, int]:
    """The lowest bound of each scope."""
    lowest: dict[str, int] = {}
    for cap in caps:
        lowest[cap.scope] = min(cap.cap_microusd, lowest.get(cap.scope, cap.cap_microusd))
    return lowest
