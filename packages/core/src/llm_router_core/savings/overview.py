"""Everything `status` shows, read in a handful of indexed queries: its cost does not grow with the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from llm_router_core.budgets.forecast import MOST_DAYS, Forecast, forecast
from llm_router_core.budgets.pressure import STEP_DOWN_AT, Squeeze, cap_pressure
from llm_router_core.budgets.status import ScopeStatus, list_status
from llm_router_core.clock import Clock
from llm_router_core.quotas.board import list_states, quota_pressure
from llm_router_core.quotas.reading import QuotaState, from_ms
from llm_router_core.savings.periods import Period, PeriodName, period_of
from llm_router_core.savings.report import Savings, load_savings
from llm_router_core.savings.spike import LOOK_BACK_DAYS, Spike, check_spike
from llm_router_core.storage import breakers, decisions, ledger, reports
from llm_router_core.storage.database import Connection, Database
from llm_router_core.storage.decisions import DecisionRecord
from llm_router_core.storage.reports import Usage

SAVINGS_PERIODS: tuple[PeriodName, ...] = ("today", "7d", "30d")
_NOTHING = Usage("", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Outlook:
    """Spending over time: the forecast of this month and the check for a spike today."""

    forecast: Forecast
    spike: Spike


@dataclass(frozen=True, slots=True)
class Overview:
    """The state of things. `pressure` is what `World.pressure` takes; `today` is a period of one UTC day."""

    now: datetime
    today: Period
    used_today: Usage
    scopes: tuple[ScopeStatus, ...]
    quotas: tuple[QuotaState, ...]
    pressure: dict[str, float]
    savings: tuple[Savings, ...]
    outlook: Outlook
    last: DecisionRecord | None
    problems: tuple[str, ...]


def load_overview(db: Database, clock: Clock, *, session: str = "", project: str = "") -> Overview:
    """The overview now, with the caps of a session and a project where they are given.

    Raises:
        StorageError: the database cannot be read.
    """
    now = clock.now()
    scopes = list_status(db, clock, session=session, project=project)
    quotas = list_states(db, now)
    open_breakers = _open_breakers(db, now)

    def load(conn: Connection) -> tuple[Period, Usage, tuple[Savings, ...]]:
        day = ledger.current_day(conn, now)
        today = period_of("today", day)
        savings = tuple(load_savings(conn, period_of(name, day)) for name in SAVINGS_PERIODS)
        return today, next(iter(reports.usage(conn, day, day)), _NOTHING), savings

    today, used, savings = db.read(load)
    pressure = {**cap_pressure(scopes), **quota_pressure(quotas)}
    latest = decisions.last(db, 1)
    return Overview(
        now,
        today,
        used,
        scopes,
        quotas,
        pressure,
        savings,
        load_outlook(db, now, scopes),
        latest[0] if latest else None,
        (*_pressed(pressure), *open_breakers, *_doubts(used), *_unread(quotas)),
    )


def load_pressure(db: Database, clock: Clock, *, session: str = "", project: str = "") -> dict[str, float]:
    """What `World.pressure` takes: the used share of every cap and every known quota.

    Raises:
        StorageError: the database cannot be read.
    """
    scopes = list_status(db, clock, session=session, project=project)
    return {**cap_pressure(scopes), **quota_pressure(list_states(db, clock.now()))}


def load_outlook(db: Database, now: datetime, scopes: Iterable[ScopeStatus]) -> Outlook:
    """The forecast of the month against its cap, and whether today stands out.

    Raises:
        StorageError: the database cannot be read.
    """
    cap = next((row.cap_microusd for row in scopes if row.scope == "month"), None)

    def load(conn: Connection) -> tuple[int, dict[int, int], int | None]:
        day = ledger.current_day(conn, now)
        since = min(day // 100 * 100 + 1, ledger.day_number(now - timedelta(days=max(MOST_DAYS, LOOK_BACK_DAYS) + 1)))
        return day, reports.daily_costs(conn, since, day), reports.first_day(conn)

    day, daily, first_used = db.read(load)
    return Outlook(
        forecast(daily, now, first_day=first_used, cap_microusd=cap), check_spike(daily, day, first_day=first_used)
    )


def _open_breakers(db: Database, now: datetime) -> list[str]:
    found = []
    for (provider, _, model), (_, open_until_ms, _, kind) in sorted(breakers.load_all(db).items()):
        until = from_ms(open_until_ms)
        if until is not None and until > now:
            left_s = round((until - now).total_seconds())
            found.append(f"{provider}/{model or '*'} is left alone for {left_s} s more: {kind}")
    return found


def _pressed(pressure: dict[str, float]) -> list[str]:
    pressed = [Squeeze(scope, share) for scope, share in pressure.items() if share >= STEP_DOWN_AT]
    return [squeeze.text for squeeze in sorted(pressed, key=lambda squeeze: -squeeze.share)]


def _doubts(used: Usage) -> list[str]:
    if not used.unpriced:
        return []
    return [f"{used.unpriced} attempts today had no known price and are booked at what was held for them"]


def _unread(quotas: Iterable[QuotaState]) -> list[str]:
    return [f"the {state.window} quota of {state.provider} could not be read: {state.problem}" for state in quotas
            if state.problem]  # fmt: skip
