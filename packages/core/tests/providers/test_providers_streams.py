from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_router_core.conversation import Done, StopReason, TextDelta, ToolCallEvent, UsageEvent, prompt_request
from llm_router_core.errors import ErrorKind, ProviderError
from llm_router_core.providers.dialects.ndjson import NdjsonParser
from llm_router_core.providers.dialects.registry import DIALECTS
from llm_router_core.providers.dialects.sse import SseEvent, SseParser
from llm_router_core.simulate import anthropic_wire, gemini_wire, ollama_wire, openai_wire, responses_wire
from llm_router_core.simulate.behaviour import Answer, Fault, SeenRequest, SimulatedCall
from llm_router_core.simulate.server import SimulatedServer

RICH = Answer(
    "Grüße 你好 🎉 and\nmore",
    reasoning="hm, 考える",
    calls=(SimulatedCall("find", '{"q": "ä🎉"}', "call_1"), SimulatedCall("open", '{"n": 2}', "call_2")),
)
ASKED = SeenRequest("POST", "/", {}, {"stream": True, "stream_options": {"include_usage": True}, "messages": []})
STREAMS = {
    "openai_chat": b"".join(openai_wire.chat(ASKED, RICH).pieces),
    "openai_responses": b"".join(responses_wire.responses(ASKED, RICH).pieces),
    "gemini": b"".join(gemini_wire.generate(replace(ASKED, path="/m:streamGenerateContent"), RICH).pieces),
    "anthropic": b"".join(anthropic_wire.messages(ASKED, RICH).pieces),
    "ollama": b"".join(ollama_wire.chat(ASKED, RICH, ollama_wire.OllamaServer()).pieces),
}


def decoded(dialect, pieces):
    decoder = DIALECTS[dialect].stream_decoder()
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return events + decoder.finish()


def joined(events):
    text = "".join(event.text for event in events if isinstance(event, TextDelta))
    return text, [event for event in events if not isinstance(event, TextDelta)]


def split_at(data, places):
    edges = [0, *sorted(places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


@pytest.mark.parametrize("dialect", STREAMS)
@given(data=st.data())
def test_a_stream_means_the_same_wherever_its_bytes_are_split(dialect, data):
    raw = STREAMS[dialect]
    places = data.draw(st.lists(st.integers(0, len(raw)), max_size=12))
    events = decoded(dialect, split_at(raw, places))
    assert joined(events) == joined(decoded(dialect, [raw]))
    assert joined(events)[0] == RICH.text
    assert [event.call.arguments_json for event in events if isinstance(event, ToolCallEvent)] == [
        call.arguments for call in RICH.calls
    ] or dialect in {"anthropic", "gemini"}
    assert [type(event) for event in events[-2:]] == [UsageEvent, Done]


@pytest.mark.parametrize("dialect", STREAMS)
def test_a_stream_given_byte_by_byte_is_whole(dialect):
    raw = STREAMS[dialect]
    events = decoded(dialect, [raw[place : place + 1] for place in range(len(raw))])
    assert joined(events) == joined(decoded(dialect, [raw]))


@pytest.mark.parametrize("dialect", STREAMS)
def test_a_stream_cut_anywhere_before_its_end_is_never_complete(dialect):
    raw = STREAMS[dialect]
    for place in range(len(raw.removesuffix(b"\r\n")) + raw.endswith(b"\r\n")):  # its CR alone ends a line
        decoder = DIALECTS[dialect].stream_decoder()
        assert not any(isinstance(event, Done) for event in decoder.feed(raw[:place])), place
        with pytest.raises(ProviderError) as caught:
            decoder.finish()
        assert caught.value.kind is ErrorKind.INTERRUPTED


@pytest.mark.parametrize("dialect", STREAMS)
@settings(max_examples=200)
@given(data=st.data())
def test_damaged_bytes_give_typed_errors_and_nothing_else(dialect, data):
    raw = bytearray(STREAMS[dialect])
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place] = data.draw(st.integers(0, 255))
    with suppress(ProviderError):
        events = decoded(dialect, [bytes(raw)])
        assert sum(isinstance(event, Done) for event in events) == 1
        assert isinstance(events[-1], Done)


NAMES = [
    *("choices", "message", "delta", "content", "tool_calls", "function", "name", "arguments", "index", "id", "input"),
    *("finish_reason", "usage", "error", "type", "text", "thinking", "done", "done_reason", "content_block", "model"),
    *("stop_reason", "prompt_tokens", "completion_tokens", "input_tokens", "output_tokens", "prompt_tokens_details"),
    *("cached_tokens", "annotations", "url_citation", "citations", "x_groq", "search_results", "url", "title"),
    *(
        "candidates",
        "parts",
        "finishReason",
        "usageMetadata",
        "promptTokenCount",
        "functionCall",
        "args",
        "groundingChunks",
    ),
    *(
        "groundingMetadata",
        "web",
        "uri",
        "webSearchQueries",
        "thoughtSignature",
        "item",
        "response",
        "output",
        "status",
    ),
    *("annotation", "summary", "encrypted_content", "incomplete_details", "action", "promptFeedback", "blockReason"),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6),
    max_leaves=24,
)
TYPES = st.sampled_from(
    [
        "message_start",
        "message_delta",
        "message_stop",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "error",
        "ping",
        "text_delta",
        "input_json_delta",
        "citations_delta",
        "response.completed",
        "response.incomplete",
        "response.output_item.done",
        "response.output_text.delta",
        "response.output_text.annotation.added",
        "message",
        "reasoning",
        "function_call",
        "web_search_call",
    ]
)


