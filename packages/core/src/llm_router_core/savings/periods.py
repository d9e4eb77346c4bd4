"""Report periods as UTC days, both ends included, with their bounds as instants so that a report can state them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

PeriodName = Literal["today", "week", "month", "7d", "30d", "all"]
PERIODS: tuple[PeriodName, ...] = ("today", "week", "month", "all")
_LENGTHS = {"today": 1, "week": 7, "7d": 7, "30d": 30}


@dataclass(frozen=True, slots=True)
class Period:
    """Days such as 20260305. `starts_at` and `ends_at` are UTC midnights; the end is not included."""

    name: str
    first_day: int
    last_day: int

    @property
    def starts_at(self) -> datetime:
        """The first instant."""
        return _midnight(self.first_day)

    @property
    def ends_at(self) -> datetime:
        """The first instant after it."""
        return _midnight(self.last_day) + timedelta(days=1)

    @property
    def days(self) -> int:
        """How many days."""
        return (self.ends_at - self.starts_at).days


def period_of(name: PeriodName, day: int, *, first_used: int | None = None) -> Period:
    """The period that ends with `day`.

    `week` and `7d` are the last seven days, `30d` the last thirty, `month` the calendar month up to `day`, which is the
    window of the month's cap, and `all` begins with the first day of use.
    """
    if name == "all":
        return Period(name, min(first_used or day, day), day)
    if name == "month":
        return Period(name, day // 100 * 100 + 1, day)
    start = _midnight(day) - timedelta(days=_LENGTHS[name] - 1)
    return Period(name, start.year * 10_000 + start.month * 100 + start.day, day)


def _midnight(day: int) -> datetime:
    return datetime.combine(date(day // 10_000, day // 100 % 100, day % 100), time(), UTC)
