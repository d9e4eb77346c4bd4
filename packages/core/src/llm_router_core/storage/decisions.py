"""Routing decisions, one row each: what was chosen and why, in short codes. Never prompt or answer text."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from llm_router_core.storage.database import Database

_MAX_CODE = 64
_MAX_REASON = 120
_MAX_CHAIN = 12
_IS_ESTIMATED = 7  # its place in a row of _ATTEMPTS
_INSERT = """
INSERT OR IGNORE INTO decisions (id, at_ms, session, project, task_type, complexity, confidence_pct, chosen, reason,
  chain_json, outcome)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_LAST = """
SELECT id, at_ms, session, project, task_type, complexity, confidence_pct, chosen, reason, chain_json, outcome
FROM decisions WHERE :session = '' OR session = :session ORDER BY at_ms DESC, seq DESC LIMIT :count
"""
_ATTEMPTS = """
SELECT decision_id, id, purpose, provider, model, state, cost_microusd, held_microusd, is_estimated, input_tokens,
  output_tokens, outcome, error_kind, elapsed_ms
FROM attempts WHERE decision_id <> '' AND decision_id IN (SELECT value FROM json_each(?)) ORDER BY started_ms, id
"""


@dataclass(frozen=True, slots=True)
class Decision:
    """One routing decision. `session` and `project` are hashes; `reason` and `chain` are codes, cut when too long."""

    decision_id: str
    at: datetime
    session: str
    project: str
    task_type: str
    complexity: str
    confidence_pct: int
    chosen: str
    reason: str
    chain: tuple[str, ...] = ()
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class AttemptLine:
    """One attempt of a decision; `cost_microusd` is None while it runs, or when it cost nothing."""

    attempt_id: str
    purpose: str
    provider: str
    model: str
    state: str
    cost_microusd: int | None
    held_microusd: int
    is_estimated: bool
    input_tokens: int
    output_tokens: int
    outcome: str
    error_kind: str
    elapsed_ms: int


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """A decision with its attempts, in the order they were made."""

    decision: Decision
    attempts: tuple[AttemptLine, ...]


def record(db: Database, decision: Decision) -> None:
    """Write a decision; the same id again changes nothing.

    Raises:
        StorageError: it could not be written.
    """
    row = (
        *(decision.decision_id, int(decision.at.timestamp() * 1000), decision.session[:_MAX_CODE]),
        *(decision.project[:_MAX_CODE], decision.task_type[:_MAX_CODE], decision.complexity[:_MAX_CODE]),
        *(decision.confidence_pct, decision.chosen[:_MAX_REASON], decision.reason[:_MAX_REASON]),
        json.dumps([code[:_MAX_CODE] for code in decision.chain[:_MAX_CHAIN]], separators=(",", ":")),
        decision.outcome[:_MAX_CODE],
    )
    db.write(lambda conn: conn.execute(_INSERT, row).close())


def set_outcome(db: Database, decision_id: str, outcome: str) -> None:
    """Write how a decision ended; an unknown id changes nothing.

    Raises:
        StorageError: it could not be written.
    """
    sql = "UPDATE decisions SET outcome = ? WHERE id = ?"
    db.write(lambda conn: conn.execute(sql, (outcome[:_MAX_CODE], decision_id)).close())


def last(db: Database, count: int, *, session: str = "") -> list[DecisionRecord]:
    """The latest decisions with their attempts, newest first; of one session when it is given.

    Raises:
        StorageError: they could not be read.
    """

    def load(conn: sqlite3.Connection) -> list[DecisionRecord]:
        decisions = [_decision(row) for row in conn.execute(_LAST, {"session": session, "count": count}).fetchall()]
        if not decisions:
            return []
        ids = json.dumps([decision.decision_id for decision in decisions])
        attempts: dict[str, list[AttemptLine]] = {}
        for decision_id, *row in conn.execute(_ATTEMPTS, (ids,)):
            attempts.setdefault(decision_id, []).append(_attempt(row))
        return [DecisionRecord(decision, tuple(attempts.get(decision.decision_id, ()))) for decision in decisions]

    return db.read(load)


def _decision(row: tuple[str, int, str, str, str, str, int, str, str, str, str]) -> Decision:
    decision_id, at_ms, *codes, confidence, chosen, reason, chain, outcome = row
    at = datetime.fromtimestamp(int(at_ms) / 1000, UTC)
    session, project, task_type, complexity = (str(code) for code in codes)
    return Decision(
        *(decision_id, at, session, project, task_type, complexity),
        *(int(confidence), str(chosen), str(reason), tuple(json.loads(str(chain))), str(outcome)),
    )


def _attempt(row: list[Any]) -> AttemptLine:
    row[_IS_ESTIMATED] = bool(row[_IS_ESTIMATED])
    return AttemptLine(*row)
