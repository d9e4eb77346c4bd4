from __future__ import annotations

import random
import re

import pytest

from llm_router_core.conversation import Message, Request, Text, prompt_request
from llm_router_core.dispatch.faults import provider_error
from llm_router_core.errors import ErrorKind, ProviderError
from llm_router_core.http_client import HttpClient
from llm_router_core.providers.call import HttpFailure, call
from llm_router_core.providers.dialects.context_window import measure, window_for
from llm_router_core.providers.dialects.registry import DIALECTS
from llm_router_core.providers.endpoint import Limits
from llm_router_core.simulate.ollama_wire import OllamaServer
from llm_router_core.simulate.server import SimulatedServer

pytestmark = pytest.mark.anyio
LADDER = [1_000, 1_024, 2_000, 3_000, 4_000, 4_090, 4_096, 4_200, 5_000, 6_000, 8_000, 12_000, 16_384, 24_000, 40_000,
          65_536]  # fmt: skip
WORDS = ["the", "router", "holds", "every", "budget", "before", "one", "byte", "leaves", "and", "settles", "whatever"]
CODE = 'def f(x, y=1): return {"a": [x[0]**2, y], "b": f"{x!r}"}  # 0x1F\n'
RANDOM = random.Random(7)


def prose(tokens):
    return " ".join(RANDOM.choice(WORDS) for _ in range(int(tokens / 1.3)))


def by_words(text):
    """Like a vocabulary for English: 1.3 tokens a word."""
    return int(len(text.split()) * 1.3)


def by_pieces(text):
    """Like a byte-pair tokenizer: short letter runs, single digits, single signs, single wide characters."""
    return len(re.findall(r" ?[A-Za-z]{1,4}|\d|[^\sA-Za-z\d]|\s+", text))


def by_quarter(text):
    return -(-len(text.encode()) // 4)


def by_dashes(text):
    return len(re.findall(r"-{1,64}|[^\s-]+", text))


TEXTS = {
    "prose": (prose, by_words),
    "code": (lambda tokens: CODE * (tokens // by_pieces(CODE) + 1), by_pieces),
    "chinese": (lambda tokens: "我们需要路由器保持预算" * (tokens // 8), lambda text: len(text) * 8 // 11),
    "poorly supported chinese": (lambda tokens: "我们需要路由" * (tokens // 9), lambda text: len(text) * 3 // 2),
    "one letter over and over": (lambda tokens: "a" * tokens * 8, lambda text: len(text) // 8 + 1),
    "one line over and over": (lambda tokens: "-" * 64 * tokens, by_dashes),
    "one word over and over": (lambda tokens: "yes " * tokens, lambda text: len(text.split())),
    "digits": (lambda tokens: "0123456789" * (tokens // 10), len),
    "bytes by four": (lambda tokens: "abc " * tokens, by_quarter),
}


async def outcome(client: HttpClient, target, server: SimulatedServer, request: Request) -> str:
    try:
        async for _ in call(client, request, target(server, "ollama"), Limits(deadline_s=20)):
            pass
    except HttpFailure as failed:
        return provider_error(failed, "ollama", "m").kind.value
    except ProviderError as error:
        return error.kind.value
    return "answered"


@pytest.mark.parametrize("tells_window", [True, False])
@pytest.mark.parametrize("kind", TEXTS)
async def test_a_prompt_that_fits_is_never_called_cut(client, target, kind, tells_window):
    make, count = TEXTS[kind]
    server = OllamaServer(count=count, tells_window=tells_window, trained_window=1 << 22)
    with SimulatedServer(ollama=server) as running:
        for tokens in LADDER:
            assert await outcome(client, target, running, prompt_request(make(tokens))) == "answered", tokens


@pytest.mark.parametrize("window", [2_048, 8_192])
@pytest.mark.parametrize("tells_window", [True, False])
@pytest.mark.parametrize("kind", TEXTS)
async def test_a_prompt_that_was_cut_silently_is_never_an_answer(client, target, kind, tells_window, window):
    make, count = TEXTS[kind]
    server = OllamaServer(served_window=window, honours_truncate=False, tells_window=tells_window, count=count)
    with SimulatedServer(ollama=server) as running:
        for tokens in LADDER:
            prompt = make(tokens)
            is_cut = count(prompt) + 4 > window
            seen = await outcome(client, target, running, prompt_request(prompt))
            if is_cut:
                assert seen == "context_too_long", tokens
            elif count(prompt) + 64 < window:  # within a few tokens of the edge there is no room to answer either
                assert seen == "answered", tokens


async def test_a_window_of_an_odd_size_is_found_out_where_the_cut_is_large(client, target):
    server = OllamaServer(served_window=3_001, honours_truncate=False, tells_window=False, count=by_words)
    with SimulatedServer(ollama=server) as running:
        for tokens in (5_000, 8_000, 30_000):
            assert await outcome(client, target, running, prompt_request(prose(tokens))) == "context_too_long"


async def test_a_server_that_refuses_instead_of_cutting_is_understood(client, target):
    with SimulatedServer(ollama=OllamaServer(served_window=2_048)) as running:
        assert await outcome(client, target, running, prompt_request(prose(8_000))) == "context_too_long"


async def test_a_cut_is_found_in_a_stream_and_in_a_long_conversation(client, target):
    server = OllamaServer(served_window=4_096, honours_truncate=False, tells_window=False)
    turns = tuple(Message("user" if turn % 2 else "assistant", (Text(prose(700)),)) for turn in range(12))
    request = Request((Message("system", (Text("be brief"),)), *turns), stream=True)
    with SimulatedServer(ollama=server) as running:
        assert await outcome(client, target, running, request) == "context_too_long"


async def test_a_healthy_short_call_costs_one_exchange(client, target):
    with SimulatedServer() as running:
        assert await outcome(client, target, running, prompt_request("hello there")) == "answered"
        assert [request.path for request in running.requests] == ["/api/chat"]


def test_a_prompt_beyond_the_model_is_refused_before_it_is_sent(target):
    with pytest.raises(ProviderError) as caught:
        DIALECTS["ollama"].encode(
            prompt_request("yes " * 9_000), target("http://127.0.0.1:9", "ollama", context_tokens=8_192)
        )
    assert caught.value.kind is ErrorKind.CONTEXT_TOO_LONG


@pytest.mark.parametrize("kind", TEXTS)
def test_the_window_asked_for_always_holds_the_prompt(kind):
    make, count = TEXTS[kind]
    for tokens in LADDER:
        size = measure(prompt_request(make(tokens)))
        assert size.at_least <= count(make(tokens)) or kind == "bytes by four"
        window = window_for(size, 512, None)
        assert window >= count(make(tokens)) + 512
        assert window >= 4_096
        assert window & (window - 1) == 0
    assert window_for(size, 512, 8_192) == 8_192
