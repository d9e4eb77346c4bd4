"""What a simulated model server answers: a script gives, for each request, an `Answer` and what goes wrong with it.

A script is a text, an `Answer`, a list of those (the last one repeats), or a function of the request that returns one.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Stop = Literal["end", "max_tokens", "tool_call", "stop_sequence", "content_filter"]


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """A request as it arrived. Header names are lower-case; `body` is None where it was no JSON object."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Mapping[str, object] | None = None

    @property
    def prompt(self) -> str:
        """The text of the last user message."""
        body = self.body or {}
        messages = body.get("messages") or body.get("input") or body.get("contents")
        for message in reversed(messages if isinstance(messages, list) else []):
            if isinstance(message, dict) and message.get("role") == "user":
                return text_in(message.get("content", message.get("parts")))
        return ""


def text_in(content: object) -> str:
    """The text of a message's content, whichever of the wire formats it has."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(text_in(part.get("text", part.get("content"))) for part in content if isinstance(part, dict))
    return ""


@dataclass(frozen=True, slots=True)
class SimulatedCall:
    """A tool call the model makes; `arguments` is JSON text."""

    name: str
    arguments: str = "{}"
    call_id: str = "call_sim_1"


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong. `status`, `headers` and `body` replace the reply; the rest spoils how it is delivered.

    `cut_after` bytes of the body the connection ends: politely, or with a reset. `has_length` False makes the end of
    the connection the end of the body, so that a polite cut is invisible to HTTP. Times are seconds.
    """

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    delay_s: float = 0.0
    drip_s: float | None = None
    hangs: Literal["", "before_reply", "in_body"] = ""
    cut_after: int | None = None
    is_reset: bool = False
    has_length: bool = True
    edit: Callable[[bytes], bytes] | None = None
    flood: Flood | None = None


@dataclass(frozen=True, slots=True)
class Flood:
    """A body that is made while it is sent: `first`, then `piece` over and over.

    It ends after `total_bytes`, or never; between two pieces it waits `gap_s`.
    """

    piece: bytes
    first: bytes = b""
    total_bytes: int | None = None
    gap_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model says. Token counts left None are counted from the texts; `usage` replaces the wire's usage whole.

    `usage` None with `has_usage` False leaves it out. `sources` are (address, title) of what a search found.
    """

    text: str = "ok"
    reasoning: str = ""
    calls: tuple[SimulatedCall, ...] = ()
    stop: Stop = "end"
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    reasoning_tokens: int = 0
    usage: Mapping[str, object] | None = None
    has_usage: bool = True
    pieces: int = 4
    sources: tuple[tuple[str, str], ...] = ()
    fault: Fault | None = None


Step = str | Answer
Script = Step | Sequence[Step] | Callable[[SeenRequest], Step]


def count_tokens(text: str) -> int:
    """The simulated tokenizer: four bytes a token, rounded up."""
    return -(-len(text.encode("utf-8", "replace")) // 4)


def failing(status: int, body: Mapping[str, object] | str, headers: Mapping[str, str] | None = None) -> Answer:
    """An error status with its body."""
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    kind = "text/html" if isinstance(body, str) else "application/json"
    return Answer(fault=Fault(status=status, headers={"content-type": kind, **(headers or {})}, body=raw))


def rate_limited(retry_after: str = "7") -> Answer:
    """429 with a Retry-After."""
    error = {"message": "Rate limit reached", "type": "requests", "code": "rate_limit_exceeded"}
    return failing(429, {"error": error}, {"retry-after": retry_after})


def out_of_quota() -> Answer:
    """429 as OpenAI sends it when the money is gone."""
    error = {"message": "You exceeded your current quota", "type": "insufficient_quota", "code": "insufficient_quota"}
    return failing(429, {"error": error})


def bad_key() -> Answer:
    """401."""
    return failing(401, {"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}})


def server_error(status: int = 500) -> Answer:
    """A 5xx."""
    return failing(status, {"error": {"message": "The server had an error", "type": "server_error"}})


def web_page(status: int = 200) -> Answer:
    """HTML where JSON belongs."""
    return failing(status, "<!doctype html><html><body>Sign in</body></html>")


def redirect(to: str) -> Answer:
    """307 to somewhere else."""
    return failing(307, {}, {"location": to})


def saying(body: bytes, headers: Mapping[str, str] | None = None) -> Answer:
    """200 with exactly this body."""
    return Answer(fault=Fault(status=200, headers={"content-type": "application/json", **(headers or {})}, body=body))


def zip_bomb(megabytes: int = 64) -> Answer:
    """A small gzip body that unpacks to many megabytes."""
    return saying(gzip.compress(b" " * (megabytes * 1024 * 1024)), {"content-encoding": "gzip"})
