from __future__ import annotations

import json
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from threading import Semaphore, Thread

import pytest

from llm_router_core.simulate.behaviour import Answer, Fault, SimulatedCall, rate_limited
from llm_router_core.simulate.server import SimulatedServer


def post(server, path, body, headers=None):
    connection = HTTPConnection("127.0.0.1", server.port, timeout=5)
    try:
        connection.request("POST", path, json.dumps(body), {"content-type": "application/json", **(headers or {})})
        reply = connection.getresponse()
        return reply.status, dict(reply.getheaders()), reply.read()
    finally:
        connection.close()


CHAT = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}


def test_one_server_speaks_all_five_wires_at_once():
    with SimulatedServer("hi there") as server:
        openai = json.loads(post(server, "/v1/chat/completions", CHAT)[2])
        anthropic = json.loads(post(server, "/v1/messages", CHAT)[2])
        ollama = json.loads(post(server, "/api/chat", CHAT | {"stream": False})[2])
        responses = json.loads(post(server, "/v1/responses", {"model": "m", "input": "hello"})[2])
        gemini = json.loads(post(server, "/v1beta/models/m:generateContent", {"contents": []})[2])
    assert responses["output"][0]["content"][0]["text"] == "hi there"
    assert gemini["candidates"][0]["content"]["parts"] == [{"text": "hi there"}]
    assert openai["choices"][0]["message"]["content"] == "hi there"
    assert anthropic["content"] == [{"type": "text", "text": "hi there"}]
    assert ollama["message"]["content"] == "hi there"


def test_what_arrived_can_be_looked_at():
    with SimulatedServer() as server:
        post(server, "/v1/chat/completions", CHAT, {"authorization": "Bearer k"})
        seen = server.requests
    assert [(request.method, request.path, request.prompt) for request in seen] == [
        ("POST", "/v1/chat/completions", "hello")
    ]
    assert seen[0].headers["authorization"] == "Bearer k"


def test_a_list_is_answered_in_order_and_its_last_step_repeats():
    with SimulatedServer([rate_limited(), "fine"]) as server:
        seen = [post(server, "/v1/chat/completions", CHAT)[0] for _ in range(3)]
    assert seen == [429, 200, 200]


def test_a_function_decides_by_the_request():
    with SimulatedServer(lambda request: request.prompt.upper()) as server:
        body = json.loads(post(server, "/v1/chat/completions", CHAT)[2])
    assert body["choices"][0]["message"]["content"] == "HELLO"


@pytest.mark.parametrize("fault", [Fault(hangs="before_reply"), Fault(hangs="in_body"), Fault(drip_s=5.0)])
def test_leaving_it_ends_replies_that_hang(fault):
    arrived = Semaphore(0)

    def hang(_):
        arrived.release()
        return Answer(fault=fault)

    with SimulatedServer(hang) as server:
        clients = [Thread(target=ask_and_be_cut, args=(server,), daemon=True) for _ in range(3)]
        for client in clients:
            client.start()
        assert all(arrived.acquire(timeout=5) for _ in clients)
    for client in clients:
        client.join(2)
        assert not client.is_alive()


def ask_and_be_cut(server):
    with suppress(OSError, HTTPException):
        post(server, "/v1/chat/completions", CHAT)


def test_an_unknown_path_is_not_found():
    with SimulatedServer() as server:
        assert post(server, "/nowhere", {})[0] == 404


def test_tool_calls_have_each_wires_own_shape():
    with SimulatedServer(Answer("", calls=(SimulatedCall("find", '{"q": 1}'),))) as server:
        openai = json.loads(post(server, "/v1/chat/completions", CHAT)[2])
        ollama = json.loads(post(server, "/api/chat", CHAT | {"stream": False})[2])
    assert openai["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"] == '{"q": 1}'
    assert ollama["message"]["tool_calls"][0]["function"]["arguments"] == {"q": 1}
