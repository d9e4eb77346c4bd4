"""The walk down a chain: try a candidate, and on failure the next one, until one answers or the deadline is reached.

A stream that has shown text is never restarted on another model, because the reader would get two answers glued
together: it ends in a typed `Partial`. Everything before the first shown text may be retried freely. A quota, a wrong
key or a rate limit sends the walk to the next candidate at once; a server error is tried once more on the same one.
The last candidate is waited for, once, when it says how long and the deadline allows. A candidate that was to search
the web shows nothing before it names a source, and one that never does has failed: its answer would be a guess.
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
    Citation,
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

# What came with these is no part of an answer to the prompt that was asked.
WORTHLESS = frozenset({ErrorKind.CONTEXT_TOO_LONG, ErrorKind.CONTENT_FILTERED})
RETRY_WAIT_S = (0.1, 0.4)
PROBE_MARGIN_S = 0.02  # so that the breaker, which opened a moment later than the reply came, lets the retry through
SHOWN = (TextDelta, ToolCallEvent)
UNGROUNDED = ProviderError(ErrorKind.BAD_REPLY, "it answered without naming a source")


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
    error: ProviderError | None = None


@dataclass(slots=True)
class _Current:
    """One attempt under way: what it said and has not shown, and whether it may show anything yet."""

    candidate: Candidate
    began_s: float
    has_source: bool
    has_shown: bool = False
    buffered: list[Event] = field(default_factory=list)

    def take(self, event: Event, *, is_stream: bool) -> list[Event]:
        """What may be shown now: nothing unless streaming, nothing before a source, and never `Done`."""
        self.buffered.append(event)
        self.has_source |= isinstance(event, Citation)
        if not is_stream or not self.has_source:
            return []
        shown: list[Event] = [item for item in self.buffered if not isinstance(item, Done)]
        self.buffered = [item for item in self.buffered if isinstance(item, Done)]
        self.has_shown |= any(isinstance(item, SHOWN) for item in shown)
        return shown


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
        for place, candidate in enumerate(chain, 1):
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
                wait_s = retry_wait_s(progress.error, is_last=place == len(chain), left_s=self._left_s(progress))
                if is_retry or wait_s is None:
                    break
                await anyio.sleep(wait_s)
        if progress.broke_off is None:
            raise self._exhausted(progress)
        # Nobody finished: the last broken-off answer, marked as such, is better than nothing for the money.
        for event in progress.unfinished:
            yield event
        candidate, error = progress.broke_off
        yield Partial(error.kind, error.message, self._receipt(candidate, context, progress))

    def _left_s(self, progress: _Progress) -> float:
        return self.deadlines.call_s - (self.clock.monotonic_s() - progress.started_s)

    async def _one(
        self, request: Request, candidate: Candidate, context: CallContext, progress: _Progress, *, is_retry: bool
    ) -> AsyncGenerator[Event, None]:
        """One attempt: its events when it may show them, else an `AttemptFailed`, `Partial` or the buffered answer."""
        provider, model = candidate.model.provider, candidate.model.name
        progress.error = None
        current = _Current(candidate, self.clock.monotonic_s(), has_source=not candidate.needs_web)
        if not await self._is_admitted(candidate):
            yield self._failed(current, ProviderError(ErrorKind.LEFT_ALONE, "its breaker is open"), progress)
            return
        limits = Limits(deadline_s=min(self.deadlines.attempt_s, max(self._left_s(progress), 0.001)))
        booked = replace(context, purpose="retry") if is_retry else context
        try:
            run = self.attempts.run(with_effort(request, candidate), candidate, booked, limits, progress.tally)
            async with aclosing(run) as events:
                async for event in events:
                    for shown in current.take(event, is_stream=request.stream):
                        yield shown
        except ProviderError as error:
            yield await self._broke_off(current, error, context, progress)
        except (BudgetExceeded, LedgerUnavailable) as refused:
            progress.refusal = refused
            progress.failures.append(Rejection(candidate.id, "budget", refused.message))
            yield AttemptFailed(provider, model, refused.code, refused.message)
        else:
            if not self.board.is_untroubled(candidate.endpoint, model):
                await anyio.to_thread.run_sync(self.board.succeeded, candidate.endpoint, model)
            if not current.has_source:
                yield self._failed(current, UNGROUNDED, progress)
                return
            for event in current.buffered:
                yield self._with_receipt(event, candidate, context, progress)

    async def _is_admitted(self, candidate: Candidate) -> bool:
        endpoint, model = candidate.endpoint, candidate.model.name
        if self.board.is_untroubled(endpoint, model):
            return True
        return await anyio.to_thread.run_sync(self.board.admit, endpoint, model)

    async def _broke_off(
        self, current: _Current, error: ProviderError, context: CallContext, progress: _Progress
    ) -> AttemptFailed | Partial:
        """What a failed attempt leaves: the end of what was shown, or a failure with its text kept in reserve."""
        candidate = current.candidate
        progress.error = error
        await anyio.to_thread.run_sync(self.board.failed, candidate.endpoint, candidate.model.name, error)
        if current.has_shown:
            return Partial(error.kind, error.message, self._receipt(candidate, context, progress))
        is_worth_keeping = current.has_source and error.kind not in WORTHLESS
        if is_worth_keeping and any(isinstance(event, TextDelta) for event in current.buffered):
            progress.unfinished, progress.broke_off = tuple(current.buffered), (candidate, error)
        return self._failed(current, error, progress)

    def _with_receipt(self, event: Event, candidate: Candidate, context: CallContext, progress: _Progress) -> Event:
        if isinstance(event, Done):
            return replace(event, receipt=self._receipt(candidate, context, progress))
        return event

    def _failed(self, current: _Current, error: ProviderError, progress: _Progress) -> AttemptFailed:
        model = current.candidate.model
        progress.failures.append(Rejection(current.candidate.id, error.kind, error.message))
        elapsed_ms = round((self.clock.monotonic_s() - current.began_s) * 1000)
        return AttemptFailed(model.provider, model.name, error.kind, error.message, elapsed_ms)

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


def retry_wait_s(error: ProviderError | None, *, is_last: bool, left_s: float) -> float | None:
    """How long to wait before the same candidate is tried once more; None: it is not."""
    if error is None or error.kind not in {ErrorKind.UNAVAILABLE, ErrorKind.RATE_LIMITED}:
        return None
    jitter_s = random.uniform(*RETRY_WAIT_S)
    told_s = error.retry_after_s
    if told_s is None:
        wait_s = jitter_s if error.kind is ErrorKind.UNAVAILABLE else left_s
    elif is_last:
        wait_s = max(told_s + PROBE_MARGIN_S, jitter_s)
    else:
        wait_s = jitter_s if error.kind is ErrorKind.UNAVAILABLE and told_s <= jitter_s else left_s
    return wait_s if wait_s < left_s else None


def with_effort(request: Request, candidate: Candidate) -> Request:
    """The request as this candidate gets it.

    With its output bound, its effort where the request asks for none, no effort where the model is known to have none,
    and with the web where it is to search.
    """
    sampling = replace(request.sampling, max_output_tokens=candidate.max_output_tokens)
    if candidate.effort and sampling.effort is None:
        sampling = replace(sampling, effort=candidate.effort)
    if candidate.model.capabilities and "reasoning" not in candidate.model.capabilities:
        sampling = replace(sampling, effort=None)
    return replace(request, sampling=sampling, web=request.web or candidate.needs_web)
