"""The ledger's invariants under any order of reserve, settle, release, time and cap changes."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from llm_router_core.budgets.caps import set_cap
from llm_router_core.budgets.gate import BudgetGate, Hold, HoldRequest
from llm_router_core.budgets.status import list_status
from llm_router_core.conversation import Usage
from llm_router_core.errors import BudgetExceeded
from llm_router_core.storage import decisions, retention
from llm_router_core.storage.database import Database

BENCH = Path(__file__).parents[4] / "scripts" / "bench"
COUNTERS = "SELECT scope, name, win, spent, held FROM counters"
ATTEMPTS = (
    "SELECT session, project, provider, call_id, max_cost_microusd, window_day, state, held_microusd, cost_microusd "
    "FROM attempts"
)


class ManualClock:
    def __init__(self) -> None:
        self.instant = datetime(2026, 3, 31, 23, tzinfo=UTC)
        self.seconds = 0.0

    def now(self) -> datetime:
        return self.instant

    def monotonic_s(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def home(tmp_path: Path) -> str:
    return str(tmp_path / "home")


def expected_counters(db: Database) -> dict[tuple[str, str, int], tuple[int, int]]:
    """The counters as the rows say they must be."""
    found: dict[tuple[str, str, int], tuple[int, int]] = {}
    for session, project, provider, call, bound, day, state, held, cost in db.read(
        lambda conn: conn.execute(ATTEMPTS).fetchall()
    ):
        month = day // 100
        keys = [("day", "", day), ("month", "", month), ("provider", provider, month)]
        keys += [("session", session, 0)] if session else []
        keys += [("project", project, month)] if project else []
        keys += [("call", call, 0)] if bound is not None else []
        for key in keys:
            spent_now, held_now = found.get(key, (0, 0))
            found[key] = (spent_now + (cost or 0), held_now + (held if state == "held" else 0))
    return {key: value for key, value in found.items() if value != (0, 0)}


def actual_counters(db: Database) -> dict[tuple[str, str, int], tuple[int, int]]:
    rows = db.read(lambda conn: conn.execute(COUNTERS).fetchall())
    return {tuple(row[:3]): tuple(row[3:]) for row in rows if tuple(row[3:]) != (0, 0)}


class LedgerMachine(RuleBasedStateMachine):
    """Two gates on one database, a clock that jumps both ways, caps that move."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = ManualClock()
        self.dbs = [Database.open(self.folder.name, self.clock) for _ in range(2)]
        self.gates = [BudgetGate(db, self.clock) for db in self.dbs]
        self.holds: list[Hold] = []
        self.caps = {"session": 5_000_000, "day": 10_000_000, "month": 20_000_000}
        self.latest_day = 0

    def teardown(self) -> None:
        for db in self.dbs:
            db.close()
        self.folder.cleanup()

    @rule(
        gate=st.integers(0, 1),
        amount=st.integers(0, 4_000_000),
        session=st.sampled_from(["", "a", "b"]),
        provider=st.sampled_from(["openai", "groq"]),
        bound=st.sampled_from([None, 0, 3_000_000]),
    )
    def reserve(self, gate: int, amount: int, session: str, provider: str, bound: int | None) -> None:
        wanted = HoldRequest(provider, "m", amount, "call", session=session, project="p", max_cost_microusd=bound)
        before = actual_counters(self.dbs[0])
        is_needed = is_clean = True
        try:
            self.holds.append(self.gates[gate].reserve(wanted))
        except BudgetExceeded as refusal:
            is_needed = amount > 0 and refusal.used_microusd + amount > refusal.cap_microusd
            is_clean = actual_counters(self.dbs[0]) == before
        assert is_needed
        assert is_clean

    @rule(index=st.integers(0, 50), cost=st.one_of(st.none(), st.integers(0, 5_000_000)), tokens=st.integers(0, 9))
    def settle(self, index: int, cost: int | None, tokens: int) -> None:
        if self.holds:
            self.holds[index % len(self.holds)].settle(cost, Usage(input_tokens=tokens))

    @rule(index=st.integers(0, 50))
    def release(self, index: int) -> None:
        if self.holds:
            self.holds[index % len(self.holds)].release()

    @rule(minutes=st.integers(-3_000, 3_000))
    def jump(self, minutes: int) -> None:
        self.clock.instant += timedelta(minutes=minutes)

    @rule(scope=st.sampled_from(["session", "day", "month", "project", "provider:groq"]), cap=st.integers(0, 9_000_000))
    def change_cap(self, scope: str, cap: int) -> None:
        set_cap(self.dbs[1], scope, cap)

    @invariant()
    def counters_equal_the_rows(self) -> None:
        assert actual_counters(self.dbs[0]) == expected_counters(self.dbs[1])

    @invariant()
    def the_window_never_goes_back(self) -> None:
        day = list_status(self.dbs[0], self.clock)[0].window
        last = self.dbs[0].read(lambda conn: conn.execute("SELECT max(window_day) FROM attempts").fetchone())[0] or 0
        assert day >= last >= self.latest_day
        self.latest_day = last


