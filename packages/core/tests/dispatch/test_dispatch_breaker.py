"""The breaker's state machine, by itself."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_router_core.dispatch.breaker import (
    COUNTS,
    FIRST_OPEN_S,
    LONGEST_OPEN_S,
    OPENS_AT_ONCE_S,
    Breaker,
    after_failure,
    probing,
    verdict,
)
from llm_router_core.errors import ErrorKind

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def seconds(amount: float) -> timedelta:
    return timedelta(seconds=amount)


def test_a_breaker_that_was_never_fed_lets_calls_through():
    assert verdict(Breaker(), NOW) == "closed"


@pytest.mark.parametrize("kind", sorted(COUNTS))
def test_one_failure_of_a_server_is_forgiven_and_two_open_the_breaker(kind):
    once = after_failure(Breaker(), kind, NOW)
    assert verdict(once, NOW) == "closed"
    twice = after_failure(once, kind, NOW)
    assert verdict(twice, NOW) == "open"
    assert verdict(twice, NOW + seconds(FIRST_OPEN_S)) == "probe"


@pytest.mark.parametrize("kind", sorted(OPENS_AT_ONCE_S))
def test_a_limit_a_quota_and_a_wrong_key_open_it_at_once(kind):
    assert verdict(after_failure(Breaker(), kind, NOW), NOW) == "open"


def test_retry_after_decides_how_long_a_rate_limit_holds():
    limited = after_failure(Breaker(), ErrorKind.RATE_LIMITED, NOW, retry_after_s=42)
    assert verdict(limited, NOW + seconds(41.9)) == "open"
    assert verdict(limited, NOW + seconds(42)) == "probe"


@pytest.mark.parametrize("kind", [ErrorKind.BAD_REQUEST, ErrorKind.CONTEXT_TOO_LONG, ErrorKind.CONTENT_FILTERED])
def test_a_fault_of_the_prompt_says_nothing_of_the_provider(kind):
    state = Breaker()
    for _ in range(10):
        state = after_failure(state, kind, NOW)
    assert verdict(state, NOW) == "closed"


def test_only_one_caller_probes_and_a_lost_probe_does_not_close_the_door_for_ever():
    state = after_failure(Breaker(), ErrorKind.QUOTA, NOW)
    later = NOW + seconds(LONGEST_OPEN_S)
    assert verdict(state, later) == "probe"
    claimed = probing(state, later)
    assert verdict(claimed, later) == "open"
    assert verdict(claimed, later + seconds(121)) == "probe"


def test_each_failed_probe_doubles_the_wait_up_to_an_hour():
    state = Breaker()
    waits = []
    now = NOW
    for _ in range(12):
        state = after_failure(state, ErrorKind.UNAVAILABLE, now)
        waits.append((state.open_until - now).total_seconds() if state.open_until else 0)
    assert waits[:4] == [0, 30, 60, 120]
    assert waits[-1] == LONGEST_OPEN_S


@given(st.lists(st.tuples(st.sampled_from(sorted(ErrorKind)), st.integers(-86_400, 86_400)), max_size=30))
def test_whatever_happens_and_however_the_clock_jumps_a_call_is_possible_within_an_hour(steps):
    state, now = Breaker(), NOW
    for kind, jump in steps:
        now += seconds(jump)
        state = after_failure(state, ErrorKind(kind), now)
    within_an_hour = {verdict(state, now), verdict(state, now + seconds(LONGEST_OPEN_S))}
    assert within_an_hour != {"open"}
