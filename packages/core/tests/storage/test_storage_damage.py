"""Damaged, shortened, deleted and swapped databases: never silently zero, never a traceback."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from llm_router_core.budgets.caps import list_caps, set_cap
from llm_router_core.budgets.gate import BudgetGate, HoldRequest
from llm_router_core.budgets.status import list_status
from llm_router_core.storage import snapshot
from llm_router_core.storage.database import Database
from llm_router_core.storage.retention import prune


class ManualClock:
    def __init__(self) -> None:
        self.instant = datetime(2026, 3, 5, 12, tzinfo=UTC)
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


def request(cost: int) -> HoldRequest:
    return HoldRequest("openai", "m", cost, "call", session="s", project="p")


def spend(db: Database, clock: ManualClock, cost: int) -> None:
    with BudgetGate(db, clock).hold(request(cost)) as hold:
        hold.settle(cost)


def used(db: Database, clock: ManualClock) -> set[int]:
    """Spent plus held of every scope: one number as long as all scopes agree."""
    rows = list_status(db, clock, session="s", project="p")
    return {row.spent_microusd + row.held_microusd for row in rows}


def rows_agree(db: Database) -> bool:
    counters = "SELECT sum(spent) FROM counters WHERE scope = 'day'"
    rows = "SELECT sum(cost_microusd) FROM attempts"
    carried = "SELECT sum(amount_microusd) FROM adjustments WHERE scope = 'day'"
    found = [db.read(lambda conn, sql=sql: conn.execute(sql).fetchone()[0] or 0) for sql in (counters, rows, carried)]
    return bool(found[0] == found[1] + found[2])


def damage(home: str) -> None:
    path = Path(home, "state.db")
    path.write_bytes(path.read_bytes()[:100] + b"\xff" * (path.stat().st_size - 100))


def forget_pages(db: Database) -> None:
    """Make the open connections read their pages from the file again, as memory pressure would."""
    db.write(lambda conn: None)
    assert db._session is not None
    for conn in (db._session.writer, db._session.open_reader()):
        assert conn is not None
        conn.execute("PRAGMA cache_size = 0").close()
        conn.execute("PRAGMA shrink_memory").close()


def test_a_damaged_database_is_kept_and_budgets_go_on_at_the_high_bound(home: str, clock: ManualClock) -> None:
    with Database.open(home, clock) as db:
        spend(db, clock, 300)
        BudgetGate(db, clock).reserve(request(50))
        db.checkpoint()
    damage(home)
    with Database.open(home, clock) as db:
        assert used(db, clock) == {350}
        assert len(db.warnings) == 2
        assert len(list(Path(home, "backups").glob("damaged-*-state.db"))) == 1
        spend(db, clock, 7)
        assert used(db, clock) == {357}
        assert rows_agree(db)


def test_damage_met_in_the_middle_of_work_is_replaced_and_the_work_is_done(home: str, clock: ManualClock) -> None:
    with Database.open(home, clock) as db:
        spend(db, clock, 300)
        db.checkpoint()
        forget_pages(db)
        damage(home)
        spend(db, clock, 5)
        assert used(db, clock) == {305}
        assert "damaged" in db.warnings[0]


def test_damage_met_by_a_reader_is_replaced_and_the_read_is_done(home: str, clock: ManualClock) -> None:
    with Database.open(home, clock) as db:
        spend(db, clock, 300)
        db.checkpoint()
        db.close()
        assert used(db, clock) == {300}
        damage(home)
        assert used(db, clock) == {300}


def test_a_hold_that_outlives_its_database_is_still_booked(home: str, clock: ManualClock) -> None:
    with Database.open(home, clock) as db:
        hold = BudgetGate(db, clock).reserve(request(500))
        db.checkpoint()
        forget_pages(db)
        damage(home)
        hold.settle(400)
        assert used(db, clock) == {900}
        assert rows_agree(db)
        flags = db.read(lambda conn: conn.execute("SELECT flags FROM attempts").fetchall())
        assert flags == [("restored",)]


def test_caps_survive_damage(home: str, clock: ManualClock) -> None:
    with Database.open(home, clock) as db:
        set_cap(db, "day", 1_000)
    damage(home)
    with Database.open(home, clock) as db:
        assert {cap.scope: cap.cap_microusd for cap in list_caps(db)}["day"] == 1_000


def test_a_deleted_database_does_not_set_the_budget_back(home: str, clock: ManualClock) -> None:
    with Database.open(home, clock) as db, Database.open(home, clock) as other:
        spend(db, clock, 300)
        db.checkpoint()
        Path(home, "state.db").unlink()
        Path(home, "state.db-wal").unlink()
        Path(home, "state.db-shm").unlink()
        spend(other, clock, 1)
        assert used(other, clock) == {301}
        assert used(db, clock) == {301}


def test_another_process_notices_that_the_database_was_replaced(home: str, clock: ManualClock) -> None:
    with Database.open(home, clock) as db, Database.open(home, clock) as other:
        spend(other, clock, 300)
        db.checkpoint()
        damage(home)
        assert not db.quick_check()
        spend(other, clock, 1)
        assert used(db, clock) == used(other, clock) == {301}


def test_a_damaged_snapshot_is_said_and_not_trusted(home: str, clock: ManualClock) -> None:
    with Database.open(home, clock) as db:
        spend(db, clock, 300)
        db.checkpoint()
    Path(home, "state.db").unlink()
    for content in ("{", "[]", '{"day": 1, "balances": [[1]], "caps": []}'):
        Path(snapshot.snapshot_path(home)).write_text(content)
        with Database.open(home, clock) as db:
            assert "unknown" in db.warnings[0]
            assert used(db, clock) == {0}
        Path(home, "state.db").unlink()


def test_the_snapshot_is_written_at_most_once_a_minute(home: str, clock: ManualClock) -> None:
    path = Path(snapshot.snapshot_path(home))
    with Database.open(home, clock) as db:
        spend(db, clock, 1)
        first = path.read_text()
        clock.seconds += 59
        spend(db, clock, 1)
        assert path.read_text() == first
        clock.seconds += 1
        spend(db, clock, 1)
        assert path.read_text() != first
        assert path.stat().st_mode & 0o777 == 0o600


STEP = {"state.db": 1536, "state.db-wal": 20_992}  # every third, every 41st place of 512 bytes


def test_a_shortened_database_opens_or_is_quarantined_at_every_length(
    home: str, clock: ManualClock, tmp_path: Path
) -> None:
    with Database.open(home, clock) as db:
        for _ in range(150):
            spend(db, clock, 10)
        db.checkpoint()
        for _ in range(20):
            spend(db, clock, 10)
        middle = tmp_path / "middle"
        shutil.copytree(home, middle)
    for name in ("state.db", "state.db-wal"):
        whole = (middle / name).read_bytes()
        for length in range(0, len(whole) + 1, STEP[name]):
            copy = tmp_path / "copy"
            shutil.copytree(middle, copy)
            (copy / "state.db-shm").unlink()
            (copy / name).write_bytes(whole[:length])
            with Database.open(str(copy), clock) as db:
                db.quick_check()
                assert used(db, clock) & set(range(1500, 1701)), (name, length)
                spend(db, clock, 1)
                assert db.quick_check()
                assert rows_agree(db)
            shutil.rmtree(copy)


def test_what_was_moved_aside_is_deleted_after_a_month(home: str, clock: ManualClock) -> None:
    with Database.open(home, clock) as db:
        db.checkpoint()
        damage(home)
        assert not db.quick_check()
        clock.instant = datetime.now(UTC) + timedelta(days=31)
        prune(db, clock.instant)
        assert not list(Path(home, "backups").glob("damaged-*"))
