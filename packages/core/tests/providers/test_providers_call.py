from __future__ import annotations

import gzip
import socket
from contextlib import suppress
from threading import Thread

import anyio
import pytest

from llm_router_core.catalog.entries import DataClass
from llm_router_core.conversation import StopReason, ToolCallEvent, Usage, prompt_request
from llm_router_core.dispatch.faults import provider_error
from llm_router_core.errors import ErrorKind, ProviderError
from llm_router_core.http_client import HttpClient
from llm_router_core.providers.call import HttpFailure, call, fetch_models
from llm_router_core.providers.endpoint import Endpoint, Limits, Target
from llm_router_core.simulate.behaviour import (
    Answer,
    Fault,
    SimulatedCall,
    bad_key,
    failing,
    out_of_quota,
    rate_limited,
    redirect,
    saying,
    server_error,
    web_page,
    zip_bomb,
)
from llm_router_core.simulate.ollama_wire import OllamaServer
from llm_router_core.simulate.server import SimulatedServer

pytestmark = pytest.mark.anyio
DIALECTS = ("openai_chat", "openai_responses", "anthropic", "gemini", "ollama")
BRIEF = Limits(deadline_s=0.4, connect_s=0.3, gap_s=0.3, max_body_bytes=1024 * 1024)
KEY = "sk-test-0123456789abcdefghijkl"


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_an_answer_arrives_whole_with_usage_right_before_done(ask, hear, dialect, is_stream):
    script = Answer("Grüße aus Köln, 你好", reasoning="let me think", input_tokens=40, output_tokens=9)
    with SimulatedServer(script) as server:
        heard = hear(await ask(server, dialect, prompt_request("hello", system="be kind", stream=is_stream)))
    assert heard.text == "Grüße aus Köln, 你好"
    assert heard.reasoning == "let me think"
    assert heard.last_two == ("UsageEvent", "Done")
    assert heard.usages == [Usage(input_tokens=40, output_tokens=9)]
    assert [(done.stop_reason, done.model) for done in heard.dones] == [(StopReason.END, "simulated")]


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_tool_call_arrives_complete_and_ends_the_turn_as_one(ask, hear, dialect, is_stream):
    script = Answer("", calls=(SimulatedCall("weather", '{"city": "Köln", "days": 3}'),))
    with SimulatedServer(script) as server:
        events = await ask(server, dialect, prompt_request("weather?", stream=is_stream))
    calls = [event.call for event in events if isinstance(event, ToolCallEvent)]
    assert [call.name for call in calls] == ["weather"]
    assert calls[0].arguments_json == '{"city": "Köln", "days": 3}' or "\\u00f6" in calls[0].arguments_json
    assert hear(events).dones[0].stop_reason is StopReason.TOOL_CALL


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("dialect", ["openai_chat", "openai_responses", "anthropic", "gemini"])
async def test_cached_tokens_are_never_counted_twice(ask, hear, dialect, is_stream):
    written = 0 if dialect == "gemini" else 50
    script = Answer("ok", input_tokens=100, cache_read_tokens=900, cache_write_tokens=written, output_tokens=7)
    with SimulatedServer(script) as server:
        usage = hear(await ask(server, dialect, prompt_request("hello", stream=is_stream))).usages[0]
    assert (usage.input_tokens, usage.cache_read_tokens, usage.cache_write_tokens) == (100, 900, written)
    assert usage.prompt_tokens == 1000 + written
    assert usage.output_tokens == 7


async def test_hour_long_cache_writes_and_reasoning_are_parts_and_not_sums(ask, hear):
    script = Answer("ok", input_tokens=10, cache_write_tokens=50, cache_write_1h_tokens=20, output_tokens=7)
    with SimulatedServer(script) as server:
        usage = hear(await ask(server, "anthropic", prompt_request("hello", stream=True))).usages[0]
    assert (usage.prompt_tokens, usage.cache_write_1h_tokens) == (60, 20)
    with SimulatedServer(Answer("ok", output_tokens=7, reasoning_tokens=30)) as server:
        usage = hear(await ask(server, "openai_chat", prompt_request("hello"))).usages[0]
    assert (usage.output_tokens, usage.reasoning_tokens) == (37, 30)


