"""The user's config.toml: read whole or refused with file, line and column. It is never guessed at."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from llm_router_core.errors import ConfigError
from llm_router_core.hotpath import paths
from llm_router_core.settings.files import UnreadableError, parse_toml, read_bytes
from llm_router_core.settings.table import PROVIDER_SETTINGS, SETTINGS, Setting

MAX_BYTES = 1 << 20
_WORKED_OUT = frozenset({"rules", "spend_caps"})


def config_path(home: str) -> Path:
    """Where the user's settings are."""
    return Path(paths.in_home(home, paths.CONFIG))


def read_config(home: str) -> bytes:
    """The bytes of config.toml, empty where there is none.

    Raises:
        ConfigError: it cannot be read, or is too large.
    """
    path = config_path(home)
    try:
        return read_bytes(str(path), MAX_BYTES, follow=True)
    except (FileNotFoundError, NotADirectoryError):
        return b""
    except OSError as failed:
        if failed.strerror and "larger" in failed.strerror:
            raise ConfigError(f"{path} is larger than 1 MiB", remedy="it holds settings only; move the rest") from None
        raise ConfigError(
            f"{path} cannot be read: {failed.strerror}",
            remedy="make it readable, or move it away to use the defaults",
        ) from None


def parse_config(raw: bytes, path: Path) -> dict[str, Any]:
    """The settings in config.toml.

    Raises:
        ConfigError: it is no TOML; names line and column.
    """
    try:
        values = parse_toml(raw)
    except UnreadableError as failed:
        where = ", " if str(failed).startswith("line") else ": "
        raise ConfigError(f"{path}{where}{failed}", remedy="correct that place; nothing was changed or used") from None
    for name in _WORKED_OUT & values.keys():
        raise unknown(f"{path}, {position(raw, name)}", name)
    return values


def unknown(where: str, name: str) -> ConfigError:
    """That there is no such setting."""
    return ConfigError(
        f"{where}: there is no setting {name!r}", remedy="see docs/configuration.md for the names; remove this one"
    )


def rejected(invalid: ValidationError, sources: Mapping[str, str], path: Path, raw: bytes) -> ConfigError:
    """What validation found, with the place the value came from and what to write instead."""
    first = invalid.errors(include_url=False, include_context=False)[0]
    parts = [str(part) for part in first["loc"] if not isinstance(part, int)]
    name = ".".join(parts) or "settings"
    origin = _origin(name, sources)
    row = row_of(name)
    where = f"{path}, {position(raw, parts[-1])}" if origin == str(path) and parts else origin or "settings"
    if first["type"] == "extra_forbidden":
        return unknown(where, name)
    allowed = f"write {row.type}" if row else "see docs/configuration.md"
    if row and row.default:
        allowed += f", for example {row.default!r}"
    return ConfigError(f"{where}: {name} = {first['input']!r} cannot be used: {first['msg']}", remedy=allowed)


def row_of(name: str) -> Setting | None:
    """The table's row of a setting, also of `providers.NAME.KEY`."""
    if name.startswith("providers."):
        key = name.rsplit(".", 1)[-1]
        return next((row for row in PROVIDER_SETTINGS if row.name == key), None)
    return next((row for row in SETTINGS if row.name == name), None)


def position(raw: bytes, key: str) -> str:
    """`line N, column M` of a key: tomllib keeps no positions, so the key is looked up in the text."""
    pattern = re.compile(rf"""^(\s*)["']?{re.escape(key)}["']?\s*=|^(\s*)\[.*{re.escape(key)}""")
    for number, line in enumerate(raw.decode("utf-8-sig", "replace").splitlines(), 1):
        found = pattern.match(line)
        if found:
            return f"line {number}, column {len(found[1] or found[2] or '') + 1}"
    return "line 1, column 1"


def _origin(name: str, sources: Mapping[str, str]) -> str:
    if name in sources:
        return sources[name]
    return next((sources[key] for key in sources if key.startswith(name) or name.startswith(f"{key}.")), "")
