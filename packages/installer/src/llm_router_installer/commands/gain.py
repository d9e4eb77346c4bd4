"""`llm-router gain`: the calls and tokens that other models took off the premium one."""

from __future__ import annotations

from dataclasses import asdict
from typing import cast

import click

from llm_router_core.clock import SystemClock
from llm_router_core.savings.periods import PERIODS, PeriodName, period_of
from llm_router_core.savings.report import Gain, load_gain
from llm_router_core.storage import ledger, reports
from llm_router_core.storage.database import Connection
from llm_router_installer import ui
from llm_router_installer.figures import NOTHING_YET, bounds, open_state, period_data
from llm_router_installer.result import Lines, Result, Table, View
from llm_router_installer.runtime import start


@click.command("gain")
@click.option("--period", type=click.Choice(PERIODS), default="week", show_default=True, help="Of this time.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(period: str, as_json: bool) -> int:
    """Show the calls and tokens kept off the premium model, which is your baseline."""
    runtime = start()
    clock = SystemClock()
    premium = runtime.settings.baseline_model

    def load(conn: Connection) -> Gain:
        day = ledger.current_day(conn, clock.now())
        span = period_of(cast("PeriodName", period), day, first_used=reports.first_day(conn))
        return load_gain(conn, span, premium_model=premium)

    with open_state(runtime) as db:
        gain = db.read(load)
        warnings = tuple(db.warnings)
    data = {
        **asdict(gain),
        "period": period_data(gain.period),
        "by_model": [{"model": name, "calls": calls, "tokens": tokens} for name, calls, tokens in gain.by_model],
    }
    return ui.show(Result("gain", data, _views(gain), warnings), as_json=as_json)


def _views(gain: Gain) -> list[View]:
    head = Lines([f"{gain.period.name}: {bounds(gain.period)}", ""])
    calls = gain.calls_off + gain.calls_on
    if not calls:
        return [head, Lines([f"No call was answered in this time. {NOTHING_YET}"])]
    tokens = gain.tokens_off + gain.tokens_on
    counts = f"{gain.calls_off:,} of {calls:,} answered calls ({gain.calls_off / calls:.0%})"
    summary = f"{counts} and {gain.tokens_off:,} of {tokens:,} tokens stayed off {gain.premium_model}."
    rows = [(name, f"{count:,}", f"{used:,}") for name, count, used in gain.by_model]
    return [head, Lines([summary, ""]), *([Table(("answered by", "calls", "tokens"), rows)] if rows else [])]