IMPOSSIBLE = [-1, 1.5, True, "12", 10**12]


async def failure_of(calling) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await calling
    return caught.value


@pytest.mark.parametrize("count", IMPOSSIBLE)
@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_usage_that_cannot_be_true_is_replaced_by_an_estimate(ask, hear, dialect, is_stream, count):
    names = {
        "openai_chat": ("prompt_tokens", "completion_tokens"),
        "openai_responses": ("input_tokens", "output_tokens"),
        "anthropic": ("input_tokens", "output_tokens"),
        "gemini": ("promptTokenCount", "candidatesTokenCount"),
        "ollama": ("prompt_eval_count", "eval_count"),
    }[dialect]
    for usage in ({names[0]: count, names[1]: 5}, {names[0]: 5, names[1]: count}, {names[0]: 0, names[1]: 0}):
        with SimulatedServer(Answer("some text", usage=usage)) as server:
            heard = hear(await ask(server, dialect, prompt_request("hello there", stream=is_stream)))
        assert heard.text == "some text"
        assert len(heard.usages) == 1
        assert heard.usages[0].is_estimated
        assert heard.usages[0].input_tokens >= 4
        assert heard.usages[0].output_tokens >= 3


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_missing_usage_is_estimated_and_says_so(ask, hear, dialect, is_stream):
    with SimulatedServer(Answer("some text", has_usage=False)) as server:
        heard = hear(await ask(server, dialect, prompt_request("hello there", stream=is_stream)))
    assert heard.last_two == ("UsageEvent", "Done")
    assert heard.usages[0].is_estimated
    assert heard.usages[0].output_tokens == 3


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "script",
    [
        web_page(),
        redirect("http://169.254.169.254/latest"),
        saying(b"this is not json"),
        saying(b'{"a": 1, "a": 2}'),
        saying(b'{"usage": NaN}'),
        saying(b"[1, 2]"),
        saying(b"\xff\xfe\x00"),
        saying(b"[" * 100_000),
        saying(b"{}"),
        saying(b'{"choices": [{"message": 7}], "content": 7, "message": 7, "done": true}'),
        saying(b'{"choices": {"0": 1}, "content": {"type": "text"}, "message": [], "done": true}'),
        zip_bomb(16),
        saying(b"x", {"content-encoding": "br"}),
        saying(b"x", {"content-encoding": "gzip"}),
        saying(b"{}", {"content-length": "500000000000"}),
        saying(b'"' + b"x" * 2_000_000 + b'"'),
    ],
    ids=lambda script: repr(script.fault.body[:24]),
)
async def test_what_no_dialect_allows_is_a_bad_reply(ask, dialect, script, is_stream):
    limits = Limits(deadline_s=5.0, connect_s=2.0, gap_s=2.0, max_body_bytes=1024 * 1024)
    with SimulatedServer(script) as server, pytest.raises(ProviderError) as caught:
        await ask(server, dialect, prompt_request("hello", stream=is_stream), limits)
    expected = {ErrorKind.BAD_REPLY}
    if script.fault.body == b"{}":
        expected |= {ErrorKind.INTERRUPTED}  # it does not say that it is done, or is shorter than declared
    assert caught.value.kind in expected
    assert KEY not in caught.value.message


async def test_a_web_page_names_the_base_url_to_check_without_its_secrets(client):
    with SimulatedServer(web_page()) as server:
        base_url = server.base_url("openai").replace("://", "://user:hunter2@")
        endpoint = Endpoint("somebody", "openai_chat", base_url, DataClass.LOCAL, auth="bearer", key=KEY)
        with pytest.raises(ProviderError) as caught:
            async for _ in call(client, prompt_request("hello"), Target(endpoint, "m", 64), BRIEF):
                pass
    assert f"127.0.0.1:{server.port}/v1" in caught.value.message
    assert "hunter2" not in caught.value.message


