"""The quota windows of this machine's accounts: recording readings and looking at them. Sources come with the hosts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from llm_router_core.quotas.reading import QuotaFailure, QuotaReading, QuotaState, freshness_of, from_ms
from llm_router_core.storage import quotas as table
from llm_router_core.storage.database import Database

_PPM = 1_000_000
_MILLI = 1_000
_MAX_PROBLEM = 120


def record_reading(db: Database, reading: QuotaReading) -> bool:
    """Store a reading; False when a newer one of the same window is there already.

    Raises:
        StorageError: it could not be stored.
    """
    row = table.Row(
        *(reading.provider, reading.account, reading.window, reading.source),
        used_ppm=None if reading.share is None else round(reading.share * _PPM),
        used_millipoints=_milli(reading.used_points),
        limit_millipoints=_milli(reading.limit_points),
        resets_at_ms=None if reading.resets_at is None else _ms(reading.resets_at),
        read_at_ms=_ms(reading.read_at),
    )
    return db.write(lambda conn: table.put(conn, row))


def record_failure(db: Database, failure: QuotaFailure) -> None:
    """Note that a source could not be read. The last good reading stays, with its age.

    Raises:
        StorageError: it could not be stored.
    """
    key, text = (failure.provider, failure.account, failure.window), failure.problem[:_MAX_PROBLEM]
    at_ms = _ms(failure.at)
    db.write(lambda conn: table.put_failure(conn, key, source=failure.source, at_ms=at_ms, problem=text))


def list_states(db: Database, now: datetime) -> tuple[QuotaState, ...]:
    """Every window ever read or tried, as it stands now; none when no host reports any.

    Raises:
        StorageError: they could not be read.
    """
    return tuple(state_of(row, now) for row in db.read(table.load))


def state_of(row: table.Row, now: datetime) -> QuotaState:
    """One stored window as it stands at `now`."""
    read_at, resets_at = from_ms(row.read_at_ms), from_ms(row.resets_at_ms)
    freshness = freshness_of(read_at, resets_at, now)
    last = None if row.used_ppm is None else row.used_ppm / _PPM
    return QuotaState(
        *(row.provider, row.account, row.window, row.source),
        share=last if freshness in {"fresh", "stale"} else None,
        freshness=freshness,
        last_share=last,
        age_s=None if read_at is None else max(0.0, (now - read_at).total_seconds()),
        resets_at=resets_at,
        used_points=None if row.used_millipoints is None else row.used_millipoints / _MILLI,
        limit_points=None if row.limit_millipoints is None else row.limit_millipoints / _MILLI,
        problem=row.problem,
    )


def quota_pressure(states: Iterable[QuotaState]) -> dict[str, float]:
    """The used share of each account by `quota:PROVIDER` (`quota:PROVIDER:ACCOUNT` with a named account).

    An account is as full as its fullest window. What is unknown is not in the result.
    """
    pressure: dict[str, float] = {}
    for state in states:
        if state.share is not None:
            key = f"quota:{state.provider}" + (f":{state.account}" if state.account else "")
            pressure[key] = max(pressure.get(key, 0.0), state.share)
    return pressure


def _ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)


def _milli(points: float | None) -> int | None:
    return None if points is None else round(points * _MILLI)
