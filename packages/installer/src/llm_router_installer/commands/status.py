"""`llm-router status`: today's spending, caps, pressure, savings, quotas, the last route and what is wrong."""

from __future__ import annotations

from dataclasses import asdict

import click

from llm_router_core.budgets.forecast import LEAST_DAYS, Forecast
from llm_router_core.budgets.status import ScopeStatus
from llm_router_core.clock import SystemClock
from llm_router_core.quotas.reading import QuotaState
from llm_router_core.savings.overview import Overview, load_overview
from llm_router_core.storage.decisions import DecisionRecord
from llm_router_installer import ui
from llm_router_installer.figures import (
    NOTHING_YET,
    bar,
    bounds,
    moment,
    money,
    open_state,
    period_data,
    saved_text,
    savings_data,
)
from llm_router_installer.result import Lines, Result, Table, View
from llm_router_installer.runtime import start

NO_QUOTA = "quota    none is known: no installed host reports one yet"


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(as_json: bool) -> int:
    """Show today's spending, caps, savings, quotas, the last route, and problems."""
    runtime = start()
    with open_state(runtime) as db:
        seen = load_overview(db, SystemClock(), session=runtime.session, project=runtime.project)
        warnings = tuple(db.warnings)
    return ui.show(Result("status", _data(seen), _views(seen), warnings), as_json=as_json)


def _data(seen: Overview) -> dict[str, object]:
    return {
        "now": seen.now.isoformat(),
        "today": {**period_data(seen.today), **asdict(seen.used_today)},
        "scopes": [{**asdict(row), "share": seen.pressure.get(row.scope)} for row in seen.scopes],
        "pressure": seen.pressure,
        "savings": {savings.period.name: savings_data(savings) for savings in seen.savings},
        "quotas": [asdict(state) for state in seen.quotas],
        "forecast": asdict(seen.outlook.forecast),
        "spike": asdict(seen.outlook.spike),
        "last": asdict(seen.last) if seen.last else None,
        "problems": list(seen.problems),
    }


def _views(seen: Overview) -> list[View]:
    used = seen.used_today
    spent = f"{money(used.cost_microusd)} in {used.attempts:,} attempts, {used.answered:,} answered"
    lines = [
        f"today    {spent} ({bounds(seen.today)})",
        f"month    {forecast_text(seen.outlook.forecast)}",
        *(f"saved    {savings.period.name:<6}{saved_text(savings)}" for savings in seen.savings),
        "         estimated against your baseline, minus overhead; `llm-router savings` shows each term",
        *(_quota(state) for state in seen.quotas),
        *([] if seen.quotas else [NO_QUOTA]),
        f"last     {_last(seen.last)}",
        "",
    ]
    caps = Table(("cap", "used and held", "of", "share"), [_cap(row, seen.pressure) for row in seen.scopes])
    problems = [f"problem  {text}" for text in seen.problems] or ["problem  none known"]
    return [Lines(lines), caps, Lines(["", *problems])]


def forecast_text(seen: Forecast) -> str:
    """The month's forecast in a line: the projected end with its interval and n, and when the cap is met."""
    if seen.month_end_microusd is None:
        missing = LEAST_DAYS - seen.n
        return f"{money(seen.spent_microusd)} so far; a forecast needs {missing} more complete days of use"
    end, low, high = (
        money(_cents(amount))
        for amount in (seen.month_end_microusd, seen.month_end_low_microusd, seen.month_end_high_microusd)
    )
    text = f"{money(seen.spent_microusd)} so far, about {end} at its end (80 %: {low} to {high}, n={seen.n} days)"
    if seen.cap_microusd is None:
        return text
    if seen.cap_reached_at is None:
        early = f", at the earliest {moment(seen.cap_earliest)}" if seen.cap_earliest else ""
        return f"{text}; the cap of {money(seen.cap_microusd)} is not met before it ends{early}"
    return f"{text}; the cap of {money(seen.cap_microusd)} is met about {moment(seen.cap_reached_at)}"


def _cents(microusd: int | None) -> int:
    """An estimate of whole cents: more digits would claim what it does not know."""
    return round((microusd or 0) / 10_000) * 10_000


def _cap(row: ScopeStatus, pressure: dict[str, float]) -> tuple[str, ...]:
    used = money(row.spent_microusd + row.held_microusd)
    cap = "no cap" if row.cap_microusd is None else money(row.cap_microusd)
    return row.scope, used, cap, bar(pressure[row.scope]) if row.scope in pressure else ""


def _quota(state: QuotaState) -> str:
    who = f"{state.provider} {state.account}".strip()
    return f"quota    {who}, {state.window}: {quota_text(state)}"


def quota_text(state: QuotaState) -> str:
    """The share as a bar, with its age; what is not known says so and keeps the last good value beside it."""
    if state.last_share is None or state.age_s is None:
        return f"unknown ({state.problem or 'never read'})"
    age = age_text(state.age_s)
    if state.share is None:
        why = "its window has reset since" if state.freshness == "reset" else "too old to believe"
        return f"unknown; {int(state.last_share * 100)} % was read {age} ago, and {why}"
    old = f", at least: read {age} ago" if state.freshness == "stale" else f", read {age} ago"
    resets = f", resets {moment(state.resets_at)}" if state.resets_at else ""
    return f"{bar(state.share)}{old}{resets}"


def age_text(seconds: float) -> str:
    """`12 min`, `3 h`, `2 d`."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


def _last(record: DecisionRecord | None) -> str:
    if record is None:
        return NOTHING_YET
    decision = record.decision
    cost = sum(attempt.cost_microusd or 0 for attempt in record.attempts)
    task = f"{decision.task_type}, {decision.complexity}"
    return f"{moment(decision.at)}: {task} -> {decision.chosen or 'nobody'}, {money(cost)}, {decision.outcome}"