LedgerMachine.TestCase.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
test_counters_equal_the_rows_after_any_history = LedgerMachine.TestCase


@given(amounts=st.lists(st.integers(0, 1_000_000), max_size=6))
@settings(max_examples=20, deadline=None)
def test_reserve_and_release_is_a_no_op(amounts: list[int]) -> None:
    clock = ManualClock()
    with tempfile.TemporaryDirectory() as folder, Database.open(folder, clock) as db:
        gate = BudgetGate(db, clock)
        with gate.hold(HoldRequest("openai", "m", 100, "call", session="s")) as hold:
            hold.settle(42)
        before = actual_counters(db)
        holds = [gate.reserve(HoldRequest("openai", "m", amount, "call", session="s")) for amount in amounts]
        for hold in holds:
            hold.release()
        assert actual_counters(db) == before


@pytest.mark.requirement("money.lease")
def test_a_lapsed_hold_is_given_back_by_the_next_reservation_and_a_late_cost_is_still_booked(
    home: str, clock: ManualClock
) -> None:
    with Database.open(home, clock) as db:
        gate = BudgetGate(db, clock)
        lapsed = gate.reserve(HoldRequest("openai", "m", 5_000_000, "c1", session="s", deadline_s=10))
        with pytest.raises(BudgetExceeded):
            gate.reserve(HoldRequest("openai", "m", 1, "c2", session="s"))
        clock.instant += timedelta(seconds=71)
        gate.reserve(HoldRequest("openai", "m", 4_000_000, "c3", session="s")).release()
        lapsed.settle(3)
        sql = "SELECT state, cost_microusd, flags FROM attempts WHERE id = ?"
        row = db.read(lambda conn: conn.execute(sql, (lapsed.attempt_id,)).fetchone())
        assert row == ("settled", 3, "late")
        assert actual_counters(db) == expected_counters(db)


def test_a_cost_belongs_to_the_window_it_was_reserved_in(home: str, clock: ManualClock) -> None:
    with Database.open(home, clock) as db:
        hold = BudgetGate(db, clock).reserve(HoldRequest("openai", "m", 10, "c"))
        clock.instant += timedelta(hours=2)
        hold.settle(7)
        assert actual_counters(db)["day", "", 20260331] == (7, 0)
        assert actual_counters(db)["month", "", 202603] == (7, 0)


def test_a_backward_jump_of_the_clock_does_not_reopen_a_window(home: str, clock: ManualClock) -> None:
    with Database.open(home, clock) as db:
        gate = BudgetGate(db, clock)
        set_cap(db, "day", 100)
        gate.reserve(HoldRequest("openai", "m", 100, "c")).settle(100)
        clock.instant += timedelta(hours=2)
        gate.reserve(HoldRequest("openai", "m", 100, "c")).settle(100)
        for back in (timedelta(hours=2), timedelta(days=40)):
            clock.instant -= back
            with pytest.raises(BudgetExceeded):
                gate.reserve(HoldRequest("openai", "m", 1, "c"))


def test_a_cap_change_holds_from_the_next_reservation_of_another_process(home: str, clock: ManualClock) -> None:
    with Database.open(home, clock) as db, Database.open(home, clock) as other:
        gate = BudgetGate(db, clock)
        gate.reserve(HoldRequest("openai", "m", 1_000, "c")).settle(1_000)
        set_cap(other, "provider:openai", 1_000)
        with pytest.raises(BudgetExceeded, match="provider:openai"):
            gate.reserve(HoldRequest("openai", "m", 1, "c"))
        gate.reserve(HoldRequest("groq", "m", 1, "c")).release()


@pytest.mark.requirement("money.integer")
def test_counters_cannot_go_negative_or_fractional(home: str, clock: ManualClock) -> None:
    with Database.open(home, clock) as db:
        for value in ("-1", "0.5", "'x'"):
            sql = f"INSERT INTO counters VALUES ('day', '', 1, {value}, 0, 0)"
            with pytest.raises(Exception, match="CHECK"):
                db.write(lambda conn, sql=sql: conn.execute(sql))


