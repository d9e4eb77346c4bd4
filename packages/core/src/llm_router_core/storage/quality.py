"""Judgements: one row per answer that was to be judged. Scores and codes, never text."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime

from llm_router_core.storage.database import Database

MAX_SAMPLES = 5_000  # read at once: the newest; at one answer in ten judged, fourteen days of 3,500 answers a day
_MAX_CODE = 120
_PUT = """
INSERT INTO judgements
  (decision_id, at_ms, model, judge, outcome, score, relevance, completeness, correctness, ceiling)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (decision_id) DO NOTHING
"""
_COUNT = "SELECT COUNT(*) FROM judgements WHERE model = ? AND score IS NOT NULL AND at_ms BETWEEN ? AND ?"
_SAMPLES = """
SELECT model, at_ms, score, judge FROM judgements
WHERE score IS NOT NULL AND at_ms BETWEEN ? AND ? ORDER BY at_ms DESC, seq DESC LIMIT ?
"""
_NEWEST = f"""
SELECT model, at_ms, score, judge FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY model ORDER BY at_ms DESC) AS place FROM ({_SAMPLES})
) WHERE place <= ?
"""  # noqa: S608 - put together from constants
_UNJUDGED = """
SELECT model, outcome, COUNT(*) FROM judgements
WHERE score IS NULL AND at_ms BETWEEN ? AND ? GROUP BY model, outcome ORDER BY model, outcome
"""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a judge gave, each in thousandths."""

    relevance: int
    completeness: int
    correctness: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """One answer judged, or not: `score` (thousandths) and `parts` are None then and `outcome` is the reason's code.

    `ceiling` is the most that our own look at the answer allowed.
    """

    decision_id: str
    at: datetime
    model: str
    judge: str
    outcome: str
    score: int | None = None
    parts: Parts | None = None
    ceiling: int = 1000


@dataclass(frozen=True, slots=True)
class Sample:
    """One judged answer of a model; `score` in thousandths."""

    model: str
    at: datetime
    score: int
    judge: str = ""


@dataclass(frozen=True, slots=True)
class Unjudged:
    """How often answers of a model stayed unjudged for one reason."""

    model: str
    outcome: str
    count: int


def record(db: Database, judgement: Judgement, *, since: datetime) -> int:
    """Commit a judgement; how many judged answers of its model there are since then, this one included.

    A decision is judged once: the same id again changes nothing.

    Raises:
        StorageError: it could not be written.
    """
    at_ms, parts = _ms(judgement.at), judgement.parts
    row = (
        *(judgement.decision_id, at_ms, judgement.model[:_MAX_CODE], judgement.judge[:_MAX_CODE]),
        *(judgement.outcome[:_MAX_CODE], judgement.score),
        *((parts.relevance, parts.completeness, parts.correctness) if parts else (None, None, None)),
        judgement.ceiling,
    )

    def put(conn: sqlite3.Connection) -> int:
        conn.execute(_PUT, row)
        found = conn.execute(_COUNT, (judgement.model[:_MAX_CODE], _ms(since), at_ms)).fetchone()
        return int(found[0])

    return db.write(put)


def samples(db: Database, since: datetime, until: datetime) -> tuple[Sample, ...]:
    """The judged answers between two instants, newest first, at most `MAX_SAMPLES`.

    Raises:
        StorageError: they could not be read.
    """

    def load(conn: sqlite3.Connection) -> tuple[Sample, ...]:
        rows = conn.execute(_SAMPLES, (_ms(since), _ms(until), MAX_SAMPLES))
        return tuple(Sample(model, _instant(at_ms), score, judge) for model, at_ms, score, judge in rows)

    return db.read(load)


def newest(db: Database, since: datetime, until: datetime, *, per_model: int) -> tuple[Sample, ...]:
    """As `samples`, but at most `per_model` of each model: all that a standing takes, for the way of every route.

    Raises:
        StorageError: they could not be read.
    """

    def load(conn: sqlite3.Connection) -> tuple[Sample, ...]:
        rows = conn.execute(_NEWEST, (_ms(since), _ms(until), MAX_SAMPLES, per_model))
        return tuple(Sample(model, _instant(at_ms), score, judge) for model, at_ms, score, judge in rows)

    return db.read(load)


def unjudged(db: Database, since: datetime, until: datetime) -> tuple[Unjudged, ...]:
    """How often answers stayed unjudged between two instants, by model and reason.

    Raises:
        StorageError: they could not be read.
    """
    return db.read(lambda conn: tuple(Unjudged(*row) for row in conn.execute(_UNJUDGED, (_ms(since), _ms(until)))))


def _ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)


def _instant(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)
