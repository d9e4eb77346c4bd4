"""Anthropic messages (docs.anthropic.com/en/api/messages).

System messages: Anthropic takes one system prompt. Leading ones go there and so do later ones, in their order, since
keeping an instruction matters more than keeping its position. One that carries `extras["anthropic"]` stays where it
stands, as a `system` message with those fields, for a caller whose model takes that. `cache_control` and thinking
signatures travel in extras.

Thinking: models up to 4.5 take a token budget, later ones decide by themselves how much an effort means
(platform.claude.com/docs/en/build-with-claude/adaptive-thinking). While thinking is on the API refuses a temperature
and a forced tool, so the temperature is left out, and a forced tool turns thinking off.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from llm_router_core.conversation import (
    Block,
    Event,
    Image,
    Message,
    Reasoning,
    Request,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from llm_router_core.providers.dialects import anthropic_cache
from llm_router_core.providers.dialects.anthropic_replies import AnthropicStream, decode_reply
from llm_router_core.providers.dialects.dialect import StreamDecoder, WireCall, output_limit
from llm_router_core.providers.dialects.payload import Payload, with_extras
from llm_router_core.providers.dialects.web import MOST_SEARCHES
from llm_router_core.providers.endpoint import Target

API_VERSION = "2023-06-01"
THINKING_BUDGETS = {"low": 2_048, "medium": 8_192, "high": 24_576}
SMALLEST_BUDGET = 1_024
_SEARCH: Payload = {"type": "web_search_20250305", "name": "web_search", "max_uses": MOST_SEARCHES}
_OURS = frozenset({"model", "messages", "stream", "max_tokens"})
_VERSION = re.compile(r"claude-(?:[a-z]+-)?(\d{1,2})(?:[-.](\d{1,2}))?(?![0-9])")
_LAST_WITH_BUDGET = (4, 5)


@dataclass(frozen=True, slots=True)
class Anthropic:
    """The dialect."""

    name: str = field(default="anthropic", init=False)

    def base(self, base_url: str) -> str:
        """Without a `/v1` at the end, which the paths bring along."""
        return base_url.rstrip("/").removesuffix("/v1")

    def encode(self, request: Request, target: Target) -> WireCall:
        """The call. Raises nothing: what Anthropic has no field for (a seed) is left out."""
        limit = output_limit(request, target)
        body: Payload = {
            "model": target.model,
            "max_tokens": limit,
            "messages": [self._message(message) for message in request.messages if self._stays(message)],
            "stream": request.stream,
        }
        if system := self._system(request):
            body["system"] = system
        if request.tools or request.web:
            searches: list[Payload] = [_SEARCH] if request.web else []
            body["tools"] = [*(self._tool(tool) for tool in request.tools), *searches]
            body["tool_choice"] = _tool_choice(request.tool_choice)
        if request.sampling.stop:
            body["stop_sequences"] = list(request.sampling.stop)
        thinking = _thinking(request, target.model, limit)
        body |= thinking or _sampling(request)
        if anthropic_cache.pays(request, target.model):
            anthropic_cache.mark(body)
        body = with_extras(body, request.extras, self.name, keep=_OURS)
        return WireCall("/v1/messages", body, {"anthropic-version": API_VERSION})

    def decode_reply(self, payload: Payload) -> list[Event]:
        """See `Dialect`."""
        return decode_reply(payload)

    def stream_decoder(self) -> StreamDecoder:
        """See `Dialect`."""
        return AnthropicStream()

    def _stays(self, message: Message) -> bool:
        return message.role != "system" or self.name in message.extras

    def _system(self, request: Request) -> str | list[Payload]:
        """Blocks where one of them carries extras, else one text."""
        texts = [
            block
            for message in request.messages
            if not self._stays(message)
            for block in message.content
            if isinstance(block, Text) and block.text
        ]
        if any(self.name in block.extras for block in texts):
            return [self._text(block) for block in texts]
        return "\n\n".join(block.text for block in texts)

    def _message(self, message: Message) -> Payload:
        # The API wants tool results at the head of a turn, and refuses empty texts.
        results = [block for block in message.content if isinstance(block, ToolResult)]
        ordered = [*results, *(block for block in message.content if not isinstance(block, ToolResult))]
        wires = [wire for block in ordered if (wire := self._block(block)) is not None]
        plain: Payload = {"role": message.role, "content": wires}
        return with_extras(plain, message.extras, self.name, keep=frozenset({"content"}))

    def _block(self, block: Block) -> Payload | None:
        if isinstance(block, Text):
            return self._text(block) if block.text else None
        if isinstance(block, Image):
            return self._image(block)
        if isinstance(block, Reasoning):
            return self._reasoning(block)
        if isinstance(block, ToolCall):
            use: Payload = {"type": "tool_use", "id": block.call_id, "name": block.name}
            return with_extras(use | {"input": _arguments(block.arguments_json)}, block.extras, self.name)
        content = [wire for part in block.content if (wire := self._block(part)) is not None]
        result: Payload = {"type": "tool_result", "tool_use_id": block.call_id, "content": content}
        return with_extras(result | ({"is_error": True} if block.is_error else {}), block.extras, self.name)

    def _reasoning(self, block: Reasoning) -> Payload | None:
        """Without its signature the API refuses it, so it is then left out; a redacted one is only its extras."""
        own = block.extras.get(self.name)
        if not isinstance(own, Mapping):
            return None
        plain: Payload = {} if own.get("type") == "redacted_thinking" else {"type": "thinking", "thinking": block.text}
        return with_extras(plain, block.extras, self.name)

    def _text(self, block: Text) -> Payload:
        return with_extras({"type": "text", "text": block.text}, block.extras, self.name)

    def _image(self, block: Image) -> Payload:
        source: Payload = {"type": "url", "url": block.url}
        if block.data is not None:
            data = base64.b64encode(block.data).decode("ascii")
            source = {"type": "base64", "media_type": block.media_type, "data": data}
        return with_extras({"type": "image", "source": source}, block.extras, self.name)

    def _tool(self, tool: Tool) -> Payload:
        plain: Payload = {"name": tool.name, "description": tool.description, "input_schema": dict(tool.input_schema)}
        return with_extras(plain, tool.extras, self.name)


def _arguments(text: str) -> object:
    """The API takes an object only; a model's broken arguments are handed back inside one."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    return value if isinstance(value, dict) else {"invalid_arguments": text}


def _tool_choice(choice: ToolChoice) -> Payload:
    return {"type": "tool", "name": choice.name} if choice.mode == "tool" else {"type": choice.mode}


def _sampling(request: Request) -> Payload:
    optional = {"temperature": request.sampling.temperature, "top_p": request.sampling.top_p}
    return {name: value for name, value in optional.items() if value is not None}


def _thinking(request: Request, model: str, limit: int) -> Payload:
    """The thinking fields, or nothing where no effort is asked for or none is possible."""
    effort = request.sampling.effort
    if effort is None or effort == "none" or (request.tools and request.tool_choice.mode in {"any", "tool"}):
        return {}
    if not _takes_budget(model):
        return {"thinking": {"type": "adaptive"}, "output_config": {"effort": effort}}
    budget = min(THINKING_BUDGETS[effort], limit // 2)
    return {"thinking": {"type": "enabled", "budget_tokens": budget}} if budget >= SMALLEST_BUDGET else {}


def _takes_budget(model: str) -> bool:
    """Whether thinking is set by a budget: all Claude models up to 4.5, and models of others behind this API."""
    version = _VERSION.search(model)
    return version is None or (int(version[1]), int(version[2] or 0)) <= _LAST_WITH_BUDGET
