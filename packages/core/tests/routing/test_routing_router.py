"""The whole pipeline over real sockets: classify, chain, hold, call, settle, record."""

import random
import string
from dataclasses import replace

import anyio
import pytest

from llm_router_core.budgets.caps import set_cap
from llm_router_core.budgets.status import list_status
from llm_router_core.catalog.entries import Complexity, Profile
from llm_router_core.clock import SystemClock
from llm_router_core.conversation import (
    AttemptFailed,
    Done,
    Image,
    Message,
    Partial,
    Request,
    Sampling,
    Text,
    TextDelta,
    Tool,
    ToolCallEvent,
    ToolResult,
    prompt_request,
)
from llm_router_core.errors import BudgetExceeded, ChainExhausted, ErrorKind, NoRouteError
from llm_router_core.pricing.cost import cost_microusd
from llm_router_core.pricing.table import price_of
from llm_router_core.simulate.behaviour import (
    Answer,
    Fault,
    SimulatedCall,
    bad_key,
    out_of_quota,
    rate_limited,
    server_error,
)
from llm_router_core.simulate.ollama_wire import OllamaServer
from llm_router_core.simulate.server import SimulatedServer
from llm_router_core.storage import decisions

pytestmark = pytest.mark.anyio
QUESTION = "What does HTTP 418 mean?"
HARD = {"complexity": Complexity.COMPLEX}


def chats(server: SimulatedServer) -> list:
    return [r for r in server.requests if r.path.endswith(("/chat/completions", "/messages", "/api/chat"))]


def spent(router) -> dict[str, tuple[int, int]]:
    rows = list_status(router.db, SystemClock(), session="session", project="project")
    return {row.scope: (row.spent_microusd, row.held_microusd) for row in rows}


@pytest.mark.requirement("core.no-key")
@pytest.mark.requirement("providers.ollama")
@pytest.mark.requirement("routing.free-first")
async def test_a_local_model_answers_a_simple_question_and_nobody_else_is_asked(opened, ask, providers):
    with SimulatedServer("I'm a teapot", models=("gemma4",)) as local, SimulatedServer("paid") as paid:
        async with opened(**providers(ollama=local, openai=paid)) as router:
            outcome = await ask(router, QUESTION)
            assert (outcome.text, outcome.end.receipt.cost_microusd) == ("I'm a teapot", 0)
            assert outcome.end.receipt.provider == "ollama"
            assert spent(router)["day"] == (0, 0)
    assert not chats(paid)


@pytest.mark.requirement("money.one-ledger")
@pytest.mark.requirement("providers.openai")
@pytest.mark.requirement("ledger.cost-from-usage")
async def test_a_paid_answer_costs_what_its_usage_says_in_every_scope(opened, ask, providers):
    answer = Answer("ok", input_tokens=1000, output_tokens=500, cache_read_tokens=200, reasoning_tokens=100)
    with SimulatedServer(answer) as server:
        async with opened(**providers(openai=server)) as router:
            outcome = await ask(router, QUESTION, model="openai/gpt-6-luna")
            receipt = outcome.end.receipt
            now = SystemClock().now()
            expected = cost_microusd(price_of("openai", "gpt-6-luna", now), receipt.usage, now)
            assert receipt.cost_microusd == expected > 0
            scopes = spent(router)
            assert {scopes[name] for name in ("session", "project", "day", "month", "provider:openai")} == {
                (expected, 0)
            }
            (record,) = decisions.last(router.db, 5)
            assert [a.cost_microusd for a in record.attempts] == [expected]
            assert (record.decision.chosen, record.decision.outcome) == ("openai/gpt-6-luna", "ok")


