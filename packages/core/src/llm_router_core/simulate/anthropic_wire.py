"""The wire format of Anthropic messages, from the server's side."""

from __future__ import annotations

import json

from llm_router_core.simulate.behaviour import Answer, SeenRequest
from llm_router_core.simulate.connection import WireReply, json_reply
from llm_router_core.simulate.openai_wire import output_tokens, prompt_tokens, split_text

_STOPS = {
    "end": "end_turn",
    "max_tokens": "max_tokens",
    "tool_call": "tool_use",
    "stop_sequence": "stop_sequence",
    "content_filter": "refusal",
}
_Event = dict[str, object]


def messages(request: SeenRequest, answer: Answer) -> WireReply:
    """The reply to `POST /v1/messages`."""
    body = request.body or {}
    model = str(body.get("model", "simulated"))
    usage = _usage(request, answer)
    if body.get("stream"):
        return WireReply(_events(answer, model, usage), "text/event-stream", is_stream=True)
    payload = _message(model, _blocks(answer)) | {"stop_reason": _stop(answer)}
    return json_reply(payload | ({} if usage is None else {"usage": usage}))


def models(names: tuple[str, ...]) -> WireReply:
    """The reply to `GET /v1/models`."""
    data = [{"type": "model", "id": name, "display_name": name} for name in names]
    return json_reply({"data": data, "has_more": False})


def _message(model: str, content: list[_Event]) -> _Event:
    return {
        "id": "msg_simulated",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": None,
        "stop_sequence": None,
    }


def _stop(answer: Answer) -> str:
    return "tool_use" if answer.calls and answer.stop == "end" else _STOPS[answer.stop]


def _usage(request: SeenRequest, answer: Answer) -> _Event | None:
    """As Anthropic counts: the input excludes what was read from and written to the cache."""
    if not answer.has_usage:
        return None
    if answer.usage is not None:
        return dict(answer.usage)
    for_hour = answer.cache_write_1h_tokens
    return {
        "input_tokens": answer.input_tokens if answer.input_tokens is not None else prompt_tokens(request),
        "cache_creation_input_tokens": answer.cache_write_tokens,
        "cache_read_input_tokens": answer.cache_read_tokens,
        "cache_creation": {
            "ephemeral_5m_input_tokens": answer.cache_write_tokens - for_hour,
            "ephemeral_1h_input_tokens": for_hour,
        },
        "output_tokens": output_tokens(answer) + answer.reasoning_tokens,
    }


def _blocks(answer: Answer) -> list[_Event]:
    blocks: list[_Event] = []
    if answer.reasoning:
        blocks.append({"type": "thinking", "thinking": answer.reasoning, "signature": "c2lnbmVk"})
    if answer.text:
        blocks.append({"type": "text", "text": answer.text})
    for call in answer.calls:
        arguments = json.loads(call.arguments)
        blocks.append({"type": "tool_use", "id": call.call_id, "name": call.name, "input": arguments})
    return blocks


def _events(answer: Answer, model: str, usage: _Event | None) -> list[bytes]:
    start = _message(model, [])
    end: _Event = {"type": "message_delta", "delta": {"stop_reason": _stop(answer), "stop_sequence": None}}
    if usage is not None:
        start["usage"] = usage | ({"output_tokens": 1} if "output_tokens" in usage else {})
        end["usage"] = {name: value for name, value in usage.items() if name == "output_tokens"}
    events: list[_Event] = [{"type": "message_start", "message": start}, {"type": "ping"}]
    for index, block in enumerate(_blocks(answer)):
        first, deltas = _opened(block, answer)
        events.append({"type": "content_block_start", "index": index, "content_block": first})
        events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        events.append({"type": "content_block_stop", "index": index})
    events += [end, {"type": "message_stop"}]
    return [_event(event) for event in events]


def _opened(block: _Event, answer: Answer) -> tuple[_Event, list[_Event]]:
    """A block's start without its content, and the pieces of its content."""
    if block["type"] == "text":
        pieces = split_text(answer.text, answer.pieces)
        return {"type": "text", "text": ""}, [{"type": "text_delta", "text": piece} for piece in pieces]
    if block["type"] == "thinking":
        thoughts = split_text(answer.reasoning, answer.pieces)
        deltas: list[_Event] = [{"type": "thinking_delta", "thinking": piece} for piece in thoughts]
        deltas.append({"type": "signature_delta", "signature": block["signature"]})
        return {"type": "thinking", "thinking": "", "signature": ""}, deltas
    pieces = split_text(json.dumps(block["input"]), answer.pieces)
    return block | {"input": {}}, [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]


def _event(payload: _Event) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (
        str(payload["type"]).encode(),
        json.dumps(payload, ensure_ascii=False).encode(),
    )
