"""OpenAI Responses (platform.openai.com/docs/api-reference/responses): web search, and models that chat has not.

Nothing is stored at the provider (`store: false`), so reasoning travels encrypted: it arrives in a `Reasoning` block's
extras and goes back from there. What the API has no field for (stop sequences, a seed) is left out.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
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
from llm_router_core.errors import ErrorKind, ProviderError
from llm_router_core.providers.dialects.dialect import StreamDecoder, WireCall, output_limit
from llm_router_core.providers.dialects.effort import openai_effort, openai_refuses_sampling
from llm_router_core.providers.dialects.payload import Payload, with_extras
from llm_router_core.providers.dialects.responses_replies import ResponsesStream, decode_reply
from llm_router_core.providers.dialects.web import MOST_SEARCHES
from llm_router_core.providers.endpoint import Target

SMALLEST_OUTPUT = 16  # the API refuses less
_OURS = frozenset({"model", "input", "stream", "max_output_tokens", "max_tool_calls", "store", "background"})
_TOOL_MODES = {"auto": "auto", "any": "required", "none": "none"}


@dataclass(frozen=True, slots=True)
class OpenAIResponses:
    """The dialect."""

    name: str = field(default="openai_responses", init=False)

    def base(self, base_url: str) -> str:
        """Unchanged: the base URL includes its version segment, as for chat completions."""
        return base_url.rstrip("/")

    def encode(self, request: Request, target: Target) -> WireCall:
        """The call. Raises `ProviderError` for an image where none can stand."""
        sampling = request.sampling
        body: Payload = {
            "model": target.model,
            "input": [item for message in request.messages for item in self._items(message)],
            "stream": request.stream,
            "store": False,
            "include": ["reasoning.encrypted_content"],
            "max_output_tokens": max(output_limit(request, target), SMALLEST_OUTPUT),
        }
        tools = [self._tool(tool) for tool in request.tools]
        if request.web:
            tools.append({"type": "web_search"})
            body["max_tool_calls"] = MOST_SEARCHES
        if tools:
            body["tools"] = tools
            body["tool_choice"] = _tool_choice(request)
        if sampling.effort is not None:
            effort = openai_effort(target.model, sampling.effort)
            body["reasoning"] = {"effort": effort} | ({} if effort == "none" else {"summary": "auto"})
        if not openai_refuses_sampling(target.model, sampling.effort):
            optional = {"temperature": sampling.temperature, "top_p": sampling.top_p}
            body |= {name: value for name, value in optional.items() if value is not None}
        return WireCall("/responses", with_extras(body, request.extras, self.name, keep=_OURS))

    def decode_reply(self, payload: Payload) -> list[Event]:
        """See `Dialect`."""
        return decode_reply(payload)

    def stream_decoder(self) -> StreamDecoder:
        """See `Dialect`."""
        return ResponsesStream()

    def _items(self, message: Message) -> Iterator[Payload]:
        """A message's blocks in order: what stands between calls, results and reasoning is a message of its own."""
        said: list[Block] = []
        for block in message.content:
            if isinstance(block, Text | Image):
                said.append(block)
                continue
            if said:
                yield self._message(message, said)
                said = []
            if isinstance(block, ToolCall):
                call: Payload = {"type": "function_call", "call_id": block.call_id, "name": block.name}
                yield with_extras(call | {"arguments": block.arguments_json}, block.extras, self.name)
            elif isinstance(block, ToolResult):
                yield self._result(block)
            elif isinstance(block, Reasoning) and isinstance(block.extras.get(self.name), Mapping):
                summary = [{"type": "summary_text", "text": block.text}] if block.text else []
                yield with_extras({"type": "reasoning", "summary": summary}, block.extras, self.name)
        if said:
            yield self._message(message, said)

    def _message(self, message: Message, blocks: list[Block]) -> Payload:
        is_ours = message.role == "assistant"
        if is_ours and any(isinstance(block, Image) for block in blocks):
            raise ProviderError(ErrorKind.BAD_REQUEST, "this API takes no image in an assistant message")
        content = [self._part(block, "output_text" if is_ours else "input_text") for block in blocks]
        wire: Payload = {"type": "message", "role": message.role, "content": content}
        return with_extras(wire, message.extras, self.name)

    def _part(self, block: Block, kind: str) -> Payload:
        if isinstance(block, Image):
            return with_extras({"type": "input_image", "image_url": _image_url(block)}, block.extras, self.name)
        text = block.text if isinstance(block, Text) else ""
        return with_extras({"type": kind, "text": text}, block.extras, self.name)

    def _result(self, block: ToolResult) -> Payload:
        has_image = any(isinstance(part, Image) for part in block.content)
        texts = "".join(part.text for part in block.content if isinstance(part, Text))
        output = [self._part(part, "input_text") for part in block.content] if has_image else texts
        wire: Payload = {"type": "function_call_output", "call_id": block.call_id, "output": output}
        return with_extras(wire, block.extras, self.name)

    def _tool(self, tool: Tool) -> Payload:
        wire: Payload = {"type": "function", "name": tool.name, "description": tool.description, "strict": False}
        return with_extras(wire | {"parameters": dict(tool.input_schema)}, tool.extras, self.name)


def _tool_choice(request: Request) -> object:
    """With a search as the only tool it is required: an answer without one would not be grounded."""
    choice: ToolChoice = request.tool_choice
    if choice.mode == "tool":
        return {"type": "function", "name": choice.name}
    if request.web and not request.tools:
        return "required"
    return _TOOL_MODES[choice.mode]


def _image_url(image: Image) -> str:
    if image.url is not None:
        return image.url
    return f"data:{image.media_type};base64,{base64.b64encode(image.data or b'').decode('ascii')}"
