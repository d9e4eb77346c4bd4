"""Attempts and counters: a reservation takes all its scopes or none, a settlement books exactly once.

Windows are named by numbers: a UTC day such as 20260305, a UTC month such as 202603, 0 for what never ends.

    scope      name          window
    session    session id    0
    call       call id       0          only for a call with a bound of its own (`max_cost_microusd`)
    project    project id    UTC month
    day        ''            UTC day
    month      ''            UTC month
    provider   provider id   UTC month

Two invariants hold after every transaction: `held` of a counter is the sum of its attempts in state `held`, and `spent`
is the sum of their costs plus the adjustments. Which day is in force is decided by `booking_day`: a clock that jumps
cannot reopen a window. All functions run inside the caller's transaction.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from llm_router_core.errors import BudgetExceeded
from llm_router_core.storage import booking_day

Purpose = Literal["answer", "retry", "judge", "classifier", "media", "cache"]
Key = tuple[str, str, int]  # scope, name, window
NO_CAP = 1 << 60
NO_LIMITS: Mapping[str, int] = MappingProxyType({})
DEADLINE_S = 120.0
LEASE_GRACE_S = 60.0

_PRELUDE = """
SELECT scope, cap_microusd FROM caps
UNION ALL SELECT '#' || name, value FROM meta WHERE name IN ('day_high_water', 'clock_low_since_ms')
UNION ALL SELECT '#lease', min(lease_until_ms) FROM attempts WHERE state = 'held'
"""
_EXPIRE = """
UPDATE attempts SET state = 'expired' WHERE state = 'held' AND lease_until_ms <= ?
RETURNING held_microusd, window_day, session, project, provider, call_id, max_cost_microusd
"""
# Run for one scope after the other; the update's own condition decides, and after a scope that had no room, or no
# counter yet, the rest changes nothing: how many rows changed says where it stopped.
_TAKE = """
UPDATE counters SET held = held + ?, touched_day = ?
WHERE scope = ? AND name = ? AND win = ? AND spent + held + ? <= ? AND (? = 0 OR changes() = 1)
"""
_OPEN = "INSERT INTO counters VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
_USED = "SELECT spent + held FROM counters WHERE scope = ? AND name = ? AND win = ?"
_BOOK = "UPDATE counters SET held = held - ?, spent = spent + ? WHERE scope = ? AND name = ? AND win = ?"
_INSERT = """
INSERT INTO attempts (id, call_id, decision_id, started_ms, window_day, session, project, provider, model, purpose,
  state, held_microusd, max_cost_microusd, is_price_known, price_version, lease_until_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'held', ?, ?, ?, ?, ?)
"""
_CLOSE = """
UPDATE attempts SET state = ?, cost_microusd = ?, is_estimated = ?, input_tokens = ?, cache_read_tokens = ?,
  cache_write_tokens = ?, cache_write_1h_tokens = ?, output_tokens = ?, reasoning_tokens = ?, outcome = ?,
  error_kind = ?, flags = ?, elapsed_ms = ?
