"""Takes credentials out of a text before it is written anywhere: the formats the scanner knows, and every live key.

A key in use is registered when it is loaded, because a key of an unknown vendor looks like any other word. It is found
as it is, percent-encoded, JSON-escaped, and inside base64, the forms in which HTTP libraries repeat it.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

from llm_router_core.hotpath import secret_scan

SHORTEST_KEY = 8  # what a local server takes as a key ("ollama", "none") is an ordinary word
LIVE_KEY_MARK = "[redacted:live_key]"


class Redactor:
    """The live keys of one process. `KEYS` is the process's own; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._forms: tuple[str, ...] = ()

    def register(self, key: str) -> None:
        """Take `key` out of every text from now on. A key shorter than `SHORTEST_KEY` is left alone."""
        if len(key) < SHORTEST_KEY:
            return
        with self._lock:
            # Longest first: one key may be the beginning of another.
            self._forms = tuple(sorted({*self._forms, *_forms(key)}, key=len, reverse=True))

    def redact(self, text: str) -> str:
        """The text with `[redacted:KIND]` in the place of each credential."""
        for form in self._forms:
            if form in text:
                text = text.replace(form, LIVE_KEY_MARK)
        return secret_scan.redact(text)


KEYS = Redactor()


def register(key: str) -> None:
    """Register a live key with the process's redactor."""
    KEYS.register(key)


def redact(text: str) -> str:
    """The text without credentials, by the process's redactor."""
    return KEYS.redact(text)


def _forms(key: str) -> Iterable[str]:
    yield key
    yield quote(key, safe="")
    yield quote_plus(key)
    yield json.dumps(key)[1:-1]
    raw = key.encode("utf-8", "surrogatepass")
    # Base64 of a longer text holds the key's own characters at one of three offsets; the ends depend on the neighbours.
    for offset in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            inner = encode(b"\0" * offset + raw).decode("ascii").rstrip("=")
            core = inner[(offset * 8 + 5) // 6 : len(inner) - (1 if (offset + len(raw)) % 3 else 0)]
            if len(core) >= SHORTEST_KEY:
                yield core
