"""How OpenAI Responses and Gemini are written to, web searches, efforts, and where a cache mark stands."""

from __future__ import annotations

import json

import pytest

from llm_router_core.conversation import (
    Citation,
    Image,
    Message,
    Reasoning,
    ReasoningDelta,
    Request,
    Sampling,
    StopReason,
    Text,
    Tool,
    ToolCall,
    ToolCallEvent,
    ToolChoice,
    ToolResult,
    prompt_request,
)
from llm_router_core.errors import ErrorKind, ProviderError
from llm_router_core.providers.dialects.anthropic_cache import CONTINUES
from llm_router_core.providers.dialects.registry import DIALECTS
from llm_router_core.simulate.behaviour import Answer, SimulatedCall
from llm_router_core.simulate.server import SimulatedServer

PIXEL64 = "iVBORw=="
TOOL = Tool("find", "Finds things", {"type": "object", "properties": {"q": {"type": "string"}}})
SOURCES = (("https://one.example/a", "One"), ("https://two.example/b", "Two"))


def conversation(dialect: str) -> tuple[Message, ...]:
    seal = {
        "openai_responses": {"id": "rs_1", "encrypted_content": "sealed"},
        "gemini": {"thoughtSignature": "sealed"},
    }[dialect]
    return (
        Message("system", (Text("be kind"),)),
        Message("user", (Text("what is this?"), Image(data=b"\x89PNG"))),
        Message(
            "assistant",
            (
                Reasoning("hm", {dialect: seal}),
                Text("I look it up"),
                ToolCall("c1", "find", '{"q": "cat"}', {dialect: seal} if dialect == "gemini" else {}),
            ),
        ),
        Message("user", (ToolResult("c1", (Text("a cat"),), is_error=True), Text("and now?"))),
        Message("system", (Text("be brief"),)),
    )


@pytest.fixture
def body(target):
    def encode(dialect, request, **options):
        return DIALECTS[dialect].encode(request, target("http://127.0.0.1:9", dialect, **options)).body

    return encode


def test_responses_gets_the_whole_conversation_with_its_sealed_reasoning(body):
    wire = body("openai_responses", Request(conversation("openai_responses"), tools=(TOOL,)))
    assert wire["input"] == [
        {"type": "message", "role": "system", "content": [{"type": "input_text", "text": "be kind"}]},
        {
            "type": "message",
            "role": "user",
            "content": [
                {"type": "input_text", "text": "what is this?"},
                {"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL64}"},
            ],
        },
        {
            "type": "reasoning",
            "summary": [{"type": "summary_text", "text": "hm"}],
            "id": "rs_1",
            "encrypted_content": "sealed",
        },
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "I look it up"}]},
        {"type": "function_call", "call_id": "c1", "name": "find", "arguments": '{"q": "cat"}'},
        {"type": "function_call_output", "call_id": "c1", "output": "a cat"},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "and now?"}]},
        {"type": "message", "role": "system", "content": [{"type": "input_text", "text": "be brief"}]},
    ]
    assert (wire["store"], wire["tool_choice"], wire["tools"][0]["name"]) == (False, "auto", "find")
    forced = Request(conversation("openai_responses"), tools=(TOOL,), tool_choice=ToolChoice("tool", "find"))
    assert body("openai_responses", forced)["tool_choice"] == {"type": "function", "name": "find"}


def test_gemini_gets_the_whole_conversation_with_its_signatures(body):
    wire = body("gemini", Request(conversation("gemini"), tools=(TOOL,), tool_choice=ToolChoice("tool", "find")))
    assert wire["systemInstruction"] == {"parts": [{"text": "be kind"}, {"text": "be brief"}]}
    assert wire["contents"] == [
        {
            "role": "user",
            "parts": [{"text": "what is this?"}, {"inlineData": {"mimeType": "image/png", "data": PIXEL64}}],
        },
        {
            "role": "model",
            "parts": [
                {"text": "", "thoughtSignature": "sealed"},
                {"text": "I look it up"},
                {"functionCall": {"name": "find", "args": {"q": "cat"}}, "thoughtSignature": "sealed"},
            ],
        },
        {
            "role": "user",
            "parts": [{"functionResponse": {"name": "find", "response": {"error": "a cat"}}}, {"text": "and now?"}],
        },
    ]
    config = {"mode": "ANY", "allowedFunctionNames": ["find"]}
    assert wire["toolConfig"] == {"functionCallingConfig": config}
    assert wire["tools"][0]["functionDeclarations"][0]["parametersJsonSchema"] == dict(TOOL.input_schema)


