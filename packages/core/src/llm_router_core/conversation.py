"""What goes to a model and what comes back: one type for a prompt typed in a shell and for a gateway's full request.

A `Request` is a conversation: messages made of blocks, tools, sampling, and *extras*, which are vendor fields this
library carries but does not read (thinking signatures, cache marks, mid-conversation system messages). Extras are keyed
by dialect name, and only that dialect puts them back on the wire.

A reply is a stream of events that ends with exactly one terminal event: `Done`, or `Partial` when the model's own
terminal event never came. Whoever reads the stream may treat everything before the terminal event as provisional.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

Extras = Mapping[str, object]
Role = Literal["system", "user", "assistant"]
Effort = Literal["none", "low", "medium", "high"]


def _no_extras() -> Extras:
    return {}


@dataclass(frozen=True, slots=True)
class Text:
    """Plain text."""

    text: str
    extras: Extras = field(default_factory=_no_extras)


@dataclass(frozen=True, slots=True)
class Image:
    """An image: raw bytes with their media type, or a URL. Exactly one of `data` and `url` is set."""

    media_type: str = "image/png"
    data: bytes | None = None
    url: str | None = None
    extras: Extras = field(default_factory=_no_extras)

    def __post_init__(self) -> None:
        if (self.data is None) == (self.url is None):
            raise ValueError("an image has either data or a url")


@dataclass(frozen=True, slots=True)
class Reasoning:
    """A model's own reasoning, kept so that the next turn can carry it back (`extras` holds its signature)."""

    text: str
    extras: Extras = field(default_factory=_no_extras)


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model asks for a tool. `arguments_json` is the model's own text: it may be invalid JSON."""

    call_id: str
    name: str
    arguments_json: str
    extras: Extras = field(default_factory=_no_extras)


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool gave back, in a user message."""

    call_id: str
    content: tuple[Text | Image, ...]
    is_error: bool = False
    extras: Extras = field(default_factory=_no_extras)


Block = Text | Image | Reasoning | ToolCall | ToolResult


@dataclass(frozen=True, slots=True)
class Message:
    """One turn's contribution. A system message may stand anywhere; a tool result stands in a user message."""

    role: Role
    content: tuple[Block, ...]
    extras: Extras = field(default_factory=_no_extras)

    @property
    def text(self) -> str:
        """The text blocks, joined."""
        return "".join(block.text for block in self.content if isinstance(block, Text))


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool the model may call; `input_schema` is JSON Schema."""

    name: str
    description: str
    input_schema: Mapping[str, object]
    extras: Extras = field(default_factory=_no_extras)


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """Whether the model may, must or must not call a tool; `name` with mode `tool` forces that one."""

    mode: Literal["auto", "any", "none", "tool"] = "auto"
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to sample. None leaves the provider's default; `max_output_tokens` None means the model's row decides."""

    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    effort: Effort | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """Everything one call needs, free of any provider. `web`: the answer must rest on a web search and cite it."""

    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = field(default_factory=ToolChoice)
    sampling: Sampling = field(default_factory=Sampling)
    stream: bool = False
    web: bool = False
    extras: Extras = field(default_factory=_no_extras)

    @property
    def prompt(self) -> str:
        """The text of the last user message that has any: what the classifier reads."""
        for message in reversed(self.messages):
            if message.role == "user" and message.text:
                return message.text
        return ""


def prompt_request(prompt: str, *, system: str = "", stream: bool = False, sampling: Sampling | None = None) -> Request:
    """A one-question conversation."""
    messages: tuple[Message, ...] = (Message("user", (Text(prompt),)),)
    if system:
        messages = (Message("system", (Text(system),)), *messages)
    return Request(messages, stream=stream, sampling=sampling or Sampling())


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call in four disjoint buckets whose sum is everything the provider billed.

    `cache_write_1h_tokens` is the part of `cache_write_tokens` stored for an hour, `reasoning_tokens` the part of
    `output_tokens` spent on reasoning: both are of-which figures and never added. `is_estimated` marks a count of ours.
    `searches` are web searches billed beside the tokens.
    """

    input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    cache_write_1h_tokens: int = 0
    is_estimated: bool = False
    searches: int = 0

    @property
    def prompt_tokens(self) -> int:
        """All tokens the model read: fresh, from cache, and written to cache."""
        return self.input_tokens + self.cache_read_tokens + self.cache_write_tokens


class StopReason(StrEnum):
    """Why the model stopped."""

    END = "end"
    MAX_TOKENS = "max_tokens"
    TOOL_CALL = "tool_call"
    STOP_SEQUENCE = "stop_sequence"
    CONTENT_FILTER = "content_filter"


@dataclass(frozen=True, slots=True)
class TextDelta:
    """Some more text of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """Some more reasoning; `extras` carries a signature where the vendor sends one."""

    text: str
    extras: Extras = field(default_factory=_no_extras)


@dataclass(frozen=True, slots=True)
class ToolCallEvent:
    """A tool call, complete."""

    call: ToolCall


@dataclass(frozen=True, slots=True)
class Citation:
    """A source the model names."""

    url: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class UsageEvent:
    """The call's usage; a later one replaces an earlier one."""

    usage: Usage


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    """A candidate failed and the next one is tried. Text that a failed attempt had already shown is void."""

    provider: str
    model: str
    kind: str
    message: str
    elapsed_ms: int = 0


@dataclass(frozen=True, slots=True)
class Receipt:
    """What answered, why, at what cost. `cost_microusd` covers all attempts; None means the price is unknown."""

    call_id: str
    provider: str
    model: str
    reason: str
    cost_microusd: int | None
    elapsed_ms: int
    attempts: int
    usage: Usage
    is_estimated: bool = False
    baseline_model: str = ""
    baseline_microusd: int | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """Terminal: the model said it was finished. `receipt` is set by the router, not by a dialect."""

    stop_reason: StopReason
    model: str
    receipt: Receipt | None = None


@dataclass(frozen=True, slots=True)
class Partial:
    """Terminal: text was shown, then the attempt broke off. Never to be cached or reported as complete."""

    kind: str
    message: str
    receipt: Receipt | None = None


Event = TextDelta | ReasoningDelta | ToolCallEvent | Citation | UsageEvent | AttemptFailed | Done | Partial


IMAGE_TOKENS = 8_192  # above what the vendors' pages give for one image at full detail
_FRAME_BYTES = 16  # roles and separators a chat template puts around each message and tool
_TOOLS_BYTES = 1_024  # the instructions a vendor adds when there are tools at all


def request_bytes(request: Request) -> int:
    """An upper bound of the request's input tokens: the bytes of everything the model will read."""
    total = _FRAME_BYTES * (len(request.messages) + len(request.tools) + 1)
    total += _TOOLS_BYTES if request.tools else 0
    total += _extra_bytes(request.extras)
    for message in request.messages:
        total += _extra_bytes(message.extras) + sum(_block_bytes(block) for block in message.content)
    for tool in request.tools:
        total += _text_bytes(tool.name + tool.description + repr(tool.input_schema)) + _extra_bytes(tool.extras)
    return total


def _block_bytes(block: Block) -> int:
    extra = _extra_bytes(block.extras)
    if isinstance(block, Image):
        return IMAGE_TOKENS + extra
    if isinstance(block, ToolResult):
        return extra + sum(_block_bytes(inner) for inner in block.content)
    text = block.name + block.arguments_json if isinstance(block, ToolCall) else block.text
    return extra + _text_bytes(text)


def _text_bytes(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


def _extra_bytes(extras: Extras) -> int:
    return _text_bytes(repr(extras)) if extras else 0
