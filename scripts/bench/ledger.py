"""Throughput of the budget gate against a minimal SQLite loop with the same scopes, locking and durability.

    uv run scripts/bench/ledger.py [--processes 8] [--seconds 2] [--rounds 7] [--floor 0.6] [--baseline raw|lean]

A pair is one reservation and one settlement, each its own transaction over five scopes. The raw loop does nothing else:
no caps table, no lease, no lapsed holds, no window mark, no snapshot. The lean one does less than anybody could live
with: counters exist beforehand, an attempt is a number and four columns, SQLite checkpoints by itself. Rounds
alternate, and the ratio is that of the medians. Exits 1 when it is below the floor.
"""

from __future__ import annotations

import argparse
import fcntl
import multiprocessing
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from llm_router_core.budgets.caps import set_cap
from llm_router_core.budgets.gate import BudgetGate, HoldRequest
from llm_router_core.clock import SystemClock
from llm_router_core.storage.database import CHECKPOINT_WAL_BYTES, Database

RAW_SCHEMA = """
PRAGMA journal_mode = WAL;
CREATE TABLE counters (scope TEXT, name TEXT, win INTEGER, spent INTEGER, held INTEGER,
  PRIMARY KEY (scope, name, win)) WITHOUT ROWID;
CREATE TABLE attempts (id TEXT PRIMARY KEY, provider TEXT, model TEXT, held INTEGER, cost INTEGER);
"""
TAKE = """INSERT INTO counters VALUES (?1, ?2, ?3, 0, ?4)
ON CONFLICT DO UPDATE SET held = held + ?4 WHERE spent + held + ?4 <= ?5"""
LEAN_SCHEMA = RAW_SCHEMA.replace("id TEXT PRIMARY KEY", "id INTEGER PRIMARY KEY")
LEAN_TAKE = """UPDATE counters SET held = held + ?4
WHERE scope = ?1 AND name = ?2 AND win = ?3 AND spent + held + ?4 <= ?5"""
BOOK = "UPDATE counters SET held = held - ?4, spent = spent + ?5 WHERE scope = ?1 AND name = ?2 AND win = ?3"
CAP = 10**12
AMOUNT = 1_000


def run_raw(home: str, number: int, until: float) -> int:
    conn = sqlite3.connect(f"{home}/raw.db", isolation_level=None, timeout=10)
    conn.execute("PRAGMA synchronous = NORMAL")
    conn.execute("PRAGMA wal_autocheckpoint = 0")
    lock = os.open(f"{home}/raw.lock", os.O_RDWR | os.O_CREAT, 0o600)
    keys = scope_keys(number)
    pairs = 0
    conn.execute("SELECT count(*) FROM counters").fetchone()  # makes the log exist
    wal = os.open(f"{home}/raw.db-wal", os.O_RDONLY)

    def transaction(work: Callable[[], None]) -> None:
        fcntl.flock(lock, fcntl.LOCK_EX)
        conn.execute("BEGIN IMMEDIATE")
        work()
        conn.execute("COMMIT")
        if os.fstat(wal).st_size >= CHECKPOINT_WAL_BYTES:
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        fcntl.flock(lock, fcntl.LOCK_UN)

    while time.monotonic() < until:
        attempt = os.urandom(16).hex()

        def reserve(attempt: str = attempt) -> None:
            for key in keys:
                if conn.execute(TAKE, (*key, AMOUNT, CAP)).rowcount != 1:
                    raise SystemExit("the cap of the bench was reached")
            conn.execute("INSERT INTO attempts VALUES (?, 'openai', 'm', ?, NULL)", (attempt, AMOUNT))

        def settle(attempt: str = attempt) -> None:
            conn.execute("UPDATE attempts SET cost = ? WHERE id = ?", (7, attempt))
            for key in keys:
                conn.execute(BOOK, (*key, AMOUNT, 7))

        transaction(reserve)
        transaction(settle)
        pairs += 1
    return pairs


