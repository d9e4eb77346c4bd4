"""What one session overrides: kept in the state database by session, and by nobody else's."""

from datetime import UTC, datetime

import pytest

from llm_router_core.storage import overrides
from llm_router_core.storage.database import Database

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


class Clock:
    def now(self) -> datetime:
        return NOW

    def monotonic_s(self) -> float:
        return 0.0


@pytest.fixture
def db(tmp_path):
    with Database.open(str(tmp_path / "home"), Clock()) as opened:
        yield opened


def test_an_override_belongs_to_its_session_until_it_is_deleted(db):
    db.write(lambda conn: overrides.put_override(conn, "one", "profile", "budget", now=NOW))
    db.write(lambda conn: overrides.put_override(conn, "one", "profile", "premium", now=NOW))
    db.write(lambda conn: overrides.put_override(conn, "two", "profile", "budget", now=NOW))

    assert db.read(lambda conn: overrides.list_overrides(conn, "one")) == {"profile": "premium"}
    assert db.write(lambda conn: overrides.delete_override(conn, "one", "profile"))
    assert not db.write(lambda conn: overrides.delete_override(conn, "one", "profile"))
    assert db.read(lambda conn: overrides.list_overrides(conn, "one")) == {}
    assert db.read(lambda conn: overrides.list_overrides(conn, "two")) == {"profile": "budget"}
