"""`llm-router usage`: what was used in a period, added up as you like. Sums over the ledger."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import cast

import click

from llm_router_core.clock import SystemClock
from llm_router_core.savings.periods import PERIODS, Period, PeriodName, period_of
from llm_router_core.storage import ledger, reports
from llm_router_core.storage.database import Connection
from llm_router_core.storage.reports import Group, Usage
from llm_router_installer import ui
from llm_router_installer.figures import NOTHING_YET, bounds, money, open_state, period_data
from llm_router_installer.result import Lines, Result, Table, View
from llm_router_installer.runtime import start

GROUPS: tuple[Group, ...] = ("day", "provider", "model", "task", "session", "project")
_UNKNOWN = {"task": "not recorded", "session": "no session", "project": "no project"}


@click.command("usage")
@click.option("--by", type=click.Choice(GROUPS), default="model", show_default=True, help="Add up by this.")
@click.option("--period", type=click.Choice(PERIODS), default="today", show_default=True, help="Of this time.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(by: str, period: str, as_json: bool) -> int:
    """Show attempts, tokens and cost of a period.

    Periods are UTC days, as the caps are: `week` is the last seven days, `month` the calendar month, `all` everything
    that is kept.
    """
    runtime = start()
    clock = SystemClock()

    def load(conn: Connection) -> tuple[Period, list[Usage], list[Usage]]:
        day = ledger.current_day(conn, clock.now())
        span = period_of(cast("PeriodName", period), day, first_used=reports.first_day(conn))
        days = span.first_day, span.last_day
        return span, reports.usage(conn, *days, by=cast("Group", by)), reports.usage(conn, *days)

    with open_state(runtime) as db:
        span, rows, total = db.read(load)
        warnings = tuple(db.warnings)
    named = [replace(row, key=row.key or _UNKNOWN.get(by, "")) for row in rows]
    data = {
        "period": period_data(span),
        "by": by,
        "rows": [asdict(row) for row in named],
        "total": asdict(total[0]) if total else None,
    }
    return ui.show(Result("usage", data, _views(span, by, named, total), warnings), as_json=as_json)


def _views(span: Period, by: str, rows: list[Usage], total: list[Usage]) -> list[View]:
    head = Lines([f"{span.name}: {bounds(span)}", ""])
    if not rows:
        longer = "" if span.name == "all" else " In a longer time: `llm-router usage --period all`."
        return [head, Lines([f"Nothing was used in this time.{longer} {NOTHING_YET}"])]
    columns = (by, "attempts", "answered", "failed", "in", "cached in", "out", "cost")
    table = Table(columns, [_row(row.key, row) for row in rows] + [_row("total", row) for row in total])
    return [head, table, *_doubts(total)]


def _row(key: str, row: Usage) -> tuple[str, ...]:
    cached = row.cache_read_tokens + row.cache_write_tokens
    counts = (row.attempts, row.answered, row.failed, row.input_tokens, cached, row.output_tokens)
    return (key, *(f"{count:,}" for count in counts), money(row.cost_microusd))


def _doubts(total: list[Usage]) -> list[View]:
    lines = []
    for row in total:
        if row.counted:
            lines.append(f"{row.counted:,} attempts: the provider did not count the tokens, so we did.")
        if row.unpriced:
            lines.append(f"{row.unpriced:,} attempts had no known price and are booked at what was held for them.")
    return [Lines(["", *lines])] if lines else []
