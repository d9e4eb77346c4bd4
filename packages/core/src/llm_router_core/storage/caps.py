"""The caps a user set, by scope name; what is not here has its default or none."""

from __future__ import annotations

import sqlite3

_PUT = "INSERT INTO caps VALUES (?, ?) ON CONFLICT DO UPDATE SET cap_microusd = excluded.cap_microusd"


def list_caps(conn: sqlite3.Connection) -> dict[str, int]:
    """Every cap that was set, in micro-dollars."""
    return {str(scope): int(cap) for scope, cap in conn.execute("SELECT scope, cap_microusd FROM caps ORDER BY scope")}


def put_cap(conn: sqlite3.Connection, scope: str, cap_microusd: int) -> None:
    """Set one cap."""
    conn.execute(_PUT, (scope, cap_microusd))


def delete_cap(conn: sqlite3.Connection, scope: str) -> None:
    """Forget one cap."""
    conn.execute("DELETE FROM caps WHERE scope = ?", (scope,))