@pytest.mark.parametrize("dialect", STREAMS)
@settings(max_examples=300)
@given(
    payload=st.dictionaries(
        st.sampled_from(
            [
                "choices",
                "content",
                "message",
                "usage",
                "error",
                "done",
                "delta",
                "index",
                "content_block",
                "model",
                "stop_reason",
                "candidates",
                "usageMetadata",
                "promptFeedback",
                "response",
                "item",
                "output",
                "status",
                "annotation",
            ]
        ),
        JSON,
        max_size=6,
    ),
    kind=TYPES,
)
def test_a_payload_of_any_shape_gives_events_or_a_typed_error(dialect, payload, kind):
    raw = json.dumps(payload | {"type": kind}).encode()
    line = raw + b"\n" if dialect == "ollama" else b"data: " + raw + b"\n\n"
    for attempt in (
        lambda: DIALECTS[dialect].decode_reply(payload),
        lambda: decoded(dialect, [line]),
        lambda: DIALECTS[dialect].decode_reply({"choices": [payload], "content": [payload], "stop_reason": "end_turn"}),
        lambda: DIALECTS[dialect].decode_reply({"candidates": [payload], "output": [payload], "status": "completed"}),
    ):
        with suppress(ProviderError):
            attempt()


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["", "ping"]),
            st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), min_size=1)),
        ).filter(lambda pair: pair[1]),
        max_size=5,
    ),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.data(),
)
def test_events_survive_any_line_end_and_any_split(events, end, data):
    raw = "﻿: a comment" + end
    for name, lines in events:
        raw += (f"event: {name}{end}" if name else "") + "".join(f"data: {line}{end}" for line in lines)
        raw += f"id: 7{end}retry: 10{end}unknown{end}{end}"
    encoded = raw.encode()
    places = data.draw(st.lists(st.integers(0, len(encoded)), max_size=20))
    parser = SseParser()
    seen = [event for piece in split_at(encoded, places) for event in parser.feed(piece)]
    assert seen == [SseEvent(name, "\n".join(lines)) for name, lines in events]


def test_an_endless_line_is_refused_before_it_fills_the_memory():
    parser = SseParser(max_event_bytes=1000)
    parser.feed(b"x" * 900)
    with pytest.raises(ProviderError):
        parser.feed(b"x" * 400)


