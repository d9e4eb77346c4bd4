"""The gate every call passes: no provider is called without a `Hold`, and a hold always ends.

A hold ends in one of four ways: settled with its cost, released at no cost, released because its `with` block was left,
or lapsed with its lease because the process died. Free calls (worst case 0) are recorded too; they go on with a warning
when the ledger cannot be written, while paid calls stop, because spending that is not recorded cannot be capped.

Everything here blocks for a file: async callers use `anyio.to_thread.run_sync`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Self

from llm_router_core.budgets.caps import DEFAULT_CAPS
from llm_router_core.clock import Clock
from llm_router_core.conversation import Usage
from llm_router_core.errors import BudgetExceeded, LedgerUnavailable, LLMRouterError, StorageError
from llm_router_core.storage import ledger
from llm_router_core.storage.database import Connection, Database
from llm_router_core.storage.ledger import Closing
from llm_router_core.storage.ledger import Reservation as HoldRequest

__all__ = ["BudgetGate", "Hold", "HoldRequest"]

_NO_LEDGER = "the state database cannot be used: free models go on without a record, paid calls are refused"
_NO_USAGE = Usage()


class _SelfTestDone(LLMRouterError):
    """Carries the self-test's result out of its transaction, so that the transaction is rolled back."""

    def __init__(self, *, is_refused: bool) -> None:
        super().__init__("self-test")
        self.is_refused = is_refused


class Hold:
    """Money set aside for one attempt. As a context manager it releases what was not settled."""

    __slots__ = ("_gate", "_is_open", "request", "window_day")

    def __init__(self, gate: BudgetGate, request: HoldRequest, window_day: int) -> None:
        self._gate = gate
        self._is_open = True
        self.request = request
        self.window_day = window_day

    @property
    def attempt_id(self) -> str:
        """The id of the attempt's row."""
        return self.request.attempt_id

    @property
    def held_microusd(self) -> int:
        """What was reserved."""
        return self.request.worst_case_microusd

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._is_open:
            self.release(error_kind=kind.__name__ if kind else "")

    def settle(
        self,
        cost_microusd: int | None,
        usage: Usage = _NO_USAGE,
        *,
        outcome: str = "ok",
        error_kind: str = "",
        elapsed_ms: int = 0,
    ) -> int | None:
        """Book the attempt's cost once; what was booked. A second call does nothing and returns None.

        A cost of None means that the price is unknown: a paid call is then booked at its hold and flagged `unpriced`.
        A cost of 0 for tokens that were paid for cannot be right: booked at the hold too, flagged `zero_cost`.
        """
        if not self._is_open:
            return None
        self._is_open = False
        cost, flag = _booked_cost(self.request, cost_microusd, usage)
        tokens = (
            *(usage.input_tokens, usage.cache_read_tokens, usage.cache_write_tokens),
            *(usage.cache_write_1h_tokens, usage.output_tokens, usage.reasoning_tokens),
        )
        is_estimated = usage.is_estimated or bool(flag)
        self._gate.close_hold(self, Closing(cost, tokens, is_estimated, outcome, error_kind, flag, elapsed_ms))
        return cost

    def release(self, *, outcome: str = "released", error_kind: str = "", elapsed_ms: int = 0) -> None:
        """End the hold at no cost: the call never went out, or the provider bills nothing for it."""
        if self._is_open:
            self._is_open = False
            closing = Closing(None, outcome=outcome, error_kind=error_kind, elapsed_ms=elapsed_ms)
            self._gate.close_hold(self, closing, is_release=True)


def _booked_cost(request: HoldRequest, cost_microusd: int | None, usage: Usage) -> tuple[int | None, str]:
    held = request.worst_case_microusd
    if cost_microusd is None:
        return (held, "unpriced") if held else (None, "" if request.is_price_known else "unpriced")
    if cost_microusd < 0:
        raise ValueError(f"a cost of {cost_microusd!r} micro-dollars is negative")
    if cost_microusd == 0 and held and usage.prompt_tokens + usage.output_tokens > 0:
        return held, "zero_cost"
    return cost_microusd, ""


