"""Budget windows under clocks that jump, through the real ledger."""

import os
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from llm_router_core.budgets.caps import set_cap
from llm_router_core.budgets.gate import BudgetGate, HoldRequest
from llm_router_core.budgets.status import list_status
from llm_router_core.errors import BudgetExceeded
from llm_router_core.storage import ledger
from llm_router_core.storage.booking_day import next_day
from llm_router_core.storage.database import Database

JUMPS = 100_000 if os.environ.get("LLM_ROUTER_TEST_FULL") else 10_000
START = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)


class JumpingClock:
    """A clock whose wall time a test sets; its monotonic side never jumps."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def monotonic_s(self) -> float:
        return 0.0


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock()


@pytest.fixture
def db(tmp_path: Path, clock: JumpingClock) -> Iterator[Database]:
    with Database.open(str(tmp_path), clock) as database:
        yield database


def spend(db: Database, clock: JumpingClock, microusd: int) -> int:
    """Spends and says on which day it was booked."""
    with BudgetGate(db, clock).hold(HoldRequest("openai", "m", microusd, "call", project="p")) as hold:
        hold.settle(microusd)
        return hold.window_day


def spent(db: Database, scope: str, window: int) -> int:
    row = db.read(
        lambda conn: conn.execute("SELECT spent FROM counters WHERE scope = ? AND win = ?", (scope, window)).fetchone()
    )
    return row[0] if row else 0


@pytest.mark.parametrize(
    ("before", "after", "days", "months"),
    [
        ("2026-11-30T23:59:59", "2026-12-01T00:00:00", (20261130, 20261201), (202611, 202612)),
        ("2026-12-31T23:59:59", "2027-01-01T00:00:00", (20261231, 20270101), (202612, 202701)),
        ("2028-02-28T23:59:59", "2028-02-29T00:00:00", (20280228, 20280229), (202802, 202802)),
        ("2028-02-29T23:59:59", "2028-03-01T00:00:00", (20280229, 20280301), (202802, 202803)),
        ("2027-02-28T23:59:59", "2027-03-01T00:00:00", (20270228, 20270301), (202702, 202703)),
    ],
)
def test_a_window_ends_with_its_utc_day_or_month(db, clock, before, after, days, months):
    for text, day in zip((before, after), days, strict=True):
        clock.at = datetime.fromisoformat(text).replace(tzinfo=UTC)
        assert spend(db, clock, 5) == day
        assert spent(db, "day", day) == 5
    assert [spent(db, "month", month) for month in months] == ([10, 10] if months[0] == months[1] else [5, 5])


def test_a_change_of_the_display_zone_moves_no_window(db, clock, monkeypatch):
    clock.at = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # Europe leaves summer time at 01:00 UTC
    booked = []
    for zone in ("Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "UTC"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        for hour in (0, 1, 2):
            clock.at = datetime(2026, 10, 25, hour, 30, tzinfo=UTC)
            booked.append(spend(db, clock, 1))
    monkeypatch.undo()
    time.tzset()
    assert set(booked) == {20261025}
    assert spent(db, "day", 20261025) == 12


def test_a_clock_that_goes_back_a_day_reopens_nothing(db, clock):
    set_cap(db, "day", 10)
    assert spend(db, clock, 4) == 20261124
    clock.at += DAY
    assert spend(db, clock, 10) == 20261125
    clock.at -= DAY
    with pytest.raises(BudgetExceeded):
        spend(db, clock, 1)
    clock.at += DAY
    with pytest.raises(BudgetExceeded):
        spend(db, clock, 1)
    clock.at += DAY
    assert spend(db, clock, 1) == 20261126


def test_many_random_jumps_open_each_window_once_and_never_again(db, clock):
    """Any size of jump: a label that was left never comes back, so no balance starts from zero twice."""
    rng = random.Random(7)
    gate = BudgetGate(db, clock)
    anchor = START
    order: list[int] = []
    resets = 0
    last_spent: dict[int, int] = {}
    for _ in range(JUMPS):
        kind = rng.random()
        if kind < 0.5:
            clock.at += timedelta(seconds=rng.randrange(60, 30_000))
        elif kind < 0.8:
            clock.at += rng.choice((DAY, -DAY))
        elif kind < 0.95:
            clock.at += timedelta(hours=rng.choice((-1, 1)))
        elif kind < 0.999:
            clock.at = anchor + timedelta(days=rng.randrange(-40, 40))
        else:
            clock.at = datetime(rng.choice((1970, 2011, 2041, 2099)), rng.randrange(1, 13), 9, tzinfo=UTC)
        anchor += timedelta(minutes=20)
        with gate.hold(HoldRequest("ollama", "m", 1, "call")) as hold:
            hold.settle(1)
        day = hold.window_day
        if not order or order[-1] != day:
            order.append(day)
            resets += 1
        before, last_spent[day] = last_spent.get(day, 0), spent(db, "day", day)
        assert before < last_spent[day], "a balance fell"
    assert len(order) == len(set(order)), "a closed window was opened again"
    rows = db.read(lambda conn: conn.execute("SELECT window_day, count(*) FROM attempts GROUP BY 1").fetchall())
    assert sum(count for _, count in rows) == JUMPS
    assert len(rows) == resets


def test_a_day_of_jumping_back_and_forth_spends_two_caps_at_most(db, clock):
    set_cap(db, "day", 10)
    set_cap(db, "month", 1000)
    rng = random.Random(3)
    total = 0
    for _ in range(500):
        clock.at = START + rng.choice((DAY, timedelta(), -DAY)) + timedelta(minutes=rng.randrange(300))
        try:
            spend(db, clock, 1)
            total += 1
        except BudgetExceeded:
            pass
    assert total <= 30  # yesterday's, today's and tomorrow's window, each once


def test_an_absurd_forward_jump_freezes_the_budget_for_two_days_at_most(db, clock):
    set_cap(db, "day", 10)
    spend(db, clock, 3)
    clock.at = datetime(2099, 12, 31, 12, tzinfo=UTC)
    assert spend(db, clock, 10) == 20991231
    clock.at = START + timedelta(minutes=5)
    with pytest.raises(BudgetExceeded):
        spend(db, clock, 1)
    booked = []
    for hours in range(1, 72):
        clock.at = START + timedelta(hours=hours)
        try:
            booked.append((hours, spend(db, clock, 1)))
        except BudgetExceeded:
            continue
    assert booked[0][0] <= 48
    assert {day for _, day in booked} <= {20261125, 20261126, 20261127}


def test_a_refuted_day_gives_no_money_back(db, clock):
    set_cap(db, "month", 100)
    set_cap(db, "day", 60)
    spend(db, clock, 30)
    clock.at = datetime(2099, 12, 31, 12, tzinfo=UTC)
    spend(db, clock, 50)
    for hours in (1, 26):
        clock.at = START + timedelta(hours=hours)
        with pytest.raises(BudgetExceeded):
            spend(db, clock, 21)  # 30 + 50 of the month's 100 are gone, and 50 of the day's 60
    assert spend(db, clock, 10) == 20261125
    assert (spent(db, "day", 20261125), spent(db, "month", 202611)) == (60, 90)
    assert (spent(db, "day", 20991231), spent(db, "month", 209912)) == (50, 50)
    for window, scope in ((202611, "month"), (202611, "project"), (202611, "provider"), (20261125, "day")):
        adjusted = db.read(
            lambda conn, key=(scope, window): conn.execute(
                "SELECT sum(amount_microusd) FROM adjustments WHERE scope = ? AND win = ?", key
            ).fetchone()[0]
        )
        booked = db.read(
            lambda conn, key=window: conn.execute(
                "SELECT sum(cost_microusd) FROM attempts WHERE ? IN (window_day, window_day / 100)", (key,)
            ).fetchone()[0]
        )
        assert spent(db, scope, window) == booked + adjusted


def test_a_machine_that_starts_in_1970_keeps_the_day_in_force(db, clock):
    spend(db, clock, 3)
    for minutes in range(0, 600, 60):
        clock.at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
        assert spend(db, clock, 1) == 20261124
    clock.at = START + timedelta(hours=2)
    assert spend(db, clock, 1) == 20261124
    clock.at = START + DAY
    assert spend(db, clock, 1) == 20261125


def test_what_is_shown_is_the_day_that_is_booked_on(db, clock):
    spend(db, clock, 3)
    clock.at = datetime(2099, 12, 31, 12, tzinfo=UTC)
    spend(db, clock, 5)
    for hours in (1, 20, 30, 60):
        clock.at = START + timedelta(hours=hours)
        shown = next(row.window for row in list_status(db, clock) if row.scope == "day")
        assert db.read(lambda conn: ledger.current_day(conn, clock.at)) == shown
        assert spend(db, clock, 0 if hours < 26 else 1) in {shown}


def test_the_decision_is_pure_and_states_its_bound():
    late = 1_000 + 86_400_000
    assert next_day(20261125, 20261124, now_ms=0, low_since_ms=None, was_opened=False) == (20261125, None)
    assert next_day(20261123, 20261124, now_ms=0, low_since_ms=None, was_opened=False) == (20261124, None)
    assert next_day(20261124, 20991231, now_ms=1_000, low_since_ms=None, was_opened=False) == (20991231, 1_000)
    assert next_day(20261125, 20991231, now_ms=late, low_since_ms=1_000, was_opened=False) == (20261125, None)
    assert next_day(20261125, 20991231, now_ms=late, low_since_ms=1_000, was_opened=True) == (20991231, 1_000)
