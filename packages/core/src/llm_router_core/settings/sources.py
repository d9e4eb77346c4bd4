"""Where each setting comes from: argument, then environment, then the user's config.toml, then the default.

One of the three modules that know the environment. A value that cannot be used stops the program with the name of its
source and what to write instead: a setting that silently falls back to its default is a setting nobody can trust.
"""

from __future__ import annotations

import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from llm_router_core.errors import ConfigError
from llm_router_core.hotpath import paths
from llm_router_core.settings.model import Settings
from llm_router_core.settings.table import PROVIDER_SETTINGS, SETTINGS, Setting

_PROVIDER_VARIABLE = re.compile(r"LLM_ROUTER_([A-Z][A-Z0-9_]*?)_(BASE_URL|MODELS)\Z")
_MAX_CONFIG_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings, and for each value that is not a default the place it was read from."""

    settings: Settings
    sources: Mapping[str, str]


def load(env: Mapping[str, str], home: str, arguments: Mapping[str, object] | None = None) -> Loaded:
    """The settings for this process.

    Raises:
        ConfigError: a file cannot be parsed or read, or a value is not allowed; names file, line and column.
    """
    config = Path(home, paths.CONFIG)
    layers: tuple[tuple[str, dict[str, Any]], ...] = (
        ("argument", {key: value for key, value in (arguments or {}).items() if value is not None}),
        ("environment", _environment_layer(env)),
        (str(config), _file_layer(config)),
    )
    merged: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for origin, layer in reversed(layers):
        for name, value in _flatten(layer):
            _put(merged, name, value)
            sources[name] = _variable(name) if origin == "environment" else origin
    try:
        return Loaded(Settings(**merged), sources)
    except ValidationError as invalid:
        raise _rejected(invalid, sources, config) from None


def _environment_layer(env: Mapping[str, str]) -> dict[str, Any]:
    layer: dict[str, Any] = {row.name: env[row.env] for row in SETTINGS if env.get(row.env, "").strip()}
    for variable, value in env.items():
        found = _PROVIDER_VARIABLE.match(variable)
        if found and value.strip():
            provider = found[1].lower().replace("_", "-")
            layer.setdefault("providers", {}).setdefault(provider, {})[found[2].lower()] = value.strip()
    return layer


def _file_layer(config: Path) -> dict[str, Any]:
    try:
        if not stat.S_ISREG(config.stat().st_mode):
            raise ConfigError(f"{config} cannot be read: it is no regular file", remedy="move it away")
        with config.open("rb") as file:
            raw = file.read(_MAX_CONFIG_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as failed:
        raise ConfigError(
            f"{config} cannot be read: {failed.strerror}",
            remedy="make it readable, or move it away to use the defaults",
        ) from None
    if len(raw) > _MAX_CONFIG_BYTES:
        raise ConfigError(f"{config} is larger than 1 MiB", remedy="it holds settings only; move other content away")
    try:
        return tomllib.loads(raw.decode("utf-8"))
    except UnicodeDecodeError as failed:
        line = raw.count(b"\n", 0, failed.start) + 1
        raise ConfigError(f"{config}, line {line}: not UTF-8", remedy="save the file as UTF-8") from None
    except RecursionError:
        raise ConfigError(f"{config} is nested too deeply", remedy="settings are flat; remove the nesting") from None
    except tomllib.TOMLDecodeError as failed:
        raise ConfigError(f"{config}: {failed}", remedy="correct that place; nothing was changed or used") from None


def _flatten(layer: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """`name` and value pairs; a provider's table becomes `providers.NAME.KEY`."""
    pairs: list[tuple[str, Any]] = []
    for name, value in layer.items():
        if name != "providers":
            pairs.append((name, value))
            continue
        if not isinstance(value, Mapping):
            raise ConfigError(f"providers = {value!r} is not a table", remedy="write [providers.NAME] and its settings")
        for provider, table in value.items():
            if isinstance(table, Mapping):
                pairs += [(f"providers.{provider}.{key}", item) for key, item in table.items()]
            else:
                message = f"providers.{provider} = {table!r} is not a table"
                raise ConfigError(message, remedy=f"write [providers.{provider}] with base_url and models")
    return pairs


def _put(merged: dict[str, Any], name: str, value: Any) -> None:
    *parents, key = name.split(".") if name.startswith("providers.") else [name]
    for parent in parents:
        inner = merged.setdefault(parent, {})
        if not isinstance(inner, dict):
            inner = merged[parent] = {}
        merged = inner
    merged[key] = value


def _variable(name: str) -> str:
    for row in SETTINGS:
        if row.name == name:
            return row.env
    _, provider, key = name.split(".", 2)
    return f"LLM_ROUTER_{provider.upper().replace('-', '_')}_{key.upper()}"


def _row(name: str) -> Setting | None:
    key = name.rsplit(".", 1)[-1]
    return next((row for row in (*SETTINGS, *PROVIDER_SETTINGS) if row.name == key), None)


def _rejected(invalid: ValidationError, sources: Mapping[str, str], config: Path) -> ConfigError:
    first = invalid.errors(include_url=False, include_context=False)[0]
    parts = [str(part) for part in first["loc"] if not isinstance(part, int)]
    name = ".".join(parts) or "settings"
    origin = sources.get(name) or next((sources[key] for key in sources if key.startswith(name)), "")
    row = _row(name)
    where = f"{config}, {_position(config, parts)}" if origin == str(config) else origin or "settings"
    if first["type"] == "extra_forbidden":
        return ConfigError(
            f"{where}: there is no setting {name!r}", remedy="see docs/configuration.md for the names; remove this one"
        )
    allowed = f"write {row.type}, for example {row.default!r}" if row else "see docs/configuration.md"
    return ConfigError(f"{where}: {name} = {first['input']!r} cannot be used: {first['msg']}", remedy=allowed)


def _position(config: Path, parts: list[str]) -> str:
    """`line N, column M` of a key: tomllib keeps no positions, so the key is looked up in the text."""
    key = re.compile(rf"""^(\s*)["']?{re.escape(parts[-1])}["']?\s*=|^(\s*)\[.*{re.escape(parts[-1])}""")
    for number, line in enumerate(config.read_text(encoding="utf-8").splitlines(), 1):
        found = key.match(line)
        if found:
            return f"line {number}, column {len(found[1] or found[2] or '') + 1}"
    return "line 1, column 1"
