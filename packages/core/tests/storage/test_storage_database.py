"""The state database through its public door, on real files."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from llm_router_core.budgets.caps import list_caps
from llm_router_core.budgets.gate import BudgetGate, HoldRequest
from llm_router_core.budgets.status import list_status
from llm_router_core.clock import SystemClock
from llm_router_core.errors import StorageError
from llm_router_core.storage import database, files, migrate
from llm_router_core.storage.database import Database

SPEND = """
import sys
from llm_router_core.budgets.gate import BudgetGate, HoldRequest
from llm_router_core.clock import SystemClock
from llm_router_core.storage.database import Database

def spend(db, cost):
    with BudgetGate(db, SystemClock()).hold(HoldRequest("openai", "m", cost, "call")) as hold:
        hold.settle(cost)

with Database.open(sys.argv[1], SystemClock()) as db:
    spend(db, 1)
"""
FORK = (
    SPEND
    + """
import os
with Database.open(sys.argv[1], SystemClock()) as db:
    spend(db, 2)
    child = os.fork()
    if child == 0:
        try:
            spend(db, 4)
            db.close()
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    spend(db, 8)
    assert db.quick_check() and not db.warnings
"""
)
FULL_DISK = """
import resource, sys
from llm_router_core.clock import SystemClock
from llm_router_core.errors import StorageError
from llm_router_core.storage.database import Database