STATUSES = [
    (rate_limited("7"), ErrorKind.RATE_LIMITED, 7.0),
    (out_of_quota(), ErrorKind.QUOTA, None),
    (bad_key(), ErrorKind.AUTH, None),
    (failing(403, {"error": {"message": "no", "type": "permission_error"}}), ErrorKind.AUTH, None),
    (failing(402, {"error": "pay"}), ErrorKind.QUOTA, None),
    (failing(404, {"error": "model 'x' not found, try pulling it first"}), ErrorKind.MODEL_NOT_FOUND, None),
    (failing(413, {"error": {"type": "request_too_large"}}), ErrorKind.CONTEXT_TOO_LONG, None),
    (failing(400, {"error": {"code": "context_length_exceeded"}}), ErrorKind.CONTEXT_TOO_LONG, None),
    (
        failing(400, {"type": "error", "error": {"type": "invalid_request_error", "message": "prompt is too long: 9"}}),
        ErrorKind.CONTEXT_TOO_LONG,
        None,
    ),
    (
        failing(
            400,
            {"error": {"type": "invalid_request_error", "message": "Your credit balance is too low to access the API"}},
        ),
        ErrorKind.QUOTA,
        None,
    ),
    (failing(400, {"error": {"code": "content_filter"}}), ErrorKind.CONTENT_FILTERED, None),
    (failing(400, {"error": {"message": "temperature must be below 2"}}), ErrorKind.BAD_REQUEST, None),
    (failing(422, {"detail": "no"}), ErrorKind.BAD_REQUEST, None),
    (failing(408, {}), ErrorKind.TIMED_OUT, None),
    (failing(504, "<html>gateway</html>"), ErrorKind.TIMED_OUT, None),
    (server_error(500), ErrorKind.UNAVAILABLE, None),
    (server_error(503), ErrorKind.UNAVAILABLE, None),
    (failing(529, {"type": "error", "error": {"type": "overloaded_error"}}), ErrorKind.UNAVAILABLE, None),
    (failing(204, ""), ErrorKind.BAD_REPLY, None),
]


@pytest.mark.parametrize(("script", "kind", "wait_s"), STATUSES, ids=lambda value: str(value)[:40])
async def test_a_status_becomes_the_kind_that_the_walk_decides_by(ask, script, kind, wait_s):
    with SimulatedServer(script) as server, pytest.raises(HttpFailure) as caught:
        await ask(server, "openai_chat", prompt_request("hello"))
    error = provider_error(caught.value, "somebody", "model")
    assert (error.kind, error.retry_after_s, error.provider, error.model) == (kind, wait_s, "somebody", "model")


async def test_a_key_echoed_by_the_provider_is_in_no_message(ask):
    body = {"error": {"message": f"Incorrect API key provided: {KEY}. \x1b[31mAlso sk-abcdef****wxyz\x00", "code": "x"}}
    with SimulatedServer(failing(401, body)) as server, pytest.raises(HttpFailure) as caught:
        await ask(server, "openai_chat", prompt_request("hello"))
    message = provider_error(caught.value, "somebody", "model").message
    assert KEY not in f"{message}{caught.value}{caught.value.body}{caught.value!r}"
    assert "sk-abcdef" not in message
    assert message.isprintable()


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_the_key_travels_in_its_header_and_nowhere_else(ask, dialect):
    with SimulatedServer() as server:
        await ask(server, dialect, prompt_request("hello"))
        seen = server.requests[0]
    carriers = {name for name, value in seen.headers.items() if KEY in value}
    header = {"anthropic": "x-api-key", "gemini": "x-goog-api-key"}.get(dialect, "authorization")
    assert carriers == (set() if dialect == "ollama" else {header})
    assert KEY not in seen.path + str(seen.body)


