"""What an OpenAI-compatible server answers, whole or in pieces, as events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from llm_router_core.conversation import (
    Done,
    Event,
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
    is_json,
    object_of,
    objects_of,
    parse_object,
    text_of,
    tokens_of,
)
from llm_router_core.providers.dialects.sse import SseParser
from llm_router_core.providers.dialects.web import Sources
from llm_router_core.providers.vendor_errors import stream_error

_STOPS: Mapping[str, StopReason] = {
    "stop": StopReason.END,
    "length": StopReason.MAX_TOKENS,
    "tool_calls": StopReason.TOOL_CALL,
    "function_call": StopReason.TOOL_CALL,
    "content_filter": StopReason.CONTENT_FILTER,
}


def usage_of(payload: Payload) -> Usage | None:
    """The usage in disjoint buckets, or None when it is missing or impossible.

    OpenAI's `prompt_tokens` includes what came from the cache and what was written to it, its `completion_tokens`
    includes reasoning. xAI counts reasoning beside them, which shows in the total. Groq once put it under `x_groq`.
    """
    raw = payload.get("usage")
    if raw is None and isinstance(payload.get("x_groq"), dict):
        raw = object_of(payload["x_groq"], "x_groq").get("usage")
    if not isinstance(raw, dict):
        return None
    try:
        return _buckets(raw)
    except UnusableUsage:
        return None


def _buckets(raw: Payload) -> Usage:
    prompt = tokens_of(raw, "prompt_tokens", required=True)
    output = tokens_of(raw, "completion_tokens", required=True)
    read_from, spent_on = raw.get("prompt_tokens_details"), raw.get("completion_tokens_details")
    prompt_details = read_from if isinstance(read_from, dict) else {}
    output_details = spent_on if isinstance(spent_on, dict) else {}
    cached = tokens_of(prompt_details, "cached_tokens") or tokens_of(raw, "prompt_cache_hit_tokens")
    written = tokens_of(prompt_details, "cache_write_tokens")
    reasoning = tokens_of(output_details, "reasoning_tokens")
    if reasoning and tokens_of(raw, "total_tokens") == prompt + output + reasoning:
        output += reasoning
    if cached + written > prompt or reasoning > output:
        raise UnusableUsage("the parts exceed their sum")
    return Usage(
        input_tokens=prompt - cached - written,
        cache_read_tokens=cached,
        cache_write_tokens=written,
        output_tokens=output,
        reasoning_tokens=reasoning,
    )


def decode_reply(payload: Payload) -> list[Event]:
    """The events of a whole reply. Raises `ProviderError` for an error or an impossible payload."""
    if payload.get("error"):
        raise stream_error(payload["error"])
    choices = objects_of(payload.get("choices"), "choices")
    if not choices:
        raise bad_reply("it has no choice")
    message = choices[0].get("message")
    if not isinstance(message, dict):
        raise bad_reply("its choice has no message")
    sources = Sources()
    events = [*_said(message, sources), *_cited(payload, sources)]
    slots = [_whole_call(item) for item in objects_of(message.get("tool_calls"), "tool_calls")]
    reason = _stop(choices[0].get("finish_reason"), has_calls=bool(slots)) or StopReason.END
    events += _complete(slots, reason)
    usage = usage_of(payload)
    if usage is not None:
        events.append(UsageEvent(usage))
    if message.get("refusal"):
        reason = StopReason.CONTENT_FILTER
    return [*events, Done(reason, text_of(payload.get("model"), "model"))]


def _cited(payload: Payload, sources: Sources) -> list[Event]:
    """Perplexity's sources, which stand beside the choices: with titles in newer replies, as addresses in all."""
    events: list[Event] = []
    for item in objects_of(payload.get("search_results"), "search_results"):
        events += sources.cite(item.get("url"), item.get("title"))
    citations = payload.get("citations")
    for url in citations if isinstance(citations, list) else []:
        events += sources.cite(url)
    return events


def _said(message: Payload, sources: Sources) -> list[Event]:
    """Reasoning, text, a refusal and citations of a message or of a piece of one."""
    events: list[Event] = []
    reasoning = message.get("reasoning_content") or message.get("reasoning")
    if isinstance(reasoning, str) and reasoning:
        events.append(ReasoningDelta(text_of(reasoning, "reasoning")))
    content = message.get("content")
    if isinstance(content, list):
        events += _parts(content)
    elif text := text_of(content, "content"):
        events.append(TextDelta(text))
    if refusal := text_of(message.get("refusal"), "refusal"):
        events.append(TextDelta(refusal))
    for item in objects_of(message.get("annotations"), "annotations"):
        source = item.get("url_citation")
        if isinstance(source, dict):
            events += sources.cite(source.get("url"), source.get("title"))
    return events


def _parts(content: list[object]) -> list[Event]:
    """Content as a list of typed parts, as Mistral sends it."""
    texts = [text_of(part.get("text"), "text") for part in objects_of(content, "content") if part.get("type") == "text"]
    return [TextDelta(text) for text in texts if text]


