"""`llm-router rate`: say whether an answer was any good. Two bad ones make a rule, a good one takes it back."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from llm_router_core.clock import SystemClock
from llm_router_core.memory import book
from llm_router_core.memory.book import Rated
from llm_router_core.storage.database import Database
from llm_router_installer import ui
from llm_router_installer.result import Lines, Result
from llm_router_installer.runtime import start


@click.command("rate")
@click.argument("verdict", type=click.Choice(["good", "bad"]))
@click.argument("decision", default="last")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(verdict: str, decision: str, as_json: bool) -> int:
    """Rate the answer of DECISION, the id of one or `last`.

    Two bad ratings in a row of one model for one kind of prompt keep that model away from such prompts; a good one
    lifts that again.
    """
    with Database.open(start().home, SystemClock()) as db:
        answered = book.find_answered(db, "" if decision == "last" else decision)
        rated = book.rate(db, answered, is_good=verdict == "good", now=datetime.now(UTC))
    seen = rated.answered
    data = {
        "decision_id": seen.decision_id,
        "model": seen.model,
        "task_type": seen.task_type,
        "complexity": seen.complexity,
        "is_good": rated.is_good,
        "bad_in_a_row": rated.bad_in_a_row,
        "rule_made": rated.made.rule_id if rated.made else None,
        "rule_lifted": rated.lifted.rule_id if rated.lifted else None,
    }
    return ui.show(Result("rate", data, [Lines(_lines(rated))]), as_json=as_json)


def _lines(rated: Rated) -> list[str]:
    seen = rated.answered
    word = "good" if rated.is_good else "bad"
    lines = [f"Rated {word}: {seen.task_type}, {seen.complexity}, answered by {seen.model} ({seen.decision_id[:12]})."]
    kind = f"{seen.task_type} prompts that are {seen.complexity}"
    if rated.made:
        lines.append(f"{seen.model} is avoided for {kind} from now on: rated bad {book.BAD_TO_AVOID} times in a row.")
        lines.append(f"Undo with `llm-router memory reset {rated.made.rule_id}`, or rate an answer of it good.")
    elif rated.lifted:
        lines.append(f"{seen.model} may answer {kind} again.")
    elif not rated.is_good and rated.bad_in_a_row < book.BAD_TO_AVOID:
        lines.append(f"One more for the same kind, and {seen.model} is avoided there.")
    return lines