@pytest.mark.requirement("dispatch.fallback")
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (rate_limited(), ErrorKind.RATE_LIMITED),
        (out_of_quota(), ErrorKind.QUOTA),
        (bad_key(), ErrorKind.AUTH),
        (Answer("half an answer", fault=Fault(cut_after=40)), ErrorKind.BAD_REPLY),
    ],
)
async def test_a_candidate_that_fails_hands_over_to_the_next_and_both_are_rows(opened, ask, providers, fault, kind):
    with SimulatedServer(fault) as bad, SimulatedServer("from opus") as good:
        async with opened(**providers(openai=bad, anthropic=good)) as router:
            outcome = await ask(router, QUESTION, **HARD)
            assert outcome.text == "from opus"
            assert [(f.provider, f.kind) for f in outcome.of(AttemptFailed)] == [("openai", kind)]
            (record,) = decisions.last(router.db, 5)
            assert [(a.provider, a.error_kind or "ok") for a in record.attempts] == [
                ("openai", kind),
                ("anthropic", "ok"),
            ]
            assert all(held == 0 for _, held in spent(router).values())
            assert outcome.end.receipt.attempts == 2
    assert len(chats(bad)) == 1


@pytest.mark.requirement("dispatch.retry-once")
async def test_a_server_error_is_tried_once_more_before_the_next_candidate(opened, ask, providers):
    with SimulatedServer([server_error(), "second time lucky"]) as server:
        async with opened(**providers(openai=server)) as router:
            outcome = await ask(router, QUESTION, model="openai/gpt-6-luna")
            assert outcome.text == "second time lucky"
            (record,) = decisions.last(router.db, 5)
            assert [a.purpose for a in record.attempts] == ["answer", "retry"]


async def test_two_server_errors_in_a_row_end_the_attempts_at_that_model(opened, ask, providers):
    with SimulatedServer(server_error(503)) as bad, SimulatedServer("rescued") as good:
        async with opened(**providers(openai=bad, anthropic=good)) as router:
            assert (await ask(router, QUESTION, **HARD)).text == "rescued"
    assert len(chats(bad)) == 2


@pytest.mark.requirement("dispatch.breaker")
async def test_a_rate_limited_model_is_left_alone_by_the_next_call(opened, ask, providers):
    with SimulatedServer(rate_limited("60")) as bad, SimulatedServer("fine") as good:
        async with opened(**providers(openai=bad, anthropic=good)) as router:
            await ask(router, QUESTION, **HARD)
            await ask(router, QUESTION, **HARD)
        async with opened(**providers(openai=bad, anthropic=good)) as another_process:
            await ask(another_process, QUESTION, **HARD)
    assert len(chats(bad)) == 1
    assert len(chats(good)) == 3


@pytest.mark.requirement("dispatch.partial-typed")
async def test_a_stream_that_dies_after_showing_text_ends_as_a_typed_partial(opened, ask, providers):
    broken = Answer("one two three four five six", pieces=6, fault=Fault(cut_after=450, has_length=False))
    with SimulatedServer(broken) as bad, SimulatedServer("never asked") as good:
        async with opened(**providers(openai=bad, anthropic=good)) as router:
            outcome = await ask(router, QUESTION, stream=True, **HARD)
            assert isinstance(outcome.end, Partial)
            assert outcome.end.kind == ErrorKind.INTERRUPTED
            assert outcome.text
            assert outcome.end.receipt.is_estimated
            (record,) = decisions.last(router.db, 1)
            assert record.decision.outcome == "partial"
            assert record.attempts[0].cost_microusd > 0
    assert not chats(good)


@pytest.mark.requirement("providers.anthropic")
async def test_a_stream_that_fails_before_showing_anything_goes_to_the_next_candidate(opened, ask, providers):
    with SimulatedServer(rate_limited()) as bad, SimulatedServer("streamed") as good:
        async with opened(**providers(openai=bad, anthropic=good)) as router:
            outcome = await ask(router, QUESTION, stream=True, **HARD)
    assert (outcome.text, type(outcome.end)) == ("streamed", Done)


