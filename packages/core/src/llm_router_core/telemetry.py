"""Traces: one span a route, one child span an attempt, in the names of OpenTelemetry's GenAI conventions.

Policy: metadata only. A span can carry what the parameters here allow (names, figures, codes), and there is no door for
anything else: no prompt, no answer, no key, no exception text. Nothing is measured unless the process has an
OpenTelemetry SDK loaded, by `start` or by the program that embeds us; without one, nothing of it is imported and a
span costs a method call.

Spans are never made current: a route is an asynchronous generator, which may be closed in another context than the one
it began in, and a context attached there could not be detached. A child is given its parent by hand instead.

Names: those of opentelemetry-semantic-conventions 0.66b2, which itself marks every `gen_ai` constant deprecated (they
moved to a repository of their own), so the few that are used stand here.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from llm_router_core.errors import ConfigError, LLMRouterError, ProviderError
from llm_router_core.redact import redact

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

OPERATION = "gen_ai.operation.name"
PROVIDER = "gen_ai.provider.name"
CONVERSATION = "gen_ai.conversation.id"
REQUEST_MODEL = "gen_ai.request.model"
REQUEST_MAX_TOKENS = "gen_ai.request.max_tokens"
RESPONSE_MODEL = "gen_ai.response.model"
FINISH_REASONS = "gen_ai.response.finish_reasons"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
CACHE_READ_TOKENS = "gen_ai.usage.cache_read.input_tokens"
CACHE_WRITE_TOKENS = "gen_ai.usage.cache_creation.input_tokens"
REASONING_TOKENS = "gen_ai.usage.reasoning.output_tokens"
ERROR_TYPE = "error.type"
DECISION = "llm_router.decision.id"
TASK_TYPE = "llm_router.task_type"
COMPLEXITY = "llm_router.complexity"
CANDIDATES = "llm_router.candidates"
ATTEMPTS = "llm_router.attempts"
COST = "llm_router.cost_microusd"
PURPOSE = "llm_router.purpose"
OUTCOME = "llm_router.outcome"

NAMES = frozenset(
    {OPERATION, PROVIDER, CONVERSATION, REQUEST_MODEL, REQUEST_MAX_TOKENS, RESPONSE_MODEL, FINISH_REASONS, INPUT_TOKENS}
    | {OUTPUT_TOKENS, CACHE_READ_TOKENS, CACHE_WRITE_TOKENS, REASONING_TOKENS, ERROR_TYPE, DECISION, TASK_TYPE}
    | {COMPLEXITY, CANDIDATES, ATTEMPTS, COST, PURPOSE, OUTCOME}
)
# Where the conventions have a name of their own for a provider; every other one goes by its id here.
PROVIDER_NAMES: Mapping[str, str] = {
    "google": "gcp.gemini",
    "gemini-cli": "gcp.gemini",
    "codex": "openai",
    "mistral": "mistral_ai",
    "xai": "x_ai",
    "azure": "azure.ai.openai",
    "azure-openai": "azure.ai.openai",
}
SCOPE = "llm_router_core"
MAX_TEXT = 120
CLOSE_TIMEOUT_S = 2.0
_SDK = "opentelemetry.sdk.trace"

Value = str | int | tuple[str, ...]


class _Spanning:
    """A span as a context manager, or nothing. Leaving it with an error marks it with the error's kind alone."""

    __slots__ = ("_span",)

    def __init__(self, span: Span | None) -> None:
        self._span = span

    @property
    def is_recording(self) -> bool:
        """Whether anybody will see it."""
        return self._span is not None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._span is None:
            return
        if error is not None:
            self._failed(error_type(error))
        self._span.end()

    def _set(self, values: Mapping[str, Value | None]) -> None:
        if self._span is not None:
            self._span.set_attributes({name: _clean(value) for name, value in values.items() if value is not None})

    def _failed(self, kind: str) -> None:
        # Deferred: the API is loaded, or there would be no span.
        from opentelemetry.trace import Status, StatusCode  # noqa: PLC0415

        if self._span is not None:
            self._span.set_attribute(ERROR_TYPE, kind)
            self._span.set_status(Status(StatusCode.ERROR))


class AttemptSpan(_Spanning):
    """One attempt at one model."""

    __slots__ = ()

    def finished(self, model: str, stop_reason: str, tokens: TokenCounts | None) -> None:
        """The attempt's own end: who answered, why it stopped, what it used."""
        self._set({RESPONSE_MODEL: model or None, FINISH_REASONS: (stop_reason,) if stop_reason else None})
        if tokens is not None:
            self._set(
                {
                    INPUT_TOKENS: tokens.prompt_tokens,
                    OUTPUT_TOKENS: tokens.output_tokens,
                    CACHE_READ_TOKENS: tokens.cache_read_tokens,
                    CACHE_WRITE_TOKENS: tokens.cache_write_tokens,
                    REASONING_TOKENS: tokens.reasoning_tokens,
                }
            )

    def settled(self, cost_microusd: int | None) -> None:
        """What the ledger booked for it; None where the price is unknown."""
        self._set({COST: cost_microusd})


