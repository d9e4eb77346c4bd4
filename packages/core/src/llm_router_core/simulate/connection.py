"""HTTP/1.1 on one accepted socket: read a request, write a reply, and spoil it as a `Fault` says.

Hand-made instead of `http.server`, whose header parsing alone would dominate what a benchmark measures.
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event
from typing import BinaryIO

from llm_router_core.simulate.behaviour import Fault, Flood, SeenRequest

MAX_HEADERS = 100
_FLOOD_BYTES = 65_536
_LINGER_OFF = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class WireReply:
    """A reply before it is framed. More than one piece means a stream, sent in chunks."""

    pieces: Sequence[bytes]
    content_type: str = "application/json"
    status: int = 200
    is_stream: bool = False


def json_reply(payload: object, status: int = 200) -> WireReply:
    """A JSON body."""
    return WireReply([json.dumps(payload, ensure_ascii=False).encode()], status=status)


def read_request(stream: BinaryIO) -> SeenRequest | None:
    """The next request of the connection, None when there is none."""
    line = stream.readline(65_536).decode("latin-1").split()
    if len(line) != 3:
        return None
    headers: dict[str, str] = {}
    for _ in range(MAX_HEADERS):
        name, _, value = stream.readline(65_536).decode("latin-1").partition(":")
        if not name.strip():
            break
        headers[name.strip().lower()] = value.strip()
    raw = stream.read(int(headers.get("content-length", "0")))
    try:
        body = json.loads(raw) if raw else None
    except ValueError:
        body = None
    return SeenRequest(line[0], line[1].partition("?")[0], headers, body if isinstance(body, dict) else None)


class Delivery:
    """Writes one reply to one socket. `ends` is set when the server stops, and ends every wait."""

    def __init__(self, sock: socket.socket, fault: Fault | None, ends: Event) -> None:
        self._sock = sock
        self._fault = fault or Fault()
        self._ends = ends

    def send(self, reply: WireReply) -> bool:
        """Whether the connection can carry another request."""
        fault = self._fault
        if fault.delay_s:
            self._ends.wait(fault.delay_s)
        if fault.hangs == "before_reply":
            self._ends.wait()
            return False
        head, body = self._framed(reply)
        if fault.flood is not None:
            self._sock.sendall(head)
            self._flood(fault.flood)
            return False
        if fault.cut_after is None and fault.drip_s is None and not fault.hangs:
            self._sock.sendall(head + body)
            return fault.has_length
        self._sock.sendall(head)
        return self._spoiled(body)

    def _framed(self, reply: WireReply) -> tuple[bytes, bytes]:
        fault = self._fault
        pieces = list(reply.pieces)
        headers = {"content-type": reply.content_type}
        if fault.body is not None:
            pieces = [fault.body]
        if fault.edit is not None:
            pieces = [fault.edit(b"".join(pieces))]
        body = b"".join(pieces)
        if not fault.has_length or fault.flood is not None:
            headers["connection"] = "close"
        elif reply.is_stream and fault.body is None:
            headers["transfer-encoding"] = "chunked"
            body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces if piece) + b"0\r\n\r\n"
        else:
            headers["content-length"] = str(len(body))
        headers |= {name.lower(): value for name, value in fault.headers.items()}
        status = fault.status or reply.status
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"HTTP/1.1 {status} simulated\r\n{lines}\r\n".encode("latin-1"), body

    def _flood(self, flood: Flood) -> None:
        piece = flood.piece if flood.gap_s else flood.piece * max(_FLOOD_BYTES // len(flood.piece), 1)
        left = flood.total_bytes
        self._sock.sendall(flood.first)
        while not self._ends.wait(flood.gap_s) and (left is None or left > 0):
            self._sock.sendall(piece)
            left = None if left is None else left - len(piece)

    def _spoiled(self, body: bytes) -> bool:
        fault = self._fault
        if fault.cut_after is not None:
            self._sock.sendall(body[: fault.cut_after])
            if fault.is_reset:
                self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_OFF)
            return False
        if fault.hangs:
            self._sock.sendall(body[: len(body) // 2])
            self._ends.wait()
            return False
        for place in range(len(body)):
            self._sock.sendall(body[place : place + 1])
            if self._ends.wait(fault.drip_s):
                return False
        return fault.has_length
