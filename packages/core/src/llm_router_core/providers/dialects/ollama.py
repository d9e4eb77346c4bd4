"""Ollama's own API, `/api/chat` (docs.ollama.com/api/chat), because its OpenAI-compatible one ignores `num_ctx`.

Every call names its window. A prompt that clearly exceeds the model's is refused here; `truncate` and `shift` are
switched off, which newer servers honour with an error; for older ones `providers.window_check` reads the reply's count.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from llm_router_core.conversation import Event, Image, Message, Request, Text, Tool, ToolCall, ToolResult
from llm_router_core.errors import ErrorKind, ProviderError
from llm_router_core.providers.dialects.context_window import measure, window_for
from llm_router_core.providers.dialects.dialect import StreamDecoder, WireCall, output_limit
from llm_router_core.providers.dialects.ollama_replies import OllamaStream, decode_reply
from llm_router_core.providers.dialects.payload import Payload, with_extras
from llm_router_core.providers.dialects.web import cannot_search
from llm_router_core.providers.endpoint import Target

_OURS = frozenset({"model", "messages", "stream", "options", "truncate", "shift"})
_OUR_OPTIONS = frozenset({"num_ctx", "num_predict"})
_FAMILIES_WITH_LEVELS = ("gpt-oss",)


@dataclass(frozen=True, slots=True)
class Ollama:
    """The dialect. It cannot force a tool: a named one is offered alone, and `none` offers none."""

    name: str = field(default="ollama", init=False)

    def base(self, base_url: str) -> str:
        """Without a `/v1` or `/api` at the end, which users copy from other tools' settings."""
        return base_url.rstrip("/").removesuffix("/v1").removesuffix("/api")

    def encode(self, request: Request, target: Target) -> WireCall:
        """The call. Raises `ProviderError`: CONTEXT_TOO_LONG, or BAD_REQUEST for an image by URL or a web search."""
        if request.web:
            raise cannot_search("Ollama")
        size = measure(request)
        if target.context_tokens is not None and size.at_least > target.context_tokens:
            raise ProviderError(
                ErrorKind.CONTEXT_TOO_LONG,
                f"the prompt has at least {size.at_least} tokens and the model's window {target.context_tokens}",
            )
        limit = output_limit(request, target)
        options: Payload = {"num_ctx": window_for(size, limit, target.context_tokens), "num_predict": limit}
        body: Payload = {
            "model": target.model,
            "messages": self._messages(request),
            "stream": request.stream,
            "truncate": False,
            "shift": False,
            "options": options | self._sampling(request),
        }
        if tools := self._tools(request):
            body["tools"] = tools
        if request.sampling.effort is not None:
            body["think"] = _think(request.sampling.effort, target.model)
        return WireCall("/api/chat", with_extras(body, request.extras, self.name, keep=_OURS))

    def decode_reply(self, payload: Payload) -> list[Event]:
        """See `Dialect`."""
        return decode_reply(payload)

    def stream_decoder(self) -> StreamDecoder:
        """See `Dialect`."""
        return OllamaStream()

    def _sampling(self, request: Request) -> Payload:
        sampling = request.sampling
        optional = {
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "stop": list(sampling.stop) or None,
            "seed": sampling.seed,
        }
        plain: Payload = {name: value for name, value in optional.items() if value is not None}
        own = request.extras.get(self.name)
        more = own.get("options") if isinstance(own, Mapping) else None
        return with_extras(plain, {self.name: more}, self.name, keep=_OUR_OPTIONS)

    def _messages(self, request: Request) -> list[Payload]:
        names = {
            block.call_id: block.name
            for message in request.messages
            for block in message.content
            if isinstance(block, ToolCall)
        }
        return [wire for message in request.messages for wire in self._message(message, names)]

    def _message(self, message: Message, names: Mapping[str, str]) -> list[Payload]:
        """One message each for the tool results of a turn, then one for the rest of it."""
        results = [block for block in message.content if isinstance(block, ToolResult)]
        wires = [self._tool_result(block, names) for block in results]
        if len(results) == len(message.content) and results:
            return wires
        wire: Payload = {"role": message.role, "content": message.text}
        if images := [_image(block) for block in message.content if isinstance(block, Image)]:
            wire["images"] = images
        if calls := [_tool_call(block) for block in message.content if isinstance(block, ToolCall)]:
            wire["tool_calls"] = calls
        return [*wires, with_extras(wire, message.extras, self.name)]

    def _tool_result(self, block: ToolResult, names: Mapping[str, str]) -> Payload:
        wire: Payload = {
            "role": "tool",
            "content": "".join(part.text for part in block.content if isinstance(part, Text)),
            "tool_name": names.get(block.call_id, ""),
            "tool_call_id": block.call_id,
        }
        if images := [_image(part) for part in block.content if isinstance(part, Image)]:
            wire["images"] = images
        return with_extras(wire, block.extras, self.name)

    def _tools(self, request: Request) -> list[Payload]:
        choice = request.tool_choice
        if choice.mode == "none":
            return []
        offered = [tool for tool in request.tools if choice.mode != "tool" or tool.name == choice.name]
        return [self._tool(tool) for tool in offered]

    def _tool(self, tool: Tool) -> Payload:
        function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.input_schema)}
        return with_extras({"type": "function", "function": function}, tool.extras, self.name)


def _image(image: Image) -> str:
    if image.data is None:
        raise ProviderError(ErrorKind.BAD_REQUEST, "Ollama takes an image as data, not as a URL")
    return base64.b64encode(image.data).decode("ascii")


def _tool_call(block: ToolCall) -> Payload:
    try:
        arguments = json.loads(block.arguments_json)
    except (ValueError, RecursionError):
        arguments = None
    if not isinstance(arguments, dict):
        arguments = {"invalid_arguments": block.arguments_json}
    return {"id": block.call_id, "function": {"name": block.name, "arguments": arguments}}


def _think(effort: str, model: str) -> bool | str:
    """On or off, except for the family that knows levels and cannot be switched off."""
    if model.rsplit("/", 1)[-1].startswith(_FAMILIES_WITH_LEVELS):
        return "low" if effort == "none" else effort
    return effort != "none"
