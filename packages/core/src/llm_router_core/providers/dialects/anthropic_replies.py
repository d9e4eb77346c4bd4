"""What Anthropic's messages API answers, whole or in pieces, as events."""

from __future__ import annotations

import json
from collections.abc import Mapping

from llm_router_core.conversation import (
    Citation,
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
from llm_router_core.providers.vendor_errors import stream_error

_STOPS: Mapping[str, StopReason] = {
    "end_turn": StopReason.END,
    "pause_turn": StopReason.MAX_TOKENS,  # a search that was to go on: what is there is not the whole answer
    "max_tokens": StopReason.MAX_TOKENS,
    "model_context_window_exceeded": StopReason.MAX_TOKENS,
    "stop_sequence": StopReason.STOP_SEQUENCE,
    "tool_use": StopReason.TOOL_CALL,
    "refusal": StopReason.CONTENT_FILTER,
}


def usage_of(raw: object) -> Usage | None:
    """The usage in disjoint buckets, which is how Anthropic counts, or None when it is missing or impossible."""
    if not isinstance(raw, dict):
        return None
    try:
        written = tokens_of(raw, "cache_creation_input_tokens")
        creation, details = raw.get("cache_creation"), raw.get("output_tokens_details")
        for_hour = tokens_of(creation if isinstance(creation, dict) else {}, "ephemeral_1h_input_tokens")
        output = tokens_of(raw, "output_tokens", required=True)
        used = raw.get("server_tool_use")
        searches = tokens_of(used if isinstance(used, dict) else {}, "web_search_requests")
        reasoning = tokens_of(details if isinstance(details, dict) else {}, "thinking_tokens", "reasoning_tokens")
        if for_hour > written or reasoning > output:
            return None
        return Usage(
            input_tokens=tokens_of(raw, "input_tokens", required=True),
            cache_read_tokens=tokens_of(raw, "cache_read_input_tokens"),
            cache_write_tokens=written,
            output_tokens=output,
            reasoning_tokens=reasoning,
            cache_write_1h_tokens=for_hour,
            searches=searches,
        )
    except UnusableUsage:
        return None


def decode_reply(payload: Payload) -> list[Event]:
    """The events of a whole reply. Raises `ProviderError` for an error or an impossible payload."""
    if payload.get("type") == "error" or payload.get("error"):
        raise stream_error(payload.get("error"))
    if not isinstance(payload.get("content"), list):
        raise bad_reply("it has no content")
    reason = _stop(payload.get("stop_reason"))
    if reason is None:
        raise bad_reply("it has no stop reason")
    events: list[Event] = []
    for block in objects_of(payload["content"], "content"):
        events += _whole_block(block, reason)
    usage = usage_of(payload.get("usage"))
    if usage is not None:
        events.append(UsageEvent(usage))
    return [*events, Done(reason, text_of(payload.get("model"), "model"))]


def _whole_block(block: Payload, reason: StopReason) -> list[Event]:
    open_block = _OpenBlock(block)
    events = open_block.start()
    if open_block.kind == "tool_use":
        open_block.pieces.append(json.dumps(object_of(block.get("input"), "input"), ensure_ascii=False))
    for item in objects_of(block.get("citations"), "citations"):
        events += _citation(item)
    return events + open_block.stop(reason)


def _stop(reason: object) -> StopReason | None:
    if reason is None:
        return None
    return _STOPS.get(text_of(reason, "stop_reason"), StopReason.END)


def _citation(item: Payload) -> list[Event]:
    url = text_of(item.get("url"), "url")
    return [Citation(url, text_of(item.get("title"), "title"))] if url else []


class _OpenBlock:
    """A content block while its pieces arrive. Kinds we do not know yield nothing."""

    __slots__ = ("_first", "kind", "pieces", "signature")

    def __init__(self, first: Payload) -> None:
        self._first = first
        self.kind = text_of(first.get("type"), "type")
        self.pieces: list[str] = []
        self.signature = text_of(first.get("signature"), "signature")

    def start(self) -> list[Event]:
        if self.kind == "text":
            return _text(self._first.get("text"))
        if self.kind == "thinking":
            return _reasoning(self._first.get("thinking"))
        return []

    def add(self, delta: Payload) -> list[Event]:
        kind = delta.get("type")
        if kind == "text_delta":
            return _text(delta.get("text"))
        if kind == "thinking_delta":
            return _reasoning(delta.get("thinking"))
        if kind == "input_json_delta":
            self.pieces.append(text_of(delta.get("partial_json"), "partial_json"))
        elif kind == "signature_delta":
            self.signature += text_of(delta.get("signature"), "signature")
        elif kind == "citations_delta":
            return _citation(object_of(delta.get("citation"), "citation"))
        return []

    def stop(self, reason: StopReason | None) -> list[Event]:
        """What the block's end completes: a tool call, or the signature that belongs to reasoning."""
        if self.kind == "tool_use":
            return self._call(reason)
        if self.kind == "thinking" and self.signature:
            return [ReasoningDelta("", {"anthropic": {"signature": self.signature}})]
        if self.kind == "redacted_thinking":
            data = text_of(self._first.get("data"), "data")
            return [ReasoningDelta("", {"anthropic": {"type": "redacted_thinking", "data": data}})]
        return []

    def _call(self, reason: StopReason | None) -> list[Event]:
        name = text_of(self._first.get("name"), "name")
        if not name:
            raise bad_reply("a tool call has no name")
        arguments = "".join(self.pieces) or json.dumps(object_of(self._first.get("input"), "input"))
        if reason is StopReason.MAX_TOKENS and not is_json(arguments):
            return []
        return [ToolCallEvent(ToolCall(text_of(self._first.get("id"), "id"), name, arguments))]


def _text(value: object) -> list[Event]:
    text = text_of(value, "text")
    return [TextDelta(text)] if text else []


def _reasoning(value: object) -> list[Event]:
    text = text_of(value, "thinking")
    return [ReasoningDelta(text)] if text else []


class AnthropicStream:
    """See `StreamDecoder`. Complete with `message_stop` after a stop reason; usage is cumulative, the last word wins.

    Tool calls are held until the end, because only the stop reason tells whether the last one is whole.
    """

    __slots__ = ("_blocks", "_calls", "_is_done", "_model", "_sse", "_stop", "_usage")

    def __init__(self) -> None:
        self._sse = SseParser()
        self._blocks: dict[int, _OpenBlock] = {}
        self._calls: list[_OpenBlock] = []
        self._usage: Payload = {}
        self._model = ""
        self._stop: StopReason | None = None
        self._is_done = False

    def feed(self, data: bytes) -> list[Event]:
        """See `StreamDecoder`."""
        events: list[Event] = []
        for item in self._sse.feed(data):
            if self._is_done:
                break
            if item.data:
                events += self._take(parse_object(item.data, "an event of the stream"), item.event)
        return events

    def finish(self) -> list[Event]:
        """See `StreamDecoder`."""
        if not self._is_done:
            raise ProviderError(ErrorKind.INTERRUPTED, "the stream ended without its terminal event")
        return []

    def _take(self, item: Payload, event: str) -> list[Event]:
        kind = item.get("type") or event
        if kind == "error":
            raise stream_error(item.get("error"))
        if kind == "message_start":
            message = object_of(item.get("message"), "message")
            self._model = text_of(message.get("model"), "model")
            self._count(message.get("usage"))
        elif kind == "message_delta":
            self._stop = _stop(object_of(item.get("delta"), "delta").get("stop_reason")) or self._stop
            self._count(item.get("usage"))
        elif kind == "message_stop":
            return self._end()
        elif kind in ("content_block_start", "content_block_delta", "content_block_stop"):
            return self._block(str(kind), item)
        return []

    def _count(self, usage: object) -> None:
        if isinstance(usage, dict):
            self._usage |= {name: value for name, value in usage.items() if value is not None}

    def _block(self, kind: str, item: Payload) -> list[Event]:
        index = item.get("index")
        if type(index) is not int:
            raise bad_reply("a content block has no index")
        if kind == "content_block_start":
            block = _OpenBlock(object_of(item.get("content_block"), "content_block"))
            self._blocks[index] = block
            return block.start()
        open_block = self._blocks.get(index)
        if open_block is None:
            raise bad_reply("a content block was never opened")
        if kind == "content_block_delta":
            return open_block.add(object_of(item.get("delta"), "delta"))
        del self._blocks[index]
        if open_block.kind == "tool_use":
            self._calls.append(open_block)
            return []
        return open_block.stop(None)

    def _end(self) -> list[Event]:
        if self._stop is None:
            raise ProviderError(ErrorKind.INTERRUPTED, "the stream ended without a stop reason")
        self._is_done = True
        events: list[Event] = [event for block in self._calls for event in block.stop(self._stop)]
        usage = usage_of(self._usage)
        if usage is not None:
            events.append(UsageEvent(usage))
        return [*events, Done(self._stop, self._model)]