def test_gemini_never_puts_anything_but_the_model_into_its_path(target):
    call = DIALECTS["gemini"].encode(
        prompt_request("hi", stream=True), target("http://127.0.0.1:9", "gemini", model="models/../x?key=1")
    )
    assert call.path == "/v1beta/models/..%2Fx%3Fkey%3D1:streamGenerateContent?alt=sse"
    assert DIALECTS["gemini"].base("https://g.example/v1beta/") == "https://g.example"


@pytest.mark.requirement("chains.thinking")
@pytest.mark.parametrize(
    ("dialect", "model", "effort", "expected"),
    [
        ("gemini", "gemini-2.5-flash", "medium", {"thinkingBudget": 4_000, "includeThoughts": True}),
        ("gemini", "gemini-2.5-flash", "none", {"thinkingBudget": 0, "includeThoughts": False}),
        ("gemini", "gemini-2.5-pro", "none", {"thinkingBudget": 128, "includeThoughts": False}),
        ("gemini", "gemini-3.1-pro-preview", "high", {"thinkingLevel": "high", "includeThoughts": True}),
        ("gemini", "gemini-3.8-flash", "none", {"thinkingLevel": "minimal", "includeThoughts": False}),
        ("gemini", "gemini-3.8-flash", None, None),
        ("openai_responses", "o3", "none", {"effort": "low", "summary": "auto"}),
        ("openai_responses", "gpt-5", "none", {"effort": "minimal", "summary": "auto"}),
        ("openai_responses", "gpt-6.1-terra", "none", {"effort": "none"}),
        ("openai_responses", "gpt-6.1-terra", None, None),
    ],
)
def test_effort_is_said_in_the_words_of_the_model(body, dialect, model, effort, expected):
    wire = body(dialect, prompt_request("hi", sampling=Sampling(effort=effort)), model=model, max_output_tokens=8_000)
    found = wire.get("reasoning") if dialect == "openai_responses" else wire["generationConfig"].get("thinkingConfig")
    assert found == expected


@pytest.mark.parametrize(
    ("provider", "model", "effort", "expected"),
    [
        ("openai", "o3", "high", {"reasoning_effort": "high"}),
        ("openai", "gpt-6.1-terra", None, {"temperature": 0.5}),
        ("groq", "openai/gpt-oss-120b", "low", {"reasoning_effort": "low", "temperature": 0.5}),
        ("deepseek", "deepseek-v4-pro", "high", {"thinking": {"type": "enabled"}, "temperature": 0.5}),
        ("zai", "GLM-5.3", "none", {"thinking": {"type": "disabled"}, "temperature": 0.5}),
    ],
)
def test_a_reasoning_model_is_not_sent_what_it_refuses(body, provider, model, effort, expected):
    request = prompt_request("hi", sampling=Sampling(effort=effort, temperature=0.5))
    wire = body("openai_chat", request, provider=provider, model=model)
    fields = ("temperature", "reasoning_effort", "thinking")
    assert {name: wire[name] for name in fields if name in wire} == expected


def test_a_search_is_asked_for_in_each_apis_words_or_refused_by_name(body):
    request = Request(prompt_request("news?").messages, web=True)
    assert body("gemini", request)["tools"] == [{"google_search": {}}]
    responses = body("openai_responses", request)
    assert (responses["tools"], responses["tool_choice"]) == ([{"type": "web_search"}], "required")
    assert body("anthropic", request)["tools"][0]["name"] == "web_search"
    assert "tools" not in body("openai_chat", request, provider="perplexity")
    for dialect in ("openai_chat", "ollama"):
        with pytest.raises(ProviderError, match="cannot search the web") as refused:
            body(dialect, request)
        assert refused.value.kind is ErrorKind.BAD_REQUEST
    with pytest.raises(ProviderError, match="tools"):
        body("gemini", Request(request.messages, tools=(TOOL,), web=True))


