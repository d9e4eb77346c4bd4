"""Which known names come closest to one that nobody knows."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_MOST = 3


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A clause for the end of a message: `: did you mean 'a' or 'b'?`, empty where nothing is near."""
    by_lower = {item.lower(): item for item in known if item != name}
    near = difflib.get_close_matches(name.lower(), list(by_lower), n=_MOST, cutoff=0.5)
    return f": did you mean {' or '.join(repr(by_lower[item]) for item in near)}?" if near else ""
