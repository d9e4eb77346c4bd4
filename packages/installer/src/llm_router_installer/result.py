"""What a command gives back. Commands return values; `ui` alone turns them into text or JSON.

The JSON envelope is versioned: its keys only ever grow within one version, so a script may rely on them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from llm_router_core.errors import LLMRouterError, NoRouteError

ENVELOPE_VERSION = 1


class Exit(IntEnum):
    """Exit codes. Anything but OK means that nothing, or not everything, was done."""

    OK = 0
    FAILED = 1
    USAGE = 2
    CONFIG = 3
    NO_ROUTE = 4
    REFUSED = 5
    EXHAUSTED = 6
    STORAGE = 7
    PARTIAL = 8
    INTERRUPTED = 130


class SignalledError(Exception):
    """A signal ended the command; `exit_code` is what a shell reports for it."""

    def __init__(self, number: int) -> None:
        super().__init__(f"ended by signal {number}")
        self.exit_code = 128 + number


EXIT_BY_CODE = {
    "config": Exit.CONFIG,
    "no_route": Exit.NO_ROUTE,
    "budget": Exit.REFUSED,
    "ledger": Exit.REFUSED,
    "refused": Exit.REFUSED,
    "exhausted": Exit.EXHAUSTED,
    "provider": Exit.EXHAUSTED,
    "storage": Exit.STORAGE,
}


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Lines:
    """Plain lines."""

    lines: Sequence[str]


View = Table | Lines


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of a command: `data` for machines, `views` for people, `notes` for people on stderr."""

    command: str
    data: Mapping[str, object]
    views: Sequence[View] = ()
    warnings: Sequence[str] = ()
    exit_code: Exit = Exit.OK
    notes: Sequence[str] = ()

    def envelope(self) -> dict[str, object]:
        """The JSON form."""
        return _envelope(self.command, self.exit_code, self.data, self.warnings, None)


@dataclass(frozen=True, slots=True)
class Failure:
    """A command that could not do its work."""

    command: str
    code: str
    message: str
    remedy: str = ""
    exit_code: Exit = Exit.FAILED
    rejected: Sequence[Mapping[str, str]] = field(default_factory=tuple)

    def envelope(self) -> dict[str, object]:
        """The JSON form."""
        error: dict[str, object] = {"code": self.code, "message": self.message, "remedy": self.remedy}
        if self.rejected:
            error["rejected"] = list(self.rejected)
        return _envelope(self.command, self.exit_code, {}, (), error)


def failure_of(command: str, error: LLMRouterError) -> Failure:
    """An error of the library as a failed command."""
    rejected = [
        {"candidate": item.candidate, "stage": item.stage, "reason": item.reason}
        for item in (error.rejected if isinstance(error, NoRouteError) else ())
    ]
    exit_code = EXIT_BY_CODE.get(error.code, Exit.FAILED)
    return Failure(command, error.code, error.message, error.remedy, exit_code, rejected)


def _envelope(
    command: str, exit_code: Exit, data: Mapping[str, object], warnings: Sequence[str], error: object
) -> dict[str, object]:
    return {
        "llm_router": ENVELOPE_VERSION,
        "command": command,
        "ok": exit_code is Exit.OK,
        "exit_code": int(exit_code),
        "data": data,
        "warnings": list(warnings),
        "error": error,
    }
