"""Kill workers at random moments of reserve and settle; nothing that was acknowledged may be lost.

    uv run scripts/bench/ledger_crash.py [--kills 1000] [--workers 4]

A worker writes one line to its pipe after each call that returned: `r ID` and `s ID COST`. Kills come a random few
milliseconds after a worker's first line, so that they hit its transactions and not its start. Afterwards every
acknowledged row must be there, the counters must equal the rows, and the orphan holds must be gone once their lease is
over. Exits 1 when an invariant breaks.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta

from llm_router_core.budgets.caps import set_cap
from llm_router_core.budgets.gate import BudgetGate, HoldRequest
from llm_router_core.clock import SystemClock
from llm_router_core.storage import ledger
from llm_router_core.storage.database import Database

HOLD = 1_000
CAP = 10**12
LONGEST_LIFE_S = 0.03
ROWS = "SELECT id, state, cost_microusd FROM attempts"
SUMS = "SELECT coalesce(sum(cost_microusd), 0) FROM attempts"
HOLDS = "SELECT coalesce(sum(held_microusd), 0), count(*) FROM attempts WHERE state = 'held'"
COUNTERS = "SELECT spent, held FROM counters WHERE scope IN ('day', 'month', 'provider', 'project')"


class LaterClock(SystemClock):
    """The clock a while from now: every lease is over."""

    def now(self) -> datetime:
        """An instant after every lease that was given."""
        return datetime.now(UTC) + timedelta(seconds=ledger.DEADLINE_S + ledger.LEASE_GRACE_S + 1)


def work(home: str, seed: int, pipe: int) -> None:
    chance = random.Random(seed)
    clock = SystemClock()
    db = Database.open(home, clock)
    gate = BudgetGate(db, clock)
    while True:
        hold = gate.reserve(HoldRequest("openai", "m", HOLD, "call", session=f"s{seed % 16}", project="p"))
        os.write(pipe, f"r {hold.attempt_id}\n".encode())
        cost = chance.randint(1, HOLD)
        hold.settle(cost)
        os.write(pipe, f"s {hold.attempt_id} {cost}\n".encode())


class Worker:
    """A forked worker and the reading end of its pipe."""

    def __init__(self, home: str, seed: int) -> None:
        self.reading, writing = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.close(self.reading)
                work(home, seed, writing)
            finally:
                os._exit(1)
        os.close(writing)

    def kill_soon(self, chance: random.Random) -> list[str]:
        """Kill it a moment after its first line; the lines it had written."""
        text = os.read(self.reading, 65536)
        time.sleep(chance.uniform(0, LONGEST_LIFE_S))
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        while part := os.read(self.reading, 65536):
            text += part
        os.close(self.reading)
        return text.decode().splitlines()


def main() -> int:
    parser = argparse.ArgumentParser(description="Kill workers during reserve and settle.")
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as home:
        with Database.open(home, SystemClock()) as db:
            for scope in ("session", "day", "month"):
                set_cap(db, scope, CAP)
        lines = kill_many(home, arguments)
        problems = check(home, lines)
    took = time.monotonic() - started
    print(f"{arguments.kills} kills of {arguments.workers} workers in {took:.0f} s")
    print("\n".join(problems) or "ok")
    return 1 if problems else 0


def kill_many(home: str, arguments: argparse.Namespace) -> list[str]:
    chance = random.Random(arguments.seed)
    workers = [Worker(home, seed) for seed in range(arguments.workers)]
    lines: list[str] = []
    for number in range(arguments.kills):
        place = chance.randrange(arguments.workers)
        lines += workers[place].kill_soon(chance)
        workers[place] = Worker(home, arguments.workers + number)
    for worker in workers:
        lines += worker.kill_soon(chance)
    return lines


def check(home: str, lines: list[str]) -> list[str]:
    problems: list[str] = []
    before = time.monotonic()
    with Database.open(home, LaterClock()) as db:
        reopened_ms = (time.monotonic() - before) * 1000
        rows = {row[0]: row[1:] for row in db.read(lambda conn: conn.execute(ROWS).fetchall())}
        acked = [line.split() for line in lines]
        lost = [line for line in acked if line[1] not in rows]
        lost += [line for line in acked if line[0] == "s" and rows.get(line[1]) != ("settled", int(line[2]))]
        orphans = db.read(lambda conn: conn.execute(HOLDS).fetchone())
        problems += compare(db, "before the leases end")
        with BudgetGate(db, LaterClock()).hold(HoldRequest("openai", "m", 1, "call", session="s0", project="p")):
            pass
        after = db.read(lambda conn: conn.execute(HOLDS).fetchone())
        problems += compare(db, "after the leases end")
        is_sound = db.read(lambda conn: conn.execute("PRAGMA integrity_check").fetchall()) == [("ok",)]
        problems += [f"{len(lost)} acknowledged rows lost: {lost[:3]}"] if lost else []
        problems += [f"holds after their lease: {after}"] if after != (0, 0) else []
        problems += [] if is_sound and not db.warnings else [f"integrity: {is_sound}, warnings {db.warnings}"]
    print(f"{len(acked)} acknowledged, {len(rows)} rows, {len(lost)} lost, {orphans[1]} orphan holds, {after[1]} left")
    print(f"integrity_check {'ok' if is_sound else 'FAILED'}, reopened in {reopened_ms:.0f} ms")
    return problems


def compare(db: Database, when: str) -> list[str]:
    """Every counter that is one for all workers equals the rows."""
    spent = db.read(lambda conn: conn.execute(SUMS).fetchone())[0]
    held = db.read(lambda conn: conn.execute(HOLDS).fetchone())[0]
    counters = db.read(lambda conn: conn.execute(COUNTERS).fetchall())
    return [f"{when}: counter {found}, rows {(spent, held)}" for found in counters if tuple(found) != (spent, held)]


if __name__ == "__main__":
    sys.exit(main())
