"""What the database knows changes the next route: rules, judge, pressure, policy; and what a route leaves there."""

import json
import re

import pytest

from llm_router_core import telemetry
from llm_router_core.assembly import judged, open_router
from llm_router_core.budgets.caps import set_cap
from llm_router_core.budgets.status import list_status
from llm_router_core.catalog.entries import Complexity
from llm_router_core.clock import SystemClock
from llm_router_core.errors import NoRouteError
from llm_router_core.memory.book import add_rule, find_answered, rate
from llm_router_core.recording import RouteContext
from llm_router_core.settings.rules import SpendCap
from llm_router_core.settings.sources import load
from llm_router_core.simulate.behaviour import SeenRequest, rate_limited
from llm_router_core.simulate.server import SimulatedServer
from llm_router_core.storage import decisions

pytestmark = pytest.mark.anyio
QUESTION = "What does HTTP 418 mean?"
KIND = ("", "query", "simple")
NOW = SystemClock().now()


def chats(server: SimulatedServer) -> list[SeenRequest]:
    return [r for r in server.requests if r.path.endswith(("/chat/completions", "/messages", "/api/chat"))]


def verdict(request: SeenRequest) -> str:
    """What an obliging judge replies: full marks under the seal it was given."""
    seal = re.search(r"seal\W+([0-9a-f]{8,})", json.dumps(request.body))[1]
    return json.dumps(
        {"seal": seal, "relevance": 0.9, "completeness": 0.9, "correctness": 0.9, "speaks_to_judge": False}
    )


@pytest.mark.requirement("memory.next-route")
async def test_a_correction_sends_the_next_prompt_of_its_kind_elsewhere_and_explain_says_why(opened, ask, providers):
    with SimulatedServer("cheap") as openai, SimulatedServer("preferred") as anthropic:
        async with opened(**providers(openai=openai, anthropic=anthropic)) as router:
            assert (await ask(router, QUESTION)).text == "cheap"
            add_rule(router.db, KIND, "prefer", "anthropic/claude-opus-5-5", now=NOW)
            outcome = await ask(router, QUESTION)
    assert outcome.text == "preferred"
    assert "you corrected this kind" in outcome.end.receipt.reason


async def test_two_bad_ratings_take_a_model_out_of_the_next_route(opened, ask, providers):
    with SimulatedServer("bad") as openai, SimulatedServer("better") as anthropic:
        async with opened(**providers(openai=openai, anthropic=anthropic)) as router:
            for _ in range(2):
                await ask(router, QUESTION)
                rate(router.db, find_answered(router.db), is_good=False, now=NOW)
            assert (await ask(router, QUESTION)).text == "better"


@pytest.mark.requirement("money.judge-rows")
async def test_a_judge_reads_the_answer_in_the_background_on_the_same_gate(opened, ask, providers):
    with SimulatedServer("an answer in words") as openai, SimulatedServer(verdict) as judge:
        async with opened(**providers(openai=openai, anthropic=judge)) as plain:
            async with judged(plain, "anthropic/claude-haiku-5-5", 1.0) as router:
                assert (await ask(router, QUESTION, model="openai/gpt-6-luna")).text == "an answer in words"
            records = decisions.last(plain.db, 5)
            purposes = {attempt.purpose for record in records for attempt in record.attempts}
            scores = plain.db.read(lambda conn: conn.execute("SELECT count(*) FROM judgements").fetchone()[0])
    assert purposes == {"answer", "judge"}
    assert scores == 1


@pytest.mark.requirement("money.cap-zero-everywhere")
async def test_a_cap_of_zero_keeps_the_judge_quiet_and_leaves_the_answer_alone(opened, ask, providers):
    with SimulatedServer("local answer", models=("gemma4",)) as local, SimulatedServer(verdict) as judge:
        async with opened(**providers(ollama=local, anthropic=judge)) as plain:
            set_cap(plain.db, "day", 0)
            async with judged(plain, "anthropic/claude-haiku-5-5", 1.0) as router:
                assert (await ask(router, QUESTION)).text == "local answer"
    assert not chats(judge)


@pytest.mark.requirement("settings.organisation-cap")
async def test_an_organisations_spend_cap_holds_below_the_users_own(tmp_path, ask, providers):
    with SimulatedServer("never") as openai:
        env = {"OLLAMA_HOST": "127.0.0.1:9", **providers(openai=openai)}
        settings = load(env, str(tmp_path)).settings.model_copy(
            update={"spend_caps": (SpendCap("month", 0, "organisation"),)}
        )
        async with open_router(settings, env, str(tmp_path / "state")) as router:
            set_cap(router.db, "month", 1_000_000_000)
            with pytest.raises(NoRouteError, match="pass a cap"):
                await ask(router, QUESTION, model="openai/o3")
    assert not chats(openai)


