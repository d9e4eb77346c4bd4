"""Talks to the system's keyring, in a process of its own. Run by keystore.py, never imported by anything.

A keyring may hang on a dead D-Bus, ask on a screen nobody sees, or be a plain file in disguise. So it is loaded only
here, where two seconds are the most it can cost, and a backend that would not really keep a secret is refused by name.

stdin: one JSON object, {"do": "get" | "set" | "delete" | "probe", "service": ..., "names": [...], "secret": ...}.
stdout: one JSON object, {"backend": ..., "values": {...}} or {"backend": ..., "refused": ...}. Nothing else is said: an
error of a backend could quote what it was given, so only its type is passed on.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

REFUSED = {
    "keyring.backends.null": "it forgets what it is given",
    "keyring.backends.fail": "it is what stands in where there is no keyring",
    "keyrings.alt": "it keeps keys readable in a file",
}
_WORDS = {"plaintext": "it keeps keys readable in a file"}


def objection(backend: Any) -> str:
    """Why a backend may not be used, empty where it may. A chain is judged by all of its links."""
    for kind in type(backend).__mro__:
        for prefix, reason in REFUSED.items():
            if kind.__module__ == prefix or kind.__module__.startswith(f"{prefix}."):
                return reason
        for word, reason in _WORDS.items():
            if word in f"{kind.__module__}.{kind.__qualname__}".lower():
                return reason
    links = getattr(backend, "backends", None)  # a chain, of keyring's own making or derived from it
    if links is None:
        return ""
    reasons = {name_of(link): objection(link) for link in list(links)}
    if not reasons:
        return "it is an empty chain"
    return next((f"its part {name}: {reason}" for name, reason in reasons.items() if reason), "")


def name_of(backend: Any) -> str:
    """The backend's full name."""
    return f"{type(backend).__module__}.{type(backend).__qualname__}"


def serve(order: dict[str, Any]) -> dict[str, Any]:
    """Carry out one order. What a backend fails with is named by its type; anything stranger ends the process."""
    try:
        # Deferred to here because loading a keyring is what may hang or fail.
        import keyring  # noqa: PLC0415
        from keyring.errors import KeyringError  # noqa: PLC0415
    except ImportError:
        return {"backend": "", "refused": "the package keyring cannot be loaded"}
    try:
        return obey(order, keyring.get_keyring())
    except (KeyringError, OSError, RuntimeError, ImportError, AttributeError, ValueError, TypeError) as error:
        return {"backend": "", "refused": f"it failed with {type(error).__name__}"}


def obey(order: dict[str, Any], backend: Any) -> dict[str, Any]:
    """The reply of a backend that may be used, or why it may not."""
    reply: dict[str, Any] = {"backend": name_of(backend)}
    reason = objection(backend)
    if reason:
        return {**reply, "refused": reason}
    service, names = order["service"], order["names"]
    if order["do"] == "get":
        found = {name: backend.get_password(service, name) for name in names}
        reply["values"] = {name: value for name, value in found.items() if value is not None}
    elif order["do"] == "set":
        backend.set_password(service, names[0], order["secret"])
        reply["kept"] = backend.get_password(service, names[0]) == order["secret"]
    elif order["do"] == "delete":
        for name in names:
            if backend.get_password(service, name) is not None:
                backend.delete_password(service, name)
    return reply


def main() -> None:
    """One order in, one reply out; backends that print do it where nobody listens."""
    order = json.load(sys.stdin)
    out = os.dup(1)
    os.dup2(2, 1)
    reply = serve(order)
    with os.fdopen(out, "w") as stream:
        json.dump(reply, stream)


if __name__ == "__main__":
    main()
