"""Settings that hold for one session only. What they mean is up to `settings`; here they are names and texts."""

from __future__ import annotations

import sqlite3
from datetime import datetime

_PUT = "INSERT INTO session_overrides VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET value = ?3, set_ms = ?4"


def list_overrides(conn: sqlite3.Connection, session: str) -> dict[str, str]:
    """The session's own values by setting."""
    rows = conn.execute("SELECT name, value FROM session_overrides WHERE session = ? ORDER BY name", (session,))
    return {str(name): str(value) for name, value in rows}


def put_override(conn: sqlite3.Connection, session: str, name: str, value: str, *, now: datetime) -> None:
    """Set one value for a session."""
    conn.execute(_PUT, (session, name, value, int(now.timestamp() * 1000)))


def delete_override(conn: sqlite3.Connection, session: str, name: str) -> bool:
    """Forget one value; whether there was one."""
    found = conn.execute("DELETE FROM session_overrides WHERE session = ? AND name = ?", (session, name))
    return found.rowcount > 0