def limit(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

def put(conn):
    conn.execute("INSERT OR REPLACE INTO caps VALUES (hex(randomblob(400)), 1)")

limit(0)
try:
    Database.open(sys.argv[1], SystemClock())
    sys.exit("opened without room")
except StorageError as error:
    assert error.remedy
limit(200_000)
try:
    with Database.open(sys.argv[1], SystemClock()) as db:
        for _ in range(10_000):
            db.write(put)
    sys.exit("wrote without room")
except StorageError as error:
    assert error.remedy
limit(resource.RLIM_INFINITY)
with Database.open(sys.argv[1], SystemClock()) as db:
    db.write(put)
    assert db.quick_check() and not db.warnings, db.warnings
"""


def start(code: str, home: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", code, home])


class ManualClock:
    def __init__(self) -> None:
        self.instant = datetime(2026, 3, 5, 12, tzinfo=UTC)
        self.seconds = 0.0

    def now(self) -> datetime:
        return self.instant

    def monotonic_s(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.seconds += seconds
        self.instant += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def home(tmp_path: Path) -> str:
    return str(tmp_path / "home")


def spend(db: Database, clock: ManualClock | SystemClock, cost: int, *, session: str = "s") -> None:
    with BudgetGate(db, clock).hold(HoldRequest("openai", "m", cost, "call", session=session)) as hold:
        hold.settle(cost)


def day_spent(db: Database, clock: ManualClock | SystemClock) -> int:
    return next(row.spent_microusd for row in list_status(db, clock) if row.scope == "day")


def tables(db: Database) -> set[str]:
    sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    return {row[0] for row in db.read(lambda conn: conn.execute(sql).fetchall())}


def test_everything_it_creates_is_private_whatever_the_umask(home: str, clock: ManualClock) -> None:
    before = os.umask(0)
    try:
        with Database.open(home, clock) as db:
            spend(db, clock, 5)
            db.checkpoint()
            for path in [Path(home), *Path(home).rglob("*")]:
                expected = 0o700 if path.is_dir() else 0o600
                assert stat.S_IMODE(path.stat().st_mode) == expected, path
    finally:
        os.umask(before)


def test_loose_modes_of_an_existing_home_are_tightened(home: str, clock: ManualClock) -> None:
    Path(home).mkdir(mode=0o755)
    Path(home, "state.db").touch(mode=0o644)
    with Database.open(home, clock):
        assert stat.S_IMODE(Path(home).stat().st_mode) == 0o700
        assert stat.S_IMODE(Path(home, "state.db").stat().st_mode) == 0o600


def test_a_folder_of_somebody_elses_files_is_refused_and_left_as_it_was(home: str, clock: ManualClock) -> None:
    Path(home).mkdir(mode=0o755)
    Path(home, "letter.txt").write_text("mine")
    with pytest.raises(StorageError, match="other files"):
        Database.open(home, clock)
    assert stat.S_IMODE(Path(home).stat().st_mode) == 0o755


def test_it_runs_in_write_ahead_mode_without_automatic_checkpoints(home: str, clock: ManualClock) -> None:
    with Database.open(home, clock) as db:
        assert db.read(lambda conn: conn.execute("PRAGMA journal_mode").fetchone()) == ("wal",)
        assert db.write(lambda conn: conn.execute("PRAGMA wal_autocheckpoint").fetchone()) == (0,)
        assert db.write(lambda conn: conn.execute("PRAGMA synchronous").fetchone()) == (1,)
        assert db.warnings == []


def test_a_refused_write_ahead_mode_is_said_and_writes_still_work(
    home: str, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_enable_wal", lambda _: False)
    with Database.open(home, clock) as db:
        spend(db, clock, 5)
        assert day_spent(db, clock) == 5
        assert "write-ahead" in db.warnings[0]


def test_a_write_that_raises_leaves_nothing(home: str, clock: ManualClock) -> None:
    def work(conn: sqlite3.Connection) -> None:
        conn.execute("INSERT INTO caps VALUES ('day', 1)")
        raise KeyError("stop")

    with Database.open(home, clock) as db:
        with pytest.raises(KeyError):
            db.write(work)
        assert list_caps(db)[1].is_default


def test_an_sql_mistake_is_a_storage_error(home: str, clock: ManualClock) -> None:
    with Database.open(home, clock) as db:
        with pytest.raises(StorageError, match="no such table"):
            db.read(lambda conn: conn.execute("SELECT * FROM nowhere"))
        with pytest.raises(StorageError, match="no such table"):
            db.write(lambda conn: conn.execute("DELETE FROM nowhere"))


def test_the_reading_connection_cannot_write(home: str, clock: ManualClock) -> None:
    with Database.open(home, clock) as db, pytest.raises(StorageError, match="readonly"):
        db.read(lambda conn: conn.execute("INSERT INTO caps VALUES ('day', 1)"))


def test_threads_share_one_database(home: str, clock: ManualClock) -> None:
    with Database.open(home, clock) as db:
        threads = [threading.Thread(target=spend, args=(db, clock, 1)) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert day_spent(db, clock) == 20


def test_a_forked_child_uses_connections_of_its_own(home: str) -> None:
    assert start(FORK, home).wait() == 0
    with Database.open(home, SystemClock()) as db:
        assert day_spent(db, SystemClock()) == 15


def test_closing_leaves_no_log_behind_and_the_next_use_opens_again(home: str, clock: ManualClock) -> None:
    db = Database.open(home, clock)
    spend(db, clock, 1)
    db.close()
    assert not Path(home, "state.db-wal").exists()
    spend(db, clock, 1)
    assert day_spent(db, clock) == 2
    db.close()


def test_the_log_is_emptied_when_it_has_grown(home: str, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "CHECKPOINT_WAL_BYTES", 100_000)
    with Database.open(home, clock) as db:
        sizes = []
        for _ in range(200):
            spend(db, clock, 1)
            sizes.append(Path(home, "state.db-wal").stat().st_size)
        assert max(sizes) < 1_500_000
        assert sizes != sorted(sizes)


def test_a_reader_does_not_hold_up_a_checkpoint_or_a_write(home: str, clock: ManualClock) -> None:
    with Database.open(home, clock) as db, Database.open(home, clock) as other:
        spend(db, clock, 1)

        def slow_read(conn: sqlite3.Connection) -> int:
            before = conn.execute("SELECT spent FROM counters WHERE scope = 'day'").fetchone()[0]
            other.checkpoint()
            spend(other, clock, 1)
            assert conn.execute("SELECT spent FROM counters WHERE scope = 'day'").fetchone()[0] == before
            return int(before)

        assert db.read(slow_read) == 1
        assert day_spent(db, clock) == 2


def test_a_lock_held_by_a_stopped_process_ends_in_an_error_that_says_so(home: str, clock: ManualClock) -> None:
    with Database.open(home, clock):
        first, second = files.ProcessLock(home), files.ProcessLock(home)
        first.acquire()
        with pytest.raises(StorageError, match="another process") as caught:
            second.acquire(timeout_s=0.02)
        assert "fuser" in caught.value.remedy
        first.release()
        second.acquire(timeout_s=0.02)
        second.release()
        first.close()
        second.close()


def test_many_processes_that_start_at_once_migrate_once_and_lose_nothing(home: str) -> None:
    children = [start(SPEND, home) for _ in range(8)]
    assert [child.wait() for child in children] == [0] * 8
    with Database.open(home, SystemClock()) as db:
        assert day_spent(db, SystemClock()) == 8
        names = db.read(lambda conn: conn.execute("SELECT name FROM migrations ORDER BY name").fetchall())
        assert [row[0] for row in names] == [name for name, _ in migrate.load_migrations()]


def test_an_additive_newer_schema_stays_usable(home: str, clock: ManualClock) -> None:
    with Database.open(home, clock) as db:
        db.write(lambda conn: conn.execute("ALTER TABLE attempts ADD COLUMN newer TEXT").close())
        db.write(lambda conn: conn.execute("INSERT INTO migrations VALUES ('9999_newer.sql', 0, 0)").close())
    with Database.open(home, clock) as db:
        spend(db, clock, 1)
        assert day_spent(db, clock) == 1


def test_a_breaking_newer_schema_is_refused_with_the_upgrade_as_remedy(home: str, clock: ManualClock) -> None:
    with Database.open(home, clock) as db:
        db.write(lambda conn: conn.execute("INSERT INTO migrations VALUES ('9999_newer.sql', 1, 0)").close())
    with pytest.raises(StorageError, match="9999_newer") as caught:
        Database.open(home, clock)
    assert "upgrade" in caught.value.remedy


def test_a_migration_that_fails_half_way_leaves_nothing(
    home: str, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = migrate.load_migrations()
    bad = (*good, ("9999_bad.sql", "CREATE TABLE half (a);\nCREATE TABLE half (a);\n"))
    monkeypatch.setattr(migrate, "load_migrations", lambda: bad)
    with pytest.raises(StorageError, match="half"):
        Database.open(home, clock)
    monkeypatch.setattr(migrate, "load_migrations", lambda: good)
    with Database.open(home, clock) as db:
        assert "half" not in tables(db)


def broken_homes(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "file").write_text("")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for name in ("linked", "folder", "no-lock"):
        (tmp_path / name).mkdir()
    (tmp_path / "linked" / "state.db").symlink_to(tmp_path / "file")
    (tmp_path / "folder" / "state.db").mkdir()
    (tmp_path / "no-lock" / "locks").write_text("")
    names = ("file", "dangling", "linked", "folder", "no-lock")
    odd = {"with a NUL": f"{tmp_path}/a\0b", "too long": "/" + "x" * 300, "proc": "/proc/llm-router"}
    return {name: str(tmp_path / name) for name in names} | odd | {"below a file": str(tmp_path / "file" / "home")}


@pytest.mark.parametrize(
    "name",
    ["file", "dangling", "linked", "folder", "no-lock", "below a file", "with a NUL", "too long", "proc"],
)
def test_a_home_that_cannot_be_used_is_a_storage_error_with_a_remedy(
    name: str, tmp_path: Path, clock: ManualClock
) -> None:
    with pytest.raises(StorageError) as caught:
        Database.open(broken_homes(tmp_path)[name], clock)
    assert caught.value.remedy


def test_a_full_disk_is_a_storage_error_and_work_goes_on_when_there_is_room_again(home: str) -> None:
    assert start(FULL_DISK, home).wait() == 0


def test_a_forgotten_database_is_closed_under_the_lock(home: str, clock: ManualClock) -> None:
    db = Database.open(home, clock)
    spend(db, clock, 1)
    del db
    assert not Path(home, "state.db-wal").exists()
