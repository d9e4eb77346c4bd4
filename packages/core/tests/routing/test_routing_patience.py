"""When a candidate is waited for, when the next one is asked, and which searched answers count."""

import time

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_router_core.catalog.entries import Complexity, TaskType
from llm_router_core.conversation import AttemptFailed, Citation, Done, Request, TextDelta, prompt_request
from llm_router_core.dispatch.walk import RETRY_WAIT_S, retry_wait_s
from llm_router_core.errors import ChainExhausted, ErrorKind, NoRouteError, ProviderError
from llm_router_core.simulate.behaviour import Answer, failing, rate_limited
from llm_router_core.simulate.server import SimulatedServer
from llm_router_core.storage import decisions

QUESTION = "What does HTTP 418 mean?"
HARD = {"complexity": Complexity.COMPLEX}
RESEARCH = {"task_type": TaskType.RESEARCH}
SOURCES = (("https://one.example/a", "One"),)


def failure(kind: ErrorKind, retry_after_s: float | None = None) -> ProviderError:
    return ProviderError(kind, "it failed", retry_after_s=retry_after_s)


@pytest.mark.requirement("dispatch.retry-after")
@pytest.mark.parametrize(
    ("kind", "told_s", "is_last", "waits"),
    [
        (ErrorKind.UNAVAILABLE, None, False, "jitter"),
        (ErrorKind.UNAVAILABLE, None, True, "jitter"),
        (ErrorKind.UNAVAILABLE, 5.0, False, "no"),
        (ErrorKind.UNAVAILABLE, 5.0, True, "told"),
        (ErrorKind.RATE_LIMITED, 5.0, True, "told"),
        (ErrorKind.RATE_LIMITED, 5.0, False, "no"),
        (ErrorKind.RATE_LIMITED, None, True, "no"),
        (ErrorKind.RATE_LIMITED, 500.0, True, "no"),
        (ErrorKind.QUOTA, 5.0, True, "no"),
        (ErrorKind.AUTH, None, True, "no"),
        (ErrorKind.TIMED_OUT, None, True, "no"),
    ],
)
def test_who_is_waited_for(kind, told_s, is_last, waits):
    wait_s = retry_wait_s(failure(kind, told_s), is_last=is_last, left_s=60.0)
    if waits == "no":
        assert wait_s is None
    elif waits == "told":
        assert 5.0 < wait_s < 5.5
    else:
        assert RETRY_WAIT_S[0] <= wait_s <= RETRY_WAIT_S[1]


@given(st.sampled_from(list(ErrorKind)), st.none() | st.floats(0, 10**6), st.booleans(), st.floats(-10, 10**6))
def test_nobody_is_waited_for_beyond_the_deadline(kind, told_s, is_last, left_s):
    wait_s = retry_wait_s(failure(kind, told_s), is_last=is_last, left_s=left_s)
    assert wait_s is None or 0 < wait_s < left_s


@pytest.mark.anyio
@pytest.mark.requirement("dispatch.retry-after")
async def test_the_last_candidate_is_asked_again_after_the_time_it_named(opened, ask, providers):
    with SimulatedServer([rate_limited("0.3"), "at last"]) as server:
        async with opened(**providers(openai=server)) as router:
            began_s = time.monotonic()
            outcome = await ask(router, QUESTION, model="openai/gpt-6-luna")
            assert outcome.text == "at last"
            assert time.monotonic() - began_s >= 0.3
            (record,) = decisions.last(router.db, 1)
            assert [row.purpose for row in record.attempts] == ["answer", "retry"]


@pytest.mark.anyio
async def test_a_wait_that_does_not_fit_the_deadline_is_not_begun(opened, ask, providers):
    with SimulatedServer(rate_limited("60")) as server:
        env = providers(openai=server) | {"LLM_ROUTER_CALL_DEADLINE": "20"}
        async with opened(**env) as router:
            with anyio.fail_after(10), pytest.raises(ChainExhausted) as failed:
                await ask(router, QUESTION, model="openai/gpt-6-luna")
    assert [item.stage for item in failed.value.rejected] == [ErrorKind.RATE_LIMITED]
    assert len(server.requests) == 1


@pytest.mark.anyio
async def test_a_busy_candidate_that_is_not_the_last_is_left_at_once(opened, ask, providers):
    busy = failing(503, {"error": {"message": "come back"}}, {"retry-after": "30"})
    with SimulatedServer(busy) as bad, SimulatedServer("from the next") as good:
        async with opened(**providers(openai=bad, anthropic=good)) as router:
            assert (await ask(router, QUESTION, **HARD)).text == "from the next"
    assert len(bad.requests) == 1