def test_a_line_of_json_without_its_end_is_not_a_line():
    parser = NdjsonParser()
    assert parser.feed(b'{"a": 1}\n\n{"b"') == [{"a": 1}]
    assert parser.feed(b": 2}") == []
    assert parser.feed(b"\n") == [{"b": 2}]


def sse(*payloads, done=True):
    lines = [b"data: %s\n\n" % json.dumps(payload).encode() for payload in payloads]
    return [*lines, b"data: [DONE]\n\n"] if done else lines


def chunk(delta, finish=None):
    return {"model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def piece(arguments, name=None, call_id=None, index=0):
    function = {"arguments": arguments} | ({"name": name} if name else {})
    return {"tool_calls": [{"index": index, "function": function} | ({"id": call_id} if call_id else {})]}


def test_calls_that_a_server_numbers_all_alike_are_told_apart_by_id():
    pieces = [piece('{"a":', "one", "x"), piece("1}"), piece('{"b":2}', "two", "y")]
    events = decoded("openai_chat", sse(*[chunk(item) for item in pieces], chunk({}, "tool_calls")))
    calls = [event.call for event in events if isinstance(event, ToolCallEvent)]
    assert [(call.name, call.arguments_json) for call in calls] == [("one", '{"a":1}'), ("two", '{"b":2}')]


def test_a_call_whose_arguments_the_output_limit_cut_off_is_no_call():
    events = decoded("openai_chat", sse(chunk(piece('{"path": "/etc', "rm", "x")), chunk({}, "length")))
    assert [type(event) for event in events] == [Done]
    assert events[0].stop_reason is StopReason.MAX_TOKENS


def test_done_without_a_finish_reason_is_an_interruption():
    with pytest.raises(ProviderError) as caught:
        decoded("openai_chat", sse(chunk({"content": "half an ans"})))
    assert caught.value.kind is ErrorKind.INTERRUPTED


def test_a_refusal_is_a_content_filter():
    events = decoded("openai_chat", sse(chunk({"refusal": "I cannot"}), chunk({}, "stop")))
    assert events[-1].stop_reason is StopReason.CONTENT_FILTER


def test_unknown_events_and_blocks_are_ignored():
    def event(payload):
        return b"data: %s\n\n" % json.dumps(payload).encode()

    events = decoded(
        "anthropic",
        [
            event(
                {"type": "message_start", "message": {"model": "m", "usage": {"input_tokens": 3, "output_tokens": 1}}}
            ),
            event({"type": "a_new_thing", "index": "x"}),
            event({"type": "content_block_start", "index": 0, "content_block": {"type": "server_tool_use", "id": 1}}),
            event({"type": "content_block_delta", "index": 0, "delta": {"type": "new_delta", "x": 1}}),
            event({"type": "content_block_stop", "index": 0}),
            event({"type": "message_delta", "delta": {"stop_reason": "something_new"}, "usage": {"output_tokens": 9}}),
            event({"type": "message_stop"}),
        ],
    )
    assert [type(item) for item in events] == [UsageEvent, Done]
    assert (events[0].usage.input_tokens, events[0].usage.output_tokens) == (3, 9)


@pytest.mark.anyio
@pytest.mark.parametrize("is_stream", [True, False])
@pytest.mark.parametrize("dialect", STREAMS)
async def test_a_reply_whose_connection_ends_politely_is_never_reported_complete(ask, dialect, is_stream):
    request = prompt_request("hello", stream=is_stream)
    text = "some longer text with a few pieces"
    with SimulatedServer(lambda _: Answer(text, fault=faults.pop())) as server:
        faults = [Fault(has_length=False, edit=lambda body: sizes.append(len(body)) or body)]
        sizes: list[int] = []
        await ask(server, dialect, request)
        size = sizes[0]
        places = sorted({size * step // 70 for step in range(70)} | {size - 1 - (dialect == "gemini")})
        for place in places:
            faults.append(Fault(has_length=False, cut_after=place))
            with pytest.raises(ProviderError) as caught:
                await ask(server, dialect, request)
            assert caught.value.kind in (ErrorKind.INTERRUPTED, ErrorKind.BAD_REPLY), place
