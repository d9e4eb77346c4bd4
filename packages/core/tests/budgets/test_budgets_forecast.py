"""The forecast states its method and interval, and says nothing without three complete days."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_router_core.budgets.forecast import forecast

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DOLLAR = 1_000_000


def even(days: int, microusd: int = DOLLAR) -> dict[int, int]:
    return {int(f"{NOW - timedelta(days=back):%Y%m%d}"): microusd for back in range(1, days + 1)}


@pytest.mark.parametrize("first_day", [None, 20261124, 20261123, 20261122])
def test_fewer_than_three_complete_days_give_no_forecast(first_day):
    seen = forecast({20261123: 5, 20261124: 7}, NOW, first_day=first_day, cap_microusd=10)
    assert seen.month_end_microusd is None
    assert seen.spent_microusd == 12
    assert seen.n < 3


def test_an_even_habit_is_carried_to_the_end_of_the_month():
    seen = forecast(even(23), NOW, first_day=20261101, cap_microusd=None)
    assert (seen.n, seen.per_day_microusd, seen.spent_microusd) == (23, DOLLAR, 23 * DOLLAR)
    assert seen.month_end_microusd == 29_500_000  # 23 so far, and six and a half days to go
    assert seen.month_end_low_microusd == seen.month_end_high_microusd == 29_500_000
    assert "mean of the last 23 complete UTC days" in seen.method


def test_the_cap_is_met_when_the_rate_says_so():
    seen = forecast(even(23), NOW, first_day=20261101, cap_microusd=25 * DOLLAR)
    assert abs(seen.cap_reached_at - datetime(2026, 11, 26, 12, tzinfo=UTC)) < timedelta(seconds=1)
    assert forecast(even(23), NOW, first_day=20261101, cap_microusd=40 * DOLLAR).cap_reached_at is None
    assert forecast(even(23), NOW, first_day=20261101, cap_microusd=20 * DOLLAR).cap_reached_at == NOW


def test_an_uneven_habit_has_a_wide_interval():
    daily = {day: (10 * DOLLAR if day % 2 else 0) for day in range(20261101, 20261124)}
    seen = forecast(daily, NOW, first_day=20261101, cap_microusd=150 * DOLLAR)
    assert seen.month_end_low_microusd < seen.month_end_microusd < seen.month_end_high_microusd
    assert seen.cap_earliest <= seen.cap_reached_at
    assert seen.cap_latest is None or seen.cap_latest >= seen.cap_reached_at


def test_days_without_use_count_and_days_before_the_first_use_do_not():
    daily = {20261114: 10 * DOLLAR}
    assert forecast(daily, NOW, first_day=20261114, cap_microusd=None).per_day_microusd == DOLLAR
    assert forecast(daily, NOW, first_day=20261114, cap_microusd=None).n == 10


@pytest.mark.parametrize(
    ("now", "end"),
    [
        (datetime(2028, 2, 29, 23, 59, tzinfo=UTC), datetime(2028, 3, 1, tzinfo=UTC)),
        (datetime(2026, 12, 31, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
        (datetime(2027, 1, 31, 12, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC)),
    ],
)
def test_the_month_ends_where_the_calendar_says(now, end):
    daily = {int(f"{now - timedelta(days=back):%Y%m%d}"): 86_400 for back in range(1, 29)}
    first = int(f"{now - timedelta(days=28):%Y%m%d}")
    seen = forecast(daily, now, first_day=first, cap_microusd=None)
    assert seen.month_end_microusd - seen.spent_microusd == (end - now).total_seconds()


@given(costs=st.lists(st.integers(0, 10**9), min_size=3, max_size=28), cap=st.integers(0, 10**11))
def test_the_interval_holds_the_middle_and_never_falls_below_what_is_spent(costs, cap):
    daily = {int(f"{NOW - timedelta(days=back):%Y%m%d}"): cost for back, cost in enumerate(costs, 1)}
    first = int(f"{NOW - timedelta(days=len(costs)):%Y%m%d}")
    seen = forecast(daily, NOW, first_day=first, cap_microusd=cap)
    assert seen.spent_microusd <= seen.month_end_low_microusd <= seen.month_end_microusd <= seen.month_end_high_microusd
    if seen.cap_reached_at is not None:
        assert NOW <= seen.cap_earliest <= seen.cap_reached_at <= datetime(2026, 12, 1, tzinfo=UTC)
