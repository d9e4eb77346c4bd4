"""Readings of subscription windows as rows: the last good one stays until a newer one comes."""

from __future__ import annotations

import sqlite3
from dataclasses import astuple, dataclass

_PUT = """
INSERT INTO quota_windows (provider, account, quota_window, source, used_ppm, used_millipoints, limit_millipoints,
  resets_at_ms, read_at_ms, touched_ms)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)
ON CONFLICT DO UPDATE SET source = ?4, used_ppm = ?5, used_millipoints = ?6, limit_millipoints = ?7,
  resets_at_ms = ?8, read_at_ms = ?9, touched_ms = ?9, failed_at_ms = NULL, problem = ''
WHERE read_at_ms IS NULL OR read_at_ms <= ?9
"""
_FAIL = """
INSERT INTO quota_windows (provider, account, quota_window, source, failed_at_ms, problem, touched_ms)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?5)
ON CONFLICT DO UPDATE SET failed_at_ms = ?5, problem = ?6, touched_ms = max(touched_ms, ?5)
"""
_ALL = """
SELECT provider, account, quota_window, source, used_ppm, used_millipoints, limit_millipoints, resets_at_ms, read_at_ms,
  failed_at_ms, problem
FROM quota_windows ORDER BY provider, account, quota_window
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One window of one account, as stored; None is unknown."""

    provider: str
    account: str
    window: str
    source: str
    used_ppm: int | None
    used_millipoints: int | None
    limit_millipoints: int | None
    resets_at_ms: int | None
    read_at_ms: int | None
    failed_at_ms: int | None = None
    problem: str = ""


def put(conn: sqlite3.Connection, row: Row) -> bool:
    """Store a reading, unless a newer one is there; whether it was stored."""
    return conn.execute(_PUT, astuple(row)[:9]).rowcount == 1


def put_failure(conn: sqlite3.Connection, key: tuple[str, str, str], *, source: str, at_ms: int, problem: str) -> None:
    """Note that a window could not be read; its last good reading stays."""
    conn.execute(_FAIL, (*key, source, at_ms, problem))


def load(conn: sqlite3.Connection) -> list[Row]:
    """Every window known."""
    return [Row(*row) for row in conn.execute(_ALL)]
