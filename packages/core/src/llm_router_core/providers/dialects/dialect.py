"""What a dialect is: how one API is spoken, without a socket. Encoding and decoding are pure; `call` sends."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from llm_router_core.conversation import Event, Request
from llm_router_core.providers.dialects.payload import Payload
from llm_router_core.providers.endpoint import Target


@dataclass(frozen=True, slots=True)
class WireCall:
    """What to send: a path below the base URL as `url_of` normalises it, the API's own headers, the JSON body."""

    path: str
    body: Payload
    headers: dict[str, str] = field(default_factory=dict)


class StreamDecoder(Protocol):
    """Turns the bytes of one streamed reply into events. Not to be used for a second reply."""

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete, wherever they were split. After `Done` everything is ignored.

        Raises:
            ProviderError: an error inside the stream, or bytes the dialect does not allow.
        """
        ...

    def finish(self) -> list[Event]:
        """The events that the end of the body completes; to be called when no more bytes come.

        Raises:
            ProviderError: INTERRUPTED, what makes this API's answer complete never came.
        """
        ...


class Dialect(Protocol):
    """One API. `name` is also the key of its extras."""

    @property
    def name(self) -> str:
        """`openai_chat`, `openai_responses`, `anthropic`, `gemini`, `ollama`."""
        ...

    def base(self, base_url: str) -> str:
        """The base URL to which a path is appended, tolerant of a version segment too many."""
        ...

    def encode(self, request: Request, target: Target) -> WireCall:
        """The call for this request.

        Raises:
            ProviderError: it cannot be expressed, wants a web search this API has not, or clearly does not fit.
        """
        ...

    def decode_reply(self, payload: Payload) -> list[Event]:
        """The events of a whole reply, `Done` last and usage, if usable, right before it.

        Raises:
            ProviderError: the payload is an error, or not what the API describes.
        """
        ...

    def stream_decoder(self) -> StreamDecoder:
        """A fresh decoder."""
        ...


def output_limit(request: Request, target: Target) -> int:
    """The output tokens to ask for: what the request wants, never more than the target allows."""
    wanted = request.sampling.max_output_tokens
    return target.max_output_tokens if wanted is None else min(wanted, target.max_output_tokens)