async def test_a_part_that_was_shown_is_marked_and_its_receipt_covers_every_attempt(opened, ask, providers):
    broken = Answer("one two three four five six", pieces=6, fault=Fault(cut_after=800, has_length=False))
    with SimulatedServer(rate_limited()) as limited, SimulatedServer(broken) as bad:
        async with opened(**providers(openai=limited, anthropic=bad)) as router:
            outcome = await ask(router, QUESTION, stream=True, **HARD)
            (record,) = decisions.last(router.db, 1)
    assert isinstance(outcome.end, Partial)
    assert outcome.end.receipt.attempts == len(record.attempts) == 2
    assert outcome.end.receipt.cost_microusd == sum(a.cost_microusd or 0 for a in record.attempts) > 0


@pytest.mark.requirement("money.unseen-work")
async def test_a_call_that_breaks_off_with_its_work_unseen_is_booked_at_its_hold(opened, ask, providers):
    with SimulatedServer(Answer(fault=Fault(hangs="before_reply"))) as server:
        env = providers(openai=server) | {"LLM_ROUTER_ATTEMPT_DEADLINE": "0.3", "LLM_ROUTER_CALL_DEADLINE": "0.5"}
        async with opened(**env) as router:
            with pytest.raises(ChainExhausted):
                await ask(router, QUESTION, model="openai/o3")
            (record,) = decisions.last(router.db, 1)
            assert record.attempts[0].cost_microusd == record.attempts[0].held_microusd > 0


async def test_a_vendors_error_inside_a_stream_is_charged_for_what_was_begun(opened, ask, providers):
    error = b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'

    def overloaded(raw: bytes) -> bytes:
        return raw.replace(b"event: message_delta", error + b"event: message_delta")

    answer = Answer("word " * 50, pieces=10, input_tokens=50, fault=Fault(edit=overloaded))
    with SimulatedServer(answer) as server:
        async with opened(**providers(anthropic=server)) as router:
            with pytest.raises(ChainExhausted):
                await ask(router, QUESTION, stream=True, model="anthropic/claude-opus-5-5")
            (record,) = decisions.last(router.db, 1)
    assert all(attempt.error_kind == "unavailable" and attempt.cost_microusd > 0 for attempt in record.attempts)


@pytest.mark.parametrize("told", [(1, 1), (10**8, 1)])
async def test_usage_that_cannot_be_true_is_replaced_by_our_count(opened, ask, providers, told):
    usage = {"prompt_tokens": told[0], "completion_tokens": told[1]}
    with SimulatedServer(Answer("word " * 400, usage=usage)) as server:
        async with opened(**providers(openai=server)) as router:
            receipt = (await ask(router, "word " * 4000, model="openai/o3")).end.receipt
    assert receipt.is_estimated
    assert 10_000 < receipt.cost_microusd < 100_000


@pytest.mark.parametrize("stop", ["content_filter", "max_tokens", "end"])
async def test_an_answer_without_a_word_goes_to_the_next_candidate(opened, ask, providers, stop):
    with SimulatedServer(Answer("", stop=stop)) as mute, SimulatedServer("words") as good:
        async with opened(**providers(openai=mute, anthropic=good)) as router:
            outcome = await ask(router, QUESTION, **HARD)
    assert outcome.text == "words"


@pytest.mark.requirement("chains.exhausted")
@pytest.mark.requirement("dispatch.deadline")
async def test_a_provider_that_hangs_ends_at_the_deadline_and_its_hold_is_settled(opened, ask, providers):
    with SimulatedServer(Answer(fault=Fault(hangs="before_reply"))) as server:
        env = providers(openai=server) | {"LLM_ROUTER_ATTEMPT_DEADLINE": "0.3", "LLM_ROUTER_CALL_DEADLINE": "0.5"}
        async with opened(**env) as router:
            with anyio.fail_after(10), pytest.raises(ChainExhausted):
                await ask(router, QUESTION, model="openai/gpt-6-luna")
            assert all(held == 0 for _, held in spent(router).values())
            (record,) = decisions.last(router.db, 1)
            assert record.decision.outcome == "exhausted"


