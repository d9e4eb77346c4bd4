from __future__ import annotations

import base64
import json

import pytest

from llm_router_core.conversation import (
    Image,
    Message,
    Reasoning,
    Request,
    Sampling,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    prompt_request,
)
from llm_router_core.errors import ConfigError, ErrorKind, ProviderError
from llm_router_core.providers.dialects.registry import DIALECTS, dialect_named

PIXEL = b"\x89PNG"
PIXEL64 = base64.b64encode(PIXEL).decode()
TOOL = Tool("find", "Finds things", {"type": "object", "properties": {"q": {"type": "string"}}})
CONVERSATION = (
    Message("system", (Text("be kind"),)),
    Message("user", (Text("what is this?"), Image(data=PIXEL))),
    Message(
        "assistant",
        (
            Reasoning("hm", {"anthropic": {"signature": "sig"}}),
            Text("I look it up"),
            ToolCall("c1", "find", '{"q": "cat"}'),
        ),
    ),
    Message("user", (ToolResult("c1", (Text("a cat"), Image(data=PIXEL)), is_error=True), Text("and now?"))),
    Message("system", (Text("be brief"),)),
)


@pytest.fixture
def body(target):
    def encode(dialect, request, **options):
        return DIALECTS[dialect].encode(request, target("http://127.0.0.1:9", dialect, **options)).body

    return encode


def test_openai_gets_the_whole_conversation_in_its_own_shape(body):
    wire = body("openai_chat", Request(CONVERSATION, tools=(TOOL,)))
    assert wire["messages"] == [
        {"role": "system", "content": "be kind"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "what is this?"},
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL64}"}},
            ],
        },
        {
            "role": "assistant",
            "content": "I look it up",
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "find", "arguments": '{"q": "cat"}'}}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "a cat"},
        {
            "role": "user",
            "content": [
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL64}"}},
                {"type": "text", "text": "and now?"},
            ],
        },
        {"role": "system", "content": "be brief"},
    ]
    assert wire["tools"][0]["function"]["parameters"] == dict(TOOL.input_schema)
    assert "signature" not in json.dumps(wire)


def test_anthropic_gets_one_system_prompt_and_tool_results_first(body):
    wire = body("anthropic", Request(CONVERSATION, tools=(TOOL,), tool_choice=ToolChoice("any")))
    assert wire["system"] == "be kind\n\nbe brief"
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL64}}
    assert wire["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "what is this?"}, image]},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "sig"},
                {"type": "text", "text": "I look it up"},
                {"type": "tool_use", "id": "c1", "name": "find", "input": {"q": "cat"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "c1",
                    "content": [{"type": "text", "text": "a cat"}, image],
                    "is_error": True,
                },
                {"type": "text", "text": "and now?"},
            ],
        },
    ]
    assert wire["tool_choice"] == {"type": "any"}
    assert wire["max_tokens"] == 512


def test_ollama_gets_objects_for_arguments_and_images_as_base64(body):
    wire = body("ollama", Request(CONVERSATION, tools=(TOOL,)))
    roles = [(message["role"], message["content"]) for message in wire["messages"]]
    assert roles == [
        ("system", "be kind"),
        ("user", "what is this?"),
        ("assistant", "I look it up"),
        ("tool", "a cat"),
        ("user", "and now?"),
        ("system", "be brief"),
    ]
    assert wire["messages"][1]["images"] == [PIXEL64]
    assert wire["messages"][2]["tool_calls"][0]["function"] == {"name": "find", "arguments": {"q": "cat"}}
    assert wire["messages"][3]["tool_name"] == "find"
    assert (wire["truncate"], wire["shift"], wire["options"]["num_predict"]) == (False, False, 512)


def test_output_is_never_asked_for_beyond_what_was_reserved(body):
    for wanted, expected in ((None, 512), (100, 100), (9_999, 512)):
        request = prompt_request("hi", sampling=Sampling(max_output_tokens=wanted))
        assert body("openai_chat", request)["max_tokens"] == expected
        assert body("openai_chat", request, provider="openai")["max_completion_tokens"] == expected
        assert body("anthropic", request)["max_tokens"] == expected
        assert body("ollama", request)["options"]["num_predict"] == expected


def test_extras_reach_their_own_dialect_only_and_cannot_raise_the_limits(body):
    own = {"top_k": 7, "max_tokens": 10**6, "n": 5, "options": {"num_ctx": 1, "num_gpu": 2}, "stream": True}
    marked = Text("hi", {"anthropic": {"cache_control": {"type": "ephemeral"}}})
    for dialect in DIALECTS:
        request = Request((Message("user", (marked,)),), extras={dialect: own, "else": {"secret": 1}})
        wire = body(dialect, request)
        assert wire["top_k"] == 7
        assert wire.get("stream", False) is False or dialect == "gemini"
        assert "secret" not in wire
        limits = (wire.get("max_tokens"), wire.get("max_output_tokens"), wire.get("generationConfig", {}))
        assert 512 in (*limits, limits[2] and limits[2]["maxOutputTokens"]) or dialect == "ollama"
        assert ("cache_control" in json.dumps(wire)) == (dialect == "anthropic")
        others = [body(other, request) for other in DIALECTS if other != dialect]
        assert all("top_k" not in other for other in others)
    assert body("ollama", request)["options"]["num_ctx"] == 4_096
    assert body("ollama", request)["options"]["num_gpu"] == 2
    assert "n" not in body("openai_chat", Request(request.messages, extras={"openai_chat": own}))