async def test_a_key_that_cannot_stand_in_a_header_is_an_auth_failure(client):
    endpoint = Endpoint("somebody", "openai_chat", "http://127.0.0.1:9/v1", DataClass.LOCAL, key="bad\r\nkey: x")
    with pytest.raises(ProviderError) as caught:
        async for _ in call(client, prompt_request("hello"), Target(endpoint, "m", 64), BRIEF):
            pass
    assert caught.value.kind is ErrorKind.AUTH


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "fault",
    [Fault(hangs="before_reply"), Fault(hangs="in_body"), Fault(drip_s=0.05), Fault(delay_s=30.0)],
    ids=["hang", "hang in body", "drip", "delay"],
)
async def test_a_slow_server_is_left_at_the_deadline(ask, dialect, fault, is_stream):
    with SimulatedServer(Answer("a long answer " * 20, fault=fault)) as server, anyio.fail_after(4):
        caught = await failure_of(ask(server, dialect, prompt_request("hello", stream=is_stream), BRIEF))
    assert caught.kind is ErrorKind.TIMED_OUT


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_reset_in_the_middle_is_an_interruption(ask, dialect, is_stream):
    fault = Fault(cut_after=60, is_reset=True)
    with SimulatedServer(Answer("a long answer " * 20, fault=fault)) as server, pytest.raises(ProviderError) as caught:
        await ask(server, dialect, prompt_request("hello", stream=is_stream))
    assert caught.value.kind is ErrorKind.INTERRUPTED


async def test_a_body_shorter_than_declared_is_a_bad_reply(ask):
    with SimulatedServer(Answer(fault=Fault(cut_after=30))) as server, pytest.raises(ProviderError) as caught:
        await ask(server, "openai_chat", prompt_request("hello"))
    assert caught.value.kind is ErrorKind.BAD_REPLY


async def test_a_port_where_nobody_listens_is_unreachable(ask):
    with SimulatedServer() as server:
        base_url = server.base_url("ollama")
    with pytest.raises(ProviderError) as caught:
        await ask(base_url, "ollama", prompt_request("hello"))
    assert caught.value.kind is ErrorKind.UNREACHABLE


@pytest.fixture
def rude_port():
    """A server that greets every connection with something that is neither TLS nor HTTP."""

    def greet(listener):
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection:
                    connection.sendall(b"220 ready when you are\r\n\r\n")
                    connection.recv(65_536)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=greet, args=(listener,), daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(2)


async def test_a_server_without_tls_is_unreachable_by_https(ask, rude_port):
    caught = await failure_of(ask(f"https://127.0.0.1:{rude_port}/v1", "openai_chat", prompt_request("hello")))
    assert caught.kind is ErrorKind.UNREACHABLE
    assert "TLS" in caught.message


async def test_a_server_that_speaks_something_else_is_a_bad_reply(ask, rude_port):
    caught = await failure_of(ask(f"http://127.0.0.1:{rude_port}/v1", "openai_chat", prompt_request("hello")))
    assert caught.kind is ErrorKind.BAD_REPLY
    assert "HTTP" in caught.message


async def test_a_compressed_reply_is_unpacked_although_it_was_not_asked_for(ask, hear):
    fault = Fault(edit=gzip.compress, headers={"content-encoding": "gzip"})
    with SimulatedServer(Answer("packed", fault=fault)) as server:
        assert hear(await ask(server, "openai_chat", prompt_request("hello"))).text == "packed"
        assert server.requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 500_000])
async def test_a_compressed_stream_comes_out_byte_for_byte_in_small_pieces(client, size):
    body = b"".join(b"%d," % number for number in range(size))[:size] or b"\n"
    fault = Fault(status=200, body=gzip.compress(body), headers={"content-encoding": "gzip"})
    with SimulatedServer(Answer(fault=fault)) as server:
        url = f"{server.base_url('openai')}/chat/completions"
        async with client.post(url, headers={}, body=b"{}", limits=Limits()) as reply:
            pieces = [piece async for piece in reply.chunks()]
    assert b"".join(pieces) == body
    assert max(map(len, pieces)) <= 65_536


