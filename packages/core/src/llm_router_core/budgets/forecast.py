"""Where spending is heading: the month's end, and when a cap is reached.

Method. The rate is the mean of the last complete days, at most 28, days without any spend included, counted from the
first day of use; today is not complete and only its remaining part is projected. The interval is the 80 % prediction
interval of a sum of independent days of that mean and spread (Student's t): mean * k ± t * s * sqrt(k + k²/n), and not
below what is spent already. It says nothing about habits that change. With fewer than three complete days there is no
forecast, and the result says how many are missing.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

LEAST_DAYS = 3
MOST_DAYS = 28
METHOD = "mean of the last {n} complete UTC days, 80 % prediction interval (Student's t)"
_DAY_S = 86_400
# Student's t for a two-sided 80 % interval, by degrees of freedom.
_T80 = (3.078, 1.886, 1.638, 1.533, 1.476, 1.440, 1.415, 1.397, 1.383, 1.372, 1.363, 1.356, 1.350, 1.345, 1.341)
_T80_LATER = 1.330


@dataclass(frozen=True, slots=True)
class Forecast:
    """A projection. `n` complete days stand behind it; amounts are micro-dollars and None below three days.

    `cap_reached_at` is None where the month ends first; `earliest` and `latest` are the ends of its interval (latest
    None: perhaps never this month).
    """

    n: int
    method: str
    spent_microusd: int
    per_day_microusd: int | None = None
    month_end_microusd: int | None = None
    month_end_low_microusd: int | None = None
    month_end_high_microusd: int | None = None
    cap_microusd: int | None = None
    cap_reached_at: datetime | None = None
    cap_earliest: datetime | None = None
    cap_latest: datetime | None = None


def forecast(daily: Mapping[int, int], now: datetime, *, first_day: int | None, cap_microusd: int | None) -> Forecast:
    """The forecast for the UTC month of `now` from spending by UTC day; days without spending may be missing."""
    today = now.astimezone(UTC).date()
    spent = sum(cost for day, cost in daily.items() if day // 100 == _number(today) // 100)
    days = _complete_days(daily, today, first_day)
    method = METHOD.format(n=len(days))
    if len(days) < LEAST_DAYS:
        return Forecast(len(days), method, spent, cap_microusd=cap_microusd)
    mean, spread = statistics.fmean(days), statistics.stdev(days)
    month_end = _month_end(now)
    ahead = (month_end - now).total_seconds() / _DAY_S
    middle, margin = mean * ahead, _margin(len(days), spread, ahead)
    at, earliest, latest = _cap_reached(cap_microusd, spent, days, now=now, month_end=month_end)
    return Forecast(
        len(days),
        method,
        spent,
        per_day_microusd=round(mean),
        month_end_microusd=spent + round(middle),
        month_end_low_microusd=spent + max(0, round(middle - margin)),
        month_end_high_microusd=spent + round(middle + margin),
        cap_microusd=cap_microusd,
        cap_reached_at=at,
        cap_earliest=earliest,
        cap_latest=latest,
    )


def _complete_days(daily: Mapping[int, int], today: date, first_day: int | None) -> list[int]:
    if first_day is None:
        return []
    began = date(first_day // 10_000, first_day // 100 % 100, first_day % 100)
    count = min(MOST_DAYS, (today - began).days)
    return [daily.get(_number(today - timedelta(days=back)), 0) for back in range(1, count + 1)]


def _margin(n: int, spread: float, ahead: float) -> float:
    t = _T80[n - 2] if n - 2 < len(_T80) else _T80_LATER
    return t * spread * math.sqrt(ahead + ahead * ahead / n)


def _cap_reached(
    cap: int | None, spent: int, days: list[int], *, now: datetime, month_end: datetime
) -> tuple[datetime | None, datetime | None, datetime | None]:
    """When the month's spending meets the cap: at the mean, at the high and at the low end of the interval."""
    if cap is None:
        return None, None, None
    if spent >= cap:
        return now, now, now
    mean, spread = statistics.fmean(days), statistics.stdev(days)

    def first_at(sign: int) -> datetime | None:
        low, high = 0.0, (month_end - now).total_seconds() / _DAY_S
        if spent + mean * high + sign * _margin(len(days), spread, high) < cap:
            return None
        for _ in range(40):
            middle = (low + high) / 2
            if spent + mean * middle + sign * _margin(len(days), spread, middle) < cap:
                low = middle
            else:
                high = middle
        return now + timedelta(days=high)

    return first_at(0), first_at(1), first_at(-1)


def _month_end(now: datetime) -> datetime:
    instant = now.astimezone(UTC)
    following = (instant.replace(day=1) + timedelta(days=32)).replace(day=1)
    return following.replace(hour=0, minute=0, second=0, microsecond=0)


def _number(day: date) -> int:
    return day.year * 10_000 + day.month * 100 + day.day
