"""Whether today's spending stands out: at least twice the usual day, and enough usual days to say so."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

LEAST_DAYS = 5
LOOK_BACK_DAYS = 7
TIMES = 2
LEAST_MICROUSD = 100_000
METHOD = "today against the mean of the last {n} complete UTC days; a spike is twice that and at least $0.10"


@dataclass(frozen=True, slots=True)
class Spike:
    """The check. `is_spike` None: fewer than five complete days, so nothing is said."""

    n: int
    today_microusd: int
    usual_microusd: int | None
    is_spike: bool | None
    method: str


def check_spike(daily: Mapping[int, int], today: int, *, first_day: int | None) -> Spike:
    """Today's spending against the days before it, since the first day of use; days without spending count as zero."""
    now = _date(today)
    age = (now - _date(first_day)).days if first_day else 0
    before = [now - timedelta(days=back) for back in range(1, min(age, LOOK_BACK_DAYS) + 1)]
    costs = [daily.get(day.year * 10_000 + day.month * 100 + day.day, 0) for day in before]
    spent, method = daily.get(today, 0), METHOD.format(n=len(costs))
    if len(costs) < LEAST_DAYS:
        return Spike(len(costs), spent, None, None, method)
    usual = round(statistics.fmean(costs))
    return Spike(len(costs), spent, usual, spent >= max(TIMES * usual, LEAST_MICROUSD), method)


def _date(day: int) -> date:
    return date(day // 10_000, day // 100 % 100, day % 100)