async def test_a_proxy_of_the_environment_does_not_apply_to_loopback(ask, hear, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with SimulatedServer("direct") as server:
        assert hear(await ask(server, "openai_chat", prompt_request("hello"))).text == "direct"


async def test_a_canceled_call_closes_its_connection_and_raises_nothing_of_its_own(client, target):
    with SimulatedServer(Answer(fault=Fault(hangs="before_reply"))) as server:
        with anyio.move_on_after(0.1) as scope:
            async for _ in call(client, prompt_request("hello"), target(server, "openai_chat"), Limits()):
                pass
        assert scope.cancelled_caught


async def test_cookies_are_never_carried_from_one_call_to_the_next(ask):
    with SimulatedServer(Answer(fault=Fault(headers={"set-cookie": "id=1"}))) as server:
        await ask(server, "openai_chat", prompt_request("one"))
        await ask(server, "openai_chat", prompt_request("two"))
        assert all("cookie" not in request.headers for request in server.requests)


async def test_one_connection_serves_many_calls(client, target):
    with SimulatedServer() as server:
        for is_stream in (False, True, False, True):
            async for _ in call(
                client, prompt_request("hi", stream=is_stream), target(server, "openai_chat"), Limits()
            ):
                pass
        ports = {request.headers.get("host") for request in server.requests}
        assert len(server.requests) == 4
        assert server.connections == 1
    assert len(ports) == 1


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_an_error_inside_a_stream_that_began_well_has_its_kind(ask, dialect):
    errors = {
        "openai_chat": b'data: {"error": {"message": "slow down", "code": "rate_limit_exceeded"}}\n\n',
        "openai_responses": b'event: error\ndata: {"type": "error", "code": "rate_limit_exceeded", "message": "x"}\n\n',
        "gemini": b'data: {"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}\n\n',
        "anthropic": b'event: error\ndata: {"type": "error", "error": {"type": "overloaded_error"}}\n\n',
        "ollama": b'{"error": "model \\"x\\" not found, try pulling it first"}\n',
    }
    kinds = {
        "openai_chat": ErrorKind.RATE_LIMITED,
        "openai_responses": ErrorKind.RATE_LIMITED,
        "gemini": ErrorKind.UNAVAILABLE,
        "anthropic": ErrorKind.UNAVAILABLE,
        "ollama": ErrorKind.MODEL_NOT_FOUND,
    }
    fault = Fault(edit=lambda body: body[: body.index(b"\n", 60) + 1] + b"\n" + errors[dialect], has_length=False)
    with SimulatedServer(Answer("some text", fault=fault)) as server, pytest.raises(ProviderError) as caught:
        await ask(server, dialect, prompt_request("hello", stream=True))
    assert caught.value.kind is kinds[dialect]


async def test_models_are_listed_by_every_wire_and_forwarded_ones_are_marked(client, target):
    ollama = OllamaServer(trained_window=8192, remote_models=("big:1t-cloud",))
    with SimulatedServer(models=("one", "two"), ollama=ollama) as server:
        lists = {
            dialect: await fetch_models(client, target(server, dialect).endpoint, Limits()) for dialect in DIALECTS
        }
    assert [model.name for model in lists["openai_chat"]] == ["one", "two"]
    assert [model.name for model in lists["anthropic"]] == ["one", "two"]
    assert [(model.name, model.context_tokens) for model in lists["gemini"]] == [("one", 1_048_576), ("two", 1_048_576)]
    assert [(model.name, model.context_tokens, model.is_remote) for model in lists["ollama"]] == [
        ("one", 8192, False),
        ("two", 8192, False),
        ("big:1t-cloud", None, True),
    ]


async def test_a_client_outside_its_block_says_so(target):
    with pytest.raises(RuntimeError, match="async with"):
        async for _ in call(HttpClient(), prompt_request("hi"), target("http://127.0.0.1:9", "ollama"), Limits()):
            pass
