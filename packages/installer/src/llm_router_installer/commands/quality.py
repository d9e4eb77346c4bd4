"""`llm-router quality`: how the judge rated the models, where they are going, and who waits at the end of the line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import click

from llm_router_core.clock import SystemClock
from llm_router_core.judging.demotion import (
    LEAST_SAMPLES,
    TREND_DAYS,
    WINDOW_DAYS,
    Standing,
    Trend,
    shown,
    standings,
    trend,
)
from llm_router_core.storage import quality
from llm_router_core.storage.database import Database
from llm_router_core.storage.quality import Sample, Unjudged
from llm_router_installer import ui
from llm_router_installer.result import Lines, Result, Table, View
from llm_router_installer.runtime import start

_NOTHING = (
    "No answer was judged in the last fourteen days. `llm-router config set judge_model PROVIDER/MODEL` names a judge; "
    "a running server then has it read a sample of the answers."
)
_WHY = {
    "own_family": "judge and model are of one family",
    "secret": "a secret in question or answer",
    "budget": "refused by a budget",
    "bad_verdict": "the judge's reply was no verdict",
    "timed_out": "the judge took too long",
}


@click.command("quality")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(as_json: bool) -> int:
    """Show the judged mean of every model over fourteen days, its trend, and what is demoted."""
    now = datetime.now(UTC)
    since = now - timedelta(days=WINDOW_DAYS)
    with Database.open(start().home, SystemClock()) as db:
        samples = quality.samples(db, since, now)
        skipped = quality.unjudged(db, since, now)
        warnings = tuple(db.warnings)
    found = [(standing, trend(standing.model, samples, now)) for standing in standings(samples, now)]
    data = {
        "window_days": WINDOW_DAYS,
        "models": [_plain(standing, going, samples) for standing, going in found],
        "unjudged": [{"model": one.model, "reason": one.outcome, "count": one.count} for one in skipped],
    }
    return ui.show(Result("quality", data, _views(found, skipped), warnings), as_json=as_json)


def _views(found: Sequence[tuple[Standing, Trend]], skipped: Sequence[Unjudged]) -> list[View]:
    if not found:
        views: list[View] = [Lines([_NOTHING])]
    else:
        columns = ("model", "mean", "answers", "trend", "standing")
        views = [Table(columns, [_row(standing, going) for standing, going in found])]
    if skipped:
        rows = [(one.model, _WHY.get(one.outcome, one.outcome), str(one.count)) for one in skipped]
        views += [Lines([""]), Table(("unjudged", "because", "answers"), rows)]
    return views


def _row(standing: Standing, going: Trend) -> tuple[str, ...]:
    state = "demoted: last in its group" if standing.is_demoted else "as usual"
    if standing.count < LEAST_SAMPLES:
        state = f"as usual; {LEAST_SAMPLES} answers are needed to judge it"
    return standing.model, shown(standing.mean), str(standing.count), _direction(going), state


def _direction(going: Trend) -> str:
    if going.mean is None or going.mean_before is None or going.direction == "too few":
        return f"too few ({going.count} against {going.count_before})"
    before = f"{shown(going.mean_before)} over {going.count_before}"
    return f"{going.direction}: {shown(going.mean)} over {going.count} in {TREND_DAYS} days, before {before}"


def _plain(standing: Standing, going: Trend, samples: Sequence[Sample]) -> dict[str, object]:
    return {
        "model": standing.model,
        "count": standing.count,
        "mean": round(standing.mean / 1000, 4),
        "is_demoted": standing.is_demoted,
        "reason": standing.reason,
        "judges": sorted({sample.judge for sample in samples if sample.model == standing.model}),
        "trend": {
            "direction": going.direction,
            "days": TREND_DAYS,
            "count": going.count,
            "mean": _share(going.mean),
            "count_before": going.count_before,
            "mean_before": _share(going.mean_before),
        },
    }


def _share(mean: float | None) -> float | None:
    return None if mean is None else round(mean / 1000, 4)
