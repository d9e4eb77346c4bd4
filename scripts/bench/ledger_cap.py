"""Many processes on one cap: at no sampled moment may spent + held pass it, and at the end the rows sum to it.

    uv run scripts/bench/ledger_cap.py [--processes 64] [--cap 1000000] [--hold 5000]

Each process reserves until it is refused ten times. The true cost is random up to the hold, so the room that is left is
used again and again. Exits 1 when an invariant breaks.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import sys
import tempfile
import time
from multiprocessing.context import SpawnContext
from pathlib import Path

from llm_router_core.budgets.caps import set_cap
from llm_router_core.budgets.gate import BudgetGate, HoldRequest
from llm_router_core.clock import SystemClock
from llm_router_core.errors import BudgetExceeded
from llm_router_core.storage.database import Database

SAMPLE = "SELECT coalesce(max(spent + held), 0) FROM counters WHERE scope = 'day'"
SPENT = "SELECT spent, held FROM counters WHERE scope = 'day'"
ROWS = "SELECT coalesce(sum(cost_microusd), 0), count(*) FROM attempts WHERE state = 'settled'"


def work(home: str, seed: int, hold: int) -> None:
    chance = random.Random(seed)
    clock = SystemClock()
    with Database.open(home, clock) as db:
        gate = BudgetGate(db, clock)
        refused = 0
        while refused < 10:
            try:
                with gate.hold(HoldRequest("openai", "m", hold, "call", session=f"s{seed}")) as taken:
                    taken.settle(chance.randint(0, hold))
            except BudgetExceeded:
                refused += 1


def main() -> int:
    parser = argparse.ArgumentParser(description="Many processes on one cap.")
    parser.add_argument("--processes", type=int, default=64)
    parser.add_argument("--cap", type=int, default=1_000_000)
    parser.add_argument("--hold", type=int, default=5_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, Database.open(home, SystemClock()) as db:
        set_cap(db, "day", arguments.cap)
        samples, failed = run(db, Path(home), arguments)
        spent, held = db.read(lambda conn: conn.execute(SPENT).fetchone())
        booked, count = db.read(lambda conn: conn.execute(ROWS).fetchone())
    highest = max(samples)
    print(f"{arguments.processes} processes, {count} settled rows, {len(samples)} samples, {failed} failed processes")
    print(f"cap {arguments.cap}, highest spent + held {highest}, at the end spent {spent}, held {held}, rows {booked}")
    is_sound = highest <= arguments.cap and spent == booked and held == 0 and not failed
    print("ok" if is_sound else "BROKEN")
    return 0 if is_sound else 1


def run(db: Database, home: Path, arguments: argparse.Namespace) -> tuple[list[int], int]:
    context: SpawnContext = multiprocessing.get_context("spawn")
    children = [
        context.Process(target=work, args=(str(home), seed, arguments.hold)) for seed in range(arguments.processes)
    ]
    for child in children:
        child.start()
    samples = [0]
    while any(child.is_alive() for child in children):
        samples.append(db.read(lambda conn: conn.execute(SAMPLE).fetchone())[0])
        time.sleep(0.002)
    for child in children:
        child.join()
    return samples, sum(child.exitcode != 0 for child in children)


if __name__ == "__main__":
    sys.exit(main())
