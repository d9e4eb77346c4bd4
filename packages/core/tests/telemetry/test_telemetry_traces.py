"""One span a route, one child an attempt, metadata only, and nothing at all without an SDK."""

import asyncio
import subprocess
import sys
from contextlib import aclosing

import anyio
import pytest

from llm_router_core import telemetry
from llm_router_core.errors import BudgetExceeded, ConfigError, ErrorKind, NoRouteError, ProviderError
from llm_router_core.redact import KEYS, register
from llm_router_core.telemetry import NAMES, NO_ROUTE, TokenCounts, error_type, route_span

MARK = "QUITE-UNUSUAL-PROMPT-TEXT"
LIVE_KEY = "tst-live-key-0815-not-a-known-format"


@pytest.fixture
def spans():
    """The finished spans of a real SDK, kept in memory."""
    sdk = pytest.importorskip("opentelemetry.sdk.trace")
    export = pytest.importorskip("opentelemetry.sdk.trace.export")
    memory = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")
    exporter = memory.InMemorySpanExporter()
    provider = sdk.TracerProvider()
    provider.add_span_processor(export.SimpleSpanProcessor(exporter))
    telemetry.use(provider.get_tracer("test"))
    yield exporter.get_finished_spans
    telemetry.use(None)
    provider.shutdown()


def a_route():
    return route_span("d1", session="0123abcd", task_type="query", complexity="simple", candidates=2)


@pytest.mark.requirement("traces.genai")
def test_a_route_with_a_failed_and_a_good_attempt_is_three_spans(spans):
    with a_route() as route:
        with pytest.raises(ProviderError), route.attempt("groq", "llama-4", purpose="answer", max_output_tokens=64):
            raise ProviderError(ErrorKind.RATE_LIMITED, f"too fast: {MARK}")
        with route.attempt("google", "gemini-3.8-flash", purpose="answer", max_output_tokens=64) as attempt:
            attempt.finished("gemini-3.8-flash-001", "end", TokenCounts(120, 30, cache_read_tokens=100))
            attempt.settled(42)
        route.ended("ok", model="google/gemini-3.8-flash", attempts=2, cost_microusd=42)
    failed, good, whole = spans()
    assert (failed.name, good.name, whole.name) == ("chat llama-4", "chat gemini-3.8-flash", "route")
    assert failed.parent.span_id == good.parent.span_id == whole.context.span_id
    assert failed.attributes["error.type"] == "rate_limited"
    assert not failed.status.is_ok
    assert dict(good.attributes) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "gcp.gemini",
        "gen_ai.request.model": "gemini-3.8-flash",
        "gen_ai.request.max_tokens": 64,
        "gen_ai.response.model": "gemini-3.8-flash-001",
        "gen_ai.response.finish_reasons": ("end",),
        "gen_ai.usage.input_tokens": 120,
        "gen_ai.usage.output_tokens": 30,
        "gen_ai.usage.cache_read.input_tokens": 100,
        "gen_ai.usage.cache_creation.input_tokens": 0,
        "gen_ai.usage.reasoning.output_tokens": 0,
        "llm_router.purpose": "answer",
        "llm_router.cost_microusd": 42,
    }
    assert dict(whole.attributes) == {
        "gen_ai.conversation.id": "0123abcd",
        "gen_ai.response.model": "google/gemini-3.8-flash",
        "llm_router.decision.id": "d1",
        "llm_router.task_type": "query",
        "llm_router.complexity": "simple",
        "llm_router.candidates": 2,
        "llm_router.outcome": "ok",
        "llm_router.attempts": 2,
        "llm_router.cost_microusd": 42,
    }
    assert whole.status.is_unset


@pytest.mark.requirement("traces.metadata-only")
def test_no_text_of_an_error_and_no_key_gets_into_a_span(spans, monkeypatch):
    monkeypatch.setattr(KEYS, "_forms", ())
    register(LIVE_KEY)

    def goes_wrong() -> None:
        with a_route() as route:
            with pytest.raises(ValueError, match=MARK), route.attempt("x", LIVE_KEY, purpose="", max_output_tokens=1):
                raise ValueError(MARK)
            raise NoRouteError(MARK, ())

    with pytest.raises(NoRouteError):
        goes_wrong()
    for span in spans():
        text = span.to_json()
        assert MARK not in text
        assert LIVE_KEY not in text
        assert span.events == ()
        assert span.status.description is None
        assert set(span.attributes) <= NAMES


