"""The spike check needs enough days to know what is usual."""

import pytest

from llm_router_core.savings.spike import check_spike

TODAY = 20261124


@pytest.mark.parametrize("first", [TODAY, 20261123, 20261120, None])
def test_it_says_nothing_in_the_first_days(first):
    assert check_spike({TODAY: 50_000_000}, TODAY, first_day=first).is_spike is None


def test_twice_a_usual_day_is_a_spike():
    daily = {20261100 + day: 1_000_000 for day in range(10, 24)}
    assert check_spike({**daily, TODAY: 2_000_000}, TODAY, first_day=20261110).is_spike is True
    seen = check_spike({**daily, TODAY: 1_900_000}, TODAY, first_day=20261110)
    assert (seen.is_spike, seen.n, seen.usual_microusd) == (False, 7, 1_000_000)


def test_cents_after_days_of_nothing_are_no_spike():
    assert check_spike({TODAY: 50_000}, TODAY, first_day=20261101).is_spike is False
    assert check_spike({TODAY: 500_000}, TODAY, first_day=20261101).is_spike is True
