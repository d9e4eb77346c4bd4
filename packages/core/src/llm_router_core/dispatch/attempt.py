"""One attempt at one candidate: hold the money, make the call, settle what it cost, whatever happens.

The hold is taken before the first byte leaves and settled in a `finally` that no cancellation interrupts, so a caller
who goes away, a provider that dies and a deadline all end in a settled row. What a failed attempt cost is decided by
how it failed: a refusal before any work costs nothing, a break after the request was accepted is charged by count.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

import anyio

from llm_router_core.budgets.gate import BudgetGate, Hold, HoldRequest
from llm_router_core.catalog.load import load_catalog
from llm_router_core.chains.candidates import Candidate
from llm_router_core.clock import Clock
from llm_router_core.conversation import (
    Done,
    Event,
    ReasoningDelta,
    Request,
    StopReason,
    TextDelta,
    ToolCallEvent,
    Usage,
    UsageEvent,
    request_bytes,
)
from llm_router_core.dispatch.faults import provider_error
from llm_router_core.errors import ErrorKind, ProviderError
from llm_router_core.http_client import HttpClient, TransportFailure
from llm_router_core.pricing.cost import cost_microusd
from llm_router_core.pricing.table import price_of
from llm_router_core.providers.call import HttpFailure, call
from llm_router_core.providers.endpoint import Limits, Target
from llm_router_core.providers.nearest import did_you_mean
from llm_router_core.storage.ledger import Purpose
from llm_router_core.telemetry import NO_ROUTE, RouteSpan, TokenCounts

BYTES_PER_TOKEN = 3  # for counting what a broken-off call used; a count of ours is always marked as an estimate
# The request was on its way when it broke: the provider may have done all of the work.
BROKE_OFF = frozenset({ErrorKind.TIMED_OUT, ErrorKind.INTERRUPTED, ErrorKind.CANCELLED})


@dataclass(frozen=True, slots=True)
class CallContext:
    """Whom a call belongs to. `max_cost_microusd` bounds this call alone; `purpose` is what the row is booked under."""

    call_id: str
    decision_id: str = ""
    session: str = ""
    project: str = ""
    purpose: Purpose = "answer"
    max_cost_microusd: int | None = None
    trace: RouteSpan = NO_ROUTE


@dataclass(slots=True)
class Tally:
    """What the attempts of one call have cost so far. `is_price_known` False: an unpriced call is in the sum."""

    attempts: int = 0
    cost_microusd: int = 0
    is_estimated: bool = False
    is_price_known: bool = True
    usage: Usage = field(default_factory=Usage)


@dataclass(slots=True)
class _Running:
    """One attempt under way: its hold, and what came out of it so far, for the settlement."""

    hold: Hold
    candidate: Candidate
    input_bytes: int
    began: datetime
    began_s: float
    is_stream: bool
    output_bytes: int = 0
    usage: Usage | None = None
    has_answer: bool = False
    has_replied: bool = False

    def see(self, event: Event) -> None:
        if isinstance(event, UsageEvent):
            self.usage = event.usage
        elif isinstance(event, TextDelta | ReasoningDelta):
            self.output_bytes += len(event.text.encode("utf-8", "replace"))
            self.has_answer |= isinstance(event, TextDelta) and bool(event.text)
        elif isinstance(event, ToolCallEvent):
            self.output_bytes += len(event.call.name) + len(event.call.arguments_json)
            self.has_answer = True

    @property
    def is_blind(self) -> bool:
        """Nothing tells how much was produced: no usage came, and the output is whole or partly hidden reasoning."""
        candidate = self.candidate
        hides = candidate.endpoint.dialect.startswith("openai") or candidate.effort is not None
        reasons = hides and "reasoning" in candidate.model.capabilities
        return self.usage is None and (not self.is_stream or reasons)

    def counted(self) -> Usage:
        """The provider's own usage, or ours. What it told before it broke off lacks what it wrote since."""
        if self.usage is not None and self.has_replied:
            written = max(self.usage.output_tokens, -(-self.output_bytes // BYTES_PER_TOKEN))
            return replace(self.usage, output_tokens=written, is_estimated=True)
        return self.usage or Usage(
            input_tokens=-(-self.input_bytes // BYTES_PER_TOKEN),
            output_tokens=-(-self.output_bytes // BYTES_PER_TOKEN),
            is_estimated=True,
        )


@dataclass(frozen=True, slots=True)
class Attempts:
    """Makes attempts: the client, the gate and the clock they share."""

    client: HttpClient
    gate: BudgetGate
    clock: Clock

    async def run(
        self, request: Request, candidate: Candidate, context: CallContext, limits: Limits, tally: Tally
    ) -> AsyncGenerator[Event, None]:
        """The events of one attempt, `Done` last; `tally` then includes its cost. Close it if you stop early.

        Raises:
            BudgetExceeded, LedgerUnavailable: nothing was sent.
            ProviderError: the attempt failed; its row is settled.
        """
        began, began_s = self.clock.now(), self.clock.monotonic_s()
        hold = await anyio.to_thread.run_sync(self.gate.reserve, _hold_request(candidate, context, limits))
        tally.attempts += 1
        running = _Running(hold, candidate, request_bytes(request), began, began_s, request.stream)
        purpose, most = context.purpose, candidate.max_output_tokens
        provider, model = candidate.endpoint.provider, candidate.model.name
        with context.trace.attempt(provider, model, purpose=purpose, max_output_tokens=most) as span:
            kind: ErrorKind | None = ErrorKind.CANCELLED
            try:
                target = Target(candidate.endpoint, model, most, candidate.model.context_tokens)
                async with aclosing(call(self.client, request, target, limits)) as events:
                    async for event in events:
                        running.see(event)
                        if isinstance(event, Done):
                            if not running.has_answer:
                                raise _empty(event.stop_reason)
                            kind = None
                            span.finished(event.model, event.stop_reason, _tokens(running.counted()))
                        yield event
            except (HttpFailure, TransportFailure, ProviderError) as failed:
                error = with_near_names(provider_error(failed, provider, model))
                kind, running.has_replied = error.kind, error.has_replied
                if isinstance(error.used, Usage):
                    running.usage = error.used
                raise error from None
            finally:
                with anyio.CancelScope(shield=True):
                    span.settled(await self._settle(running, kind, tally))

    async def _settle(self, running: _Running, kind: ErrorKind | None, tally: Tally) -> int | None:
        is_billed = kind is None or running.has_replied or kind in BROKE_OFF
        usage = running.counted() if is_billed else Usage()
        cost = _cost(running.candidate, usage, running.began) if is_billed else 0
        if kind in BROKE_OFF and running.is_blind and cost is not None:
            cost = running.hold.held_microusd
        elapsed_ms = round((self.clock.monotonic_s() - running.began_s) * 1000)
        booked = await anyio.to_thread.run_sync(partial(_book, running.hold, cost, usage, kind, elapsed_ms))
        tally.cost_microusd += booked or 0
        tally.is_estimated |= is_billed and usage.is_estimated
        tally.is_price_known &= running.candidate.is_price_known or not is_billed
        if kind is None:
            tally.usage = usage
        return booked


def _tokens(usage: Usage) -> TokenCounts:
    return TokenCounts(
        usage.prompt_tokens,
        usage.output_tokens,
        usage.cache_read_tokens,
        usage.cache_write_tokens,
        usage.reasoning_tokens,
    )


def _empty(stop: StopReason) -> ProviderError:
    """An answer without a word is no answer, whatever it says of itself."""
    if stop is StopReason.CONTENT_FILTER:
        error = ProviderError(ErrorKind.CONTENT_FILTERED, "the model refused the prompt without a word")
    elif stop is StopReason.MAX_TOKENS:
        error = ProviderError(ErrorKind.BAD_REPLY, "the model used up its output limit without a word")
    else:
        error = ProviderError(ErrorKind.BAD_REPLY, "the answer is empty")
    error.has_replied = True
    return error


def with_near_names(error: ProviderError) -> ProviderError:
    """The error as it is, or, for a model that the provider does not know, with the known names that come nearest."""
    if error.kind is not ErrorKind.MODEL_NOT_FOUND:
        return error
    rows = load_catalog().models.values()
    near = did_you_mean(error.model, [row.name for row in rows if row.provider == error.provider])
    if not near:
        return error
    message = f"{error.message.rstrip('.')}{near}"
    return error.changed(message=message)


def _book(hold: Hold, cost: int | None, usage: Usage, kind: ErrorKind | None, elapsed_ms: int) -> int | None:
    if kind is None:
        return hold.settle(cost, usage, elapsed_ms=elapsed_ms)
    return hold.settle(cost, usage, outcome="failed", error_kind=kind, elapsed_ms=elapsed_ms)


def _cost(candidate: Candidate, usage: Usage, now: datetime) -> int | None:
    """What the usage costs; None when the price is unknown, and the hold then stands in for it."""
    if candidate.is_free:
        return 0
    if candidate.needs_web and usage.is_estimated:
        return candidate.worst_case_microusd  # nobody told how much the search read, so the most it may have
    price = price_of(candidate.model.provider, candidate.model.name, now)
    return None if price is None else cost_microusd(price, usage, now, searches=usage.searches)


def _hold_request(candidate: Candidate, context: CallContext, limits: Limits) -> HoldRequest:
    return HoldRequest(
        call_id=context.call_id,
        decision_id=context.decision_id,
        session=context.session,
        project=context.project,
        provider=candidate.model.provider,
        model=candidate.model.name,
        purpose=context.purpose,
        worst_case_microusd=candidate.worst_case_microusd,
        deadline_s=limits.deadline_s,
        is_price_known=candidate.is_price_known,
        max_cost_microusd=context.max_cost_microusd,
        price_version=candidate.price_version,
    )
