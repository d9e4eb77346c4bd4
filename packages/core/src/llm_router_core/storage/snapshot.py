"""The balances of the open budget windows and the caps, outside the database.

A damaged or lost database must not set a budget back to zero. So the balances are written to a small file at most once
a minute, and a new database starts from it at its high bound: all that was spent plus all that was held.
"""

from __future__ import annotations

import json
import os
import sqlite3
from datetime import datetime, timedelta

from llm_router_core.hotpath import paths
from llm_router_core.storage import files

SNAPSHOT_EVERY_S = 60.0
_NAME = "balances.json"
_KEEP_DAYS = 40
_REASON = "carried over from the last snapshot"


def snapshot_path(home: str) -> str:
    """Where the balances are kept."""
    return paths.in_home(home, paths.BACKUPS, _NAME)


def age_s(home: str, now: datetime) -> float:
    """Seconds since the snapshot was written; infinite when there is none, or when it lies in the future."""
    try:
        age = now.timestamp() - os.stat(snapshot_path(home)).st_mtime  # noqa: PTH116 - once per process, no Path needed
    except OSError:
        return float("inf")
    return age if age >= 0 else float("inf")


def write_snapshot(conn: sqlite3.Connection, home: str, now: datetime) -> None:
    """Write the balances as `conn` sees them.

    Raises:
        OSError: the file could not be written; the previous one still stands.
    """
    since = int((now - timedelta(days=_KEEP_DAYS)).strftime("%Y%m%d"))
    day = conn.execute("SELECT value FROM meta WHERE name = 'day_high_water'").fetchone()
    balances = conn.execute(
        "SELECT scope, name, win, spent + held FROM counters WHERE touched_day >= ? AND scope <> 'call'", (since,)
    ).fetchall()
    caps = conn.execute("SELECT scope, cap_microusd FROM caps").fetchall()
    content = {"day": day[0] if day else 0, "balances": balances, "caps": caps}
    files.replace_file(snapshot_path(home), json.dumps(content).encode())


def restore_snapshot(conn: sqlite3.Connection, home: str, *, at_ms: int) -> int:
    """Book the snapshot's balances as adjustments in the caller's transaction; the number of balances restored.

    A missing snapshot restores nothing. One that cannot be read raises `ValueError`: the caller says so to the user.
    """
    try:
        with open(snapshot_path(home), "rb") as source:  # noqa: PTH123 - one plain read
            content = json.loads(source.read())
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise ValueError(str(error)) from error
    try:
        balances = [(str(s), str(n), int(w), int(amount)) for s, n, w, amount in content["balances"]]
        caps = [(str(scope), int(cap)) for scope, cap in content["caps"]]
        day = int(content["day"])
    except (TypeError, KeyError, ValueError) as error:
        raise ValueError(f"the snapshot is damaged: {error}") from error
    conn.execute("INSERT OR REPLACE INTO meta VALUES ('day_high_water', ?)", (day,))
    conn.executemany("INSERT OR REPLACE INTO caps VALUES (?, ?)", caps)
    for scope, name, win, amount in balances:
        conn.execute("INSERT INTO counters VALUES (?, ?, ?, ?, 0, ?)", (scope, name, win, amount, day))
        conn.execute(
            "INSERT INTO adjustments (at_ms, scope, name, win, amount_microusd, reason) VALUES (?, ?, ?, ?, ?, ?)",
            (at_ms, scope, name, win, amount, _REASON),
        )
    return len(balances)
