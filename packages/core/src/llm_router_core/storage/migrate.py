"""Numbered migrations, each applied once and recorded by its file name.

Schema gate: a database with migrations this version does not know stays usable as long as those only add tables or
columns. A migration whose first line says `-- breaking` is recorded as such and shuts older versions out.
"""

from __future__ import annotations

import sqlite3
from functools import lru_cache
from importlib import resources

from llm_router_core.errors import StorageError
from llm_router_core.storage.faults import DamagedFileError

BREAKING_MARK = "-- breaking"


@lru_cache(maxsize=1)
def load_migrations() -> tuple[tuple[str, str], ...]:
    """File name and SQL text of every migration, in order."""
    folder = resources.files("llm_router_core.storage") / "migrations"
    found = ((item.name, item.read_text("utf-8")) for item in folder.iterdir() if item.name.endswith(".sql"))
    return tuple(sorted(found))


def applied_names(conn: sqlite3.Connection) -> dict[str, bool]:
    """Each recorded migration and whether it is breaking; empty for a new database.

    Raises:
        sqlite3.DatabaseError: there are tables but no record of them, so pages of the file are missing.
    """
    names = {str(row[0]) for row in conn.execute("SELECT name FROM sqlite_schema")}
    if not names:
        return {}
    if "migrations" in names:
        rows = conn.execute("SELECT name, is_breaking FROM migrations").fetchall()
        if rows:
            return {str(name): bool(breaking) for name, breaking in rows}
    raise DamagedFileError("its record of migrations is gone")


def check_compatible(applied: dict[str, bool], path: str) -> None:
    """Refuse a database that a newer version changed in a breaking way.

    Raises:
        StorageError: with the upgrade as the remedy.
    """
    ours = {name for name, _ in load_migrations()}
    foreign = sorted(name for name, breaking in applied.items() if breaking and name not in ours)
    if foreign:
        raise StorageError(
            f"the state database {path!r} was changed by a newer llm-router ({foreign[-1]!r})",
            remedy="upgrade llm-router, or set LLM_ROUTER_HOME to another folder",
        )


def pending_migrations(applied: dict[str, bool]) -> list[tuple[str, str]]:
    """What is still to be applied, in order."""
    return [(name, sql) for name, sql in load_migrations() if name not in applied]


def apply_migrations(conn: sqlite3.Connection, pending: list[tuple[str, str]], *, at_ms: int) -> None:
    """Apply and record `pending` in the caller's open transaction."""
    conn.execute(
        "CREATE TABLE IF NOT EXISTS migrations ("
        "name TEXT PRIMARY KEY, is_breaking INTEGER NOT NULL, applied_ms INTEGER NOT NULL) WITHOUT ROWID"
    )
    for name, sql in pending:
        for statement in split_statements(sql):
            conn.execute(statement)
        is_breaking = sql.lstrip().startswith(BREAKING_MARK)
        conn.execute("INSERT INTO migrations VALUES (?, ?, ?)", (name, is_breaking, at_ms))


def split_statements(sql: str) -> list[str]:
    """The single statements of a script: `executescript` would commit the transaction they belong to."""
    statements: list[str] = []
    current = ""
    for line in sql.splitlines(keepends=True):
        current += line
        if sqlite3.complete_statement(current):
            statements.append(current)
            current = ""
    return statements
