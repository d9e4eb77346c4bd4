"""OpenAI chat completions, as spoken by OpenAI and by every server that calls itself compatible.

Two wrinkles decided here: OpenAI itself takes `max_completion_tokens`, the others `max_tokens`; a stream is complete
when both a finish reason and `[DONE]` have come, because proxies send `[DONE]` after an upstream that broke off.
Nothing here can ask for a web search; Perplexity makes one for every question, so what needs the web may go there.
Source: platform.openai.com/docs/api-reference/chat.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

from llm_router_core.conversation import (
    Block,
    Event,
    Image,
    Message,
    Request,
    Sampling,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from llm_router_core.errors import ErrorKind, ProviderError
from llm_router_core.providers.dialects.dialect import StreamDecoder, WireCall, output_limit
from llm_router_core.providers.dialects.effort import chat_effort, openai_refuses_sampling
from llm_router_core.providers.dialects.openai_replies import OpenAIStream, decode_reply
from llm_router_core.providers.dialects.payload import Payload, with_extras
from llm_router_core.providers.dialects.web import cannot_search
from llm_router_core.providers.endpoint import Target

_OURS = frozenset({"model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "n"})
_SEARCHES_ALWAYS = frozenset({"perplexity"})
_TOOL_MODES = {"auto": "auto", "any": "required", "none": "none"}


@dataclass(frozen=True, slots=True)
class OpenAIChat:
    """The dialect. Reasoning is sent back only where its extras say how, since no field for it is standard."""

    name: str = field(default="openai_chat", init=False)

    def base(self, base_url: str) -> str:
        """Unchanged: an OpenAI-compatible base URL includes its version segment."""
        return base_url.rstrip("/")

    def encode(self, request: Request, target: Target) -> WireCall:
        """The call. Raises `ProviderError` for an image where none can stand, or a web search."""
        provider = target.endpoint.provider
        if request.web and provider not in _SEARCHES_ALWAYS:
            raise cannot_search("this API")
        limit_name = "max_completion_tokens" if provider == "openai" else "max_tokens"
        body: Payload = {
            "model": target.model,
            "messages": [wire for message in request.messages for wire in self._messages(message)],
            "stream": request.stream,
            limit_name: output_limit(request, target),
        }
        if request.stream:
            body["stream_options"] = {"include_usage": True}
        if request.tools:
            body["tools"] = [self._tool(tool) for tool in request.tools]
            body["tool_choice"] = _tool_choice(request.tool_choice)
        body |= _sampling(request.sampling, provider, target.model)
        return WireCall("/chat/completions", with_extras(body, request.extras, self.name, keep=_OURS))

    def decode_reply(self, payload: Payload) -> list[Event]:
        """See `Dialect`."""
        return decode_reply(payload)

    def stream_decoder(self) -> StreamDecoder:
        """See `Dialect`."""
        return OpenAIStream()

    def _messages(self, message: Message) -> list[Payload]:
        """One message each for the tool results of a turn, then one for the rest of it."""
        results = [block for block in message.content if isinstance(block, ToolResult)]
        wires = [self._tool_result(block) for block in results]
        # OpenAI takes text only in a tool message; the images of a result follow in the user's turn.
        images = [part for block in results for part in block.content if isinstance(part, Image)]
        rest: list[Block] = [*images, *(block for block in message.content if not isinstance(block, ToolResult))]
        if not rest and results:
            return wires
        if message.role == "assistant":
            return [*wires, self._assistant(message)]
        if message.role == "system":
            return [*wires, with_extras({"role": "system", "content": message.text}, message.extras, self.name)]
        return [*wires, with_extras({"role": "user", "content": self._content(rest)}, message.extras, self.name)]

    def _assistant(self, message: Message) -> Payload:
        if any(isinstance(block, Image) for block in message.content):
            raise ProviderError(ErrorKind.BAD_REQUEST, "this API takes no image in an assistant message")
        calls = [self._tool_call(block) for block in message.content if isinstance(block, ToolCall)]
        wire: Payload = {"role": "assistant", "content": message.text or (None if calls else "")}
        if calls:
            wire["tool_calls"] = calls
        for block in message.content:
            if not isinstance(block, ToolCall | ToolResult):
                wire = with_extras(wire, block.extras, self.name, keep=frozenset({"role", "content", "tool_calls"}))
        return with_extras(wire, message.extras, self.name)

    def _content(self, blocks: list[Block]) -> str | list[Payload]:
        """Plain text where that is enough, because small servers know nothing else."""
        if all(isinstance(block, Text) and self.name not in block.extras for block in blocks):
            return "".join(block.text for block in blocks if isinstance(block, Text))
        parts: list[Payload] = []
        for block in blocks:
            if isinstance(block, Text):
                parts.append(with_extras({"type": "text", "text": block.text}, block.extras, self.name))
            elif isinstance(block, Image):
                image: Payload = {"type": "image_url", "image_url": {"url": _image_url(block)}}
                parts.append(with_extras(image, block.extras, self.name))
        return parts

    def _tool_result(self, block: ToolResult) -> Payload:
        text = "".join(part.text for part in block.content if isinstance(part, Text))
        wire: Payload = {"role": "tool", "tool_call_id": block.call_id, "content": text}
        return with_extras(wire, block.extras, self.name)

    def _tool_call(self, block: ToolCall) -> Payload:
        function = {"name": block.name, "arguments": block.arguments_json}
        return with_extras({"id": block.call_id, "type": "function", "function": function}, block.extras, self.name)

    def _tool(self, tool: Tool) -> Payload:
        function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.input_schema)}
        return with_extras({"type": "function", "function": function}, tool.extras, self.name)


def _sampling(sampling: Sampling, provider: str, model: str) -> Payload:
    optional = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "stop": list(sampling.stop) or None,
        "seed": sampling.seed,
    }
    if provider == "openai" and openai_refuses_sampling(model, sampling.effort):
        optional = {"seed": sampling.seed}
    effort = chat_effort(provider, model, sampling.effort) if sampling.effort else {}
    return {name: value for name, value in optional.items() if value is not None} | effort


def _tool_choice(choice: ToolChoice) -> object:
    if choice.mode == "tool":
        return {"type": "function", "function": {"name": choice.name}}
    return _TOOL_MODES[choice.mode]


def _image_url(image: Image) -> str:
    if image.url is not None:
        return image.url
    return f"data:{image.media_type};base64,{base64.b64encode(image.data or b'').decode('ascii')}"