def test_a_marked_system_message_keeps_its_place(body):
    inline = Message("system", (Text("from now on"),), {"anthropic": {}})
    wire = body("anthropic", Request((*CONVERSATION[:2], inline)))
    assert wire["system"] == "be kind"
    assert wire["messages"][-1] == {"role": "system", "content": [{"type": "text", "text": "from now on"}]}


@pytest.mark.parametrize(
    ("model", "effort", "limit", "expected"),
    [
        ("claude-haiku-4-5", "medium", 32_000, {"type": "enabled", "budget_tokens": 8_192}),
        ("claude-sonnet-4-20250514", "high", 8_000, {"type": "enabled", "budget_tokens": 4_000}),
        ("claude-haiku-4-5", "low", 1_500, None),
        ("claude-opus-5-5", "high", 8_000, {"type": "adaptive"}),
        ("claude-haiku-4-5", "none", 8_000, None),
        ("claude-haiku-4-5", None, 8_000, None),
        ("some-other-model", "low", 8_000, {"type": "enabled", "budget_tokens": 2_048}),
    ],
)
def test_thinking_fits_the_model_and_below_the_output_limit(body, model, effort, limit, expected):
    request = prompt_request("hi", sampling=Sampling(effort=effort, temperature=0.5))
    wire = body("anthropic", request, model=model, max_output_tokens=limit)
    assert wire.get("thinking") == expected
    assert ("temperature" in wire) == (expected is None)


def test_effort_reaches_openai_and_ollama_in_their_words(body):
    request = prompt_request("hi", sampling=Sampling(effort="high"))
    assert body("openai_chat", request)["reasoning_effort"] == "high"
    assert body("ollama", request)["think"] is True
    assert body("ollama", request, model="gpt-oss:20b")["think"] == "high"
    assert body("ollama", prompt_request("hi", sampling=Sampling(effort="none")))["think"] is False
    assert "think" not in body("ollama", prompt_request("hi"))


def test_a_forced_tool_is_forced_where_that_exists_and_offered_alone_elsewhere(body):
    other = Tool("other", "", {"type": "object"})
    request = Request(CONVERSATION[:2], tools=(TOOL, other), tool_choice=ToolChoice("tool", "find"))
    assert body("openai_chat", request)["tool_choice"] == {"type": "function", "function": {"name": "find"}}
    assert body("anthropic", request)["tool_choice"] == {"type": "tool", "name": "find"}
    assert [tool["function"]["name"] for tool in body("ollama", request)["tools"]] == ["find"]


def test_broken_arguments_of_a_model_are_handed_back_inside_an_object(body):
    turn = Message("assistant", (ToolCall("c1", "find", '{"q": '),))
    request = Request((*CONVERSATION[:2], turn))
    block = body("anthropic", request)["messages"][-1]["content"][0]
    assert block["input"] == {"invalid_arguments": '{"q": '}
    call = body("ollama", request)["messages"][-1]["tool_calls"][0]
    assert call["function"]["arguments"] == {"invalid_arguments": '{"q": '}


def test_an_image_that_cannot_be_sent_is_a_bad_request(body):
    by_url = Request((Message("user", (Image(url="https://example.com/a.png"),)),))
    assert "https://example.com/a.png" in json.dumps(body("openai_chat", by_url))
    assert "https://example.com/a.png" in json.dumps(body("anthropic", by_url))
    with pytest.raises(ProviderError) as caught:
        body("ollama", by_url)
    assert caught.value.kind is ErrorKind.BAD_REQUEST


def test_base_urls_are_taken_as_users_write_them():
    assert DIALECTS["anthropic"].base("https://api.anthropic.com/v1/") == "https://api.anthropic.com"
    assert DIALECTS["ollama"].base("http://127.0.0.1:11434/v1") == "http://127.0.0.1:11434"
    assert DIALECTS["ollama"].base("http://127.0.0.1:11434/api/") == "http://127.0.0.1:11434"
    assert DIALECTS["openai_chat"].base("https://api.openai.com/v1/") == "https://api.openai.com/v1"


def test_an_unknown_dialect_is_named_together_with_the_known_ones():
    with pytest.raises(ConfigError, match="klingon"):
        dialect_named("klingon")
