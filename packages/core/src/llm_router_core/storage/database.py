"""The state database: one writer at a time in a process, one write transaction at a time on the machine.

Policy, and why: SQLite before 3.51.3 can lose commits when several connections commit and checkpoint in WAL mode at
the same instant. So every write transaction, every checkpoint and every close happens under one `flock`, and automatic
checkpoints are off. The lock also makes a start-up of many processes, a migration and a quarantine plain sequential
code.

Connections belong to a process: after a fork the child opens its own and leaves the parent's untouched. Another file at
the path (somebody quarantined or deleted the database) is noticed under the lock, before anything is written.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Self, TypeVar

from llm_router_core.clock import Clock
from llm_router_core.errors import StorageError
from llm_router_core.hotpath import paths
from llm_router_core.storage import faults, files, migrate, quarantine, snapshot
from llm_router_core.storage.connections import Connections, Transaction

CHECKPOINT_WAL_BYTES = 4 * 1024 * 1024
PAGE_BYTES = 2048  # every commit logs whole pages and our rows are small; smaller pages would spill long rows
_WRITES_PER_LOOK = 32  # how often a process looks at the size of the log
_WAL_TRIES = 5

Result = TypeVar("Result")
Connection = sqlite3.Connection  # for annotations elsewhere: only this package imports sqlite3
Work = Callable[[sqlite3.Connection], Result]


class Database:
    """The open state database. `warnings` holds what the user should hear about it; safe to share between threads."""

    def __init__(self, home: str, clock: Clock) -> None:
        self.home = home
        self.path = paths.in_home(home, paths.STATE_DB)
        self.warnings: list[str] = []
        self._clock = clock
        self._write_lock = threading.Lock()
        self._read_lock = threading.Lock()
        self._session: Connections | None = None
        self._snapshot_due_s = 0.0
        self._writes = 0

    @classmethod
    def open(cls, home: str, clock: Clock) -> Database:
        """The database of `home`, created, migrated and, where it was damaged, replaced.

        Raises:
            StorageError: the folder or the file cannot be used; the remedy says what to do.
        """
        database = cls(home, clock)
        try:
            for folder in (home, paths.in_home(home, paths.LOCKS), paths.in_home(home, paths.BACKUPS)):
                files.ensure_folder(folder)
            files.ensure_private_file(paths.in_home(home, paths.LOCKS, "state.lock"))
        except (OSError, ValueError) as error:
            raise faults.from_os(error, home) from error
        age = snapshot.age_s(home, clock.now())
        database._snapshot_due_s = clock.monotonic_s() + max(0.0, snapshot.SNAPSHOT_EVERY_S - age)
        with database._write_lock:
            database._locked(lambda _: None)
        return database

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close this process's connections under the lock; the next use opens new ones."""
        with self._write_lock, self._read_lock:
            if self._session is not None:
                self._session.close()
                self._session = None

    def write(self, work: Work[Result]) -> Result:
        """Run `work` in one write transaction: committed when it returns, rolled back when it raises.

        `work` may run a second time when the database turns out damaged and is replaced, so it only touches `conn`.

        Raises:
            StorageError: nothing was written.
        """
        with self._write_lock:
            try:
                return self._locked(lambda session: self._transaction(session, work))
            except _DamagedError:
                return self._locked(lambda session: self._transaction(session, work))

    def read(self, work: Work[Result]) -> Result:
        """Run `work` on the reading connection, inside one snapshot of the data.

        Raises:
            StorageError: the data could not be read.
        """
        with self._read_lock:
            try:
                return self._read_once(work)
            except _DamagedError:
                return self._read_once(work)

    def quick_check(self) -> bool:
        """Whether SQLite finds the file sound; a damaged one is moved aside and replaced, with a warning."""
        with self._write_lock:
            try:
                return self._locked(self._check)
            except _DamagedError:
                return False

    def checkpoint(self) -> None:
        """Copy the write-ahead log into the database and write the balance snapshot."""
        with self._write_lock:
            self._locked(self._checkpoint)

    def warn(self, text: str) -> None:
        """Add a warning once."""
        if text not in self.warnings:
            self.warnings.append(text)

    def _locked(self, step: Callable[[Connections], Result]) -> Result:
        """Run `step` under the process lock with connections to the file that stands at the path now."""
        try:
            session = self._own_session()
            session.lock.acquire()
            try:
                self._ensure_current(session)
                return step(session)
            except sqlite3.Error as error:
                if not faults.is_corruption(error):
                    raise
                self._replace_damaged(session, error)
                raise _DamagedError(str(error)) from error
            finally:
                session.lock.release()
        except sqlite3.Error as error:
            raise faults.from_sqlite(error, self.path) from error
        except OSError as error:
            raise faults.from_os(error, self.path) from error

    def _own_session(self) -> Connections:
        session = self._session
        if session is None or session.pid != os.getpid():
            if session is not None:
                session.abandon()
            session = self._session = Connections(self.home, self.path)
        return session

    def _ensure_current(self, session: Connections) -> None:
        if session.writer is not None:
            try:
                if os.stat(self.path).st_ino == session.inode:  # noqa: PTH116 - once per transaction
                    return
            except FileNotFoundError:
                pass
            session.drop()
        try:
            self._connect(session)
        except sqlite3.Error as error:
            if not faults.is_corruption(error):
                raise
            self._replace_damaged(session, error)

    def _connect(self, session: Connections) -> None:
        """Open the writer, switch to WAL and bring the schema up to date."""
        files.ensure_private_file(self.path)
        writer = session.open_writer()
        try:
            applied = migrate.applied_names(writer)
            migrate.check_compatible(applied, self.path)
            if not applied:
                writer.execute(f"PRAGMA page_size = {PAGE_BYTES}")
                writer.execute("PRAGMA auto_vacuum = INCREMENTAL")
            if not _enable_wal(writer):
                writer.execute("PRAGMA synchronous = FULL")
                self.warn(f"SQLite refused write-ahead logging for {self.path!r}: writes are slower")
            pending = migrate.pending_migrations(applied)
            if pending:
                if applied:
                    _check_sound(writer)  # a record with holes looks like an old database
                self._migrate(writer, pending, is_new=not applied)
        except BaseException:
            session.drop()
            raise

    def _migrate(self, writer: sqlite3.Connection, pending: list[tuple[str, str]], *, is_new: bool) -> None:
        at_ms = _to_ms(self._clock.now())
        with Transaction(writer):
            migrate.apply_migrations(writer, pending, at_ms=at_ms)
            if is_new:
                self._restore(writer, at_ms)

    def _restore(self, writer: sqlite3.Connection, at_ms: int) -> None:
        try:
            restored = snapshot.restore_snapshot(writer, self.home, at_ms=at_ms)
        except ValueError as error:
            self.warn(f"spending before now is unknown to the budgets: {error}")
            return
        if restored:
            self.warn("the state database is new; the budgets go on from their last snapshot, at its high bound")

    def _transaction(self, session: Connections, work: Work[Result]) -> Result:
        writer = session.writer
        assert writer is not None  # noqa: S101 - _ensure_current opened it
        with Transaction(writer):
            result = work(writer)
        self._writes += 1
        if self._writes % _WRITES_PER_LOOK == 0:
            self._tend_log(session)
        if self._clock.monotonic_s() >= self._snapshot_due_s:
            self._write_snapshot(session)
        return result

    def _tend_log(self, session: Connections) -> None:
        # What was committed stays committed: only damage may still fail the write, because it is then done again.
        try:
            session.checkpoint_over(CHECKPOINT_WAL_BYTES)
        except (OSError, sqlite3.Error) as error:
            if isinstance(error, sqlite3.Error) and faults.is_corruption(error):
                raise
            self.warn(f"the write-ahead log could not be copied into the state database: {error}")

    def _checkpoint(self, session: Connections) -> None:
        session.checkpoint()
        self._write_snapshot(session)

    def _write_snapshot(self, session: Connections) -> None:
        self._snapshot_due_s = self._clock.monotonic_s() + snapshot.SNAPSHOT_EVERY_S
        if session.writer is None:
            return
        try:
            snapshot.write_snapshot(session.writer, self.home, self._clock.now())
        except OSError as error:
            self.warn(f"the balance snapshot could not be written: {error}")

    def _check(self, session: Connections) -> bool:
        session.drop()  # its cache would hide what happened to the file
        self._connect(session)
        _check_sound(session.open_reader())
        return True

    def _replace_damaged(self, session: Connections, error: sqlite3.Error) -> None:
        """Move the damaged file aside and start a new one; the caller holds the process lock."""
        session.drop()
        kept = quarantine.move_aside(self.home, self._clock.now())
        self.warn(f"the state database was damaged ({error}); it is kept as {kept!r}")
        self._connect(session)

    def _read_once(self, work: Work[Result]) -> Result:
        try:
            reader = self._reader()
            with Transaction(reader, begin="BEGIN"):
                return work(reader)
        except sqlite3.Error as error:
            if not faults.is_corruption(error):
                raise faults.from_sqlite(error, self.path) from error
            damage = error
        with self._write_lock:
            self._locked(lambda session: self._replace_unless_sound(session, damage))
        raise _DamagedError(str(damage)) from damage

    def _replace_unless_sound(self, session: Connections, damage: sqlite3.Error) -> None:
        """A reader met damage: another process may have replaced the file meanwhile, then a new reader is enough."""
        session.close_reader()
        if self._check(session):
            self.warn(f"a read of the state database failed once ({damage})")

    def _reader(self) -> sqlite3.Connection:
        session = self._session
        if session is not None and session.pid == os.getpid() and session.reader is not None:
            try:
                if os.stat(self.path).st_ino == session.inode:  # noqa: PTH116 - once per read
                    return session.reader
            except FileNotFoundError:
                pass
        with self._write_lock:
            return self._locked(lambda current: current.open_reader())


class _DamagedError(StorageError):
    """The database was damaged and has been replaced: what was asked did not happen, and may be asked again."""


def _check_sound(conn: sqlite3.Connection) -> None:
    found = conn.execute("PRAGMA quick_check(1)").fetchone()
    if found is None or found[0] != "ok":
        raise faults.DamagedFileError(str(found))


def _enable_wal(conn: sqlite3.Connection) -> bool:
    """Switch to write-ahead logging; SQLite says no by returning another mode, sometimes only for a moment."""
    for attempt in range(_WAL_TRIES):
        if attempt:
            time.sleep(0.02 * attempt)
        row = conn.execute("PRAGMA journal_mode = WAL").fetchone()
        if row is not None and row[0] == "wal":
            return True
    return False


def _to_ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)