class RouteSpan(_Spanning):
    """One route. `attempt` opens its children; `NO_ROUTE` is the one that records nothing."""

    __slots__ = ("_tracer",)

    def __init__(self, tracer: Tracer | None, span: Span | None) -> None:
        super().__init__(span)
        self._tracer = tracer

    def attempt(self, provider: str, model: str, *, purpose: str, max_output_tokens: int) -> AttemptSpan:
        """The span of an attempt that begins now; leave it when the attempt is settled."""
        if self._tracer is None or self._span is None:
            return _NO_ATTEMPT
        # Deferred: as above.
        from opentelemetry.trace import SpanKind, set_span_in_context  # noqa: PLC0415

        span = self._tracer.start_span(
            f"chat {_text(model)}",
            context=set_span_in_context(self._span),
            kind=SpanKind.CLIENT,
            record_exception=False,
            set_status_on_exception=False,
        )
        opened = AttemptSpan(span)
        opened._set(
            {
                OPERATION: "chat",
                PROVIDER: PROVIDER_NAMES.get(provider, provider),
                REQUEST_MODEL: model,
                REQUEST_MAX_TOKENS: max_output_tokens,
                PURPOSE: purpose,
            }
        )
        return opened

    def ended(self, outcome: str, *, model: str = "", attempts: int = 0, cost_microusd: int | None = None) -> None:
        """How the route ended: `ok`, `partial`, or a code of the error tree, which also marks the span."""
        self._set({OUTCOME: outcome, RESPONSE_MODEL: model or None, ATTEMPTS: attempts, COST: cost_microusd})
        if outcome != "ok" and self._span is not None:
            self._failed(outcome)


@dataclass(frozen=True, slots=True)
class TokenCounts:
    """Token figures of one attempt; `prompt_tokens` includes what came from a cache or went into one."""

    prompt_tokens: int
    output_tokens: int
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0


_NO_ATTEMPT = AttemptSpan(None)
NO_ROUTE = RouteSpan(None, None)


def route_span(decision_id: str, *, session: str, task_type: str, complexity: str, candidates: int) -> RouteSpan:
    """The span of a route that begins now, below the caller's current span if it has one."""
    tracer = _tracer()
    if tracer is None:
        return NO_ROUTE
    # Deferred: as above.
    from opentelemetry.trace import SpanKind  # noqa: PLC0415

    span = tracer.start_span("route", kind=SpanKind.INTERNAL, record_exception=False, set_status_on_exception=False)
    opened = RouteSpan(tracer, span)
    opened._set(
        {
            DECISION: decision_id,
            CONVERSATION: session or None,
            TASK_TYPE: task_type,
            COMPLEXITY: complexity,
            CANDIDATES: candidates,
        }
    )
    return opened


def error_type(error: BaseException) -> str:
    """An error in one word: the kind of a provider's failure, our code, `cancelled`, or the name of its class."""
    if isinstance(error, ProviderError):
        return str(error.kind)
    if isinstance(error, LLMRouterError):
        return error.code
    is_cancelled = isinstance(error, GeneratorExit | KeyboardInterrupt) or type(error).__name__ == "CancelledError"
    return "cancelled" if is_cancelled else type(error).__name__


class Traces:
    """Traces that `start` switched on. `close` sends what is left, within two seconds."""

    def __init__(self, provider: Any) -> None:
        self._provider = provider

    def close(self, timeout_s: float = CLOSE_TIMEOUT_S) -> None:
        """Sends what is left and stops. A collector that does not answer costs `timeout_s` and the spans."""
        use(None)
        # A daemon thread, because the exporter retries for as long as it likes.
        closing = threading.Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        closing.join(timeout_s)


def start(endpoint: str, *, version: str = "") -> Traces:
    """Send traces by OTLP over HTTP to `endpoint`, a full URL such as `http://127.0.0.1:4318/v1/traces`.

    Raises:
        ConfigError: the extra `otel` is not installed.
    """
    try:
        sdk = importlib.import_module(_SDK)
        batching = importlib.import_module("opentelemetry.sdk.trace.export")
        resources = importlib.import_module("opentelemetry.sdk.resources")
        otlp = importlib.import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    except ImportError as missing:
        raise ConfigError(
            f"traces are switched on, but {missing.name!r} is not installed",
            remedy="install `llm-router-core[otel]`, or switch traces off",
        ) from None
    resource = resources.Resource.create({"service.name": "llm-router", "service.version": version})
    provider = sdk.TracerProvider(resource=resource)
    provider.add_span_processor(batching.BatchSpanProcessor(otlp.OTLPSpanExporter(endpoint=endpoint)))
    use(provider.get_tracer(SCOPE, version))
    return Traces(provider)


def use(tracer: Tracer | None) -> None:
    """Make this tracer the process's own; None goes back to the embedding program's, if it has one."""
    _State.tracer = tracer


class _State:
    tracer: Tracer | None = None


def _tracer() -> Tracer | None:
    if _State.tracer is not None:
        return _State.tracer
    if _SDK not in sys.modules:
        return None
    # Deferred: only a program that loaded an SDK pays for the API.
    from opentelemetry.trace import get_tracer  # noqa: PLC0415

    return get_tracer(SCOPE)


def _clean(value: Value) -> Any:
    if isinstance(value, str):
        return _text(value)
    return [_text(item) for item in value] if isinstance(value, tuple) else value


def _text(value: str) -> str:
    return redact(value[:1024])[:MAX_TEXT]
