"""Gemini generateContent (ai.google.dev/api/generate-content). The key goes in a header, never into the URL.

System messages all become the one `systemInstruction`, in their order. A thought signature travels in the extras of
the block it belongs to and goes back on that part, without which newer models refuse a conversation with tool calls.
A search stands alone: the API does not combine it with functions.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

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
from llm_router_core.errors import ErrorKind, ProviderError
from llm_router_core.providers.dialects.dialect import StreamDecoder, WireCall, output_limit
from llm_router_core.providers.dialects.effort import gemini_thinking
from llm_router_core.providers.dialects.gemini_replies import GeminiStream, decode_reply
from llm_router_core.providers.dialects.payload import Payload, with_extras
from llm_router_core.providers.endpoint import Target

_OURS = frozenset({"contents", "generationConfig"})
_OUR_LIMITS = frozenset({"maxOutputTokens", "candidateCount"})
_MODES = {"auto": "AUTO", "any": "ANY", "none": "NONE", "tool": "ANY"}
_VERSION = re.compile(r"/v1(?:beta)?\Z")


@dataclass(frozen=True, slots=True)
class Gemini:
    """The dialect."""

    name: str = field(default="gemini", init=False)

    def base(self, base_url: str) -> str:
        """Without a `/v1beta` at the end, which the paths bring along."""
        return _VERSION.sub("", base_url.rstrip("/"))

    def encode(self, request: Request, target: Target) -> WireCall:
        """The call. Raises `ProviderError`: BAD_REQUEST for an image given by URL, or a search beside functions."""
        if request.web and request.tools:
            raise ProviderError(ErrorKind.BAD_REQUEST, "Gemini does not search the web in a call that offers tools")
        body: Payload = {
            "contents": [wire for message in request.messages if (wire := self._content(message, request))],
            "generationConfig": self._config(request, target),
        }
        if system := [block for block in _system(request) if block.text]:
            body["systemInstruction"] = {"parts": [self._part({"text": block.text}, block) for block in system]}
        if request.tools:
            body["tools"] = [{"functionDeclarations": [self._tool(tool) for tool in request.tools]}]
            body["toolConfig"] = {"functionCallingConfig": _tool_choice(request.tool_choice)}
        if request.web:
            body["tools"] = [{"google_search": {}}]
        action = "streamGenerateContent?alt=sse" if request.stream else "generateContent"
        model = quote(target.model.removeprefix("models/"), safe="")
        path = f"/v1beta/models/{model}:{action}"
        return WireCall(path, with_extras(body, request.extras, self.name, keep=_OURS))

    def decode_reply(self, payload: Payload) -> list[Event]:
        """See `Dialect`."""
        return decode_reply(payload)

    def stream_decoder(self) -> StreamDecoder:
        """See `Dialect`."""
        return GeminiStream()

    def _config(self, request: Request, target: Target) -> Payload:
        sampling = request.sampling
        limit = output_limit(request, target)
        optional = {
            "temperature": sampling.temperature,
            "topP": sampling.top_p,
            "stopSequences": list(sampling.stop) or None,
            "seed": sampling.seed,
            "thinkingConfig": gemini_thinking(target.model, sampling, limit) or None,
        }
        plain: Payload = {"maxOutputTokens": limit}
        plain |= {name: value for name, value in optional.items() if value is not None}
        own = request.extras.get(self.name)
        more = own.get("generationConfig") if isinstance(own, Mapping) else None
        return with_extras(plain, {self.name: more}, self.name, keep=_OUR_LIMITS)

    def _content(self, message: Message, request: Request) -> Payload | None:
        if message.role == "system":
            return None
        parts = [wire for block in message.content for wire in self._parts(block, request)]
        return {"role": "model" if message.role == "assistant" else "user", "parts": parts} if parts else None

    def _parts(self, block: Block, request: Request) -> list[Payload]:
        if isinstance(block, Text):
            return [self._part({"text": block.text}, block)] if block.text or block.extras.get(self.name) else []
        if isinstance(block, Image):
            return [self._part(_image(block), block)]
        if isinstance(block, Reasoning):
            return self._signature(block)
        if isinstance(block, ToolCall):
            call: Payload = {"name": block.name, "args": _arguments(block.arguments_json)}
            return [self._part({"functionCall": call}, block)]
        return self._result(block, request)

    def _signature(self, block: Reasoning) -> list[Payload]:
        """A thought's text is not sent back; a signature that came beside no other part is, on an empty one."""
        own = block.extras.get(self.name)
        return [with_extras({"text": ""}, block.extras, self.name)] if isinstance(own, Mapping) else []

    def _result(self, block: ToolResult, request: Request) -> list[Payload]:
        """The result under its function's name, which Gemini matches by; images of it follow as parts of their own."""
        text = "".join(part.text for part in block.content if isinstance(part, Text))
        said: Payload = {"error" if block.is_error else "result": text}
        result: Payload = {"name": _names(request).get(block.call_id, block.call_id), "response": said}
        images = [self._part(_image(part), part) for part in block.content if isinstance(part, Image)]
        return [self._part({"functionResponse": result}, block), *images]

    def _part(self, plain: Payload, block: Block) -> Payload:
        return with_extras(plain, block.extras, self.name)

    def _tool(self, tool: Tool) -> Payload:
        plain: Payload = {"name": tool.name, "description": tool.description}
        return with_extras(plain | {"parametersJsonSchema": dict(tool.input_schema)}, tool.extras, self.name)


def _system(request: Request) -> list[Text]:
    return [
        block
        for message in request.messages
        if message.role == "system"
        for block in message.content
        if isinstance(block, Text)
    ]


def _names(request: Request) -> dict[str, str]:
    blocks = (block for message in request.messages for block in message.content)
    return {block.call_id: block.name for block in blocks if isinstance(block, ToolCall)}


def _tool_choice(choice: ToolChoice) -> Payload:
    mode: Payload = {"mode": _MODES[choice.mode]}
    return mode | {"allowedFunctionNames": [choice.name]} if choice.mode == "tool" else mode


def _image(image: Image) -> Payload:
    if image.data is None:
        raise ProviderError(ErrorKind.BAD_REQUEST, "Gemini takes an image as data, not as a URL")
    return {"inlineData": {"mimeType": image.media_type, "data": base64.b64encode(image.data).decode("ascii")}}


def _arguments(text: str) -> object:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    return value if isinstance(value, dict) else {"invalid_arguments": text}
