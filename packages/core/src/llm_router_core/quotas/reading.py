"""One reading of a subscription window, and how much of it can still be believed.

The used share of a window only grows until the window resets. So an old reading stays true as a lower bound until
`resets_at`, and says nothing after it. Without `resets_at` it is believed for a day. What was never read, or is no
longer believed, is *unknown*: it has no share, puts no pressure on anything, and is shown as unknown with the age of
the last good reading. It is never guessed from our own history.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

FRESH_FOR = timedelta(minutes=15)
BELIEVED_FOR = timedelta(days=1)
LONGEST_WINDOW = timedelta(days=400)
Freshness = Literal["fresh", "stale", "reset", "expired", "unread"]


@dataclass(frozen=True, slots=True)
class QuotaReading:
    """What a source said. `used_fraction` is 0 to 1 (above 1: over the allowance), or None where it gave points only.

    Points are the plan's own unit; `limit_points` None where the plan does not say. Instants are aware.

    Raises:
        ValueError: an amount or an instant cannot be.
    """

    provider: str
    window: str
    source: str
    read_at: datetime
    account: str = ""
    used_fraction: float | None = None
    used_points: float | None = None
    limit_points: float | None = None
    resets_at: datetime | None = None

    def __post_init__(self) -> None:
        if not self.provider or not self.window or not self.source:
            raise ValueError("a reading names its provider, its window and its source")
        for name in ("used_fraction", "used_points", "limit_points"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and 0 <= value <= 1e9):
                raise ValueError(f"{name} = {value!r} cannot be")
        if self.limit_points == 0:
            raise ValueError("a limit of 0 points cannot be")
        for name in ("read_at", "resets_at"):
            instant = getattr(self, name)
            if instant is not None and instant.utcoffset() is None:
                raise ValueError(f"{name} = {instant!r} has no time zone")
        if self.resets_at is not None and self.resets_at > self.read_at + LONGEST_WINDOW:
            raise ValueError(f"resets_at = {self.resets_at.isoformat()} lies more than a year ahead")

    @property
    def share(self) -> float | None:
        """The used share, from points where only those are known."""
        if self.used_fraction is not None:
            return self.used_fraction
        if self.used_points is not None and self.limit_points is not None:
            return self.used_points / self.limit_points
        return None


@dataclass(frozen=True, slots=True)
class QuotaFailure:
    """A source that could not be read, and why. `at` is aware."""

    provider: str
    window: str
    source: str
    at: datetime
    problem: str
    account: str = ""


@dataclass(frozen=True, slots=True)
class QuotaState:
    """One window now. `share` None is unknown; `last_share` is the last good value with its age, believed or not."""

    provider: str
    account: str
    window: str
    source: str
    share: float | None
    freshness: Freshness
    last_share: float | None
    age_s: float | None
    resets_at: datetime | None
    used_points: float | None = None
    limit_points: float | None = None
    problem: str = ""


def freshness_of(read_at: datetime | None, resets_at: datetime | None, now: datetime) -> Freshness:
    """How a reading stands now. One from the future (the clock went back) counts as just read."""
    if read_at is None:
        return "unread"
    if resets_at is not None and now >= resets_at:
        return "reset"
    age = max(now - read_at, timedelta())
    if age <= FRESH_FOR:
        return "fresh"
    return "stale" if resets_at is not None or age <= BELIEVED_FOR else "expired"


def from_ms(instant_ms: int | None) -> datetime | None:
    """An aware UTC instant of milliseconds."""
    return None if instant_ms is None else datetime.fromtimestamp(instant_ms / 1000, UTC)