class BudgetGate:
    """Where holds come from. `db` is None when the state database could not be opened."""

    def __init__(self, db: Database | None, clock: Clock, *, limits: Mapping[str, int] = ledger.NO_LIMITS) -> None:
        self._db = db
        self._clock = clock
        self._limits = limits
        self._unbooked: list[Callable[[Connection], bool]] = []
        self._unbooked_lock = threading.Lock()
        self.warnings: list[str] = []

    def reserve(self, request: HoldRequest) -> Hold:
        """Hold the worst case of one attempt in all its scopes, or in none.

        Raises:
            BudgetExceeded: a cap, or the call's own bound, would be passed.
            LedgerUnavailable: a paid call cannot be recorded.
            ValueError: the worst case is negative.
        """
        if request.worst_case_microusd < 0:
            raise ValueError(f"a worst case of {request.worst_case_microusd!r} micro-dollars is negative")
        if self._db is None:
            return self._without_ledger(request, None)
        now = self._clock.now()
        try:
            if self._unbooked:
                self._book_late(self._db)
            day = self._db.write(
                partial(ledger.reserve, wanted=request, now=now, default_caps=DEFAULT_CAPS, limits=self._limits)
            )
        except BudgetExceeded:
            self._note_clock(self._db)
            raise
        except StorageError as error:
            return self._without_ledger(request, error)
        return Hold(self, request, day)

    def hold(self, request: HoldRequest) -> Hold:
        """As `reserve`; reads well in `with gate.hold(request) as hold:`."""
        return self.reserve(request)

    def close_hold(self, hold: Hold, closing: Closing, *, is_release: bool = False) -> None:
        """Book the end of a hold now, or as soon as the ledger can be written again."""
        request, day = hold.request, hold.window_day

        def book(conn: Connection) -> bool:
            if is_release:
                return ledger.release(conn, request, closing, day=day)
            return ledger.settle(conn, request, closing, day=day)

        if self._db is None:
            self._warn(_NO_LEDGER)
            return
        try:
            self._db.write(book)
        except StorageError as error:
            with self._unbooked_lock:
                self._unbooked.append(book)
            self._warn(f"a cost could not be recorded yet and will be: {error.message}")

    def self_test(self) -> None:
        """Prove in a transaction that is rolled back that a cap refuses what passes it.

        Raises:
            LedgerUnavailable: it does not, or the database cannot be written; paid calls must not be made.
        """
        if self._db is None:
            raise LedgerUnavailable(_NO_LEDGER, remedy="see that the state folder can be written")
        now = self._clock.now()

        def prove(conn: Connection) -> None:
            raise _SelfTestDone(is_refused=ledger.prove_refusal(conn, now=now))

        try:
            self._db.write(prove)
        except _SelfTestDone as done:
            if done.is_refused:
                return
        except StorageError as error:
            raise LedgerUnavailable(f"the ledger cannot be written: {error.message}", remedy=error.remedy) from error
        raise LedgerUnavailable(
            "a reservation above its cap was not refused", remedy="see that the state folder can be written"
        )

    def _note_clock(self, db: Database) -> None:
        """A refusal rolls back what the ledger learnt of the clock; a wrong day in force would then never end."""
        now = self._clock.now()
        # The refusal is what the caller needs to hear; the next reservation meets the same clock.
        with suppress(StorageError):
            if not db.read(lambda conn: ledger.is_clock_noted(conn, now)):
                db.write(lambda conn: ledger.note_clock(conn, now))

    def _book_late(self, db: Database) -> None:
        """Book what could not be booked before; a paid call waits for it, because the counters lack it."""
        with self._unbooked_lock:
            while self._unbooked:
                db.write(self._unbooked[0])
                del self._unbooked[0]

    def _without_ledger(self, request: HoldRequest, error: StorageError | None) -> Hold:
        if request.worst_case_microusd:
            cause = f": {error.message}" if error else ""
            remedy = (
                error.remedy if error else ""
            ) or "see that the state folder can be written; free and local models still work"
            raise LedgerUnavailable(f"a paid call cannot be recorded{cause}", remedy=remedy) from error
        self._warn(_NO_LEDGER)
        return Hold(self, request, ledger.day_number(self._clock.now()))

    def _warn(self, text: str) -> None:
        if text not in self.warnings:
            self.warnings.append(text)
