"""When a model is left alone after failures: a pure state machine that every attempt feeds.

Closed: calls go through. Open: no call until `open_until`. After that exactly one caller may probe; its success closes
the breaker, its failure opens it again for longer. A breaker belongs to (provider, account, model): another key at the
same provider is another account, so mending a key is never held back by the old one's failures.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from llm_router_core.errors import ErrorKind

Verdict = Literal["closed", "open", "probe"]

FAILURES_TO_OPEN = 2
FIRST_OPEN_S = 30.0
LONGEST_OPEN_S = 3600.0
PROBE_S = 120.0

# How long one failure of a kind is enough to stay away: waiting less would only repeat it.
OPENS_AT_ONCE_S = {
    ErrorKind.RATE_LIMITED: 15.0,
    ErrorKind.QUOTA: 900.0,
    ErrorKind.AUTH: 300.0,
    ErrorKind.MODEL_NOT_FOUND: 900.0,
}
COUNTS = frozenset(
    {
        ErrorKind.UNAVAILABLE,
        ErrorKind.UNREACHABLE,
        ErrorKind.TIMED_OUT,
        ErrorKind.INTERRUPTED,
        ErrorKind.BAD_REPLY,
    }
)


@dataclass(frozen=True, slots=True)
class Breaker:
    """One breaker's memory. A breaker that was never fed is `Breaker()`."""

    failures: int = 0
    open_until: datetime | None = None
    probe_until: datetime | None = None
    kind: str = ""


def verdict(breaker: Breaker, now: datetime) -> Verdict:
    """What a caller may do now. A clock set back cannot hold a breaker open for longer than an hour."""
    if breaker.open_until is None:
        return "closed"
    if now < breaker.open_until <= now + timedelta(seconds=LONGEST_OPEN_S):
        return "open"
    probing = breaker.probe_until is not None and now < breaker.probe_until <= now + timedelta(seconds=PROBE_S)
    return "open" if probing else "probe"


def probing(breaker: Breaker, now: datetime) -> Breaker:
    """The breaker while one caller probes: open to everybody else."""
    return replace(breaker, probe_until=now + timedelta(seconds=PROBE_S))


def after_failure(breaker: Breaker, kind: ErrorKind, now: datetime, *, retry_after_s: float | None = None) -> Breaker:
    """The breaker after a failed attempt. Failures that say nothing of the provider's health leave it unchanged."""
    if kind in OPENS_AT_ONCE_S:
        seconds = min(OPENS_AT_ONCE_S[kind] if retry_after_s is None else retry_after_s, LONGEST_OPEN_S)
        return Breaker(breaker.failures + 1, now + timedelta(seconds=seconds), None, kind)
    if kind not in COUNTS:
        return replace(breaker, probe_until=None)
    failures = breaker.failures + 1
    if failures < FAILURES_TO_OPEN:
        return Breaker(failures, None, None, kind)
    seconds = min(FIRST_OPEN_S * 2 ** (failures - FAILURES_TO_OPEN), LONGEST_OPEN_S)
    return Breaker(failures, now + timedelta(seconds=seconds), None, kind)
