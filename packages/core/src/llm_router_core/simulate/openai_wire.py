"""The wire format of OpenAI chat completions, from the server's side."""

from __future__ import annotations

import json

from llm_router_core.simulate.behaviour import Answer, SeenRequest, count_tokens, text_in
from llm_router_core.simulate.connection import WireReply, json_reply

_STOPS = {
    "end": "stop",
    "max_tokens": "length",
    "tool_call": "tool_calls",
    "stop_sequence": "stop",
    "content_filter": "content_filter",
}


def prompt_tokens(request: SeenRequest) -> int:
    """What the simulated tokenizer makes of the whole prompt, four tokens a message added."""
    messages = (request.body or {}).get("messages")
    system = text_in((request.body or {}).get("system"))
    items = messages if isinstance(messages, list) else []
    texts = [text_in(item.get("content")) for item in items if isinstance(item, dict)]
    return sum(count_tokens(text) + 4 for text in texts) + (count_tokens(system) if system else 0)


def output_tokens(answer: Answer) -> int:
    """What the simulated tokenizer makes of the answer."""
    said = answer.text + answer.reasoning + "".join(call.arguments for call in answer.calls)
    return answer.output_tokens if answer.output_tokens is not None else max(count_tokens(said), 1)


def split_text(text: str, pieces: int) -> list[str]:
    """The text in about so many pieces, none of them empty."""
    size = max(-(-len(text) // max(pieces, 1)), 1)
    return [text[start : start + size] for start in range(0, len(text), size)]


def chat(request: SeenRequest, answer: Answer) -> WireReply:
    """The reply to `POST /chat/completions`."""
    body = request.body or {}
    model = str(body.get("model", "simulated"))
    usage = _usage(request, answer)
    if body.get("stream"):
        options = body.get("stream_options")
        wants_usage = isinstance(options, dict) and bool(options.get("include_usage"))
        return WireReply(_chunks(answer, model, usage if wants_usage else None), "text/event-stream", is_stream=True)
    message: dict[str, object] = {"role": "assistant", "content": answer.text or None, "refusal": None}
    if answer.reasoning:
        message["reasoning_content"] = answer.reasoning
    if answer.calls:
        message["tool_calls"] = _calls(answer)
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _stop(answer)}
    payload: dict[str, object] = {
        "id": "chatcmpl-simulated",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [choice],
    }
    return json_reply(payload | _found(answer) | ({} if usage is None else {"usage": usage}))


def models(names: tuple[str, ...]) -> WireReply:
    """The reply to `GET /models`."""
    data = [{"id": name, "object": "model", "created": 0, "owned_by": "simulated"} for name in names]
    return json_reply({"object": "list", "data": data})


def _found(answer: Answer) -> dict[str, object]:
    """What was found, as Perplexity tells it."""
    if not answer.sources:
        return {}
    results = [{"url": url, "title": title, "date": None} for url, title in answer.sources]
    return {"citations": [url for url, _ in answer.sources], "search_results": results}


def _stop(answer: Answer) -> str:
    return "tool_calls" if answer.calls and answer.stop == "end" else _STOPS[answer.stop]


def _calls(answer: Answer) -> list[dict[str, object]]:
    return [
        {"id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in answer.calls
    ]


def _usage(request: SeenRequest, answer: Answer) -> dict[str, object] | None:
    """As OpenAI counts: the prompt includes what came from the cache, the completion includes reasoning."""
    if not answer.has_usage:
        return None
    if answer.usage is not None:
        return dict(answer.usage)
    fresh = answer.input_tokens if answer.input_tokens is not None else prompt_tokens(request)
    prompt = fresh + answer.cache_read_tokens + answer.cache_write_tokens
    output = output_tokens(answer) + answer.reasoning_tokens
    return {
        "prompt_tokens": prompt,
        "completion_tokens": output,
        "total_tokens": prompt + output,
        "prompt_tokens_details": {
            "cached_tokens": answer.cache_read_tokens,
            "cache_write_tokens": answer.cache_write_tokens,
        },
        "completion_tokens_details": {"reasoning_tokens": answer.reasoning_tokens},
    }


def _chunks(answer: Answer, model: str, usage: dict[str, object] | None) -> list[bytes]:
    deltas: list[dict[str, object]] = [{"role": "assistant", "content": ""}]
    deltas += [{"reasoning_content": piece} for piece in split_text(answer.reasoning, answer.pieces)]
    deltas += [{"content": piece} for piece in split_text(answer.text, answer.pieces)]
    for index, call in enumerate(answer.calls):
        start = {"name": call.name, "arguments": ""}
        deltas.append({"tool_calls": [{"index": index, "id": call.call_id, "type": "function", "function": start}]})
        for piece in split_text(call.arguments, answer.pieces):
            deltas.append({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    choices: list[list[dict[str, object]]] = [[{"index": 0, "delta": delta, "finish_reason": None}] for delta in deltas]
    choices.append([{"index": 0, "delta": {}, "finish_reason": _stop(answer)}])
    frame = {"id": "chatcmpl-simulated", "object": "chat.completion.chunk", "created": 0, "model": model}
    sent = [_event(frame | {"choices": choice} | _found(answer)) for choice in choices]
    if usage is not None:
        sent.append(_event(frame | {"choices": [], "usage": usage}))
    return [*sent, b"data: [DONE]\n\n"]


def _event(payload: dict[str, object]) -> bytes:
    return b"data: %s\n\n" % json.dumps(payload, ensure_ascii=False).encode()
