"""`llm-router last`: the latest decisions, with every attempt they took."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

import click

from llm_router_core.clock import SystemClock
from llm_router_core.storage import decisions
from llm_router_core.storage.database import Database
from llm_router_core.storage.decisions import AttemptLine, DecisionRecord
from llm_router_core.units import format_usd
from llm_router_installer import ui
from llm_router_installer.result import Lines, Result, Table, View
from llm_router_installer.runtime import start

MOST = 1_000


@click.command("last")
@click.option("--count", "-n", type=click.IntRange(1, MOST), default=5, show_default=True, help="How many.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(count: int, as_json: bool) -> int:
    """Show the latest routing decisions, newest first, with every attempt they took."""
    runtime = start()
    with Database.open(runtime.home, SystemClock()) as db:
        records = decisions.last(db, count)
        warnings = tuple(db.warnings)
    data = {"decisions": [asdict(record) for record in records]}
    views: list[View] = [Lines(['Nothing was routed yet. Try `llm-router route "..."`.'])]
    if records:
        now = datetime.now(UTC)
        rows = [_row(record, now) for record in records]
        views = [Table(("when", "task", "answered by", "cost", "attempts", "outcome"), rows)]
    return ui.show(Result("last", data, views, warnings), as_json=as_json)


def _row(record: DecisionRecord, now: datetime) -> tuple[str, ...]:
    decision = record.decision
    cost = sum(attempt.cost_microusd or 0 for attempt in record.attempts)
    about = "about " if any(attempt.is_estimated for attempt in record.attempts) else ""
    return (
        _age((now - decision.at).total_seconds()),
        f"{decision.task_type}, {decision.complexity}",
        decision.chosen or "nobody",
        about + format_usd(cost),
        ", ".join(_attempt(attempt) for attempt in record.attempts) or "none",
        decision.outcome,
    )


def _attempt(attempt: AttemptLine) -> str:
    return f"{attempt.provider}: {attempt.error_kind or attempt.outcome or attempt.state}"


def _age(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit} ago"
    return f"{max(seconds, 0):.0f} s ago"
