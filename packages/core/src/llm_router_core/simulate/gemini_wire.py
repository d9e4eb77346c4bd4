"""The wire format of Gemini's generateContent, from the server's side."""

from __future__ import annotations

import json

from llm_router_core.simulate.behaviour import Answer, SeenRequest, count_tokens, text_in
from llm_router_core.simulate.connection import WireReply, json_reply
from llm_router_core.simulate.openai_wire import output_tokens, split_text

_STOPS = {
    "end": "STOP",
    "max_tokens": "MAX_TOKENS",
    "tool_call": "STOP",
    "stop_sequence": "STOP",
    "content_filter": "SAFETY",
}
_Piece = dict[str, object]
SIGNATURE = "c2lnbmVk"


def is_generate(path: str) -> bool:
    """Whether the path asks for an answer."""
    return path.endswith((":generateContent", ":streamGenerateContent"))


def generate(request: SeenRequest, answer: Answer) -> WireReply:
    """The reply to `POST /v1beta/models/MODEL:generateContent` and `:streamGenerateContent`."""
    model = request.path.rpartition("/")[2].partition(":")[0]
    frame: _Piece = {"modelVersion": model, "responseId": "simulated"}
    usage = _usage(request, answer)
    counted = {} if usage is None else {"usageMetadata": usage}
    parts = _parts(answer)
    ending = {"finishReason": _STOPS[answer.stop], "index": 0} | _grounding(request, answer)
    if not request.path.endswith(":streamGenerateContent"):
        content = {"role": "model", "parts": [part for pieces in parts for part in _whole(pieces)]}
        return json_reply(frame | {"candidates": [{"content": content} | ending]} | counted)
    flat = [part for pieces in parts for part in pieces] or [{"text": ""}]
    events = [frame | {"candidates": [_candidate(part)]} for part in flat[:-1]]
    events.append(frame | {"candidates": [_candidate(flat[-1]) | ending]} | counted)
    return WireReply([_event(event) for event in events], "text/event-stream", is_stream=True)


def models(names: tuple[str, ...]) -> WireReply:
    """The reply to `GET /v1beta/models`."""
    methods = ["generateContent", "countTokens"]
    rows: list[_Piece] = [
        {"name": f"models/{name}", "inputTokenLimit": 1_048_576, "supportedGenerationMethods": methods}
        for name in names
    ]
    embedding = {"name": "models/embedder", "supportedGenerationMethods": ["embedContent"]}
    return json_reply({"models": [*rows, embedding]})


def prompt_tokens(request: SeenRequest) -> int:
    """What the simulated tokenizer makes of the contents, four tokens each added."""
    contents = (request.body or {}).get("contents")
    listed = contents if isinstance(contents, list) else []
    return sum(count_tokens(text_in(item.get("parts"))) + 4 for item in listed if isinstance(item, dict))


def _parts(answer: Answer) -> list[list[_Piece]]:
    """For each part the pieces it is streamed in."""
    parts: list[list[_Piece]] = []
    if answer.reasoning:
        parts.append([{"text": piece, "thought": True} for piece in split_text(answer.reasoning, answer.pieces)])
    if answer.text:
        parts.append([{"text": piece} for piece in split_text(answer.text, answer.pieces)])
    for call in answer.calls:
        function = {"name": call.name, "args": json.loads(call.arguments)}
        parts.append([{"functionCall": function, "thoughtSignature": SIGNATURE}])
    return parts


def _whole(pieces: list[_Piece]) -> list[_Piece]:
    if "text" not in pieces[0]:
        return pieces
    return [pieces[0] | {"text": "".join(str(piece["text"]) for piece in pieces)}]


def _candidate(part: _Piece) -> _Piece:
    return {"content": {"role": "model", "parts": [part]}, "index": 0}


def _grounding(request: SeenRequest, answer: Answer) -> _Piece:
    tools = (request.body or {}).get("tools")
    listed = tools if isinstance(tools, list) else []
    searched = any(isinstance(tool, dict) and "google_search" in tool for tool in listed)
    if not searched or not answer.sources:
        return {}
    chunks = [{"web": {"uri": url, "title": title}} for url, title in answer.sources]
    return {"groundingMetadata": {"webSearchQueries": ["simulated"], "groundingChunks": chunks}}


def _usage(request: SeenRequest, answer: Answer) -> _Piece | None:
    """As Gemini counts: the prompt includes what came from the cache, thoughts come beside the answer."""
    if not answer.has_usage:
        return None
    if answer.usage is not None:
        return dict(answer.usage)
    fresh = answer.input_tokens if answer.input_tokens is not None else prompt_tokens(request)
    prompt = fresh + answer.cache_read_tokens
    output = output_tokens(answer)
    return {
        "promptTokenCount": prompt,
        "cachedContentTokenCount": answer.cache_read_tokens,
        "candidatesTokenCount": output,
        "thoughtsTokenCount": answer.reasoning_tokens,
        "totalTokenCount": prompt + output + answer.reasoning_tokens,
    }


def _event(payload: _Piece) -> bytes:
    return b"data: %s\r\n\r\n" % json.dumps(payload, ensure_ascii=False).encode()