@pytest.mark.requirement("dispatch.cancel-settles")
async def test_a_caller_who_goes_away_leaves_no_hold_behind(opened, ask, providers):
    with SimulatedServer(Answer(fault=Fault(hangs="before_reply"))) as server:
        async with opened(**providers(openai=server)) as router:
            with anyio.move_on_after(0.5) as scope:
                await ask(router, QUESTION, model="openai/gpt-6-luna")
            assert scope.cancelled_caught
            assert all(held == 0 for _, held in spent(router).values())
            (record,) = decisions.last(router.db, 1)
            assert (record.decision.outcome, record.attempts[0].error_kind) == ("cancelled", "cancelled")


@pytest.mark.requirement("budget.cap-refuses")
async def test_a_cap_of_zero_stops_every_paid_call_also_a_named_one(opened, ask, providers):
    with SimulatedServer("never") as openai, SimulatedServer("never") as anthropic:
        async with opened(**providers(openai=openai, anthropic=anthropic)) as router:
            set_cap(router.db, "day", 0)
            for overrides in (
                {},
                HARD,
                {"model": "openai/o3"},
                {"model": "anthropic/unknown"},
                {"profile": Profile.PREMIUM},
            ):
                with pytest.raises(NoRouteError):
                    await ask(router, QUESTION, **overrides)
    assert not chats(openai)
    assert not chats(anthropic)


@pytest.mark.requirement("budget.reserve-is-the-gate")
async def test_a_cap_that_fills_between_plan_and_call_is_still_held(opened, ask, providers, monkeypatch):
    with SimulatedServer("never") as server:
        async with opened(**providers(openai=server)) as router:
            world = await router.observe(type("C", (), {"session": "session", "project": "project"})())
            set_cap(router.db, "day", 0)
            monkeypatch.setattr(type(router), "observe", lambda *_: _given(world))
            with pytest.raises(BudgetExceeded, match="day cap"):
                await ask(router, QUESTION, model="openai/o3")
    assert not chats(server)


async def _given(value):
    return value


@pytest.mark.requirement("money.unknown-price")
async def test_a_model_without_a_price_is_booked_at_its_hold_and_the_receipt_says_unknown(opened, ask, providers):
    with SimulatedServer("answer") as server:
        async with opened(**providers(openai=server)) as router:
            outcome = await ask(router, QUESTION, model="openai/brand-new")
            assert outcome.end.receipt.cost_microusd is None
            assert spent(router)["day"] == (500_000, 0)


@pytest.mark.requirement("money.usage-missing")
@pytest.mark.parametrize("usage", [None, {"prompt_tokens": -5, "completion_tokens": 2}, {"prompt_tokens": 0}])
async def test_usage_that_is_missing_or_impossible_is_counted_here_and_never_free(opened, ask, providers, usage):
    with SimulatedServer(Answer("some words of an answer", usage=usage, has_usage=usage is not None)) as server:
        async with opened(**providers(openai=server)) as router:
            receipt = (await ask(router, QUESTION, model="openai/o3")).end.receipt
    assert receipt.is_estimated
    assert receipt.cost_microusd > 0


@pytest.mark.requirement("privacy.secret-not-sent")
@pytest.mark.requirement("privacy.secret-stays-local")
async def test_no_byte_of_a_secret_reaches_a_third_party_even_from_an_earlier_message(opened, ask, providers):
    secret = "ghp_" + "".join(random.Random(7).choices(string.ascii_letters + string.digits, k=36))
    history = Request(
        (
            Message("user", (Text(f"my token is {secret}"),)),
            Message("assistant", (Text("noted"),)),
            Message("user", (Text(QUESTION),)),
        )
    )
    with SimulatedServer("never") as openai, SimulatedServer("never") as anthropic:
        async with opened(**providers(openai=openai, anthropic=anthropic)) as router:
            with pytest.raises(NoRouteError) as refused:
                await ask(router, history)
            assert {item.stage for item in refused.value.rejected} >= {"privacy"}
            with pytest.raises(NoRouteError):
                await ask(router, f"why does {secret} not work?", model="openai/o3")
    assert not chats(openai)
    assert not chats(anthropic)


