"""What the user taught, as rows: rules by kind of prompt, and ratings of answers. Never prompt or answer text."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

Action = Literal["prefer", "avoid", "treat_as"]
Source = Literal["correction", "rating", "import"]

_RULE = "id, created_ms, project, task_type, complexity, action, target, source"
_LOAD = f"SELECT {_RULE} FROM memory_rules WHERE project = '' OR ?1 IS NULL OR project = ?1 ORDER BY rank DESC"  # noqa: S608
_PUT = "INSERT OR REPLACE INTO memory_rules VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_RANK = "SELECT COALESCE(MAX(rank), 0) + 1, COUNT(*) FROM memory_rules"
_RATE = (
    "INSERT INTO ratings (decision_id, at_ms, model, task_type, complexity, is_good) VALUES (?, ?, ?, ?, ?, ?)",
    "DELETE FROM ratings WHERE decision_id = ?",
)
_RATINGS = """
SELECT is_good FROM ratings WHERE model = ? AND task_type = ? AND complexity = ? ORDER BY seq DESC LIMIT ?
"""
_FORGET = "DELETE FROM ratings WHERE model = ? AND task_type = ? AND complexity = ?"
_DECISION = "SELECT id, at_ms, project, task_type, complexity, chosen FROM decisions"
_LATEST = f"{_DECISION} ORDER BY at_ms DESC, seq DESC LIMIT 1"
_BEGINNING = f"{_DECISION} WHERE id >= ?1 AND id < ?1 || 'g' ORDER BY id LIMIT 2"  # ids are hexadecimal


@dataclass(frozen=True, slots=True)
class MemoryRule:
    """One rule: prompts of this kind go there.

    The kind is a task type with a complexity ("" stands for every one) in a project ("" stands for all of them; else a
    hash). `target` is a provider, a `provider/model`, or for `treat_as` the task type, or `task_type/complexity`, that
    stands in for the classified one.
    """

    rule_id: str
    created_at: datetime
    project: str
    task_type: str
    complexity: str
    action: Action
    target: str
    source: Source


@dataclass(frozen=True, slots=True)
class Answered:
    """What a rating or a correction needs of a decision. `model` is empty where nobody answered."""

    decision_id: str
    at: datetime
    project: str
    task_type: str
    complexity: str
    model: str


def load_rules(conn: sqlite3.Connection, project: str | None) -> list[MemoryRule]:
    """The rules that hold in a project and everywhere, the newest first; None means: of all projects."""
    return [_rule(row) for row in conn.execute(_LOAD, (project,))]


def put_rule(conn: sqlite3.Connection, rule: MemoryRule) -> None:
    """Write a rule as the newest one; one with the same id is replaced."""
    rank = conn.execute(_RANK).fetchone()[0]
    conn.execute(_PUT, _row(rule, rank))


def replace_rules(conn: sqlite3.Connection, oldest_first: Sequence[MemoryRule]) -> None:
    """Make these the only rules."""
    conn.execute("DELETE FROM memory_rules")
    conn.executemany(_PUT, [_row(rule, rank) for rank, rule in enumerate(oldest_first, 1)])


def count_rules(conn: sqlite3.Connection) -> int:
    """How many rules there are."""
    return int(conn.execute(_RANK).fetchone()[1])


def delete_rule(conn: sqlite3.Connection, rule_id: str) -> bool:
    """Forget a rule; whether there was one."""
    return conn.execute("DELETE FROM memory_rules WHERE id = ?", (rule_id,)).rowcount > 0


def put_rating(conn: sqlite3.Connection, answered: Answered, *, is_good: bool, at: datetime) -> None:
    """Write a rating; a decision has one, the latest."""
    insert, delete = _RATE
    conn.execute(delete, (answered.decision_id,))
    kind = (answered.model, answered.task_type, answered.complexity)
    conn.execute(insert, (answered.decision_id, _ms(at), *kind, is_good))


def ratings(conn: sqlite3.Connection, model: str, task_type: str, complexity: str, *, limit: int) -> list[bool]:
    """The ratings of a model's answers to one kind of prompt, newest first: True for good."""
    return [bool(row[0]) for row in conn.execute(_RATINGS, (model, task_type, complexity, limit))]


def forget_ratings(conn: sqlite3.Connection, model: str, task_type: str, complexity: str) -> None:
    """Forget what was said of a model for one kind."""
    conn.execute(_FORGET, (model, task_type, complexity))


def clear(conn: sqlite3.Connection) -> tuple[int, int]:
    """Forget everything; the number of rules and of ratings there were."""
    rules = conn.execute("DELETE FROM memory_rules").rowcount
    return rules, conn.execute("DELETE FROM ratings").rowcount


def find_decisions(conn: sqlite3.Connection, beginning: str) -> list[Answered]:
    """The decisions whose id begins so, at most two; the latest one for an empty beginning."""
    rows = conn.execute(_BEGINNING, (beginning,)) if beginning else conn.execute(_LATEST)
    return [Answered(row[0], _instant(row[1]), *row[2:]) for row in rows]


def _rule(row: tuple[str, int, str, str, str, Action, str, Source]) -> MemoryRule:
    rule_id, created_ms, *rest = row
    return MemoryRule(rule_id, _instant(created_ms), *rest)  # type: ignore[arg-type]  # the table checks the rest


def _row(rule: MemoryRule, rank: int) -> tuple[object, ...]:
    kind = (rule.project, rule.task_type, rule.complexity)
    return (rule.rule_id, rank, _ms(rule.created_at), *kind, rule.action, rule.target, rule.source)


def _ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)


def _instant(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)