@pytest.mark.anyio
@pytest.mark.requirement("chains.research-providers")
@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize(
    ("dialect", "provider"), [("openai_chat", "perplexity"), ("openai_responses", "openai"), ("gemini", "google")]
)
async def test_the_sources_of_a_searched_answer_are_cited_once_each(ask, hear, dialect, provider, is_stream):
    request = Request(prompt_request("news?").messages, web=True, stream=is_stream)
    with SimulatedServer(Answer("it rained", sources=SOURCES)) as server:
        events = await ask(server, dialect, request, provider=provider)
    cited = [(event.url, event.title) for event in events if isinstance(event, Citation)]
    assert cited == list(SOURCES)
    assert hear(events).usages[0].searches == (0 if dialect == "openai_chat" else 1)


@pytest.mark.anyio
@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize(
    ("dialect", "extras"),
    [
        ("openai_responses", {"id": "rs_1", "encrypted_content": "c2VhbGVk"}),
        ("gemini", {"thoughtSignature": "c2lnbmVk"}),
    ],
)
async def test_what_seals_the_reasoning_comes_back_for_the_next_turn(ask, dialect, extras, is_stream):
    script = Answer("ok", reasoning="hm", calls=(SimulatedCall("find", '{"q": 1}'),))
    with SimulatedServer(script) as server:
        events = await ask(server, dialect, prompt_request("go", stream=is_stream))
    found = [event.extras for event in events if isinstance(event, ReasoningDelta) and event.extras]
    found += [event.call.extras for event in events if isinstance(event, ToolCallEvent) and event.call.extras]
    assert found == [{dialect: extras}]


def test_a_blocked_prompt_and_a_filtered_answer_are_told_apart():
    with pytest.raises(ProviderError) as caught:
        DIALECTS["gemini"].decode_reply({"promptFeedback": {"blockReason": "SAFETY"}})
    assert caught.value.kind is ErrorKind.CONTENT_FILTERED
    filtered = {"candidates": [{"finishReason": "SAFETY"}], "usageMetadata": {"promptTokenCount": 3}}
    assert DIALECTS["gemini"].decode_reply(filtered)[-1].stop_reason is StopReason.CONTENT_FILTER


def test_gemini_counts_cached_tokens_once_and_thoughts_as_output():
    usage = {"promptTokenCount": 100, "cachedContentTokenCount": 60, "candidatesTokenCount": 5, "thoughtsTokenCount": 7}
    reply = {"candidates": [{"content": {"parts": [{"text": "x"}]}, "finishReason": "STOP"}], "usageMetadata": usage}
    found = DIALECTS["gemini"].decode_reply(reply)[-2].usage
    assert (found.input_tokens, found.cache_read_tokens, found.output_tokens, found.reasoning_tokens) == (40, 60, 12, 7)


def test_a_failed_response_has_the_kind_of_its_error():
    payload = {"output": [], "status": "failed", "error": {"code": "insufficient_quota", "message": "no"}}
    with pytest.raises(ProviderError) as caught:
        DIALECTS["openai_responses"].decode_reply(payload)
    assert caught.value.kind is ErrorKind.QUOTA


LONG = "Some rule that is worth keeping in mind. " * 600


def marks(wire) -> int:
    return json.dumps(wire).count("cache_control")


def test_a_long_conversation_is_marked_behind_what_the_next_turn_sends_again(body):
    history = (
        Message("system", (Text(LONG),)),
        Message("user", (Text("one"),)),
        Message("assistant", (Text("two"),)),
        Message("user", (Text("three"),)),
    )
    wire = body("anthropic", Request(history), model="claude-sonnet-5-5")
    assert wire["system"][-1]["cache_control"] == {"type": "ephemeral"}
    assert wire["messages"][1]["content"][-1]["cache_control"] == {"type": "ephemeral"}
    assert marks(wire) == 2


def test_what_will_not_be_sent_again_or_is_too_short_is_not_marked(body):
    question = prompt_request("one", system=LONG)
    assert marks(body("anthropic", question, model="claude-sonnet-5-5")) == 0
    going_on = Request(question.messages, extras=CONTINUES)
    assert marks(body("anthropic", going_on, model="claude-sonnet-5-5")) == 1
    assert "conversation" not in body("anthropic", going_on, model="claude-sonnet-5-5")
    short = (Message("user", (Text("a"),)), Message("assistant", (Text("b"),)), Message("user", (Text("c"),)))
    assert marks(body("anthropic", Request(short), model="claude-sonnet-5-5")) == 0
    own = Message("user", (Text("a", {"anthropic": {"cache_control": {"type": "ephemeral", "ttl": "1h"}}}),))
    assert marks(body("anthropic", Request((*question.messages[:1], own, *short[1:])), model="claude-sonnet-5-5")) == 1