PLACES = ("middle of a long text", "system", "tool", "schema", "extras", "tool result", "split", "stop")


@pytest.mark.parametrize("place", PLACES)
async def test_a_secret_is_found_wherever_in_the_request_it_stands(opened, ask, providers, place):
    secret = "ghp_" + "".join(random.Random(3).choices(string.ascii_letters + string.digits, k=36))
    user = Message("user", (Text(QUESTION),))
    filler = "an ordinary line of a log file\n" * 10_000
    requests = {
        "middle of a long text": Request((Message("user", (Text(filler + secret + "\n" + filler),)),)),
        "system": Request((Message("system", (Text(f"use {secret}"),)), user)),
        "tool": Request((user,), tools=(Tool("t", f"call with {secret}", {}),)),
        "schema": Request((user,), tools=(Tool("t", "", {"properties": {"key": {"default": secret}}}),)),
        "extras": Request((user,), extras={"openai_chat": {"metadata": [secret]}}),
        "tool result": Request((Message("user", (ToolResult("c", (Text(secret),)),)), user)),
        "split": Request((Message("user", (Text(secret[:20]), Text(secret[20:]))), user)),
        "stop": Request((user,), sampling=Sampling(stop=(secret,))),
    }
    with SimulatedServer("never") as server:
        async with opened(**providers(openai=server)) as router:
            with pytest.raises(NoRouteError) as refused:
                await ask(router, requests[place], model="openai/gpt-6.1-terra")
    assert {item.stage for item in refused.value.rejected} == {"privacy"}
    assert not chats(server)


async def test_an_ollama_on_another_machine_is_a_third_party(opened):
    async with opened(OLLAMA_HOST="https://gpu.example.com", LLM_ROUTER_CONSENT="ollama") as router:
        assert router.registry.endpoints["ollama"].data_class == "third_party"


@pytest.mark.requirement("dispatch.conversation")
async def test_a_whole_conversation_with_tools_and_images_reaches_the_model(opened, ask, providers):
    call = SimulatedCall("look_up", '{"q": "x"}')
    tool = Tool("look_up", "Looks a thing up.", {"type": "object", "properties": {"q": {"type": "string"}}})
    picture = Message("user", (Text("What is this?"), Image(data=b"\x89PNG fake")))
    with SimulatedServer(Answer("", calls=(call,), stop="tool_call")) as server:
        async with opened(**providers(openai=server)) as router:
            outcome = await ask(router, Request((picture,), tools=(tool,)), model="openai/gpt-6.1-terra")
    (event,) = outcome.of(ToolCallEvent)
    assert (event.call.name, event.call.arguments_json) == ("look_up", '{"q": "x"}')
    body = chats(server)[0].body
    assert body["tools"][0]["function"]["name"] == "look_up"
    assert "data:image/png;base64," in str(body["messages"])


async def test_a_model_that_cannot_see_is_not_sent_a_picture(opened, ask, providers):
    picture = Message("user", (Text("What is this?"), Image(data=b"\x89PNG fake")))
    with SimulatedServer("never") as server:
        env = {"LLM_ROUTER_GROQ_BASE_URL": server.base_url("openai"), "GROQ_API_KEY": "k"}
        async with opened(**env) as router:
            with pytest.raises(NoRouteError) as refused:
                await ask(router, Request((picture,)), model="groq/openai/gpt-oss-120b")
    assert "images" in refused.value.rejected[0].reason


@pytest.mark.requirement("ollama.truncation-is-failure")
async def test_a_prompt_that_ollama_cut_is_a_failure_and_the_next_candidate_answers(opened, ask, providers):
    cutting = OllamaServer(served_window=4096, honours_truncate=False, tells_window=False)
    prompt = "Summarise this list of unrelated words: " + " ".join(f"word{n}" for n in range(9000))
    with (
        SimulatedServer("from a cut prompt", models=("gemma4",), ollama=cutting) as local,
        SimulatedServer("whole") as paid,
    ):
        async with opened(**providers(ollama=local, openai=paid)) as router:
            outcome = await ask(router, prompt, complexity=Complexity.SIMPLE)
        async with opened(**providers(ollama=local)) as router:
            with pytest.raises(ChainExhausted):
                await ask(router, prompt, complexity=Complexity.SIMPLE)
    assert outcome.text == "whole"
    assert [f.kind for f in outcome.of(AttemptFailed)] == [ErrorKind.CONTEXT_TOO_LONG]