def run_lean(home: str, number: int, until: float) -> int:
    conn = sqlite3.connect(f"{home}/raw.db", isolation_level=None, timeout=10)
    conn.execute("PRAGMA synchronous = NORMAL")
    lock = os.open(f"{home}/raw.lock", os.O_RDWR | os.O_CREAT, 0o600)
    keys = scope_keys(number)
    conn.executemany("INSERT INTO counters VALUES (?, ?, ?, 0, 0) ON CONFLICT DO NOTHING", keys)
    pairs = 0
    while time.monotonic() < until:
        fcntl.flock(lock, fcntl.LOCK_EX)
        conn.execute("BEGIN IMMEDIATE")
        for key in keys:
            if conn.execute(LEAN_TAKE, (*key, AMOUNT, CAP)).rowcount != 1:
                raise SystemExit("the cap of the bench was reached")
        attempt = conn.execute("INSERT INTO attempts VALUES (NULL, 'openai', 'm', ?, NULL)", (AMOUNT,)).lastrowid
        conn.execute("COMMIT")
        fcntl.flock(lock, fcntl.LOCK_UN)
        fcntl.flock(lock, fcntl.LOCK_EX)
        conn.execute("BEGIN IMMEDIATE")
        conn.execute("UPDATE attempts SET cost = ? WHERE id = ?", (7, attempt))
        for key in keys:
            conn.execute(BOOK, (*key, AMOUNT, 7))
        conn.execute("COMMIT")
        fcntl.flock(lock, fcntl.LOCK_UN)
        pairs += 1
    return pairs


def run_gate(home: str, number: int, until: float) -> int:
    clock = SystemClock()
    with Database.open(home, clock) as db:
        gate = BudgetGate(db, clock)
        pairs = 0
        while time.monotonic() < until:
            request = HoldRequest("openai", "m", AMOUNT, "call", session=f"s{number}", project="p")
            with gate.hold(request) as hold:
                hold.settle(7)
            pairs += 1
        return pairs


def scope_keys(number: int) -> list[tuple[str, str, int]]:
    return [
        *(("session", f"s{number}", 0), ("project", "p", 202601), ("day", "", 20260101)),
        *(("month", "", 202601), ("provider", "openai", 202601)),
    ]


def measure(kind: str, processes: int, seconds: float) -> float:
    """Pairs a second over all processes."""
    with tempfile.TemporaryDirectory() as home:
        if kind == "gate":
            with Database.open(home, SystemClock()) as db:
                for scope in ("session", "day", "month"):
                    set_cap(db, scope, CAP)
        else:
            conn = sqlite3.connect(f"{home}/raw.db")
            conn.executescript(RAW_SCHEMA if kind == "raw" else LEAN_SCHEMA)
            conn.close()
        run = {"raw": run_raw, "lean": run_lean, "gate": run_gate}[kind]
        until = time.monotonic() + 0.3 + seconds
        with multiprocessing.get_context("fork").Pool(processes) as pool:
            counts = pool.starmap(run, [(home, number, until) for number in range(processes)])
        return sum(counts) / (seconds + 0.3)


def main() -> int:
    parser = argparse.ArgumentParser(description="Throughput of the budget gate against a raw SQLite loop.")
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--floor", type=float, default=0.6)
    parser.add_argument("--baseline", choices=("raw", "lean"), default="raw")
    arguments = parser.parse_args()
    rates: dict[str, list[float]] = {arguments.baseline: [], "gate": []}
    for _ in range(arguments.rounds):
        for kind, found in rates.items():
            found.append(measure(kind, arguments.processes, arguments.seconds))
    raw, gate = (statistics.median(rates[kind]) for kind in (arguments.baseline, "gate"))
    print(f"sqlite {sqlite3.sqlite_version}, {arguments.processes} processes, {Path(tempfile.gettempdir())}")
    print(f"{arguments.baseline} {raw:9.0f} pairs/s   {[round(rate) for rate in rates[arguments.baseline]]}")
    print(f"gate {gate:9.0f} pairs/s   {[round(rate) for rate in rates['gate']]}")
    print(f"ratio {gate / raw:.2f}")
    return 0 if gate / raw >= arguments.floor else 1


if __name__ == "__main__":
    sys.exit(main())
