"""How long each table keeps its rows, and the pruning that holds it: in batches, so that nobody waits long.

A table without an entry here is kept for ever; a test lists the tables, so that this is a decision, not an oversight.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta

from llm_router_core.clock import Clock
from llm_router_core.errors import StorageError
from llm_router_core.storage import ledger, quarantine
from llm_router_core.storage.database import Database

BATCH_ROWS = 1000
KEPT_FOR_EVER = frozenset({"meta", "caps", "migrations", "memory_rules"})
_FREE_PAGES = 256


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows of `table` whose `column` lies more than `days` back are deleted; a day column holds numbers like 20260305.

    `unless` is a condition for rows that stay whatever their age.
    """

    table: str
    column: str
    days: int
    is_day: bool = False
    key: str = "seq"
    unless: str = "0"


# Counters outlive the attempts they sum up, so that no open window loses its balance.
RULES = (
    Rule("attempts", "started_ms", 400, key="id", unless="state = 'held'"),
    Rule("adjustments", "at_ms", 400),
    Rule("decisions", "at_ms", 90),
    Rule("usage_days", "day", 1_100, is_day=True, key="(day, provider, model, purpose, verdict)"),
    Rule("counterfactuals", "at_ms", 400, key="decision_id"),
    Rule("counterfactual_days", "day", 1_100, is_day=True, key="(day, baseline_model, top_model, quota)"),
    Rule("quota_windows", "touched_ms", 90, key="(provider, account, quota_window)"),
    Rule("judgements", "at_ms", 180),
    Rule("ratings", "at_ms", 90),
    Rule("breakers", "changed_at", 7, key="(provider, account, model)"),
    Rule("session_overrides", "set_ms", 30, key="(session, name)"),
    Rule("counters", "touched_day", 400, is_day=True, key="(scope, name, win)", unless="held > 0"),
    Rule("counters", "touched_day", 7, is_day=True, key="(scope, name, win)", unless="held > 0 OR scope <> 'call'"),
)


def upkeep(db: Database, clock: Clock) -> None:
    """Once a day: look whether the database is sound, and delete what is too old. What fails becomes a warning.

    Nothing is deleted while the clock is not on the ledger's own day, because a clock that jumped ahead would make
    everything look old.
    """
    now = clock.now()
    today = ledger.day_number(now)

    def take_turn(conn: sqlite3.Connection) -> bool:
        done = conn.execute("SELECT value FROM meta WHERE name = 'upkeep_day'").fetchone()
        if ledger.current_day(conn, now) != today or (done and done[0] == today):
            return False
        conn.execute("INSERT OR REPLACE INTO meta (name, value) VALUES ('upkeep_day', ?)", (today,))
        return True

    try:
        if db.write(take_turn):
            db.quick_check()
            prune(db, now)
    except StorageError as error:
        db.warn(f"the daily upkeep of the database failed: {error.message}")


def prune(db: Database, now: datetime) -> int:
    """Delete what is older than its table keeps it; the number of rows and files deleted. Lapsed holds end first.

    Raises:
        StorageError: a batch failed; those before it are done.
    """
    db.write(lambda conn: ledger.expire(conn, int(now.timestamp() * 1000)))
    deleted = sum(_prune_table(db, rule, now) for rule in RULES)
    db.write(lambda conn: conn.execute(f"PRAGMA incremental_vacuum({_FREE_PAGES})").fetchall())
    return deleted + quarantine.prune_quarantine(db.home, now)


def _prune_table(db: Database, rule: Rule, now: datetime) -> int:
    cutoff = now - timedelta(days=rule.days)
    oldest = ledger.day_number(cutoff) if rule.is_day else int(cutoff.timestamp() * 1000)
    columns = rule.key.strip("()")
    old = f"FROM {rule.table} WHERE {rule.column} < ? AND NOT ({rule.unless})"
    look = f"SELECT 1 {old} LIMIT 1"  # the scan that finds nothing runs on the reading connection: nobody waits for it
    sql = f"DELETE FROM {rule.table} WHERE {rule.key} IN (SELECT {columns} {old} LIMIT {BATCH_ROWS})"  # noqa: S608

    def batch(conn: sqlite3.Connection) -> int:
        return conn.execute(sql, (oldest,)).rowcount

    deleted = 0
    while db.read(lambda conn: conn.execute(look, (oldest,)).fetchone()) is not None:
        deleted += db.write(batch)
    return deleted
