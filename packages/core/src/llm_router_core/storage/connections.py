"""One process's connections and the lock they share. They close under that lock, also at interpreter exit.

Closing the last connection of a WAL database checkpoints it, so a close is as dangerous as a checkpoint.
"""

from __future__ import annotations

import os
import sqlite3
import weakref
from pathlib import Path
from types import TracebackType

from llm_router_core.errors import StorageError
from llm_router_core.storage import files

LEAVING_TIMEOUT_S = 1.0  # whoever leaves has nothing to lose: the next one does the checkpoint
BUSY_TIMEOUT_S = 5.0
# A reservation changes a few bytes on each of four pages, and the log takes whole pages: half the default size pays for
# the daily roll-up. Smaller ones would push the rows of `attempts` onto overflow pages.
PAGE_BYTES = 2048
_abandoned: list[object] = []  # a forked child must not close its parent's connections: closing would checkpoint


class Transaction:
    """BEGIN ... COMMIT, or ROLLBACK when the body or the commit raises."""

    __slots__ = ("_begin", "_conn")

    def __init__(self, conn: sqlite3.Connection, begin: str = "BEGIN IMMEDIATE") -> None:
        self._conn = conn
        self._begin = begin

    def __enter__(self) -> None:
        self._conn.execute(self._begin)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            try:
                self._conn.execute("COMMIT")
            except sqlite3.Error:
                self._conn.rollback()
                raise
        else:
            self._conn.rollback()


class Connections:
    """One process's lock and connections. They close under the lock, also at interpreter exit."""

    def __init__(self, home: str, path: str) -> None:
        self.pid = os.getpid()
        self.lock = files.ProcessLock(home)
        self.writer: sqlite3.Connection | None = None
        self.reader: sqlite3.Connection | None = None
        self.inode = 0
        self._path = path
        self._open: list[sqlite3.Connection] = []
        self._finalizer = weakref.finalize(self, _close_all, self.lock, self._open, self.pid)

    def open_writer(self) -> sqlite3.Connection:
        """Connect for writing."""
        writer = self._connect()
        self.inode = os.stat(self._path).st_ino  # noqa: PTH116 - once per connection
        writer.execute(f"PRAGMA page_size = {PAGE_BYTES}")  # for a new file; says nothing to an existing one
        writer.execute("PRAGMA synchronous = NORMAL")
        writer.execute("PRAGMA wal_autocheckpoint = 0")
        self.writer = writer
        return writer

    def open_reader(self) -> sqlite3.Connection:
        """The connection for reading, opened at need."""
        if self.reader is None:
            self.reader = self._connect()
            self.reader.execute("PRAGMA query_only = ON")
        return self.reader

    def _connect(self) -> sqlite3.Connection:
        conn = sqlite3.connect(
            f"{Path(self._path).as_uri()}?mode=rw",
            uri=True,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
        )
        self._open.append(conn)
        return conn

    def checkpoint_over(self, wal_bytes: int) -> None:
        """Checkpoint when the log has grown to `wal_bytes`.

        The file keeps its size, because writing over blocks it has is much cheaper than getting new ones; it is emptied
        only when it became half as large again.
        """
        if self.writer is None:
            return
        try:
            handle = os.open(f"{self._path}-wal", os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            return
        try:
            size = os.fstat(handle).st_size
            is_filled = size >= wal_bytes and _is_filled(handle, wal_bytes)
        finally:
            os.close(handle)
        if size >= wal_bytes * 3 // 2:
            self.checkpoint()
        elif is_filled:
            self.writer.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    def checkpoint(self) -> bool:
        """Empty the write-ahead log into the database without waiting for readers; whether it could."""
        if self.writer is None:
            return True
        self.writer.execute("PRAGMA busy_timeout = 0")
        try:
            row = self.writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            self.writer.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}")
        return bool(row) and row[0] == 0

    def close_reader(self) -> None:
        """Close the reading connection only."""
        if self.reader is not None:
            self._open.remove(self.reader)
            self.reader.close()
            self.reader = None

    def drop(self) -> None:
        """Close both connections; the caller holds the lock."""
        _close_connections(self._open)
        self.writer = self.reader = None

    def close(self) -> None:
        """Close everything under the lock."""
        self._finalizer()

    def abandon(self) -> None:
        """Forget the parent's connections without closing them."""
        self._finalizer.detach()
        _abandoned.append((self.lock, self._open))


def _is_filled(handle: int, wal_bytes: int) -> bool:
    """Whether the log's frames of now, not only left-overs from before its last start, reach `wal_bytes`.

    The header and every frame since carry the same salt: https://sqlite.org/walformat.html
    """
    header = os.pread(handle, 32, 0)
    frame_bytes = 24 + int.from_bytes(header[8:12], "big")
    frame = os.pread(handle, 24, 32 + ((wal_bytes - 32) // frame_bytes - 1) * frame_bytes)
    return frame[8:16] == header[16:24]


def _close_all(lock: files.ProcessLock, connections: list[sqlite3.Connection], pid: int) -> None:
    """Close under the lock; without it when its holder hangs, because leaving is better than hanging too."""
    if pid != os.getpid():
        _abandoned.append((lock, connections))
        return
    try:
        lock.acquire(timeout_s=LEAVING_TIMEOUT_S)
    except StorageError:
        _abandoned.append((lock, connections))
        return
    _close_connections(connections)
    lock.release()
    lock.close()


def _close_connections(connections: list[sqlite3.Connection]) -> None:
    while connections:
        connections.pop().close()
