"""Usage counted by us, for a reply without any: three bytes a token, rounded up, which is above what prose takes.

Such a figure is always marked as an estimate.
"""

from __future__ import annotations

from llm_router_core.conversation import (
    Block,
    Event,
    Image,
    ReasoningDelta,
    Request,
    TextDelta,
    ToolCall,
    ToolCallEvent,
    ToolResult,
    Usage,
    request_bytes,
)
from llm_router_core.providers.endpoint import Target
from llm_router_core.units import ceil_div

BYTES_PER_TOKEN = 3
TOKENS_PER_MESSAGE = 8
TOKENS_PER_IMAGE = 1_600
MOST_BYTES_PER_TOKEN = 128
VENDOR_TOKENS = 1_048_576


def estimated_usage(request: Request, output_bytes: int) -> Usage:
    """The usage of a call that read `request` and produced so many bytes."""
    blocks = [block for message in request.messages for block in message.content]
    tools = sum(len(f"{tool.name}{tool.description}{tool.input_schema}".encode()) for tool in request.tools)
    tokens = ceil_div(sum(map(_bytes_of, blocks)) + tools, BYTES_PER_TOKEN)
    return Usage(
        input_tokens=max(tokens + TOKENS_PER_MESSAGE * len(request.messages), 1),
        output_tokens=ceil_div(output_bytes, BYTES_PER_TOKEN),
        is_estimated=True,
    )


def is_impossible(usage: Usage, request: Request, target: Target) -> bool:
    """More than the call can have used: a token of the prompt is at least a byte, and the answer was bounded.

    Room is left for what a vendor adds to a prompt by itself (tool instructions, web pages, its own framing).
    """
    most_in = request_bytes(request) + VENDOR_TOKENS
    most_out = 2 * target.max_output_tokens + VENDOR_TOKENS
    return usage.prompt_tokens == 0 or usage.prompt_tokens > most_in or usage.output_tokens > most_out


def is_too_small(usage: Usage, request: Request, output_bytes: int) -> bool:
    """Less than the call must have used: no tokenizer puts this many bytes into one token on average."""
    text_bytes = sum(_bytes_of(block) for m in request.messages for block in m.content if not isinstance(block, Image))
    least_in, least_out = text_bytes // MOST_BYTES_PER_TOKEN, ceil_div(output_bytes, MOST_BYTES_PER_TOKEN)
    return usage.prompt_tokens < least_in or usage.output_tokens < least_out


def event_bytes(event: Event) -> int:
    """What an event adds to the output."""
    if isinstance(event, TextDelta | ReasoningDelta):
        return len(event.text.encode("utf-8", "replace"))
    if isinstance(event, ToolCallEvent):
        return len(event.call.name) + len(event.call.arguments_json.encode("utf-8", "replace"))
    return 0


def _bytes_of(block: Block) -> int:
    if isinstance(block, Image):
        return TOKENS_PER_IMAGE * BYTES_PER_TOKEN
    if isinstance(block, ToolCall):
        return len(block.name) + len(block.arguments_json.encode("utf-8", "replace"))
    if isinstance(block, ToolResult):
        return sum(map(_bytes_of, block.content))
    return len(block.text.encode("utf-8", "replace"))
