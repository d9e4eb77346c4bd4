"""What is wrong with a setting without stopping anybody, named with its source: nothing is ignored in silence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

_MAX_SHOWN = 60


class Severity(StrEnum):
    """How much a finding matters. `config lint` fails on errors only."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding: the setting, the file or variable it stands in, what is the matter, and what to do."""

    severity: Severity
    name: str
    source: str
    message: str
    remedy: str = ""


def shown(value: object) -> str:
    """A value of somebody else's file for a message: quoted, without control characters, and short."""
    text = ascii(value) if not isinstance(value, str) or not value.isprintable() else repr(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 3]}..."