def test_a_long_name_is_cut(spans):
    with a_route() as route, route.attempt("x", "m" * 5_000, purpose="answer", max_output_tokens=1):
        pass
    attempt = spans()[0]
    assert len(attempt.name) <= 5 + telemetry.MAX_TEXT
    assert len(attempt.attributes["gen_ai.request.model"]) == telemetry.MAX_TEXT


def test_a_route_that_fails_is_marked_with_its_code(spans):
    with a_route() as route:
        route.ended("exhausted", attempts=3)
    assert spans()[0].attributes["error.type"] == "exhausted"
    assert not spans()[0].status.is_ok


@pytest.mark.filterwarnings("error")
def test_a_generator_closed_in_another_context_still_ends_its_spans(spans, caplog):
    async def events():
        with a_route() as route, route.attempt("x", "m", purpose="answer", max_output_tokens=1):
            yield 1
            yield 2

    async def run():
        generator = events()
        await anext(generator)
        await asyncio.create_task(generator.aclose())

    asyncio.run(run())
    assert [span.attributes["error.type"] for span in spans()] == ["cancelled", "cancelled"]
    assert "detach" not in caplog.text.lower()


def test_routes_that_run_at_once_keep_their_own_children(spans):
    async def one(number: int):
        async def events():
            name = f"m{number}"
            with route_span(name, session="", task_type="query", complexity="simple", candidates=1) as route:
                await anyio.lowlevel.checkpoint()
                with route.attempt("x", name, purpose="answer", max_output_tokens=1):
                    yield number
                await anyio.lowlevel.checkpoint()

        async with aclosing(events()) as stream:
            async for _ in stream:
                await anyio.lowlevel.checkpoint()

    async def run():
        async with anyio.create_task_group() as group:
            for number in range(5):
                group.start_soon(one, number)

    anyio.run(run)
    routes = {
        span.context.span_id: span.attributes["llm_router.decision.id"] for span in spans() if span.name == "route"
    }
    children = [span for span in spans() if span.name != "route"]
    assert len(children) == 5
    assert all(routes[span.parent.span_id] == span.attributes["gen_ai.request.model"] for span in children)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ProviderError(ErrorKind.TIMED_OUT, ""), "timed_out"),
        (BudgetExceeded("day", cap_microusd=0, used_microusd=0, wanted_microusd=1), "budget"),
        (GeneratorExit(), "cancelled"),
        (asyncio.CancelledError(), "cancelled"),
        (KeyError("x"), "KeyError"),
    ],
)
def test_an_error_is_one_word(error, kind):
    assert error_type(error) == kind


def test_tracing_without_the_extra_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(ConfigError, match="not installed") as refused:
        telemetry.start("http://127.0.0.1:4318/v1/traces")
    assert "otel" in refused.value.remedy


@pytest.mark.requirement("traces.no-op")
def test_without_an_sdk_a_span_is_nothing_and_nothing_is_imported():
    code = """
import sys
from llm_router_core import telemetry
with telemetry.route_span("d", session="", task_type="q", complexity="s", candidates=1) as route:
    with route.attempt("p", "m", purpose="answer", max_output_tokens=1) as attempt:
        attempt.finished("m", "end", telemetry.TokenCounts(1, 1))
        attempt.settled(1)
    route.ended("failed")
assert route is telemetry.NO_ROUTE and not route.is_recording and not attempt.is_recording
heavy = [name for name in sys.modules if name.partition(".")[0] in
         {"opentelemetry", "requests", "grpc", "google", "logging", "asyncio", "anyio", "httpx2", "pydantic"}]
print(heavy)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_a_program_that_only_loaded_the_api_costs_nothing_either():
    code = """
import opentelemetry.trace
from llm_router_core import telemetry
assert telemetry.route_span("d", session="", task_type="q", complexity="s", candidates=1) is telemetry.NO_ROUTE
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_the_route_that_records_nothing_is_shared():
    assert NO_ROUTE.attempt("p", "m", purpose="answer", max_output_tokens=1) is NO_ROUTE.attempt(
        "q", "n", purpose="judge", max_output_tokens=2
    )
