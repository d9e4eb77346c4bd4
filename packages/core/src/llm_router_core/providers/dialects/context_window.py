"""How many tokens a text may be, without its tokenizer: bounds to choose Ollama's window by, and to doubt its count by.

Ollama cuts a prompt that does not fit its *served* window and answers 200. So we ask for a window that surely fits, and
compare the `prompt_eval_count` that comes back. Three figures of a text do that:

- `at_least`: its words. Byte-pair and SentencePiece vocabularies split at spaces, so a smaller count means a cut; only
  a count below half of it is taken as proof, since some servers guess theirs. For scripts without spaces it is a token
  for 16 characters.
- `likely`: four bytes of ASCII a token, three characters of other scripts two tokens. Repetitive text has far fewer, so
  a count below it is a doubt and no proof.
- `at_most`: every digit and sign alone, two letters of a word a token, two bytes of other scripts a token. A rule of
  thumb above what byte-pair vocabularies make of prose, code, numbers and CJK, not a proof: base64 and emoji can pass
  it, and then the next power of two, `truncate: false` and `providers.window_check` are what is left.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from llm_router_core.conversation import Block, Image, Request, Text, ToolCall, ToolResult
from llm_router_core.units import ceil_div

SMALLEST_WINDOW = 4_096
TOKENS_PER_MESSAGE = 16  # the template's own words around a message
TOKENS_PER_IMAGE = 2_048
_LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LETTER_RUN = re.compile(rb"[A-Za-z]+")
_SPACES = b" \t\r\n"
_BEYOND_ASCII = bytes(range(128, 256))
_PROOF = 0.45  # leeway for servers whose count is itself a guess


@dataclass(frozen=True, slots=True)
class PromptSize:
    """Bounds of a prompt's tokens."""

    at_least: int
    likely: int
    at_most: int


def measure(request: Request) -> PromptSize:
    """The bounds for everything the model will read. Linear in its bytes.

    Tools and tool results count for `at_most` only: a template that knows nothing of tools leaves them out.
    """
    at_least = likely = at_most = 0
    for message in request.messages:
        at_most += TOKENS_PER_MESSAGE
        for block in message.content:
            if isinstance(block, Text):
                size = measure_text(block.text)
                at_least += size.at_least
                likely += size.likely
                at_most += size.at_most
            else:
                at_most += _other(block)
    for tool in request.tools:
        at_most += TOKENS_PER_MESSAGE + len(f"{tool.name}{tool.description}{tool.input_schema}".encode()) // 2
    return PromptSize(at_least, likely, at_most + 2 * TOKENS_PER_MESSAGE)


def measure_text(text: str) -> PromptSize:
    """The bounds for a text alone."""
    raw = text.encode("utf-8", "replace")
    beyond = len(raw) - len(raw.translate(None, _BEYOND_ASCII))
    letters = len(raw) - len(raw.translate(None, _LETTERS))
    spaces = len(raw) - len(raw.translate(None, _SPACES))
    signs = len(raw) - beyond - letters - spaces
    characters = len(text) - (len(raw) - beyond)
    return PromptSize(
        at_least=max(len(text.split()), characters // 16),
        likely=(len(raw) - beyond) // 4 + characters * 2 // 3,
        at_most=ceil_div(letters + len(_LETTER_RUN.findall(raw)) + beyond + spaces, 2) + signs,
    )


def _other(block: Block) -> int:
    if isinstance(block, Image):
        return TOKENS_PER_IMAGE
    if isinstance(block, ToolCall):
        return TOKENS_PER_MESSAGE + measure_text(block.arguments_json).at_most
    if isinstance(block, ToolResult):
        return sum(
            measure_text(part.text).at_most if isinstance(part, Text) else TOKENS_PER_IMAGE for part in block.content
        )
    return 0


def window_for(size: PromptSize, output_tokens: int, context_tokens: int | None) -> int:
    """The `num_ctx` to ask for: prompt and output, rounded up to a power of two so that a model is seldom reloaded."""
    need = max(size.at_most + output_tokens, SMALLEST_WINDOW)
    bucket = 1 << (need - 1).bit_length()
    return bucket if context_tokens is None else min(bucket, context_tokens)


def surely_cut(counted: int, size: PromptSize, num_ctx: int) -> bool:
    """Whether the server's count alone proves that the prompt was cut, or filled the window to its brim."""
    return counted >= num_ctx or counted < size.at_least * _PROOF


def is_doubtful(counted: int, size: PromptSize) -> bool:
    """Whether the count could be a window's edge: fewer tokens than the text suggests, or a round number."""
    if counted * 1.25 < size.likely or counted < size.at_least:
        return True
    return counted < size.at_most and any(counted % step in (0, step - 1) for step in (256, 500))
