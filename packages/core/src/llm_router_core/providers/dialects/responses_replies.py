"""What OpenAI's Responses API answers, whole or as semantic events, as events of ours."""

from __future__ import annotations

from collections.abc import Mapping

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
    "max_output_tokens": StopReason.MAX_TOKENS,
    "max_tokens": StopReason.MAX_TOKENS,
    "content_filter": StopReason.CONTENT_FILTER,
}
_TERMINAL = frozenset({"response.completed", "response.incomplete", "response.failed"})
_KEPT_REASONING = ("id", "encrypted_content")


def usage_of(raw: object, searches: int) -> Usage | None:
    """The usage in disjoint buckets: the input includes what came from the cache, the output the reasoning."""
    if not isinstance(raw, dict):
        return None
    read_from, spent_on = raw.get("input_tokens_details"), raw.get("output_tokens_details")
    input_details = read_from if isinstance(read_from, dict) else {}
    output_details = spent_on if isinstance(spent_on, dict) else {}
    try:
        prompt, output = (tokens_of(raw, name, required=True) for name in ("input_tokens", "output_tokens"))
        cached = tokens_of(input_details, "cached_tokens")
        written = tokens_of(input_details, "cache_write_tokens")
        reasoning = tokens_of(output_details, "reasoning_tokens")
    except UnusableUsage:
        return None
    if cached + written > prompt or reasoning > output:
        return None
    return Usage(
        input_tokens=prompt - cached - written,
        cache_read_tokens=cached,
        cache_write_tokens=written,
        output_tokens=output,
        reasoning_tokens=reasoning,
        searches=searches,
    )


def decode_reply(payload: Payload) -> list[Event]:
    """The events of a whole reply. Raises `ProviderError` for an error or an impossible payload."""
    if payload.get("error"):
        raise stream_error(payload["error"])
    if not isinstance(payload.get("output"), list):
        raise bad_reply("it has no output")
    reader = _Items()
    events = [event for item in objects_of(payload["output"], "output") for event in reader.whole(item)]
    return events + reader.end(payload)


class _Items:
    """Output items as they are completed, and what their sum says at the end."""

    __slots__ = ("_calls", "_has_refused", "_searches", "_sources")

    def __init__(self) -> None:
        self._calls: list[ToolCall] = []
        self._sources = Sources()
        self._searches = 0
        self._has_refused = False

    def whole(self, item: Payload) -> list[Event]:
        """Everything a finished item says: for a reply that was not streamed."""
        if item.get("type") != "message":
            return self.reasoning_of(item) + self.close(item)
        events: list[Event] = []
        for part in objects_of(item.get("content"), "content"):
            said = text_of(part.get("text") or part.get("refusal"), "text")
            events += [TextDelta(said)] if said else []
        return events + self.close(item)

    def reasoning_of(self, item: Payload) -> list[Event]:
        """The summary of a reasoning item."""
        parts = objects_of(item.get("summary"), "summary") if item.get("type") == "reasoning" else []
        return [ReasoningDelta(text) for part in parts if (text := text_of(part.get("text"), "text"))]

    def close(self, item: Payload) -> list[Event]:
        """What only a finished item has: citations, a refusal, a call, a search, the encrypted reasoning."""
        kind = item.get("type")
        events: list[Event] = []
        if kind == "message":
            for part in objects_of(item.get("content"), "content"):
                self._has_refused |= part.get("type") == "refusal"
                for note in objects_of(part.get("annotations"), "annotations"):
                    events += self.cite(note)
        elif kind == "function_call":
            self._calls.append(_call(item, len(self._calls)))
        elif kind == "web_search_call":
            # Opening and reading a found page is not billed as a search.
            action = item.get("action")
            self._searches += not isinstance(action, dict) or action.get("type", "search") == "search"
        elif kind == "reasoning" and item.get("encrypted_content"):
            own = {name: item[name] for name in _KEPT_REASONING if isinstance(item.get(name), str)}
            events.append(ReasoningDelta("", {"openai_responses": own}))
        return events

    def cite(self, note: Payload) -> list[Event]:
        """The citation in an annotation."""
        return [*self._sources.cite(note.get("url"), note.get("title"))] if note.get("type") == "url_citation" else []

    def end(self, response: Payload) -> list[Event]:
        """Calls, usage and `Done` for a response that has ended."""
        reason = self._stop(response)
        calls = [call for call in self._calls if reason is not StopReason.MAX_TOKENS or is_json(call.arguments_json)]
        if calls and reason is StopReason.END:
            reason = StopReason.TOOL_CALL
        events: list[Event] = [ToolCallEvent(call) for call in calls]
        usage = usage_of(response.get("usage"), self._searches)
        if usage is not None:
            events.append(UsageEvent(usage))
        return [*events, Done(reason, text_of(response.get("model"), "model"))]

    def _stop(self, response: Payload) -> StopReason:
        status = text_of(response.get("status"), "status")
        if status == "completed":
            return StopReason.CONTENT_FILTER if self._has_refused else StopReason.END
        if status == "incomplete":
            details = object_of(response.get("incomplete_details"), "incomplete_details")
            return _STOPS.get(text_of(details.get("reason"), "reason"), StopReason.MAX_TOKENS)
        if status == "failed":
            raise stream_error(response.get("error"))
        raise ProviderError(ErrorKind.INTERRUPTED, "the reply does not say that it is complete")


def _call(item: Payload, place: int) -> ToolCall:
    name = text_of(item.get("name"), "name")
    if not name:
        raise bad_reply("a tool call has no name")
    call_id = text_of(item.get("call_id") or item.get("id"), "call_id") or f"call_{place}"
    return ToolCall(call_id, name, text_of(item.get("arguments"), "arguments") or "{}")


class ResponsesStream:
    """See `StreamDecoder`. Complete with `response.completed` or `response.incomplete`; there is no `[DONE]`."""

    __slots__ = ("_is_done", "_items", "_sse")

    def __init__(self) -> None:
        self._sse = SseParser()
        self._items = _Items()
        self._is_done = False

    def feed(self, data: bytes) -> list[Event]:
        """See `StreamDecoder`."""
        events: list[Event] = []
        for item in self._sse.feed(data):
            if self._is_done:
                break
            if item.data and item.data.strip() != "[DONE]":
                events += self._take(parse_object(item.data, "an event of the stream"), item.event)
        return events

    def finish(self) -> list[Event]:
        """See `StreamDecoder`."""
        if not self._is_done:
            raise ProviderError(ErrorKind.INTERRUPTED, "the stream ended without its terminal event")
        return []

    def _take(self, item: Payload, event: str) -> list[Event]:
        kind = text_of(item.get("type"), "type") or event
        if kind == "error" or ("error" in item and not kind):
            raise stream_error(item.get("error") or item)
        if kind in ("response.output_text.delta", "response.refusal.delta"):
            text = text_of(item.get("delta"), "delta")
            return [TextDelta(text)] if text else []
        if kind in ("response.reasoning_summary_text.delta", "response.reasoning_text.delta"):
            text = text_of(item.get("delta"), "delta")
            return [ReasoningDelta(text)] if text else []
        if kind == "response.output_text.annotation.added":
            return self._items.cite(object_of(item.get("annotation"), "annotation"))
        if kind == "response.output_item.done":
            return self._items.close(object_of(item.get("item"), "item"))
        if kind in _TERMINAL:
            events = self._items.end(object_of(item.get("response"), "response"))
            self._is_done = True
            return events
        return []
