"""Time of `status` on a large ledger against a small one, in the library and as a command.

    uv run scripts/bench/status.py [--rows 1000000] [--small 1000] [--one-day] [--bound 5]

Rows are spread over 60 days, or put into today with `--one-day`; each is an answered call with its counterfactual and,
for the latest thousand, its decision. Exits 1 when the library call or the command takes more than `--bound` times its
time on the small ledger.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from llm_router_core.clock import SystemClock
from llm_router_core.savings.overview import load_overview
from llm_router_core.storage import ledger, reports
from llm_router_core.storage.database import Database

ATTEMPT = """
INSERT INTO attempts (id, call_id, decision_id, started_ms, window_day, session, project, provider, model, purpose,
  state, held_microusd, is_price_known, price_version, cost_microusd, input_tokens, output_tokens, outcome,
  lease_until_ms)
VALUES (?1, ?2, ?2, ?3, ?4, ?5, 'p', ?6, 'm', ?7, 'settled', 900, 1, '', 700, 1000, 300, ?8, ?3)
"""
COUNTERFACTUAL = """
INSERT INTO counterfactuals (decision_id, at_ms, day, answer_microusd, baseline_model, price_version,
  baseline_microusd, top_model, top_microusd) VALUES (?, ?, ?, 700, 'a/b', '', 5000, 'a/top', 9000)
"""
DECISION = """
INSERT INTO decisions (id, at_ms, session, project, task_type, complexity, confidence_pct, chosen, reason, chain_json,
  outcome) VALUES (?, ?, 's', 'p', 'query', 'simple', 90, 'openai/m', '', '[]', 'ok')
"""
PROVIDERS = ("openai", "ollama", "groq", "gemini", "deepseek")
BATCH = 50_000


def rows(count: int, days: int) -> Iterator[tuple[str, str, int, int, str, str, str, str]]:
    now = datetime.now(UTC)
    for number in range(count):
        back = timedelta(days=(count - 1 - number) * days // count)
        at = now - back
        at_ms = int(at.timestamp() * 1000) - (count - number) % 1000
        purpose = "judge" if number % 10 == 9 else "answer"
        outcome = "failed" if number % 10 == 8 else "ok"
        provider = PROVIDERS[number % len(PROVIDERS)]
        day = ledger.day_number(at)
        yield f"{at_ms:012x}{number:020x}", f"d{number}", at_ms, day, f"s{number % 500}", provider, purpose, outcome


def fill(home: str, count: int, days: int) -> None:
    with Database.open(home, SystemClock()) as db:
        batch = []
        for number, row in enumerate(rows(count, days), 1):
            batch.append(row)
            if len(batch) == BATCH or number == count:
                db.write(lambda conn, batch=batch: put(conn, batch))
                db.checkpoint()
                batch = []
        latest = [(f"d{count - 1 - place}", row[2]) for place, row in enumerate(rows(min(count, 1000), 0))]
        db.write(lambda conn: conn.executemany(DECISION, latest))
        db.checkpoint()


def put(conn: sqlite3.Connection, batch: list[tuple[str, str, int, int, str, str, str, str]]) -> None:
    conn.executemany(ATTEMPT, batch)
    conn.executemany(COUNTERFACTUAL, [(row[1], row[2], row[3]) for row in batch])


def median_ms(work: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def measure(count: int, days: int) -> tuple[float, float]:
    """Milliseconds of the library call and of the command."""
    with tempfile.TemporaryDirectory() as home:
        fill(home, count, days)
        clock = SystemClock()
        with Database.open(home, clock) as db:
            seen = load_overview(db, clock)
            wrong = db.read(lambda conn: reports.mismatches(conn, 0))
            if wrong or seen.last is None:
                raise SystemExit(f"the roll-up is wrong: {wrong[:3]}")
            library = median_ms(lambda: load_overview(db, clock), 15)
        env = {**os.environ, "LLM_ROUTER_HOME": home}
        words = [sys.executable, "-m", "llm_router_installer", "status", "--json"]
        command = median_ms(lambda: subprocess.run(words, env=env, check=True, capture_output=True), 5)
        return library, command


def main() -> int:
    parser = argparse.ArgumentParser(description="Time of `status` on a large ledger against a small one.")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--small", type=int, default=1_000)
    parser.add_argument("--one-day", action="store_true")
    parser.add_argument("--bound", type=float, default=5)
    arguments = parser.parse_args()
    days = 0 if arguments.one_day else 60
    small, large = measure(arguments.small, days), measure(arguments.rows, days)
    ratios = [after / before for before, after in zip(small, large, strict=True)]
    for name, before, after, ratio in zip(("library", "command"), small, large, ratios, strict=True):
        sizes = f"{arguments.small:,} rows {before:8.1f} ms   {arguments.rows:,} rows {after:8.1f} ms"
        print(f"{name}  {sizes}   x{ratio:.2f}")
    return 0 if max(ratios) <= arguments.bound else 1


if __name__ == "__main__":
    sys.exit(main())
