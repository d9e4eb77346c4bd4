"""The only module that prints. Answers go to stdout, everything about them to stderr, so that a pipe gets the answer.

Text from a model or a provider is data: control characters, escape sequences and bidirectional overrides are taken out
before a terminal sees it. Nothing here needs colour to be understood.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Sequence
from typing import BinaryIO, TextIO

from llm_router_installer.result import Failure, Lines, Result, Table

BROKEN_PIPE = 141  # what a shell reports for a program that SIGPIPE ended
DISK_FULL = 74  # EX_IOERR of sysexits.h


class OutputGoneError(Exception):
    """Nobody takes the output any more: the reader closed the pipe, or the disk is full. `exit_code` says which."""

    def __init__(self, exit_code: int) -> None:
        super().__init__("the output cannot be written")
        self.exit_code = exit_code


_UNSAFE = re.compile(
    "\x1b\\[[0-?]*[ -/]*[@-~]|\x1b\\][^\x07\x1b]*(?:\x07|\x1b\\\\)?|\x1b.|"
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


def plain(text: str) -> str:
    """The text without anything that could move a cursor, change a colour or reorder a line."""
    return _UNSAFE.sub("", text.replace("\r\n", "\n"))


def write(text: str) -> None:
    """Text of an answer as it arrives, on stdout."""
    _put(sys.stdout, plain(text))


def line(text: str) -> None:
    """One line on stdout."""
    _put(sys.stdout, plain(text) + "\n")


def note(text: str) -> None:
    """One line about what is happening, on stderr."""
    _put(sys.stderr, plain(text) + "\n")


def overwrite(text: str) -> None:
    """Text on stderr in place of the line that stands there; an empty text takes the line away."""
    _put(sys.stderr, f"\r\x1b[K{text}")


def is_watched() -> bool:
    """Whether a person sees stderr."""
    return sys.stderr is not None and sys.stderr.isatty()


def json_line(value: object) -> None:
    """One JSON value on one line of stdout."""
    _put(sys.stdout, json.dumps(value, ensure_ascii=False, default=str) + "\n")


def show(outcome: Result | Failure, *, as_json: bool, on_one_line: bool = False) -> int:
    """Prints the outcome of a command and returns its exit code."""
    if as_json:
        indent = None if on_one_line else 2
        _put(sys.stdout, json.dumps(outcome.envelope(), ensure_ascii=False, indent=indent, default=str) + "\n")
        return int(outcome.exit_code)
    if isinstance(outcome, Failure):
        note(f"error: {outcome.message}")
        for item in outcome.rejected:
            note(f"  {item['candidate']}: {item['reason']}")
        if outcome.remedy:
            note(f"  what to do: {outcome.remedy}")
        return int(outcome.exit_code)
    for warning in outcome.warnings:
        note(f"warning: {warning}")
    for view in outcome.views:
        if isinstance(view, Lines):
            for text in view.lines:
                line(text)
        else:
            _show_table(view)
    for text in outcome.notes:
        note(text)
    return int(outcome.exit_code)


def is_interactive() -> bool:
    """Whether a person sits at both ends: stdin can be typed on, and stderr is seen."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def stdin() -> BinaryIO:
    """Stdin as bytes."""
    return sys.stdin.buffer


def _show_table(table: Table) -> None:
    if table.title:
        line(table.title)
    rows = [[plain(cell) for cell in row] for row in table.rows]
    if not sys.stdout.isatty():
        _plain_table(table.columns, rows)
        return
    # Deferred: rich costs 40 ms, and only a terminal has a width to fit a table into.
    from llm_router_installer.tables import drawn  # noqa: PLC0415

    _put(sys.stdout, drawn(table.columns, rows))


def _plain_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    everything = [list(columns), *rows]
    widths = [max(len(row[place]) for row in everything) for place in range(len(columns))]
    for row in everything:
        line("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _put(stream: TextIO | None, text: str) -> None:
    if stream is None:  # closed before we began, as by `2>&-`
        if stream is sys.stdout and sys.stderr is not sys.stdout:
            raise OutputGoneError(BROKEN_PIPE)
        return
    try:
        stream.write(text)
        stream.flush()
    except UnicodeEncodeError:
        stream.write(text.encode("ascii", "replace").decode("ascii"))
        stream.flush()
    except OSError as error:
        # Python would complain once more when it closes the stream at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        if stream is sys.stdout:
            raise OutputGoneError(BROKEN_PIPE if isinstance(error, BrokenPipeError) else DISK_FULL) from None
