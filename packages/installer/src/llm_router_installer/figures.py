"""How figures are written for people: bars in plain text, money with its sign, periods with their bounds.

Windows and periods are UTC days, because budgets are; instants are shown in the user's own zone with its name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime

from llm_router_core.clock import SystemClock
from llm_router_core.savings.periods import Period
from llm_router_core.savings.report import Savings
from llm_router_core.storage.database import Database
from llm_router_core.units import format_usd
from llm_router_installer.runtime import Runtime

BAR_WIDTH = 20
NOTHING_YET = 'Nothing was routed yet. Try `llm-router route "..."`, or `llm-router demo`.'


@contextmanager
def open_state(runtime: Runtime) -> Iterator[Database]:
    """The state database of the user, closed afterwards."""
    db = Database.open(runtime.home, SystemClock())
    try:
        yield db
    finally:
        db.close()


def bar(share: float | None) -> str:
    """`[#########-----------]  45 %`; `unknown` for None. What is above 100 % says so beside a full bar."""
    if share is None:
        return "unknown"
    filled = min(BAR_WIDTH, int(share * BAR_WIDTH))
    return f"[{'#' * filled}{'-' * (BAR_WIDTH - filled)}] {int(share * 100):3d} %"


def money(microusd: int | None) -> str:
    """A dollar amount, negative ones with their sign; `unknown` for None."""
    return "unknown" if microusd is None else format_usd(microusd)


def moment(instant: datetime) -> str:
    """An instant in the user's own zone: `2026-11-24 13:05 CET`."""
    return instant.astimezone().strftime("%Y-%m-%d %H:%M %Z")


def bounds(period: Period) -> str:
    """`2026-11-18 00:00 to 2026-11-25 00:00 UTC`, and when that begins in the user's zone where it differs."""
    start, end = period.starts_at, period.ends_at
    text = f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"
    if start.astimezone().utcoffset() == UTC.utcoffset(None):
        return text
    return f"{text}; in your time from {moment(start)}"


def period_data(period: Period) -> dict[str, object]:
    """A period for machines."""
    return {**asdict(period), "starts_at": period.starts_at.isoformat(), "ends_at": period.ends_at.isoformat()}


def savings_data(savings: Savings) -> dict[str, object]:
    """Savings for machines, every figure with its n."""
    found: Mapping[str, object] = asdict(savings)
    return {
        **found,
        "period": period_data(savings.period),
        "overhead": {kind: asdict(figure) for kind, figure in savings.overhead},
        "overhead_microusd": savings.overhead_microusd,
        "actual_microusd": savings.actual_microusd,
        "saved_microusd": savings.saved_microusd,
        "compared_calls": savings.compared_calls,
    }


def saved_text(savings: Savings) -> str:
    """`$0.0123 (n=4 calls)`, negative where we cost more; words where nothing could be compared."""
    if savings.saved_microusd is None:
        return "nothing to compare yet"
    return f"{format_usd(savings.saved_microusd)} (n={savings.compared_calls} calls)"
