"""`llm-router digest`: a period in a page: spending, savings, who answered, what stands out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import cast

import click

from llm_router_core.budgets.status import list_status
from llm_router_core.clock import SystemClock
from llm_router_core.savings.overview import Outlook, load_outlook
from llm_router_core.savings.periods import PERIODS, PeriodName, period_of
from llm_router_core.savings.report import Savings, load_savings
from llm_router_core.savings.spike import LEAST_DAYS, Spike
from llm_router_core.storage import ledger, reports
from llm_router_core.storage.database import Connection
from llm_router_core.storage.reports import Usage
from llm_router_installer import ui
from llm_router_installer.commands.status import forecast_text
from llm_router_installer.figures import NOTHING_YET, bounds, money, open_state, saved_text, savings_data
from llm_router_installer.result import Lines, Result, Table, View
from llm_router_installer.runtime import start


@dataclass(frozen=True, slots=True)
class _Page:
    savings: Savings
    total: Usage | None
    providers: list[Usage]
    outlook: Outlook


@click.command("digest")
@click.option("--period", type=click.Choice(PERIODS), default="week", show_default=True, help="Of this time.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(period: str, as_json: bool) -> int:
    """Show a period in a page, and whether today's spending stands out."""
    runtime = start()
    clock = SystemClock()
    now = clock.now()

    def load(conn: Connection) -> tuple[Savings, Usage | None, list[Usage]]:
        day = ledger.current_day(conn, now)
        span = period_of(cast("PeriodName", period), day, first_used=reports.first_day(conn))
        days = span.first_day, span.last_day
        total = reports.usage(conn, *days)
        return load_savings(conn, span), total[0] if total else None, reports.usage(conn, *days, by="provider")

    with open_state(runtime) as db:
        savings, total, providers = db.read(load)
        page = _Page(savings, total, providers, load_outlook(db, now, list_status(db, clock)))
        warnings = tuple(db.warnings)
    return ui.show(Result("digest", _data(page), _views(page), warnings), as_json=as_json)


def _data(page: _Page) -> dict[str, object]:
    return {
        "savings": savings_data(page.savings),
        "total": asdict(page.total) if page.total else None,
        "providers": [asdict(row) for row in page.providers],
        "forecast": asdict(page.outlook.forecast),
        "spike": asdict(page.outlook.spike),
    }


def _views(page: _Page) -> list[View]:
    savings = page.savings
    head = Lines([f"{savings.period.name}: {bounds(savings.period)}", ""])
    if page.total is None:
        return [head, Lines([f"Nothing was used in this time. {NOTHING_YET}"])]
    without = savings.verified.microusd + savings.estimated.microusd
    total, baselines = page.total, ", ".join(savings.baselines) or "no known baseline"
    counts = f"{total.attempts:,} attempts, {total.answered:,} answered, {total.failed:,} failed"
    lines = [
        f"spent      {money(total.cost_microusd)} in {counts}",
        f"without    {money(without)} on {baselines}, estimated (n={savings.compared_calls} calls)",
        f"saved      {saved_text(savings)}, of which overhead took {money(savings.overhead_microusd)}",
        f"month      {forecast_text(page.outlook.forecast)}",
        f"spike      {spike_text(page.outlook.spike)}",
        "",
    ]
    rows = [(row.key, f"{row.attempts:,}", f"{row.failed:,}", money(row.cost_microusd)) for row in page.providers]
    return [head, Lines(lines), Table(("provider", "attempts", "failed", "cost"), rows)]


def spike_text(spike: Spike) -> str:
    """Whether today stands out, against what, or what is missing to say so."""
    if spike.is_spike is None:
        return f"not checked: it needs {LEAST_DAYS} complete days of use, and there are {spike.n}"
    verdict = "yes" if spike.is_spike else "no"
    return (
        f"{verdict}: {money(spike.today_microusd)} today, {money(spike.usual_microusd)} on a usual day ({spike.method})"
    )
