"""Breakers on disk, shared by every process of the user. Only changes are written: a healthy call costs one read."""

from __future__ import annotations

from llm_router_core.storage.database import Connection, Database

Key = tuple[str, str, str]
Row = tuple[int, int | None, int | None, str]

_SELECT = "SELECT failures, open_until, probe_until, kind FROM breakers WHERE provider=? AND account=? AND model=?"
_ALL = "SELECT provider, account, model, failures, open_until, probe_until, kind FROM breakers"
_PUT = (
    "INSERT INTO breakers(provider, account, model, failures, open_until, probe_until, kind, changed_at) "
    "VALUES(?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET failures=excluded.failures, open_until=excluded.open_until, "
    "probe_until=excluded.probe_until, kind=excluded.kind, changed_at=excluded.changed_at"
)
_DROP = "DELETE FROM breakers WHERE provider=? AND account=? AND model=?"


def load(db: Database, key: Key) -> Row | None:
    """One breaker as (failures, open_until, probe_until, kind), times in UTC milliseconds; None when never fed."""
    return db.read(lambda connection: select(connection, key))


def load_all(db: Database) -> dict[Key, Row]:
    """All of them, by (provider, account, model)."""

    def query(connection: Connection) -> dict[Key, Row]:
        return {(row[0], row[1], row[2]): (row[3], row[4], row[5], row[6]) for row in connection.execute(_ALL)}

    return db.read(query)


def select(connection: Connection, key: Key) -> Row | None:
    """`load` inside a transaction the caller holds."""
    row: Row | None = connection.execute(_SELECT, key).fetchone()
    return row


def put(connection: Connection, key: Key, row: Row, *, changed_at: int) -> None:
    """Writes one breaker inside the caller's transaction."""
    connection.execute(_PUT, (*key, *row, changed_at))


def drop(connection: Connection, key: Key) -> None:
    """Forgets one breaker inside the caller's transaction."""
    connection.execute(_DROP, key)
