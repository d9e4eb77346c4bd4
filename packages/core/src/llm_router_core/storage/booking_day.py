"""Which UTC day a reservation is booked on, whatever the clock does. The month follows from the day.

A wall clock can be wrong in both directions, and nothing else on the machine says what day it is. So:

1. The day in force is stored. It moves forward as soon as the clock does.
2. A clock that reads an earlier day changes nothing: what was closed stays closed.
3. A day that was in force once never is again, so no balance starts from zero twice.
4. The clock can also have been wrong *before*: one false jump to 2099 must not freeze the budgets for 73 years. When
   it reads more than a day before the day in force and has run like that for a whole day, that later day is refuted.
   The day in force then becomes the one on the clock, and *nothing is given back*: what was booked under the refuted
   day and month is carried into the windows that take their place, as adjustments with a reason. It also stays in the
   refuted windows, so no counter ever falls.

The worst a false jump costs a user is therefore two days on one day's cap. The worst it can add to spending is what
any forward jump adds: one window that opens early.
"""

from __future__ import annotations

import sqlite3
from datetime import date

TOLERANCE_DAYS = 1
REFUTED_AFTER_MS = 86_400_000
DAY_MARK = "day_high_water"
LOW_MARK = "clock_low_since_ms"

_SET = "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2"
_WAS_OPENED = "SELECT 1 FROM counters WHERE scope = 'day' AND name = '' AND win = ?"
_IS_HELD = "SELECT 1 FROM counters WHERE scope = 'day' AND name = '' AND win = ? AND held > 0"
_BALANCES = """
SELECT scope, name, win, spent FROM counters
WHERE win IN (?, ?) AND scope NOT IN ('call', 'session') AND spent > 0
"""
_CARRIED = "SELECT ifnull(sum(amount_microusd), 0) FROM adjustments WHERE scope = ? AND name = ? AND reason = ?"
_ADJUST = "INSERT INTO adjustments (at_ms, scope, name, win, amount_microusd, reason) VALUES (?, ?, ?, ?, ?, ?)"
_ADD = """
INSERT INTO counters VALUES (?1, ?2, ?3, ?4, 0, ?5)
ON CONFLICT DO UPDATE SET spent = spent + ?4, touched_day = max(touched_day, ?5)
"""


def next_day(
    clock_day: int, in_force: int, *, now_ms: int, low_since_ms: int | None, was_opened: bool
) -> tuple[int, int | None]:
    """The day in force after a look at the clock, and since when the clock has been reading too early a day.

    Days are numbers such as 20260305; `in_force` 0 means that there is none yet. `was_opened` says whether the clock's
    day was in force before.
    """
    if clock_day == in_force:
        return in_force, None
    if clock_day > in_force:
        return (in_force if was_opened else clock_day), None
    if _days_between(clock_day, in_force) <= TOLERANCE_DAYS:
        return in_force, None
    since_ms = now_ms if low_since_ms is None or now_ms < low_since_ms else low_since_ms
    if was_opened or now_ms - since_ms < REFUTED_AFTER_MS:
        return in_force, since_ms
    return clock_day, None


def read_day(conn: sqlite3.Connection, clock_day: int, now_ms: int) -> int:
    """The day a reservation made now would be booked on; changes nothing."""
    in_force, low_since_ms = load_marks(conn)
    return _look(conn, clock_day, in_force, now_ms=now_ms, low_since_ms=low_since_ms)[0]


def is_noted(conn: sqlite3.Connection, clock_day: int, now_ms: int) -> bool:
    """Whether `advance` would store nothing new."""
    in_force, low_since_ms = load_marks(conn)
    return (in_force, low_since_ms) == _look(conn, clock_day, in_force, now_ms=now_ms, low_since_ms=low_since_ms)


def load_marks(conn: sqlite3.Connection) -> tuple[int, int | None]:
    """The day in force, 0 before the first one, and since when the clock has read too early a day."""
    marks = dict(conn.execute("SELECT name, value FROM meta WHERE name IN (?, ?)", (DAY_MARK, LOW_MARK)).fetchall())
    return marks.get(DAY_MARK, 0), marks.get(LOW_MARK)


def advance(conn: sqlite3.Connection, clock_day: int, in_force: int, *, now_ms: int, low_since_ms: int | None) -> int:
    """The day to book on, stored; the caller holds the write transaction."""
    day, since_ms = _look(conn, clock_day, in_force, now_ms=now_ms, low_since_ms=low_since_ms)
    if day < in_force:
        _carry(conn, in_force, day, at_ms=now_ms)
    if day != in_force:
        conn.execute(_SET, (DAY_MARK, day))
    if since_ms is None:
        conn.execute("DELETE FROM meta WHERE name = ?", (LOW_MARK,))
    elif since_ms != low_since_ms:
        conn.execute(_SET, (LOW_MARK, since_ms))
    return day


def _look(
    conn: sqlite3.Connection, clock_day: int, in_force: int, *, now_ms: int, low_since_ms: int | None
) -> tuple[int, int | None]:
    was_opened = clock_day != in_force and conn.execute(_WAS_OPENED, (clock_day,)).fetchone() is not None
    day, since_ms = next_day(clock_day, in_force, now_ms=now_ms, low_since_ms=low_since_ms, was_opened=was_opened)
    if day < in_force and conn.execute(_IS_HELD, (in_force,)).fetchone():
        # What is still held would be booked on the refuted day after its balance was carried over. It ends soon.
        return in_force, low_since_ms
    return day, since_ms


def _carry(conn: sqlite3.Connection, refuted: int, day: int, *, at_ms: int) -> None:
    """Add the balances of the refuted day and month to those that take their place, each amount once."""
    for scope, name, win, spent in conn.execute(_BALANCES, (refuted, refuted // 100)).fetchall():
        target = day if scope == "day" else day // 100
        if target == win:
            continue
        reason = f"carried over from {win}, which the clock refuted"
        amount = spent - conn.execute(_CARRIED, (scope, name, reason)).fetchone()[0]
        if amount > 0:
            conn.execute(_ADJUST, (at_ms, scope, name, target, amount, reason))
            conn.execute(_ADD, (scope, name, target, amount, day))


def _days_between(earlier: int, later: int) -> int:
    return (_date(later) - _date(earlier)).days


def _date(day: int) -> date:
    return date(day // 10_000, day // 100 % 100, day % 100)
