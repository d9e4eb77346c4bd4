"""Server-sent events from bytes that were split anywhere (html.spec.whatwg.org, section 9.2), without a socket.

An event counts only when its blank line has come: one that is still open when the bytes end was cut, and is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass

from llm_router_core.providers.dialects.payload import bad_reply

MAX_EVENT_BYTES = 2 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class SseEvent:
    """One event: its type, empty when none was given, and its data lines joined by line feeds."""

    event: str
    data: str


class LineSplitter:
    """Whole lines out of arbitrary pieces; ends are LF, CR LF and, if asked for, CR alone."""

    __slots__ = ("_has_lone_cr", "_max_bytes", "_open", "_skips_lf")

    def __init__(self, max_bytes: int, *, has_lone_cr: bool) -> None:
        self._open = bytearray()
        self._max_bytes = max_bytes
        self._has_lone_cr = has_lone_cr
        self._skips_lf = False

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that are now complete, without their ends.

        Raises:
            ProviderError: a line is longer than the limit.
        """
        if self._skips_lf and data:
            data = data.removeprefix(b"\n")
            self._skips_lf = False
        if self._has_lone_cr and b"\r" in data:
            self._skips_lf = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        head, *rest = data.split(b"\n")
        self._open += head
        if len(self._open) > self._max_bytes or any(len(line) > self._max_bytes for line in rest):
            raise bad_reply(f"a line is longer than {self._max_bytes} bytes")
        if not rest:
            return []
        lines = [bytes(self._open), *rest[:-1]]
        self._open = bytearray(rest[-1])
        return lines


class SseParser:
    """Bytes in, events out. Comments, `id` and `retry` are skipped; unknown fields are ignored."""

    __slots__ = ("_data", "_event", "_is_first", "_lines", "_size")

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._lines = LineSplitter(max_event_bytes, has_lone_cr=True)
        self._data: list[str] = []
        self._event = ""
        self._size = 0
        self._is_first = True

    def feed(self, data: bytes) -> list[SseEvent]:
        """The events that these bytes complete.

        Raises:
            ProviderError: an event is larger than the limit or not UTF-8.
        """
        events = []
        for line in self._lines.feed(data):
            text = self._decode(line)
            if text:
                self._take(text)
            elif self._data:
                events.append(SseEvent(self._event, "\n".join(self._data)))
                self._reset()
            else:
                self._reset()
        return events

    def _decode(self, line: bytes) -> str:
        if self._is_first:
            self._is_first = False
            line = line.removeprefix(_BOM)
        try:
            return line.decode("utf-8")
        except UnicodeDecodeError:
            raise bad_reply("the stream is not UTF-8") from None

    def _take(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._size += len(value)
            if self._size > MAX_EVENT_BYTES:
                raise bad_reply(f"an event is larger than {MAX_EVENT_BYTES} bytes")
            self._data.append(value)
        elif name == "event":
            self._event = value

    def _reset(self) -> None:
        self._data = []
        self._event = ""
        self._size = 0
