"""`llm-router savings`: what the same tokens would have cost on your baseline, minus everything that was paid."""

from __future__ import annotations

from typing import cast

import click

from llm_router_core.clock import SystemClock
from llm_router_core.savings.periods import PERIODS, PeriodName, period_of
from llm_router_core.savings.report import METHOD, NOT_COUNTED, NOT_VERIFIED, Savings, load_savings
from llm_router_core.storage import ledger, reports
from llm_router_core.storage.database import Connection
from llm_router_installer import ui
from llm_router_installer.figures import NOTHING_YET, bounds, money, open_state, savings_data
from llm_router_installer.result import Lines, Result, Table, View
from llm_router_installer.runtime import start


@click.command("savings")
@click.option("--period", type=click.Choice(PERIODS), default="month", show_default=True, help="Of this time.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(period: str, as_json: bool) -> int:
    """Show what was saved: verified, estimated, minus overhead. A loss is shown as one."""
    runtime = start()
    clock = SystemClock()

    def load(conn: Connection) -> Savings:
        day = ledger.current_day(conn, clock.now())
        return load_savings(conn, period_of(cast("PeriodName", period), day, first_used=reports.first_day(conn)))

    with open_state(runtime) as db:
        savings = db.read(load)
        warnings = tuple(db.warnings)
    data = {
        **savings_data(savings),
        "configured_baseline": runtime.settings.baseline_model,
        "method": METHOD,
        "not_verified_because": NOT_VERIFIED,
        "not_counted": NOT_COUNTED,
    }
    views = _views(savings, runtime.settings.baseline_model)
    return ui.show(Result("savings", data, views, warnings), as_json=as_json)


def _views(savings: Savings, configured: str) -> list[View]:
    head = Lines([f"{savings.period.name}: {bounds(savings.period)}", ""])
    if not savings.compared_calls and not savings.actual_microusd:
        return [head, Lines([f"There is nothing to compare in this time. {NOTHING_YET}"])]
    rows = [
        ("would have cost, verified", money(savings.verified.microusd), f"n={savings.verified.n} calls"),
        ("would have cost, estimated", money(savings.estimated.microusd), f"n={savings.estimated.n} calls"),
        ("answers", _minus(savings.answers.microusd), f"n={savings.answers.n} attempts"),
        *(
            (f"overhead: {kind}", _minus(figure.microusd), f"n={figure.n} attempts")
            for kind, figure in savings.overhead
        ),
        *([] if savings.overhead else [("overhead", _minus(0), "n=0 attempts")]),
        ("saved", money(savings.saved_microusd), f"n={savings.compared_calls} calls"),
    ]
    rows += [
        (f"saved against everything on {line.model}", money(line.saved_microusd), f"n={line.counterfactual.n} calls")
        for line in savings.top
    ]
    rows += [
        (f"quota of {row.quota}", f"{row.millipoints / 1000:g} points", f"n={row.calls} calls")
        for row in savings.points
    ]
    return [head, Table(("", "amount", "from"), rows), Lines(["", *_notes(savings, configured)])]


def _minus(microusd: int) -> str:
    return money(-microusd) if microusd else money(0)


def _notes(savings: Savings, configured: str) -> list[str]:
    notes = [
        f"baseline   {', '.join(savings.baselines) or configured} (setting baseline_model)",
        f"estimated  {METHOD}",
        f"verified   {NOT_VERIFIED}" if not savings.verified.n else "verified   the host's record shows it",
        f"overhead   {NOT_COUNTED}",
    ]
    if savings.left_out.n:
        cost = money(savings.left_out.microusd)
        notes.append(f"left out   {savings.left_out.n} calls that cost {cost}: their baseline has no known price")
    return notes
