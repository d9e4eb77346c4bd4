"""The wire format of OpenAI Responses, from the server's side."""

from __future__ import annotations

import json

from llm_router_core.simulate.behaviour import Answer, SeenRequest, count_tokens, text_in
from llm_router_core.simulate.connection import WireReply, json_reply
from llm_router_core.simulate.openai_wire import output_tokens, split_text

_Item = dict[str, object]


def responses(request: SeenRequest, answer: Answer) -> WireReply:
    """The reply to `POST /responses`."""
    body = request.body or {}
    frame: _Item = {"id": "resp_simulated", "object": "response", "created_at": 0, "error": None}
    frame |= {"model": str(body.get("model", "simulated")), "incomplete_details": None}
    items = _items(answer, is_searching=_searches(body))
    usage = _usage(request, answer)
    whole = frame | _ending(answer) | {"output": items} | ({} if usage is None else {"usage": usage})
    if body.get("stream"):
        started = frame | {"status": "in_progress", "output": []}
        return WireReply(_events(answer, items, started, whole), "text/event-stream", is_stream=True)
    return json_reply(whole)


def prompt_tokens(request: SeenRequest) -> int:
    """What the simulated tokenizer makes of the input, four tokens an item added."""
    items = (request.body or {}).get("input")
    if isinstance(items, str):
        return count_tokens(items) + 4
    listed = items if isinstance(items, list) else []
    return sum(count_tokens(text_in(item.get("content"))) + 4 for item in listed if isinstance(item, dict))


def _searches(body: object) -> bool:
    tools = body.get("tools") if isinstance(body, dict) else None
    listed = tools if isinstance(tools, list) else []
    return any(isinstance(tool, dict) and tool.get("type") == "web_search" for tool in listed)


def _ending(answer: Answer) -> _Item:
    reasons = {"max_tokens": "max_output_tokens", "content_filter": "content_filter"}
    if answer.stop in reasons:
        return {"status": "incomplete", "incomplete_details": {"reason": reasons[answer.stop]}}
    return {"status": "completed"}


def _items(answer: Answer, *, is_searching: bool) -> list[_Item]:
    items: list[_Item] = []
    if answer.reasoning:
        summary = [{"type": "summary_text", "text": answer.reasoning}]
        items.append({"type": "reasoning", "id": "rs_1", "summary": summary, "encrypted_content": "c2VhbGVk"})
    if is_searching:
        query = {"type": "search", "query": "simulated"}
        items.append({"type": "web_search_call", "id": "ws_1", "status": "completed", "action": query})
    if answer.text:
        notes = [{"type": "url_citation", "url": url, "title": title} for url, title in answer.sources]
        part = {"type": "output_text", "text": answer.text, "annotations": notes}
        items.append({"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [part]})
    for place, call in enumerate(answer.calls):
        wire: _Item = {"type": "function_call", "id": f"fc_{place}", "call_id": call.call_id, "name": call.name}
        items.append(wire | {"arguments": call.arguments, "status": "completed"})
    return items


def _usage(request: SeenRequest, answer: Answer) -> _Item | None:
    """As OpenAI counts: the input includes what came from the cache, the output includes reasoning."""
    if not answer.has_usage:
        return None
    if answer.usage is not None:
        return dict(answer.usage)
    fresh = answer.input_tokens if answer.input_tokens is not None else prompt_tokens(request)
    prompt = fresh + answer.cache_read_tokens + answer.cache_write_tokens
    output = output_tokens(answer) + answer.reasoning_tokens
    details = {"cached_tokens": answer.cache_read_tokens, "cache_write_tokens": answer.cache_write_tokens}
    return {
        "input_tokens": prompt,
        "input_tokens_details": details,
        "output_tokens": output,
        "output_tokens_details": {"reasoning_tokens": answer.reasoning_tokens},
        "total_tokens": prompt + output,
    }


def _events(answer: Answer, items: list[_Item], started: _Item, whole: _Item) -> list[bytes]:
    events: list[_Item] = [
        {"type": "response.created", "response": started},
        {"type": "response.in_progress", "response": started},
    ]
    for place, item in enumerate(items):
        where: _Item = {"output_index": place, "item_id": item["id"]}
        events.append({"type": "response.output_item.added", "output_index": place, "item": _opened(item)})
        events += [where | event for event in _deltas(item, answer)]
        events.append({"type": "response.output_item.done", "output_index": place, "item": item})
    events.append({"type": f"response.{whole['status']}", "response": whole})
    return [_event(event | {"sequence_number": number}) for number, event in enumerate(events)]


def _opened(item: _Item) -> _Item:
    hidden: _Item = {"content": [], "arguments": "", "summary": [], "encrypted_content": None}
    return item | {name: value for name, value in hidden.items() if name in item}


def _deltas(item: _Item, answer: Answer) -> list[_Item]:
    if item["type"] == "reasoning":
        pieces = split_text(answer.reasoning, answer.pieces)
        return [{"type": "response.reasoning_summary_text.delta", "delta": piece} for piece in pieces]
    if item["type"] == "function_call":
        pieces = split_text(str(item["arguments"]), answer.pieces)
        deltas: list[_Item] = [{"type": "response.function_call_arguments.delta", "delta": piece} for piece in pieces]
        return [*deltas, {"type": "response.function_call_arguments.done", "arguments": item["arguments"]}]
    if item["type"] != "message":
        return []
    kind = "response.output_text.annotation.added"
    notes: list[_Item] = [
        {"type": kind, "annotation": {"type": "url_citation", "url": url, "title": title}}
        for url, title in answer.sources
    ]
    said: list[_Item] = [
        {"type": "response.output_text.delta", "delta": piece} for piece in split_text(answer.text, answer.pieces)
    ]
    return [*said, *notes, {"type": "response.output_text.done", "text": answer.text}]


def _event(payload: _Item) -> bytes:
    data = json.dumps(payload, ensure_ascii=False).encode()
    return b"event: %s\ndata: %s\n\n" % (str(payload["type"]).encode(), data)
