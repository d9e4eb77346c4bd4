"""The walk down a chain: try a candidate, and on failure the next one, until one answers or the deadline is reached.

A stream that has shown text is never restarted on another model, because the reader would get two answers glued
together: it ends in a typed `Partial`. Everything before the first shown text may be retried freely. A quota, a wrong
key or a rate limit sends the walk to the next candidate at once; a server error is tried once more on the same one.
"""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

import anyio

from llm_router_core.chains.candidates import Candidate
from llm_router_core.clock import Clock
from llm_router_core.conversation import (
    AttemptFailed,
    Done,
    Event,
    Partial,
    Receipt,
    Request,
    TextDelta,
    ToolCallEvent,
)
from llm_router_core.dispatch.attempt import Attempts, CallContext, Tally
from llm_router_core.dispatch.health import HealthBoard
from llm_router_core.errors import (
    BudgetExceeded,
    ChainExhausted,
    ErrorKind,
    LedgerUnavailable,
    ProviderError,
    RefusedError,
    Rejection,
)
from llm_router_core.providers.endpoint import Limits

RETRY_SAME = frozenset({ErrorKind.UNAVAILABLE})
# What came with these is no part of an answer to the prompt that was asked.
WORTHLESS = frozenset({ErrorKind.CONTEXT_TOO_LONG, ErrorKind.CONTENT_FILTERED})
RETRY_WAIT_S = (0.1, 0.4)
SHOWN = (TextDelta, ToolCallEvent)


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds for the whole walk, and for one attempt of it."""

    call_s: float = 180.0
    attempt_s: float = 90.0


@dataclass(slots=True)
class _Progress:
    """What the walk has seen so far."""

    started_s: float
    tally: Tally = field(default_factory=Tally)
    failures: list[Rejection] = field(default_factory=list)
    refusal: RefusedError | None = None
    unfinished: tuple[Event, ...] = ()
    broke_off: tuple[Candidate, ProviderError] | None = None


@dataclass(frozen=True, slots=True)
class Walker:
    """Walks chains. One per process; it holds no state of a call."""

    attempts: Attempts
    board: HealthBoard
    clock: Clock
    deadlines: Deadlines = field(default_factory=Deadlines)

    async def run(
        self, request: Request, chain: Sequence[Candidate], context: CallContext
    ) -> AsyncGenerator[Event, None]:
        """Events of the first candidate that answers, with an `AttemptFailed` for each that did not.

        Ends in `Done` or `Partial`, both with a receipt.

        Raises:
            ChainExhausted: every candidate failed before showing anything; carries each with its reason.
            RefusedError: no candidate was affordable, and none failed otherwise.
        """
        progress = _Progress(self.clock.monotonic_s())
        for candidate in chain:
            for is_retry in (False, True):
                if self._left_s(progress) <= 0:
                    break
                async with aclosing(self._one(request, candidate, context, progress, is_retry=is_retry)) as events:
                    last: Event | None = None
                    async for event in events:
                        last = event
                        yield event
                if isinstance(last, Done | Partial):
                    return
                if not await self._wants_retry(last, is_retry=is_retry, left_s=self._left_s(progress)):
                    break
        if progress.broke_off is None:
            raise self._exhausted(progress)
        # Nobody finished: the last broken-off answer, marked as such, is better than nothing for the money.
        for event in progress.unfinished:
            yield event
        candidate, error = progress.broke_off
        yield Partial(error.kind, error.message, self._receipt(candidate, context, progress))

    def _left_s(self, progress: _Progress) -> float:
        return self.deadlines.call_s - (self.clock.monotonic_s() - progress.started_s)

    async def _wants_retry(self, last: Event | None, *, is_retry: bool, left_s: float) -> bool:
        wants = isinstance(last, AttemptFailed) and last.kind in RETRY_SAME and not is_retry
        if wants:
            await anyio.sleep(min(random.uniform(*RETRY_WAIT_S), max(left_s, 0)))
        return wants

    async def _one(
        self, request: Request, candidate: Candidate, context: CallContext, progress: _Progress, *, is_retry: bool
    ) -> AsyncGenerator[Event, None]:
        """One attempt: its events when it may show them, else an `AttemptFailed`, `Partial` or the buffered answer."""
        provider, model = candidate.model.provider, candidate.model.name
        began_s = self.clock.monotonic_s()
        if not await anyio.to_thread.run_sync(self.board.admit, candidate.endpoint, model):
            yield self._failed(candidate, ProviderError(ErrorKind.LEFT_ALONE, "its breaker is open"), progress, began_s)
            return
        limits = Limits(deadline_s=min(self.deadlines.attempt_s, max(self._left_s(progress), 0.001)))
        booked = replace(context, purpose="retry") if is_retry else context
        buffered: list[Event] = []
        has_shown = False
        try:
            run = self.attempts.run(with_effort(request, candidate), candidate, booked, limits, progress.tally)
            async with aclosing(run) as events:
                async for event in events:
                    if request.stream and not isinstance(event, Done):
                        yield event
                        has_shown |= isinstance(event, SHOWN)
                    else:
                        buffered.append(event)
        except ProviderError as error:
            await anyio.to_thread.run_sync(self.board.failed, candidate.endpoint, model, error)
            if has_shown:
                yield Partial(error.kind, error.message, self._receipt(candidate, context, progress))
                return
            if error.kind not in WORTHLESS and any(isinstance(event, TextDelta) for event in buffered):
                progress.unfinished, progress.broke_off = tuple(buffered), (candidate, error)
            yield self._failed(candidate, error, progress, began_s)
        except (BudgetExceeded, LedgerUnavailable) as refused:
            progress.refusal = refused
            progress.failures.append(Rejection(candidate.id, "budget", refused.message))
            yield AttemptFailed(provider, model, refused.code, refused.message)
        else:
            await anyio.to_thread.run_sync(self.board.succeeded, candidate.endpoint, model)
            for event in buffered:
                yield self._with_receipt(event, candidate, context, progress)

    def _with_receipt(self, event: Event, candidate: Candidate, context: CallContext, progress: _Progress) -> Event:
        if isinstance(event, Done):
            return replace(event, receipt=self._receipt(candidate, context, progress))
        return event

    def _failed(self, candidate: Candidate, error: ProviderError, progress: _Progress, began_s: float) -> AttemptFailed:
        progress.failures.append(Rejection(candidate.id, error.kind, error.message))
        elapsed_ms = round((self.clock.monotonic_s() - began_s) * 1000)
        return AttemptFailed(candidate.model.provider, candidate.model.name, error.kind, error.message, elapsed_ms)

    def _receipt(self, candidate: Candidate, context: CallContext, progress: _Progress) -> Receipt:
        tally = progress.tally
        return Receipt(
            call_id=context.call_id,
            provider=candidate.model.provider,
            model=candidate.model.name,
            reason=candidate.why,
            cost_microusd=tally.cost_microusd if tally.is_price_known else None,
            elapsed_ms=round((self.clock.monotonic_s() - progress.started_s) * 1000),
            attempts=tally.attempts,
            usage=tally.usage,
            is_estimated=tally.is_estimated,
        )

    def _exhausted(self, progress: _Progress) -> Exception:
        if progress.refusal and all(failure.stage == "budget" for failure in progress.failures):
            return progress.refusal
        if self._left_s(progress) <= 0 and not progress.failures:
            return ChainExhausted(f"no answer within {self.deadlines.call_s:g} s", ())
        count = len({failure.candidate for failure in progress.failures})
        return ChainExhausted(
            f"{'the only candidate' if count == 1 else f'all {count} candidates'} failed",
            progress.failures,
            remedy="`llm-router explain` shows the chain; `llm-router models` shows what is reachable",
        )


def with_effort(request: Request, candidate: Candidate) -> Request:
    """The request with the candidate's output bound, and its effort where the request asks for none."""
    sampling = replace(request.sampling, max_output_tokens=candidate.max_output_tokens)
    if candidate.effort and sampling.effort is None:
        sampling = replace(sampling, effort=candidate.effort)
    return replace(request, sampling=sampling)