@pytest.mark.requirement("routing.no-provider")
async def test_with_no_provider_at_all_the_error_names_the_three_quickest_ways_to_get_one(opened, ask):
    async with opened() as router:
        with pytest.raises(NoRouteError) as refused:
            await ask(router, QUESTION)
    assert all(word in refused.value.remedy for word in ("Ollama", "OPENAI_API_KEY", "BASE_URL", "demo"))
    assert {item.candidate for item in refused.value.rejected} >= {"ollama", "codex", "openai/gpt-6-luna"}


@pytest.mark.requirement("ledger.unwritable-home")
async def test_without_a_writable_state_folder_free_models_answer_and_paid_calls_are_refused(
    opened, ask, providers, tmp_path
):
    (tmp_path / "state").write_text("a file where the folder should be")
    with SimulatedServer("free", models=("gemma4",)) as local, SimulatedServer("paid") as paid:
        async with opened(**providers(ollama=local, openai=paid)) as router:
            assert router.problems
            assert (await ask(router, QUESTION)).text == "free"
            with pytest.raises(NoRouteError) as refused:
                await ask(router, QUESTION, model="openai/o3")
            assert "cannot be recorded" in refused.value.rejected[0].reason
    assert not chats(paid)


async def test_the_answer_is_bounded_by_what_was_asked_for(opened, ask, providers):
    with SimulatedServer("ok") as server:
        async with opened(**providers(openai=server)) as router:
            request = replace(prompt_request(QUESTION), sampling=Sampling(max_output_tokens=77))
            await ask(router, request, model="openai/gpt-6-luna")
    assert chats(server)[0].body["max_completion_tokens"] == 77


@pytest.mark.requirement("privacy.no-prompt-at-rest")
async def test_neither_prompt_nor_answer_nor_key_is_found_in_the_state_folder(opened, ask, providers, tmp_path):
    with SimulatedServer("canary-answer-7731") as server:
        env = providers(openai=server) | {"LLM_ROUTER_OPENAI_API_KEY": "canary-key-7731"}
        async with opened(**env) as router:
            await ask(router, "canary-prompt-7731 what is this?", model="openai/gpt-6-luna")
            everything = b"".join(p.read_bytes() for p in (tmp_path / "state").rglob("*") if p.is_file())
    assert b"7731" not in everything
    assert b"gpt-6-luna" in everything


async def test_concurrent_calls_of_one_process_never_pass_a_cap(opened, ask, providers):
    with SimulatedServer(Answer("ok", input_tokens=10, output_tokens=4000)) as server:
        async with opened(**providers(openai=server)) as router:
            set_cap(router.db, "day", 200_000)
            answered: list[int] = []

            async def one() -> None:
                try:
                    await ask(router, QUESTION, model="openai/gpt-6.1-terra")
                    answered.append(1)
                except (BudgetExceeded, NoRouteError):
                    pass

            async with anyio.create_task_group() as group:
                for _ in range(12):
                    group.start_soon(one)
            used, held = spent(router)["day"]
            assert 0 < used <= 200_000
            assert held == 0
            assert len(answered) == len(chats(server)) >= 1


async def test_streamed_text_arrives_in_pieces_before_the_end(opened, ask, providers):
    with SimulatedServer(Answer("one two three four", pieces=4)) as server:
        async with opened(**providers(openai=server)) as router:
            outcome = await ask(router, QUESTION, stream=True, model="openai/gpt-6-luna")
    assert len(outcome.of(TextDelta)) >= 3
    assert isinstance(outcome.end, Done)
