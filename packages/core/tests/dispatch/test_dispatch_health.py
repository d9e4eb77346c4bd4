"""The breakers of a machine: shared through the database, claimed once, kept by account."""

from datetime import UTC, datetime, timedelta

import pytest

from llm_router_core.catalog.entries import DataClass
from llm_router_core.dispatch.health import HealthBoard
from llm_router_core.errors import ErrorKind, ProviderError
from llm_router_core.providers.endpoint import Endpoint
from llm_router_core.storage.database import Database

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
OPENAI = Endpoint("openai", "openai_chat", "https://api.openai.com/v1", DataClass.THIRD_PARTY, key="one")


class Watch:
    """A clock a test can move."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at

    def monotonic_s(self) -> float:
        return (self.at - NOW).total_seconds()


@pytest.fixture
def watch():
    return Watch()


@pytest.fixture(params=["database", "memory"])
def boards(request, tmp_path, watch):
    """Two boards of two processes, or one twice where there is no database to share."""
    if request.param == "memory":
        board = HealthBoard(None, watch)
        yield board, board
        return
    with Database.open(str(tmp_path / "state"), watch) as one, Database.open(str(tmp_path / "state"), watch) as two:
        yield HealthBoard(one, watch), HealthBoard(two, watch)


def failure(kind: ErrorKind, **fields: float) -> ProviderError:
    return ProviderError(kind, "it failed", **fields)


@pytest.mark.requirement("dispatch.breaker-shared")
def test_a_failure_seen_by_one_process_keeps_the_other_away(boards, watch):
    here, there = boards
    here.failed(OPENAI, "m", failure(ErrorKind.RATE_LIMITED, retry_after_s=20))
    assert not there.admit(OPENAI, "m")
    assert there.open_now([OPENAI]) == {("openai", "m"): "left alone for 20 s after: rate_limited"}
    assert there.admit(OPENAI, "another")
    watch.at += timedelta(seconds=20)
    assert there.open_now([OPENAI]) == {}


def test_of_all_processes_one_probes_and_its_success_lets_everybody_in(boards, watch):
    here, there = boards
    here.failed(OPENAI, "m", failure(ErrorKind.QUOTA))
    watch.at += timedelta(hours=1)
    assert [here.admit(OPENAI, "m"), there.admit(OPENAI, "m"), here.admit(OPENAI, "m")] == [True, False, False]
    here.succeeded(OPENAI, "m")
    assert there.admit(OPENAI, "m")


def test_another_key_is_another_account(boards):
    here, there = boards
    here.failed(OPENAI, "m", failure(ErrorKind.AUTH))
    mended = Endpoint("openai", "openai_chat", OPENAI.base_url, DataClass.THIRD_PARTY, key="two")
    assert there.admit(mended, "m")
    assert not there.admit(OPENAI, "m")


def test_no_key_is_written_to_the_database(tmp_path, watch):
    secret = Endpoint("openai", "openai_chat", "https://x.example", DataClass.THIRD_PARTY, key="canary-key-value")
    with Database.open(str(tmp_path / "state"), watch) as db:
        HealthBoard(db, watch).failed(secret, "m", failure(ErrorKind.AUTH))
    everything = b"".join(path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file())
    assert b"canary-key-value" not in everything
