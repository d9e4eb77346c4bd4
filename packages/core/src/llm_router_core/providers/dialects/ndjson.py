"""JSON objects, one a line, from bytes that were split anywhere. A line without its end was cut, and is dropped."""

from __future__ import annotations

from llm_router_core.providers.dialects.payload import Payload, parse_object
from llm_router_core.providers.dialects.sse import LineSplitter

MAX_LINE_BYTES = 2 * 1024 * 1024


class NdjsonParser:
    """Bytes in, objects out."""

    __slots__ = ("_lines",)

    def __init__(self) -> None:
        self._lines = LineSplitter(MAX_LINE_BYTES, has_lone_cr=False)

    def feed(self, data: bytes) -> list[Payload]:
        """The objects that these bytes complete; blank lines are skipped.

        Raises:
            ProviderError: a line is too long, or no JSON object.
        """
        return [parse_object(line, "a line of the stream") for line in self._lines.feed(data) if line.strip()]
