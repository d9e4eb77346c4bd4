"""Every way a provider can fail, as answers that any of the simulated wires can give.

A row says what the caller must then see: `done` with an estimated usage, or one of the kinds by which it may fail. The
kinds are those of `errors.ErrorKind`, written out, because the simulation shares no code with what it tests.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from llm_router_core.simulate.behaviour import (
    Answer,
    Fault,
    Flood,
    bad_key,
    failing,
    out_of_quota,
    rate_limited,
    redirect,
    saying,
    server_error,
    web_page,
)

TEXT = "An answer that is long enough to be cut in many places, and says nothing. " * 4
GIGABYTE = 1 << 30
BOMB_MEGABYTES = 256
DRIP_S = 1.0
_INPUT_COUNT = re.compile(rb'"(prompt_tokens|input_tokens|promptTokenCount|prompt_eval_count)": ?\d+')
_DELTAS: Mapping[str, bytes] = {
    "openai_chat": b'data: {"choices": [{"index": 0, "delta": {"content": "x"}}]}\n\n',
    "openai_responses": b'data: {"type": "response.output_text.delta", "delta": "x"}\n\n',
    "anthropic": b'data: {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "x"}}\n\n',
    "gemini": b'data: {"candidates": [{"content": {"parts": [{"text": "x"}]}}]}\n\n',
    "ollama": b'{"message": {"role": "assistant", "content": "x"}, "done": false}\n',
}
_OPENING = b'data: {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}\n\n'
_COUNTS: Mapping[str, tuple[str, str]] = {
    "openai_chat": ("prompt_tokens", "completion_tokens"),
    "openai_responses": ("input_tokens", "output_tokens"),
    "anthropic": ("input_tokens", "output_tokens"),
    "gemini": ("promptTokenCount", "candidatesTokenCount"),
    "ollama": ("prompt_eval_count", "eval_count"),
}
WIRES = tuple(_DELTAS)


@dataclass(frozen=True, slots=True)
class FaultRow:
    """One fault: its name, the answer for a wire (streamed or not), and what may come of it."""

    name: str
    answer: Callable[[str, bool], Answer]
    allowed: frozenset[str]


def _row(name: str, allowed: str, answer: Answer | Callable[[str, bool], Answer]) -> FaultRow:
    make = answer if callable(answer) else (lambda _wire, _is_stream: answer)
    return FaultRow(name, make, frozenset(allowed.split()))


def _spoiled(fault: Fault) -> Answer:
    return Answer(TEXT, fault=fault)


def _dated(_wire: str, _is_stream: bool) -> Answer:
    return rate_limited(format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True))


def _endless(wire: str, is_stream: bool) -> Answer:
    """Valid pieces for ever, or a body that never ends."""
    first = _OPENING if wire == "anthropic" else b""
    flood = Flood(_DELTAS[wire], first, gap_s=0.05) if is_stream else Flood(b" ", gap_s=0.05)
    return _spoiled(Fault(flood=flood))


def _many_pieces(wire: str, is_stream: bool) -> Answer:
    """A gigabyte of valid pieces, or of spaces where the reply is one piece."""
    first = _OPENING if wire == "anthropic" else b""
    piece = _DELTAS[wire] if is_stream else b" "
    return _spoiled(Fault(flood=Flood(piece, first, total_bytes=GIGABYTE)))


def _negative(wire: str, _is_stream: bool) -> Answer:
    return Answer(TEXT, usage={_COUNTS[wire][0]: -5, _COUNTS[wire][1]: 7})


def _with_nan(body: bytes) -> bytes:
    return _INPUT_COUNT.sub(rb'"\1": NaN', body)


def _with_double(body: bytes) -> bytes:
    return _INPUT_COUNT.sub(rb'"\1": 1, "\1": 99999', body)


def bomb() -> bytes:
    """A gzip body of some hundred kilobytes that unpacks to `BOMB_MEGABYTES`."""
    return gzip.compress(b" " * (BOMB_MEGABYTES << 20), compresslevel=1)


def rows() -> list[FaultRow]:
    """The table. Cut points are not in it: `cut` makes those."""
    packed = bomb()
    return [
        _row("429 with seconds", "rate_limited", rate_limited("60")),
        _row("429 with a date", "rate_limited", _dated),
        _row("429 without a word", "rate_limited", failing(429, {"error": {"message": "slow down"}})),
        _row("out of quota", "quota", out_of_quota()),
        _row("wrong key", "auth", bad_key()),
        *(_row(str(status), "unavailable", server_error(status)) for status in (500, 502, 503, 529)),
        _row("a web page", "bad_reply", web_page()),
        _row("a web page with 502", "unavailable", web_page(502)),
        _row("garbage JSON", "bad_reply", saying(b'{"choices": [{]]')),
        _row("a wrong charset", "bad_reply", saying("{'ä'}".encode("utf-16"))),
        _row("a redirect", "bad_reply", redirect("http://169.254.169.254/")),
        _row("1 GB", "bad_reply", _spoiled(Fault(flood=Flood(b" ", total_bytes=GIGABYTE)))),
        _row("1 GB of pieces", "bad_reply timed_out", _many_pieces),
        _row("a gzip bomb", "bad_reply", _spoiled(Fault(body=packed, headers={"content-encoding": "gzip"}))),
        _row("a slow loris", "timed_out", _spoiled(Fault(drip_s=DRIP_S))),
        _row("no reply", "timed_out", _spoiled(Fault(hangs="before_reply"))),
        _row("silence in the body", "timed_out", _spoiled(Fault(hangs="in_body"))),
        _row("a stream without end", "timed_out", _endless),
        _row("a reset", "interrupted bad_reply", _spoiled(Fault(cut_after=150, is_reset=True))),
        _row("NaN usage", "bad_reply", _spoiled(Fault(edit=_with_nan, has_length=False))),
        _row("a usage key twice", "bad_reply", _spoiled(Fault(edit=_with_double, has_length=False))),
        _row("negative usage", "done", _negative),
        _row("missing usage", "done", Answer(TEXT, has_usage=False)),
    ]


def cut(share: float) -> FaultRow:
    """The connection ends politely after this share of the body, which HTTP itself cannot see."""

    def cut_off(body: bytes) -> bytes:
        return body[: min(int(len(body) * share), len(body) - 3)]

    return _row(f"cut at {share:.1%}", "interrupted bad_reply", _spoiled(Fault(edit=cut_off, has_length=False)))
