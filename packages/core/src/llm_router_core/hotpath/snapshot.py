"""The settings as a hook sees them: one flat file, this hook's own variables, and what the repository tightened.

Reading never raises. A missing or spoilt file means defaults, because a hook that fails would be a hook that blocks
somebody. The file holds the user's level and the organisation's limits; it is written by `settings/snapshot.py`.
A repository file is not parsed here: what it tightens was compiled before, and counts only while path, time and size
still are what they were; otherwise the user's level stands.
"""

import json
import os
from collections.abc import Mapping, Sequence

from llm_router_core.hotpath import paths

VERSION = 1
REPOSITORY_FILE = ".llm-router.toml"
MAX_BYTES = 1 << 20
FLAGS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}

_LARGEST = 1e15

Value = str | bool | float
# A tuple lists the values from loosest to tightest. "lower": the smaller number is tighter, none at all is loosest.
# "add": a longer list is tighter. "join": every list has to agree. "refused": a repository may not say anything here.
Tighten = tuple[str, ...] | str

# What hooks read: variable, default, allowed values (empty: a number, or a text where the default is one), tightening.
# settings/table.py holds the same rows for everybody else; a test holds the two together.
HOOK_SETTINGS: dict[str, tuple[str, Value, tuple[str, ...], Tighten]] = {
    "profile": (
        "LLM_ROUTER_PROFILE",
        "balanced",
        ("budget", "balanced", "premium"),
        ("premium", "balanced", "budget"),
    ),
    "quality_mode": (
        "LLM_ROUTER_QUALITY_MODE",
        "balanced",
        ("best", "balanced", "conserve"),
        ("best", "balanced", "conserve"),
    ),
    "enforce": ("LLM_ROUTER_ENFORCE", "smart", ("smart", "hard", "soft", "off"), ("off", "soft", "smart", "hard")),
    "answer": ("LLM_ROUTER_ANSWER", "off", ("off", "ask", "on"), ("on", "ask", "off")),
    "answer_deadline_s": ("LLM_ROUTER_ANSWER_DEADLINE", 20.0, (), "lower"),
    "hint": ("LLM_ROUTER_HINT", "box", ("box", "plain"), "refused"),
    "tools": ("LLM_ROUTER_TOOLS", "all", ("core", "standard", "all"), ("all", "standard", "core")),
    "compress_response": ("LLM_ROUTER_COMPRESS_RESPONSE", False, ("true", "false"), ("true", "false")),
    "baseline_model": ("LLM_ROUTER_BASELINE_MODEL", "anthropic/claude-sonnet-5-5", (), "refused"),
    "abstain_below": ("LLM_ROUTER_ABSTAIN_BELOW", 0.5, (), "refused"),
}


def tightened(rule: Tighten, current: object, wanted: object) -> object:
    """The tighter of two values of one setting; `current` where `wanted` is not tighter or cannot be compared."""
    if isinstance(rule, tuple):
        now, then = _place(rule, current), _place(rule, wanted)
        return wanted if then > now else current
    if rule == "lower":
        now_number, then_number = _number(current), _number(wanted)
        return wanted if then_number is not None and (now_number is None or then_number < now_number) else current
    if rule == "add" and isinstance(current, list | tuple) and isinstance(wanted, list | tuple):
        return (*current, *(item for item in wanted if item not in current))
    return current


def read(home: str, env: Mapping[str, str], cwd: str = "") -> dict[str, Value]:
    """Every setting of `HOOK_SETTINGS` with the value that holds here. `cwd` is where the host works, if it said so."""
    stored = load_json(paths.in_home(home, paths.SNAPSHOT))
    if stored.get("version") != VERSION:
        stored = {}
    values = {name: row[1] for name, row in HOOK_SETTINGS.items()}
    _overlay(values, stored.get("settings"))
    for name, wanted in _compiled(home, cwd).items():
        _tighten(values, name, wanted)
    for name, (variable, _, _, _) in HOOK_SETTINGS.items():
        chosen = parsed(name, env.get(variable, "").strip())
        if chosen is not None:
            values[name] = chosen
    limits = stored.get("limits")
    for name, limit in (limits if isinstance(limits, dict) else {}).items():
        _tighten(values, name, limit)
    return values


def parsed(name: str, text: object) -> Value | None:
    """A written value of a hook setting as it is used, or None where it cannot be."""
    _, default, allowed, _ = HOOK_SETTINGS[name]
    if isinstance(default, bool):
        return text if isinstance(text, bool) else FLAGS.get(text.lower()) if isinstance(text, str) else None
    if isinstance(default, float):
        number = _number(text)
        return float(number) if number is not None and number > 0 else None
    if not isinstance(text, str) or not text or (allowed and text not in allowed):
        return None
    return text


def find_repository_file(cwd: str) -> str:
    """The nearest `.llm-router.toml` from `cwd` upwards, not above the root of the repository; empty where none is."""
    folder = os.path.abspath(cwd) if cwd else ""
    candidates = []
    while folder:
        path = os.path.join(folder, REPOSITORY_FILE)
        if os.path.lexists(path):
            candidates.append(path)
        if os.path.lexists(os.path.join(folder, ".git")):
            return candidates[0] if candidates else ""
        parent = os.path.dirname(folder)
        if parent == folder:
            break
        folder = parent
    # Outside a repository only the working folder itself speaks: what lies above it belongs to somebody else.
    own = os.path.join(os.path.abspath(cwd), REPOSITORY_FILE) if cwd else ""
    return own if own in candidates else ""


def load_json(path: str) -> dict[str, object]:
    """The object in a JSON file, or an empty one for anything else. Never raises, never waits for a pipe."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return {}
    try:
        raw = os.read(handle, MAX_BYTES + 1)
        value = json.loads(raw) if len(raw) <= MAX_BYTES else None
    except (OSError, ValueError, RecursionError):
        return {}
    finally:
        os.close(handle)
    return value if isinstance(value, dict) else {}


def _compiled(home: str, cwd: str) -> dict[str, object]:
    """What the repository at `cwd` tightens, if it was compiled and has not changed since."""
    path = find_repository_file(cwd)
    if not path:
        return {}
    files = load_json(paths.in_home(home, paths.REPOSITORIES)).get("files")
    entry = files.get(path) if isinstance(files, dict) else None
    if not isinstance(entry, dict):
        return {}
    try:
        found = os.lstat(path)
    except OSError:
        return {}
    values = entry.get("values")
    is_same = entry.get("mtime_ns") == found.st_mtime_ns and entry.get("size") == found.st_size
    return values if is_same and isinstance(values, dict) else {}


def _overlay(values: dict[str, Value], layer: object) -> None:
    for name, value in (layer if isinstance(layer, dict) else {}).items():
        chosen = parsed(name, value) if name in HOOK_SETTINGS else None
        if chosen is not None:
            values[name] = chosen


def _tighten(values: dict[str, Value], name: str, wanted: object) -> None:
    if name not in HOOK_SETTINGS:
        return
    chosen = parsed(name, wanted)
    if chosen is not None:
        result = tightened(HOOK_SETTINGS[name][3], values[name], chosen)
        values[name] = result if isinstance(result, str | bool | float) else values[name]


def _place(order: Sequence[str], value: object) -> int:
    text = str(value).lower() if isinstance(value, bool) else value
    return order.index(text) if isinstance(text, str) and text in order else -1


def _number(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value) if isinstance(value, int | float | str) and value != "" else None
    except (ValueError, OverflowError):
        return None
    return number if number is not None and -_LARGEST < number < _LARGEST else None  # false for NaN too