@pytest.mark.requirement("quota.pressure")
async def test_a_provider_whose_cap_is_nearly_used_up_is_tried_after_the_cheaper_and_then_not_at_all(
    opened, ask, providers
):
    with SimulatedServer("from openai") as openai, SimulatedServer("from anthropic") as anthropic:
        async with opened(**providers(openai=openai, anthropic=anthropic)) as router:
            first = await ask(router, QUESTION, complexity=Complexity.COMPLEX)
            assert first.end.receipt.provider == "openai"
            used = next(
                row.spent_microusd
                for row in list_status(router.db, SystemClock(), session="session", project="project")
                if row.scope == "provider:openai"
            )
            set_cap(router.db, "provider:openai", used)
            world = await router.observe(RouteContext("session", "project"))
            assert world.pressure["provider:openai"] >= 0.99
            outcome = await ask(router, QUESTION, complexity=Complexity.COMPLEX)
    assert outcome.end.receipt.provider == "anthropic"


async def test_the_users_own_thresholds_of_pressure_and_demotion_are_those_that_count(opened, ask, providers):
    with SimulatedServer("from openai") as openai, SimulatedServer("from anthropic") as anthropic:
        env = providers(openai=openai, anthropic=anthropic)
        async with opened(
            **env, LLM_ROUTER_PRESSURE_OUT="0.000001", LLM_ROUTER_PRESSURE_STEP_DOWN="0.0000001"
        ) as router:
            set_cap(router.db, "provider:openai", 1_000_000)
            await ask(router, QUESTION, model="openai/gpt-6-luna")
            outcome = await ask(router, QUESTION, complexity=Complexity.COMPLEX)
    assert outcome.end.receipt.provider == "anthropic"


@pytest.mark.requirement("consent.nothing-before")
async def test_a_key_in_the_environment_sends_nothing_to_a_third_party_that_was_not_agreed_to(opened, ask):
    async with opened(OPENAI_API_KEY="a-key-of-a-test") as router:
        assert "openai" not in router.registry.endpoints
        with pytest.raises(NoRouteError) as refused:
            await ask(router, QUESTION)
    reasons = {item.candidate: item.reason for item in refused.value.rejected}
    assert "keys consent openai" in reasons["openai/gpt-6-luna"]


async def test_a_policy_preset_changes_who_is_asked(opened, ask, providers):
    with SimulatedServer("from openai") as openai, SimulatedServer("from anthropic") as anthropic:
        async with opened(**providers(openai=openai, anthropic=anthropic), LLM_ROUTER_BLOCK="openai") as router:
            outcome = await ask(router, QUESTION)
    assert outcome.end.receipt.provider == "anthropic"
    assert not chats(openai)


@pytest.mark.requirement("savings.recorded")
async def test_every_answer_leaves_its_counterfactual_beside_its_cost(opened, ask, providers):
    with SimulatedServer([rate_limited("0"), "answer"]) as openai, SimulatedServer("answer") as anthropic:
        async with opened(**providers(openai=openai, anthropic=anthropic)) as router:
            await ask(router, QUESTION, complexity=Complexity.COMPLEX)
            rows = router.db.read(lambda conn: conn.execute("SELECT count(*) FROM counterfactuals").fetchone()[0])
    assert rows == 1


async def test_a_route_and_its_attempts_are_spans_without_any_text(opened, ask, providers):
    trace = pytest.importorskip("opentelemetry.sdk.trace", reason="the extra `otel` is not installed")
    export = pytest.importorskip("opentelemetry.sdk.trace.export")
    memory = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")
    exporter = memory.InMemorySpanExporter()
    provider = trace.TracerProvider()
    provider.add_span_processor(export.SimpleSpanProcessor(exporter))
    telemetry.use(provider.get_tracer("test"))
    try:
        with SimulatedServer(rate_limited()) as limited, SimulatedServer("canary-answer") as good:
            async with opened(**providers(openai=limited, anthropic=good)) as router:
                await ask(router, "canary-prompt " + QUESTION, complexity=Complexity.COMPLEX)
    finally:
        telemetry.use(None)
    spans = exporter.get_finished_spans()
    assert [span.name.split()[0] for span in spans] == ["chat", "chat", "route"]
    assert "canary" not in str([(span.name, dict(span.attributes), span.events) for span in spans])


async def test_the_judge_never_delays_the_end_of_an_answer(opened, ask, providers):
    with SimulatedServer("an answer in words") as openai, SimulatedServer(verdict) as judge:
        async with (
            opened(**providers(openai=openai, anthropic=judge)) as plain,
            judged(plain, "anthropic/claude-haiku-5-5", 1.0) as router,
        ):
            await ask(router, QUESTION, model="openai/gpt-6-luna")
            asked_when_answered = len(chats(judge))
    assert asked_when_answered == 0
