"""What Gemini's generateContent answers, whole or in pieces, as events.

Every piece has the shape of the whole. There is no terminal event: the answer is complete when the last piece gave a
finish reason and the body then ended, so `Done` comes from `finish`, and a piece after a reason is still read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from llm_router_core.conversation import (
    Done,
    Event,
    Extras,
    ReasoningDelta,
    StopReason,
    TextDelta,
    ToolCall,
    ToolCallEvent,
    Usage,
    UsageEvent,
)
from llm_router_core.errors import ErrorKind, ProviderError
from llm_router_core.providers.dialects.payload import (
    Payload,
    UnusableUsage,
    bad_reply,
    object_of,
    objects_of,
    parse_object,
    text_of,
    tokens_of,
)
from llm_router_core.providers.dialects.sse import SseParser
from llm_router_core.providers.dialects.web import Sources
from llm_router_core.providers.vendor_errors import stream_error

_FILTERED = ["SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE", "IMAGE_SAFETY", "OTHER"]
_BROKEN = frozenset({"MALFORMED_FUNCTION_CALL", "MALFORMED_RESPONSE", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS"})
_STOPS: Mapping[str, StopReason] = {
    "STOP": StopReason.END,
    "MAX_TOKENS": StopReason.MAX_TOKENS,
    **dict.fromkeys(_FILTERED, StopReason.CONTENT_FILTER),
}


def usage_of(raw: object, searches: int) -> Usage | None:
    """The usage in disjoint buckets: the prompt includes what came from the cache, thoughts come beside the answer."""
    if not isinstance(raw, dict):
        return None
    try:
        prompt = tokens_of(raw, "promptTokenCount", required=True) + tokens_of(raw, "toolUsePromptTokenCount")
        cached = tokens_of(raw, "cachedContentTokenCount")
        thoughts = tokens_of(raw, "thoughtsTokenCount")
        answer = tokens_of(raw, "candidatesTokenCount", required=not thoughts)
    except UnusableUsage:
        return None
    if cached > prompt:
        return None
    return Usage(
        input_tokens=prompt - cached,
        cache_read_tokens=cached,
        output_tokens=answer + thoughts,
        reasoning_tokens=thoughts,
        searches=searches,
    )


def decode_reply(payload: Payload) -> list[Event]:
    """The events of a whole reply. Raises `ProviderError` for an error, a blocked prompt or an impossible payload."""
    reader = _Reader()
    events = reader.take(payload)
    if not reader.has_candidate:
        raise bad_reply("it has no candidate")
    return events + reader.end()


class _Reader:
    """Reads pieces; the last word on usage, model, searches and finish reason wins."""

    __slots__ = ("_calls", "_model", "_searches", "_sources", "_stop", "_usage", "has_candidate")

    def __init__(self) -> None:
        self._calls = 0
        self._model = ""
        self._searches = 0
        self._sources = Sources()
        self._stop: str = ""
        self._usage: object = None
        self.has_candidate = False

    def take(self, piece: Payload) -> list[Event]:
        if piece.get("error"):
            raise stream_error(piece["error"])
        self._usage = piece.get("usageMetadata") or self._usage
        self._model = text_of(piece.get("modelVersion"), "modelVersion") or self._model
        blocked = object_of(piece.get("promptFeedback"), "promptFeedback").get("blockReason")
        if blocked:
            raise ProviderError(ErrorKind.CONTENT_FILTERED, "the provider's filter refused the prompt")
        events: list[Event] = []
        for candidate in objects_of(piece.get("candidates"), "candidates"):
            if candidate.get("index") in (None, 0):
                events += self._candidate(candidate)
        return events

    def end(self) -> list[Event]:
        """Usage and `Done`; an answer without a finish reason was broken off."""
        if not self._stop:
            raise ProviderError(ErrorKind.INTERRUPTED, "the reply ended without a finish reason")
        if self._stop in _BROKEN:
            raise bad_reply("the model made a tool call that cannot be read")
        reason = _STOPS.get(self._stop, StopReason.END)
        if self._calls and reason is StopReason.END:
            reason = StopReason.TOOL_CALL
        usage = usage_of(self._usage, self._searches)
        done = Done(reason, self._model)
        return [done] if usage is None else [UsageEvent(usage), done]

    def _candidate(self, candidate: Payload) -> list[Event]:
        self.has_candidate = True
        reason = text_of(candidate.get("finishReason"), "finishReason")
        events: list[Event] = []
        content = object_of(candidate.get("content"), "content")
        for part in objects_of(content.get("parts"), "parts"):
            events += self._part(part)
        if reason or events:
            self._stop = reason
        grounding = object_of(candidate.get("groundingMetadata"), "groundingMetadata")
        for chunk in objects_of(grounding.get("groundingChunks"), "groundingChunks"):
            web = object_of(chunk.get("web"), "web")
            events += self._sources.cite(web.get("uri"), web.get("title"))
        queries = grounding.get("webSearchQueries")
        if isinstance(queries, list):
            self._searches = max(self._searches, len(queries))
        return events

    def _part(self, part: Payload) -> list[Event]:
        signature = text_of(part.get("thoughtSignature"), "thoughtSignature")
        extras: Extras = {"gemini": {"thoughtSignature": signature}} if signature else {}
        if "functionCall" in part:
            return [self._call(object_of(part["functionCall"], "functionCall"), extras)]
        text = text_of(part.get("text"), "text")
        if part.get("thought"):
            return [ReasoningDelta(text)] if text else []
        said: list[Event] = [TextDelta(text)] if text else []
        return [*said, ReasoningDelta("", extras)] if signature else said

    def _call(self, call: Payload, extras: Extras) -> Event:
        name = text_of(call.get("name"), "name")
        if not name:
            raise bad_reply("a tool call has no name")
        call_id = text_of(call.get("id"), "id") or f"call_{self._calls}"
        self._calls += 1
        arguments = json.dumps(object_of(call.get("args"), "args"), ensure_ascii=False)
        return ToolCallEvent(ToolCall(call_id, name, arguments, extras))


class GeminiStream:
    """See `StreamDecoder`."""

    __slots__ = ("_reader", "_sse")

    def __init__(self) -> None:
        self._sse = SseParser()
        self._reader = _Reader()

    def feed(self, data: bytes) -> list[Event]:
        """See `StreamDecoder`. Gives no `Done`: only the end of the body completes this stream."""
        events: list[Event] = []
        for item in self._sse.feed(data):
            if item.data:
                events += self._reader.take(parse_object(item.data, "a piece of the stream"))
        return events

    def finish(self) -> list[Event]:
        """See `StreamDecoder`."""
        return self._reader.end()