WHERE id = ? AND state = ?
"""
_FIND = "SELECT state, window_day FROM attempts WHERE id = ?"


def new_id() -> str:
    """A new id that sorts by time, so that rows of one day stand together."""
    return f"{time.time_ns():016x}{os.urandom(8).hex()}"


@dataclass(frozen=True, slots=True)
class Reservation:
    """What an attempt needs at worst, and what its row says.

    An empty `session` or `project` has no counter. `max_cost_microusd` bounds all attempts of `call_id` together.
    The hold lapses `deadline_s` plus a minute's grace after the reservation.
    """

    provider: str
    model: str
    worst_case_microusd: int
    call_id: str
    session: str = ""
    project: str = ""
    purpose: Purpose = "answer"
    decision_id: str = ""
    max_cost_microusd: int | None = None
    is_price_known: bool = True
    price_version: str = ""
    deadline_s: float = DEADLINE_S
    attempt_id: str = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class Closing:
    """How an attempt ended. `tokens`: input, cache read, cache write, of which one hour, output, of which reasoning."""

    cost_microusd: int | None
    tokens: tuple[int, int, int, int, int, int] = (0, 0, 0, 0, 0, 0)
    is_estimated: bool = False
    outcome: str = ""
    error_kind: str = ""
    flags: str = ""
    elapsed_ms: int = 0


@dataclass(frozen=True, slots=True)
class Balance:
    """One counter."""

    scope: str
    name: str
    window: int
    spent_microusd: int
    held_microusd: int


def day_number(instant: datetime) -> int:
    """The UTC day of an aware UTC instant as a number such as 20260305."""
    return instant.year * 10_000 + instant.month * 100 + instant.day


def windows(session: str, project: str, provider: str, day: int) -> tuple[Key, ...]:
    """Scope, name and window of every counter an attempt belongs to."""
    month = day // 100
    keys: tuple[Key, ...] = (("day", "", day), ("month", "", month), ("provider", provider, month))
    if project:
        keys = (("project", project, month), *keys)
    if session:
        keys = (("session", session, 0), *keys)
    return keys


def bounded(caps: Mapping[str, int], limits: Mapping[str, int]) -> dict[str, int]:
    """The caps, none above its limit; a scope with a limit and no cap gets the limit."""
    return {**caps, **{scope: min(limit, caps.get(scope, limit)) for scope, limit in limits.items()}}


def reserve(
    conn: sqlite3.Connection,
    wanted: Reservation,
    *,
    now: datetime,
    default_caps: Mapping[str, int],
    limits: Mapping[str, int] = NO_LIMITS,
) -> int:
    """Hold the worst case in every scope and write the attempt's row; the day whose windows it is held in.

    `limits` are upper bounds by scope that no cap passes. Caps are read and lapsed holds are given back in the same
    transaction.

    Raises:
        BudgetExceeded: names the first scope without room; the caller's transaction must be rolled back.
    """
    now_ms = int(now.timestamp() * 1000)
    caps, day = _prelude(conn, day_number(now), now_ms, default_caps)
    if wanted.worst_case_microusd:
        _take_all(conn, wanted, day, bounded(caps, limits) if limits else caps)
    _insert(conn, wanted, now_ms=now_ms, day=day)
    return day


def _insert(conn: sqlite3.Connection, wanted: Reservation, *, now_ms: int, day: int) -> None:
    lease_until_ms = now_ms + int((wanted.deadline_s + LEASE_GRACE_S) * 1000)
    conn.execute(
        _INSERT,
        (
            *(wanted.attempt_id, wanted.call_id, wanted.decision_id, now_ms, day),
            *(wanted.session, wanted.project, wanted.provider, wanted.model, wanted.purpose),
            *(wanted.worst_case_microusd, wanted.max_cost_microusd, wanted.is_price_known, wanted.price_version),
            lease_until_ms,
        ),
    )


def _prelude(
    conn: sqlite3.Connection, day: int, now_ms: int, default_caps: Mapping[str, int]
) -> tuple[dict[str, int], int]:
    """The caps in force and the day to book on, after lapsed holds were given back."""
    caps = dict(default_caps)
    caps.update(conn.execute(_PRELUDE).fetchall())
    in_force, low_since_ms = caps.pop("#day_high_water", 0), caps.pop("#clock_low_since_ms", None)
    if day != in_force or low_since_ms is not None:
        day = booking_day.advance(conn, day, in_force, now_ms=now_ms, low_since_ms=low_since_ms)
    lease = caps.pop("#lease", None)
    if lease is not None and lease <= now_ms:
        expire(conn, now_ms)
    return caps, day


def _take_all(conn: sqlite3.Connection, wanted: Reservation, day: int, caps: Mapping[str, int]) -> None:
    """Hold the amount in scope after scope, up to the first without room."""
    amount = wanted.worst_case_microusd
    keys = _keys_of(wanted, day)
    limits = [_cap_of(key, wanted, caps) for key in keys]
    rows = [(amount, day, *key, amount, cap, place) for place, (key, cap) in enumerate(zip(keys, limits, strict=True))]
    place = 0
    while place < len(rows):
        place += conn.executemany(_TAKE, rows[place:]).rowcount
        if place == len(rows):
            return
        # No counter yet: it starts at the amount, which must fit alone.
        key, cap = keys[place], limits[place]
        if amount > cap or conn.execute(_OPEN, (*key, 0, amount, day)).rowcount != 1:
            raise _refusal(conn, key, amount, cap)
        place += 1


def _cap_of(key: Key, wanted: Reservation, caps: Mapping[str, int]) -> int:
    scope = key[0]
    if scope == "call":
        return wanted.max_cost_microusd or 0
    return caps.get(f"provider:{key[1]}" if scope == "provider" else scope, NO_CAP)


def _refusal(conn: sqlite3.Connection, key: Key, amount: int, cap: int) -> BudgetExceeded:
    used = conn.execute(_USED, key).fetchone()
    scope = f"provider:{key[1]}" if key[0] == "provider" else key[0]
    error = BudgetExceeded(scope, cap_microusd=cap, used_microusd=used[0] if used else 0, wanted_microusd=amount)
    if scope == "call":
        error.remedy = "allow this call a higher maximum cost, or choose a cheaper model"
    return error


def expire(conn: sqlite3.Connection, now_ms: int) -> int:
    """Give back the holds whose lease has lapsed; how many there were."""
    lapsed = conn.execute(_EXPIRE, (now_ms,)).fetchall()
    for held, day, session, project, provider, call_id, max_cost in lapsed:
        keys = windows(session, project, provider, day)
        _book(conn, keys if max_cost is None else (("call", call_id, 0), *keys), held=held, cost=0, day=day)
    return len(lapsed)


def settle(conn: sqlite3.Connection, wanted: Reservation, closing: Closing, *, day: int) -> bool:
    """Book what the attempt cost; whether this call booked it (False: it was closed before).

    `day` is what `reserve` returned. A cost above the hold is booked in full and flagged `over_hold`; one that comes
    after the lease is flagged `late`; one whose row is gone (the database was replaced) brings its row along and is
    flagged `restored`.
    """
    cost = closing.cost_microusd or 0
    over = ("over_hold",) if cost > wanted.worst_case_microusd else ()
    if _close(conn, wanted.attempt_id, closing, over):
        _book(conn, _keys_of(wanted, day), held=wanted.worst_case_microusd, cost=cost, day=day)
        return True
    found = conn.execute(_FIND, (wanted.attempt_id,)).fetchone()
    if found is None:
        _insert(conn, wanted, now_ms=0, day=day)
        conn.execute("UPDATE attempts SET state = 'expired' WHERE id = ?", (wanted.attempt_id,))
    if not _close(conn, wanted.attempt_id, closing, (*over, "late" if found else "restored"), before="expired"):
        return False
    _book(conn, _keys_of(wanted, day), held=0, cost=cost, day=day)
    return True


def release(conn: sqlite3.Connection, wanted: Reservation, closing: Closing, *, day: int) -> bool:
    """Give the hold back at no cost; whether it was still held."""
    if not _close(conn, wanted.attempt_id, closing, (), state="released"):
        return False
    _book(conn, _keys_of(wanted, day), held=wanted.worst_case_microusd, cost=0, day=day)
    return True


def _keys_of(wanted: Reservation, day: int) -> tuple[Key, ...]:
    keys = windows(wanted.session, wanted.project, wanted.provider, day)
    return keys if wanted.max_cost_microusd is None else (("call", wanted.call_id, 0), *keys)


def _close(
    conn: sqlite3.Connection,
    attempt_id: str,
    closing: Closing,
    marks: tuple[str, ...],
    *,
    before: str = "held",
    state: str = "settled",
) -> bool:
    flags = " ".join((closing.flags, *marks)).strip() if marks else closing.flags
    values = (
        *(state, closing.cost_microusd, closing.is_estimated, *closing.tokens),
        *(closing.outcome, closing.error_kind, flags, closing.elapsed_ms, attempt_id, before),
    )
    return conn.execute(_CLOSE, values).rowcount == 1


def _book(conn: sqlite3.Connection, keys: tuple[Key, ...], *, held: int, cost: int, day: int) -> None:
    if not held and not cost:
        return
    if conn.executemany(_BOOK, [(held, cost, *key) for key in keys]).rowcount != len(keys):
        conn.executemany(_OPEN, [(*key, cost, 0, day) for key in keys])  # those that exist are left alone


def current_day(conn: sqlite3.Connection, now: datetime) -> int:
    """The day that counts: today in UTC, unless the clock jumped (see `booking_day`)."""
    return booking_day.read_day(conn, day_number(now), int(now.timestamp() * 1000))


def is_clock_noted(conn: sqlite3.Connection, now: datetime) -> bool:
    """Whether the clock says nothing about the day in force that is not stored."""
    return booking_day.is_noted(conn, day_number(now), int(now.timestamp() * 1000))


def note_clock(conn: sqlite3.Connection, now: datetime) -> None:
    """Store what the clock says of the day in force, for a reservation that was refused and took nothing."""
    now_ms = int(now.timestamp() * 1000)
    in_force, low_since_ms = booking_day.load_marks(conn)
    booking_day.advance(conn, day_number(now), in_force, now_ms=now_ms, low_since_ms=low_since_ms)


def balances(conn: sqlite3.Connection, *, day: int) -> list[Balance]:
    """The counters of the windows that contain `day`, sessions included."""
    rows = conn.execute(
        "SELECT scope, name, win, spent, held FROM counters WHERE win IN (0, ?, ?) AND scope <> 'call' "
        "ORDER BY scope, name",
        (day, day // 100),
    )
    return [Balance(*row) for row in rows]


def prove_refusal(conn: sqlite3.Connection, *, now: datetime) -> bool:
    """Whether one micro-dollar above a full session cap is refused; the caller rolls the transaction back."""
    conn.execute("INSERT INTO caps VALUES ('session', 1000) ON CONFLICT DO UPDATE SET cap_microusd = 1000")
    conn.execute("INSERT INTO counters VALUES ('session', 'self-test', 0, 400, 600, 0)")
    try:
        reserve(conn, Reservation("self-test", "", 1, "self-test", session="self-test"), now=now, default_caps={})
    except BudgetExceeded as refusal:
        return refusal.scope == "session"
    return False
