"""Sums over the ledger for reports.

By day, provider, model and purpose they come from `usage_days`, which triggers keep equal to the attempts (`mismatches`
proves it): their cost does not grow with the ledger. By task, session and project they read the attempts themselves,
which are kept for 400 days; a task is known while its decision is kept, 90 days.
Days are UTC days such as 20260305, both ends included.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Literal

Group = Literal["all", "day", "provider", "model", "purpose", "verdict", "task", "session", "project"]

_SUMS = (
    "sum(attempts), sum(attempts * (verdict = 'answered')), sum(attempts * (verdict = 'failed')), "
    "sum(cost_microusd), sum(input_tokens), sum(cache_read_tokens), sum(cache_write_tokens), sum(output_tokens), "
    "sum(counted_attempts), sum(unpriced_attempts)"
)
_ROLLED = {
    "all": "''",
    "day": "CAST(day AS TEXT)",
    "provider": "provider",
    "model": "provider || '/' || model",
    "purpose": "purpose",
    "verdict": "verdict",
}
_SCANNED = {"task": "ifnull(d.task_type, '')", "session": "a.session", "project": "a.project"}
_VERDICT = "CASE WHEN a.state <> 'settled' THEN a.state WHEN a.outcome = 'ok' THEN 'answered' ELSE 'failed' END"
_ATTEMPTS = f"""
SELECT {{key}} AS key, 1 AS attempts, {_VERDICT} AS verdict, ifnull(a.cost_microusd, 0) AS cost_microusd,
  a.input_tokens, a.cache_read_tokens, a.cache_write_tokens, a.output_tokens, a.is_estimated AS counted_attempts,
  instr(a.flags, 'unpriced') > 0 AS unpriced_attempts
FROM attempts a {{join}} WHERE a.window_day BETWEEN ? AND ? AND a.state <> 'held'
"""  # noqa: S608 - constants of this module
_LEFT_JOIN = "LEFT JOIN decisions d ON d.id = a.decision_id"
_MISMATCHES = f"""
SELECT day, sum(attempts), sum(cost), sum(rolled_attempts), sum(rolled_cost) FROM (
  SELECT window_day AS day, count(*) AS attempts, sum(ifnull(cost_microusd, 0)) AS cost,
    0 AS rolled_attempts, 0 AS rolled_cost, provider, model, purpose, {_VERDICT} AS verdict
  FROM attempts a WHERE window_day >= ?1 AND state <> 'held' GROUP BY day, provider, model, purpose, verdict
  UNION ALL
  SELECT day, 0, 0, attempts, cost_microusd, provider, model, purpose, verdict FROM usage_days WHERE day >= ?1
) GROUP BY day, provider, model, purpose, verdict
HAVING sum(attempts) <> sum(rolled_attempts) OR sum(cost) <> sum(rolled_cost) ORDER BY day
"""  # noqa: S608 - constants of this module


@dataclass(frozen=True, slots=True)
class Usage:
    """One line of a usage report. `attempts` holds answered, failed, released and expired ones.

    Of the attempts, the tokens of `counted` were counted by us because the provider did not say, and `unpriced` were
    booked at what was held for want of a price.
    """

    key: str
    attempts: int
    answered: int
    failed: int
    cost_microusd: int
    input_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    output_tokens: int
    counted: int
    unpriced: int

    @property
    def tokens(self) -> int:
        """All four buckets."""
        return self.input_tokens + self.cache_read_tokens + self.cache_write_tokens + self.output_tokens


@dataclass(frozen=True, slots=True)
class Cell:
    """What one purpose came to with one verdict."""

    provider: str
    model: str
    purpose: str
    verdict: str
    attempts: int
    cost_microusd: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A day on which the roll-up and the attempts differ."""

    day: int
    attempts: int
    cost_microusd: int
    rolled_attempts: int
    rolled_microusd: int


def usage(conn: sqlite3.Connection, first_day: int, last_day: int, *, by: Group = "all") -> list[Usage]:
    """The usage of these days by `by`, dearest first; by day in order. Nothing used is an empty list."""
    if by in _ROLLED:
        source, key = "usage_days WHERE day BETWEEN ? AND ?", _ROLLED[by]
    else:
        rows = _ATTEMPTS.format(key=_SCANNED[by], join=_LEFT_JOIN if by == "task" else "")
        source, key = f"({rows})", "key"
    order = "key" if by == "day" else "sum(cost_microusd) DESC, sum(attempts) DESC, key"
    sql = f"SELECT {key} AS key, {_SUMS} FROM {source} GROUP BY 1 HAVING sum(attempts) > 0 ORDER BY {order}"  # noqa: S608 - constants above
    return [Usage(*row) for row in conn.execute(sql, (first_day, last_day))]


def cells(conn: sqlite3.Connection, first_day: int, last_day: int) -> list[Cell]:
    """The usage of these days by provider, model, purpose and verdict."""
    tokens = "sum(input_tokens + cache_read_tokens + cache_write_tokens + output_tokens)"
    sql = (
        f"SELECT provider, model, purpose, verdict, sum(attempts), sum(cost_microusd), {tokens} FROM usage_days "  # noqa: S608
        "WHERE day BETWEEN ? AND ? AND attempts > 0 GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
    )
    return [Cell(*row) for row in conn.execute(sql, (first_day, last_day))]


def daily_costs(conn: sqlite3.Connection, first_day: int, last_day: int) -> dict[int, int]:
    """Micro-dollars by day; a day without any row is missing."""
    sql = "SELECT day, sum(cost_microusd) FROM usage_days WHERE day BETWEEN ? AND ? GROUP BY day ORDER BY day"
    return dict(conn.execute(sql, (first_day, last_day)).fetchall())


def first_day(conn: sqlite3.Connection) -> int | None:
    """The first day with any use; None before that."""
    row = conn.execute("SELECT min(day) FROM usage_days").fetchone()
    return None if row is None or row[0] is None else int(row[0])


def mismatches(conn: sqlite3.Connection, since_day: int) -> list[Mismatch]:
    """Where `usage_days` is not the sum of the attempts, from a day on. Reads the whole ledger: for `doctor`.

    `since_day` must lie within the 400 days that attempts are kept.
    """
    return [Mismatch(*row) for row in conn.execute(_MISMATCHES, (since_day,))]
