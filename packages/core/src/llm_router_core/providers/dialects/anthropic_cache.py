"""Where a cache mark pays at Anthropic: on a long beginning that the next question will send again.

Writing to the cache costs a quarter more than reading afresh, so a conversation of one message gets no mark, and a
beginning below the size the API caches gets none either. Whoever marks by himself (extras) is left alone.
Source: docs.anthropic.com/en/docs/build-with-claude/prompt-caching.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from llm_router_core.conversation import Message, Request
from llm_router_core.providers.dialects.context_window import measure
from llm_router_core.providers.dialects.payload import Payload

CONTINUES = {"conversation": {"continues": True}}  # request extras of a caller who knows that more will come
_MARK: Payload = {"cache_control": {"type": "ephemeral"}}
_SMALLEST = 1_024
_SMALLEST_OF_LATER = 4_096
_LATER = re.compile(r"haiku-(?:[4-9]|\d\d)|opus-(?:4-[5-9]|[5-9]|\d\d)|(?:sonnet|fable)-(?:[5-9]|\d\d)")
_UNMARKABLE = frozenset({"thinking", "redacted_thinking"})


def pays(request: Request, model: str) -> bool:
    """Whether the beginning of this conversation, all but its last question, is worth a mark."""
    if not _continues(request) or any("cache_control" in own for own in _own_extras(request)):
        return False
    beginning = Request(_before_last_turn(request), tools=request.tools)
    tools = sum(len(f"{tool.name}{tool.description}{tool.input_schema}") for tool in request.tools) // 4
    smallest = _SMALLEST_OF_LATER if _LATER.search(model) else _SMALLEST
    return measure(beginning).likely + tools >= smallest


def mark(body: Payload) -> None:
    """Marks the system prompt (with the tools before it) and the end of the last answer, in place."""
    system = body.get("system")
    if isinstance(system, str) and system:
        body["system"] = [{"type": "text", "text": system} | _MARK]
    elif isinstance(system, list) and system:
        system[-1] |= _MARK
    messages = body.get("messages")
    if isinstance(messages, list):
        answers = [place for place, wire in enumerate(messages) if wire.get("role") == "assistant"]
        content = messages[answers[-1]].get("content") if answers else None
        if isinstance(content, list) and content and content[-1].get("type") not in _UNMARKABLE:
            content[-1] |= _MARK


def _continues(request: Request) -> bool:
    told = request.extras.get("conversation")
    if isinstance(told, Mapping) and "continues" in told:
        return bool(told["continues"])
    return sum(message.role == "user" for message in request.messages) > 1


def _before_last_turn(request: Request) -> tuple[Message, ...]:
    last = max((place for place, message in enumerate(request.messages) if message.role == "user"), default=0)
    return tuple(message for place, message in enumerate(request.messages) if place < last or message.role == "system")


def _own_extras(request: Request) -> Iterator[Mapping[str, object]]:
    blocks = [block for message in request.messages for block in message.content]
    holders = [request, *request.tools, *request.messages, *blocks]
    holders += [inner for block in blocks for inner in getattr(block, "content", ())]
    for holder in holders:
        own = holder.extras.get("anthropic")
        if isinstance(own, Mapping):
            yield own
