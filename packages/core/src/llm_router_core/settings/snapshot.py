"""Writes what hooks read: `snapshot.json`, and what each repository file tightens. The reader is hotpath/snapshot.py.

The snapshot holds the user's level and the organisation's limits only. A hook runs in somebody else's environment and
folder, so what one process saw of those must not reach the next one's hooks.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from llm_router_core.hotpath import paths
from llm_router_core.hotpath.snapshot import HOOK_SETTINGS, VERSION, find_repository_file, load_json
from llm_router_core.settings import files
from llm_router_core.settings.config_file import config_path, parse_config, read_config
from llm_router_core.settings.restrictions import load_restrictions
from llm_router_core.settings.sources import ORGANISATION_FILE, Layers, resolve

MAX_REPOSITORIES = 200


def write_snapshot(home: str, *, organisation: str = ORGANISATION_FILE) -> None:
    """Bring `snapshot.json` up to date, if it is not. Called whenever the configuration changes and at every start.

    Raises:
        ConfigError: the configuration cannot be used, or the state folder cannot be written.
    """
    with files.locked(home):
        raw = read_config(home)
        layers = Layers(user=parse_config(raw, config_path(home)))
        settings = resolve(layers, home, raw).settings
        limits = load_restrictions(organisation, "the organisation", follow=True).values
        _put(
            paths.in_home(home, paths.SNAPSHOT),
            {
                "version": VERSION,
                "settings": {name: _plain(getattr(settings, name)) for name in HOOK_SETTINGS},
                "limits": {name: _plain(value) for name, value in limits.items() if name in HOOK_SETTINGS},
            },
        )


def compile_repository(home: str, cwd: str) -> str:
    """Record what the repository at `cwd` tightens, for hooks that run there; the path of its file, empty without one.

    Raises:
        ConfigError: the state folder cannot be written.
    """
    path = find_repository_file(cwd)
    if not path:
        return ""
    target = paths.in_home(home, paths.REPOSITORIES)
    with files.locked(home):
        stored = load_json(target)
        known = stored.get("files")
        entries: dict[str, Any] = known if stored.get("version") == VERSION and isinstance(known, dict) else {}
        entry = _compiled(path)
        if entry is None or entries.get(path) == entry:
            return path
        entries.pop(path, None)
        kept = list(entries.items())[-(MAX_REPOSITORIES - 1) :]
        _put(target, {"version": VERSION, "files": {**dict(kept), path: entry}})
    return path


def _compiled(path: str) -> dict[str, object] | None:
    """The file as it is between two looks at it; None when it changes meanwhile or is gone: the next start tries."""
    before = _stamp(path)
    values = load_restrictions(path, path).values
    if before is None or _stamp(path) != before:
        return None
    hook_values = {name: _plain(value) for name, value in values.items() if name in HOOK_SETTINGS}
    return {"mtime_ns": before[0], "size": before[1], "values": hook_values}


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _put(path: str, value: Mapping[str, object]) -> None:
    """Replace the file unless it already says so: every start comes by here."""
    if load_json(path) != value:
        files.replace(path, json.dumps(value, ensure_ascii=False, indent=1).encode())


def _plain(value: object) -> object:
    return str(value) if isinstance(value, str) else value