@pytest.mark.anyio
@pytest.mark.requirement("chains.research-needs-source")
@pytest.mark.parametrize("is_stream", [False, True])
async def test_research_that_names_no_source_does_not_count_and_the_next_one_is_asked(
    opened, ask, providers, is_stream
):
    with SimulatedServer("I guess so") as guessing, SimulatedServer(Answer("It is so", sources=SOURCES)) as grounded:
        async with opened(**providers(perplexity=guessing, google=grounded)) as router:
            outcome = await ask(router, QUESTION, stream=is_stream, **RESEARCH)
            assert outcome.text == "It is so"
            assert [(event.url, event.title) for event in outcome.of(Citation)] == list(SOURCES)
            assert [event.provider for event in outcome.of(AttemptFailed)] == ["perplexity"]
            (record,) = decisions.last(router.db, 1)
            assert all(row.cost_microusd for row in record.attempts)
    assert "google_search" in str(grounded.requests[0].body)


@pytest.mark.anyio
@pytest.mark.requirement("chains.research-needs-source")
async def test_research_without_any_source_is_a_refusal_that_says_so(opened, ask, providers):
    with SimulatedServer("I guess so") as guessing:
        async with opened(**providers(openai=guessing)) as router:
            with pytest.raises(ChainExhausted) as refused:
                await ask(router, QUESTION, **RESEARCH)
            assert "without naming a source" in refused.value.rejected[-1].reason
        async with opened() as router:
            with pytest.raises(NoRouteError):
                await ask(router, QUESTION, **RESEARCH)
    assert guessing.requests[0].path == "/v1/responses"


@pytest.mark.anyio
@pytest.mark.requirement("chains.research-providers")
async def test_a_streamed_search_shows_its_text_once_a_source_is_named(opened, ask, providers):
    with SimulatedServer(Answer("one two three four", sources=SOURCES)) as server:
        async with opened(**providers(perplexity=server)) as router:
            outcome = await ask(router, QUESTION, stream=True, **RESEARCH)
    assert isinstance(outcome.events[0], Citation)
    assert len(outcome.of(TextDelta)) >= 3
    assert isinstance(outcome.end, Done)


@pytest.mark.anyio
async def test_a_search_costs_its_fee_and_holds_it_beforehand(opened, ask, providers):
    plain, searched = (
        Answer("ok", input_tokens=10, output_tokens=10),
        Answer("ok", input_tokens=10, output_tokens=10, sources=SOURCES),
    )
    with SimulatedServer([plain, searched]) as server:
        async with opened(**providers(openai=server)) as router:
            model = "openai/gpt-6.1-terra"
            without = (await ask(router, QUESTION, model=model)).end.receipt.cost_microusd
            request = Request(prompt_request(QUESTION).messages, web=True)
            with_search = (await ask(router, request, model=model)).end.receipt.cost_microusd
            record = decisions.last(router.db, 1)[0]
    assert with_search - without == 10_000  # one search at $10 a thousand
    assert record.attempts[0].held_microusd >= 5 * 10_000


@pytest.mark.anyio
async def test_a_named_model_that_cannot_search_is_refused_before_it_is_asked(opened, ask, providers):
    with SimulatedServer("never") as server:
        async with opened(**providers(openai=server)) as router:
            request = Request(prompt_request(QUESTION).messages, web=True)
            with pytest.raises(NoRouteError) as refused:
                await ask(router, request, model="openai/o3")
    assert "web" in refused.value.rejected[0].reason
    assert not server.requests


@pytest.mark.anyio
async def test_an_unknown_model_is_answered_with_the_names_that_come_nearest(opened, ask, providers):
    gone = failing(404, {"error": {"code": "model_not_found", "message": "The model does not exist"}})
    with SimulatedServer(gone) as server:
        async with opened(**providers(openai=server)) as router:
            with pytest.raises(ChainExhausted) as failed:
                await ask(router, QUESTION, model="openai/gpt-6-lunar")
    assert "did you mean 'gpt-6-luna'" in failed.value.rejected[0].reason


@pytest.mark.anyio
@pytest.mark.parametrize("provider", ["mistral", "xai", "huggingface", "azure"])
async def test_a_provider_outside_the_table_answers_when_it_is_the_only_one(opened, ask, providers, provider):
    with SimulatedServer("from outside") as server:
        env = providers(**{provider: server})
        if provider in {"huggingface", "azure"}:
            env[f"LLM_ROUTER_{provider.upper()}_MODELS"] = "some-model"
        async with opened(**env) as router:
            outcome = await ask(router, QUESTION)
    assert (outcome.text, outcome.end.receipt.provider) == ("from outside", provider)
    header = "api-key" if provider == "azure" else "authorization"
    assert "dummy-key" in server.requests[0].headers[header]
