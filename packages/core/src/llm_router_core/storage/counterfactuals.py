"""What answered calls would have cost elsewhere: one row a call, and sums by UTC day that do not grow with the rows."""

from __future__ import annotations

import sqlite3
from dataclasses import astuple, dataclass

_ANSWERS = """
SELECT provider, model, started_ms, window_day, cost_microusd, purpose, input_tokens, cache_read_tokens,
  cache_write_tokens, cache_write_1h_tokens, output_tokens, reasoning_tokens
FROM attempts
WHERE decision_id <> '' AND decision_id = ? AND state = 'settled' AND outcome = 'ok'
  AND purpose NOT IN ('judge', 'classifier')
ORDER BY started_ms, id
"""
_INSERT = """
INSERT INTO counterfactuals (decision_id, at_ms, day, answer_microusd, baseline_model, price_version,
  baseline_microusd, top_model, top_microusd, account, quota_window, baseline_millipoints)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
_VERIFY = """
UPDATE counterfactuals SET verified_microusd = ?, verified_by = ? WHERE decision_id = ? AND verified_microusd IS NULL
"""
_SUMS = """
SELECT baseline_model, top_model, sum(unpriced_calls), sum(unpriced_answer_microusd), sum(estimated_calls),
  sum(estimated_microusd), sum(verified_calls), sum(verified_answer_microusd), sum(verified_microusd), sum(top_calls),
  sum(top_answer_microusd), sum(top_microusd)
FROM counterfactual_days WHERE day BETWEEN ? AND ? GROUP BY baseline_model, top_model ORDER BY baseline_model, top_model
"""
_POINTS = """
SELECT quota, sum(point_calls), sum(millipoints) FROM counterfactual_days
WHERE day BETWEEN ? AND ? GROUP BY quota HAVING sum(point_calls) > 0 ORDER BY quota
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """An attempt that answered. `tokens`: fresh, cache read, cache write, of which 1 h, output, of which reasoning."""

    provider: str
    model: str
    started_ms: int
    day: int
    cost_microusd: int | None
    purpose: str
    tokens: tuple[int, int, int, int, int, int]


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """One call on other models; None is unknown. Points only where a subscription pays for the baseline."""

    decision_id: str
    at_ms: int
    day: int
    answer_microusd: int
    baseline_model: str
    price_version: str
    baseline_microusd: int | None
    top_model: str
    top_microusd: int | None
    account: str = ""
    quota_window: str = ""
    baseline_millipoints: int | None = None


@dataclass(frozen=True, slots=True)
class Sums:
    """What a baseline comes to over some days, split by what is known of each call."""

    baseline_model: str
    top_model: str
    unpriced_calls: int
    unpriced_answer_microusd: int
    estimated_calls: int
    estimated_microusd: int
    verified_calls: int
    verified_answer_microusd: int
    verified_microusd: int
    top_calls: int
    top_answer_microusd: int
    top_microusd: int


@dataclass(frozen=True, slots=True)
class Points:
    """Quota points that calls would have taken; `quota` names account and window."""

    quota: str
    calls: int
    millipoints: int


def answers(conn: sqlite3.Connection, decision_id: str) -> list[Answer]:
    """The attempts that answered a call; judges and classifiers answer nobody."""
    rows = conn.execute(_ANSWERS, (decision_id,)).fetchall()
    return [
        Answer(provider, model, started_ms, day, cost, purpose, (fresh, read, written, written_1h, out, reasoning))
        for provider, model, started_ms, day, cost, purpose, fresh, read, written, written_1h, out, reasoning in rows
    ]


def insert(conn: sqlite3.Connection, row: Counterfactual) -> bool:
    """Write a call's row; the same decision again changes nothing and returns False."""
    return conn.execute(_INSERT, astuple(row)).rowcount == 1


def verify(conn: sqlite3.Connection, decision_id: str, microusd: int, *, by: str) -> bool:
    """Mark a call as verified by a host's own record, at the amount it shows; whether it was not so before."""
    return conn.execute(_VERIFY, (microusd, by, decision_id)).rowcount == 1


def sums(conn: sqlite3.Connection, first_day: int, last_day: int) -> list[Sums]:
    """The sums of these days by baseline."""
    return [Sums(*row) for row in conn.execute(_SUMS, (first_day, last_day))]


def points(conn: sqlite3.Connection, first_day: int, last_day: int) -> list[Points]:
    """The points of these days by quota."""
    return [Points(*row) for row in conn.execute(_POINTS, (first_day, last_day))]