def test_decisions_come_back_newest_first_with_their_attempts_and_without_text(home: str, clock: ManualClock) -> None:
    with Database.open(home, clock) as db:
        gate = BudgetGate(db, clock)
        for number in range(3):
            clock.instant += timedelta(seconds=1)
            decision = decisions.Decision(
                f"d{number}",
                clock.now(),
                "s" * (number + 1),
                "p",
                "code",
                "simple",
                80,
                "openai/m",
                "r" * 500,
                ("a", "b"),
            )
            decisions.record(db, decision)
            decisions.record(db, decision)
            for purpose in ("answer", "judge"):
                wanted = HoldRequest("openai", "m", 10, "call", decision_id=f"d{number}", purpose=purpose)
                gate.reserve(wanted).settle(number)
        decisions.set_outcome(db, "d2", "ok")
        found = decisions.last(db, 2)
        assert [record.decision.decision_id for record in found] == ["d2", "d1"]
        assert found[0].decision.outcome == "ok"
        assert found[0].decision.chain == ("a", "b")
        assert len(found[0].decision.reason) == 120
        assert [line.purpose for line in found[0].attempts] == ["answer", "judge"]
        assert found[0].attempts[0].cost_microusd == 2
        assert [record.decision.decision_id for record in decisions.last(db, 9, session="s")] == ["d0"]


def test_a_row_takes_at_most_512_bytes_with_everything_around_it(home: str, clock: ManualClock) -> None:
    with Database.open(home, clock) as db:
        gate = BudgetGate(db, clock)
        empty = Path(home, "state.db").stat().st_size
        for number in range(600):
            decision_id = f"{number:032x}"
            chain = ("openai/gpt-5.4-mini", "anthropic/claude-haiku-4-5", "groq/openai/gpt-oss-120b")
            codes = ("f" * 16, "f" * 16, "code", "moderate", 80, "openai/gpt-5.4-mini", "cheapest_that_fits")
            decisions.record(db, decisions.Decision(decision_id, clock.now(), *codes, chain))
            wanted = HoldRequest(
                *("openai", "gpt-5.4-mini-2026-03-17", 900, f"{number:032x}"),
                session="f" * 16,
                project="f" * 16,
                decision_id=decision_id,
                price_version="genai-prices 0.2.3",
            )
            gate.reserve(wanted).settle(700, Usage(12_000, 4_000, 0, 900))
        db.checkpoint()
        db.close()
        assert (Path(home, "state.db").stat().st_size - empty) / 1200 <= 512


def old_value(column: tuple[str, str, bool]) -> object:
    name, kind, _ = column
    if name in {"scope"}:
        return "session"
    if name == "state":
        return "settled"
    return 0 if kind == "INTEGER" else "old"


def test_pruning_leaves_nothing_old_in_any_table(home: str, clock: ManualClock) -> None:
    tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    with Database.open(home, clock) as db:
        names = {row[0] for row in db.read(lambda conn: conn.execute(tables).fetchall())} - retention.KEPT_FOR_EVER
        assert names == {rule.table for rule in retention.RULES}
        for name in names:
            info = db.read(lambda conn, name=name: conn.execute(f"PRAGMA table_info({name})").fetchall())
            columns = [(row[1], row[2], bool(row[5])) for row in info]
            marks = ", ".join("?" * len(columns))
            many = 2_500 if name == "attempts" else 3
            rows = [
                [
                    (
                        f"{number}"
                        if kind == "TEXT" and column not in {"scope", "state"}
                        else old_value((column, kind, key))
                    )
                    if column != "seq"
                    else number
                    for column, kind, key in columns
                ]
                for number in range(many)
            ]
            insert = f"INSERT INTO {name} VALUES ({marks})"
            db.write(lambda conn, sql=insert, rows=rows: conn.executemany(sql, rows).close())
        BudgetGate(db, clock).reserve(HoldRequest("openai", "m", 10, "c", session="new")).settle(1)
        retention.prune(db, clock.now())
        left = {
            name: db.read(lambda conn, name=name: conn.execute(f"SELECT count(*) FROM {name}").fetchone()[0])
            for name in names
        }
        assert left == {name: {"attempts": 1, "counters": 4, "usage_days": 1}.get(name, 0) for name in names}


@pytest.mark.requirement("money.caps-across-processes")
@pytest.mark.requirement("money.kill-nine")
@pytest.mark.parametrize(
    "command",
    [
        ("ledger_cap.py", "--processes", "6"),
        ("ledger_crash.py", "--kills", "100"),
    ],
)
def test_the_invariants_hold_between_processes(command: tuple[str, ...]) -> None:
    done = subprocess.run([sys.executable, str(BENCH / command[0]), *command[1:]], capture_output=True, check=False)
    assert done.returncode == 0, json.dumps([done.stdout.decode(), done.stderr.decode()])