def _whole_call(item: Payload) -> _Slot:
    function = object_of(item.get("function"), "function")
    slot = _Slot(text_of(item.get("id"), "id"), text_of(function.get("name"), "name"))
    slot.pieces.append(text_of(function.get("arguments"), "arguments"))
    return slot


def _complete(slots: list[_Slot], reason: StopReason) -> list[Event]:
    """The calls; one whose arguments the output limit cut off is left out, because it is not a call."""
    events = [slot.event(place) for place, slot in enumerate(slots)]
    if reason is StopReason.MAX_TOKENS:
        events = [event for event in events if is_json(event.call.arguments_json)]
    return list(events)


def _stop(reason: object, *, has_calls: bool) -> StopReason | None:
    """None when no reason was given. Some servers say `stop` after a tool call."""
    if reason is None or reason == "":
        return None
    if reason == "error":
        raise ProviderError(ErrorKind.UNAVAILABLE, "the provider broke off with an error")
    known = _STOPS.get(text_of(reason, "finish_reason"), StopReason.END)
    return StopReason.TOOL_CALL if has_calls and known is StopReason.END else known


class _Slot:
    """A tool call while its pieces arrive."""

    __slots__ = ("call_id", "name", "pieces")

    def __init__(self, call_id: str, name: str) -> None:
        self.call_id = call_id
        self.name = name
        self.pieces: list[str] = []

    def event(self, place: int) -> ToolCallEvent:
        if not self.name:
            raise bad_reply("a tool call has no name")
        return ToolCallEvent(ToolCall(self.call_id or f"call_{place}", self.name, "".join(self.pieces) or "{}"))


@dataclass(slots=True)
class _Progress:
    usage: Usage | None = None
    stop: StopReason | None = None
    model: str = ""
    has_refused: bool = False
    is_done: bool = False


class OpenAIStream:
    """See `StreamDecoder`."""

    __slots__ = ("_calls", "_keys", "_sources", "_sse", "_state")

    def __init__(self) -> None:
        self._sse = SseParser()
        self._sources = Sources()
        self._state = _Progress()
        self._calls: list[_Slot] = []
        self._keys: dict[object, _Slot] = {}

    def feed(self, data: bytes) -> list[Event]:
        """See `StreamDecoder`."""
        events: list[Event] = []
        for item in self._sse.feed(data):
            if self._state.is_done:
                break
            if item.data.strip() == "[DONE]":
                events += self._end()
            elif item.data:
                events += self._chunk(parse_object(item.data, "a piece of the stream"), item.event)
        return events

    def finish(self) -> list[Event]:
        """See `StreamDecoder`."""
        if not self._state.is_done:
            raise ProviderError(ErrorKind.INTERRUPTED, "the stream ended without its terminal event")
        return []

    def _chunk(self, chunk: Payload, event: str) -> list[Event]:
        if chunk.get("error") or event == "error":
            raise stream_error(chunk.get("error") or chunk)
        state = self._state
        state.usage = usage_of(chunk) or state.usage
        if model := chunk.get("model"):
            state.model = text_of(model, "model")
        events = _cited(chunk, self._sources)
        for choice in objects_of(chunk.get("choices"), "choices"):
            if choice.get("index") not in (None, 0):
                continue
            delta = object_of(choice.get("delta"), "delta")
            events += _said(delta, self._sources)
            state.has_refused |= bool(delta.get("refusal"))
            for piece in objects_of(delta.get("tool_calls"), "tool_calls"):
                self._add(piece)
            state.stop = _stop(choice.get("finish_reason"), has_calls=bool(self._calls)) or state.stop
        return events

    def _add(self, piece: Payload) -> None:
        """A new call where the index is new, or where a server numbers all calls alike but gives each its own id."""
        function = object_of(piece.get("function"), "function")
        call_id, name = text_of(piece.get("id"), "id"), text_of(function.get("name"), "name")
        index = piece.get("index")
        if index is not None and type(index) is not int:
            raise bad_reply("the index of a tool call is no number")
        slot = self._keys.get(index)
        is_new = slot is None or bool(call_id and slot.call_id and call_id != slot.call_id)
        if slot is None or is_new:
            slot = _Slot(call_id, name)
            self._calls.append(slot)
            self._keys[index] = slot
        else:
            slot.call_id = slot.call_id or call_id
            slot.name = slot.name or name
        slot.pieces.append(text_of(function.get("arguments"), "arguments"))

    def _end(self) -> list[Event]:
        state = self._state
        if state.stop is None:
            raise ProviderError(ErrorKind.INTERRUPTED, "the stream ended without a finish reason")
        state.is_done = True
        events = _complete(self._calls, state.stop)
        if state.usage is not None:
            events.append(UsageEvent(state.usage))
        reason = StopReason.CONTENT_FILTER if state.has_refused else state.stop
        return [*events, Done(reason, state.model)]
