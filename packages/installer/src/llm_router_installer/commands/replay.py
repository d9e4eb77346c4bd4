"""`llm-router replay`: past decisions in the order they were made, each with what was tried, why, and at what cost.

There is no prompt in it, because none is stored.
"""

from __future__ import annotations

import re
from dataclasses import asdict

import click

from llm_router_core.storage import decisions
from llm_router_core.storage.decisions import AttemptLine, DecisionRecord
from llm_router_installer import ui
from llm_router_installer.figures import NOTHING_YET, moment, money, open_state
from llm_router_installer.result import Lines, Result, View
from llm_router_installer.runtime import start

MOST = 1_000
_HASH = re.compile(r"[0-9a-f]{16}\Z")


@click.command("replay")
@click.option("--session", metavar="S", help="Only this session: its name, or its hash as `usage --by session` shows.")
@click.option("--limit", "-n", type=click.IntRange(1, MOST), default=20, show_default=True, help="The latest so many.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(session: str | None, limit: int, as_json: bool) -> int:
    """Show past decisions in order: what was tried, why, and what it cost."""
    runtime = start({"session": session} if session else None)
    wanted = "" if not session else session if _HASH.match(session) else runtime.session
    with open_state(runtime) as db:
        records = list(reversed(decisions.last(db, limit, session=wanted)))
        warnings = tuple(db.warnings)
    data = {"session": wanted, "decisions": [asdict(record) for record in records]}
    return ui.show(Result("replay", data, _views(records, session), warnings), as_json=as_json)


def _views(records: list[DecisionRecord], session: str | None) -> list[View]:
    if records:
        return [Lines([line for record in records for line in _lines(record)])]
    if session:
        shown = "`llm-router usage --by session --period all` lists the sessions"
        return [Lines([f"No decision of session {session!r} is recorded; {shown}."])]
    return [Lines([NOTHING_YET])]


def _lines(record: DecisionRecord) -> list[str]:
    decision = record.decision
    cost = sum(attempt.cost_microusd or 0 for attempt in record.attempts)
    return [
        (
            f"{moment(decision.at)}  {decision.task_type}, {decision.complexity} ({decision.confidence_pct} % sure) -> "
            f"{decision.chosen or 'nobody'}, {money(cost)}, {decision.outcome}"
        ),
        f"  why    {decision.reason}",
        f"  chain  {' -> '.join(decision.chain) or 'empty'}",
        *(f"  {place:<5}  {_attempt(attempt)}" for place, attempt in enumerate(record.attempts, 1)),
        *([] if record.attempts else ["  tried  nobody"]),
        "",
    ]


def _attempt(attempt: AttemptLine) -> str:
    ended = attempt.error_kind or attempt.outcome or attempt.state
    about = "about " if attempt.is_estimated else ""
    purpose = "" if attempt.purpose == "answer" else f", {attempt.purpose}"
    return (
        f"{attempt.provider}/{attempt.model}{purpose}: {ended}, {about}{money(attempt.cost_microusd or 0)}, "
        f"{attempt.input_tokens:,} in, {attempt.output_tokens:,} out, {attempt.elapsed_ms:,} ms"
    )
