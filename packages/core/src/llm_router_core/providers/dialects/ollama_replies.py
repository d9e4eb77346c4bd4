"""What Ollama's `/api/chat` answers, whole or line by line, as events."""

from __future__ import annotations

import json
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
from llm_router_core.providers.dialects.ndjson import NdjsonParser
from llm_router_core.providers.dialects.payload import (
    Payload,
    UnusableUsage,
    bad_reply,
    object_of,
    objects_of,
    text_of,
    tokens_of,
)
from llm_router_core.providers.vendor_errors import stream_error

_STOPS: Mapping[str, StopReason] = {"stop": StopReason.END, "length": StopReason.MAX_TOKENS}


def decode_reply(payload: Payload) -> list[Event]:
    """The events of a whole reply. Raises `ProviderError` for an error or an impossible payload."""
    reader = _Reader()
    events = reader.take(payload)
    if not reader.is_done:
        raise ProviderError(ErrorKind.INTERRUPTED, "the reply does not say that it is done")
    return events


class _Reader:
    """Every object has the same shape, whether it is a piece or the whole; the last one says `done`."""

    __slots__ = ("_calls", "is_done")

    def __init__(self) -> None:
        self._calls = 0
        self.is_done = False

    def take(self, item: Payload) -> list[Event]:
        if item.get("error"):
            raise stream_error(item["error"])
        is_done = item.get("done")
        if is_done is not None and not isinstance(is_done, bool):
            raise bad_reply("`done` is neither true nor false")
        if not is_done and "message" not in item:
            return []
        message = object_of(item.get("message"), "message")
        events: list[Event] = []
        if thinking := text_of(message.get("thinking"), "thinking"):
            events.append(ReasoningDelta(thinking))
        if text := text_of(message.get("content"), "content"):
            events.append(TextDelta(text))
        events += [self._call(call) for call in objects_of(message.get("tool_calls"), "tool_calls")]
        if is_done:
            self.is_done = True
            events += self._end(item)
        return events

    def _call(self, item: Payload) -> Event:
        function = object_of(item.get("function"), "function")
        name = text_of(function.get("name"), "name")
        if not name:
            raise bad_reply("a tool call has no name")
        call_id = text_of(item.get("id"), "id") or f"call_{self._calls}"
        self._calls += 1
        arguments = function.get("arguments")
        if not isinstance(arguments, str):
            arguments = json.dumps(object_of(arguments, "arguments"), ensure_ascii=False)
        return ToolCallEvent(ToolCall(call_id, name, arguments))

    def _end(self, item: Payload) -> list[Event]:
        reason = _STOPS.get(text_of(item.get("done_reason"), "done_reason"), StopReason.END)
        if self._calls and reason is StopReason.END:
            reason = StopReason.TOOL_CALL
        done = Done(reason, text_of(item.get("model"), "model"))
        usage = _usage(item)
        return [done] if usage is None else [UsageEvent(usage), done]


def _usage(item: Payload) -> Usage | None:
    """None when a count is missing or impossible. Ollama does not say how much of the prompt came from its cache."""
    try:
        return Usage(
            input_tokens=tokens_of(item, "prompt_eval_count", required=True),
            output_tokens=tokens_of(item, "eval_count", required=True),
        )
    except UnusableUsage:
        return None


class OllamaStream:
    """See `StreamDecoder`. Complete with the line that says `"done": true`."""

    __slots__ = ("_lines", "_reader")

    def __init__(self) -> None:
        self._lines = NdjsonParser()
        self._reader = _Reader()

    def feed(self, data: bytes) -> list[Event]:
        """See `StreamDecoder`."""
        events: list[Event] = []
        for item in self._lines.feed(data):
            if self._reader.is_done:
                break
            events += self._reader.take(item)
        return events

    def finish(self) -> list[Event]:
        """See `StreamDecoder`."""
        if not self._reader.is_done:
            raise ProviderError(ErrorKind.INTERRUPTED, "the stream ended without its terminal event")
        return []
