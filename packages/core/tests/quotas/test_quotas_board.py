"""Quota readings: the last good value with its age, and never a guess."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_router_core.quotas.board import list_states, quota_pressure, record_failure, record_reading
from llm_router_core.quotas.reading import QuotaFailure, QuotaReading, freshness_of
from llm_router_core.storage.database import Database

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
RESET = NOW + timedelta(hours=3)


class FixedClock:
    def now(self) -> datetime:
        return NOW

    def monotonic_s(self) -> float:
        return 0.0


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with Database.open(str(tmp_path), FixedClock()) as database:
        yield database


def reading(**fields: object) -> QuotaReading:
    values = {"provider": "claude", "window": "5h", "source": "statusline", "read_at": NOW, "used_fraction": 0.4}
    return QuotaReading(**{**values, **fields})  # type: ignore[arg-type]


def test_a_reading_comes_back_with_its_source_age_and_reset(db):
    assert record_reading(db, reading(resets_at=RESET))
    (state,) = list_states(db, NOW + timedelta(minutes=5))
    assert (state.share, state.freshness, state.age_s, state.resets_at) == (0.4, "fresh", 300.0, RESET)
    assert (state.provider, state.window, state.source) == ("claude", "5h", "statusline")


def test_an_old_reading_is_a_lower_bound_until_its_window_resets(db):
    record_reading(db, reading(resets_at=RESET))
    (state,) = list_states(db, RESET - timedelta(seconds=1))
    assert (state.share, state.freshness) == (0.4, "stale")
    (state,) = list_states(db, RESET)
    assert (state.share, state.freshness, state.last_share) == (None, "reset", 0.4)


def test_without_a_reset_a_reading_is_believed_for_a_day(db):
    record_reading(db, reading())
    assert list_states(db, NOW + timedelta(hours=23))[0].share == 0.4
    (state,) = list_states(db, NOW + timedelta(hours=25))
    assert (state.share, state.freshness, state.last_share, state.age_s) == (None, "expired", 0.4, 90_000.0)


def test_a_failure_keeps_the_last_good_value_and_says_why(db):
    record_reading(db, reading())
    record_failure(db, QuotaFailure("claude", "5h", "statusline", NOW + timedelta(minutes=9), "not logged in"))
    (state,) = list_states(db, NOW + timedelta(minutes=10))
    assert (state.share, state.age_s, state.problem) == (0.4, 600.0, "not logged in")
    record_reading(db, reading(read_at=NOW + timedelta(minutes=11), used_fraction=0.5))
    assert list_states(db, NOW + timedelta(minutes=11))[0].problem == ""


def test_a_window_that_was_never_read_is_unknown(db):
    assert list_states(db, NOW) == ()
    record_failure(db, QuotaFailure("codex", "weekly", "app-server", NOW, "no such method"))
    (state,) = list_states(db, NOW)
    assert (state.share, state.last_share, state.freshness, state.age_s) == (None, None, "unread", None)
    assert quota_pressure([state]) == {}


def test_an_older_reading_does_not_replace_a_newer_one(db):
    record_reading(db, reading(used_fraction=0.6))
    assert not record_reading(db, reading(used_fraction=0.1, read_at=NOW - timedelta(minutes=1)))
    assert list_states(db, NOW)[0].share == 0.6


def test_points_give_a_share_only_with_their_limit(db):
    record_reading(db, reading(used_fraction=None, used_points=30.5, limit_points=61))
    record_reading(db, reading(window="weekly", used_fraction=None, used_points=12))
    five_hours, weekly = list_states(db, NOW)
    assert (five_hours.share, five_hours.used_points, five_hours.limit_points) == (0.5, 30.5, 61)
    assert (weekly.share, weekly.used_points) == (None, 12)


def test_an_account_is_as_full_as_its_fullest_window(db):
    record_reading(db, reading(used_fraction=0.2))
    record_reading(db, reading(window="weekly", used_fraction=0.9))
    record_reading(db, reading(provider="codex", account="work", used_fraction=0.5))
    assert quota_pressure(list_states(db, NOW)) == {"quota:claude": 0.9, "quota:codex:work": 0.5}


@pytest.mark.parametrize(
    "fields",
    [
        {"used_fraction": float("nan")}, {"used_fraction": float("inf")}, {"used_fraction": -0.1},
        {"used_points": -1.0}, {"limit_points": 0.0}, {"read_at": NOW.replace(tzinfo=None)},
        {"resets_at": NOW.replace(tzinfo=None)}, {"resets_at": NOW + timedelta(days=4_000)}, {"provider": ""},
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(fields):
    with pytest.raises(ValueError, match=r"cannot be|zone|ahead|names"):
        reading(**fields)


@given(
    age_s=st.integers(-(10**7), 10**7),
    reset_s=st.none() | st.integers(-(10**7), 10**7),
)
def test_a_share_is_believed_only_before_its_reset(age_s, reset_s):
    resets_at = None if reset_s is None else NOW + timedelta(seconds=reset_s)
    freshness = freshness_of(NOW - timedelta(seconds=age_s), resets_at, NOW)
    if resets_at is not None:
        assert (freshness == "reset") == (resets_at <= NOW)
    elif age_s > 86_400:
        assert freshness == "expired"
    assert (freshness == "fresh") == (age_s <= 900 and (resets_at is None or resets_at > NOW))
