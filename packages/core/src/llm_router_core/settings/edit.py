"""Changes config.toml the way a careful person would: only the wanted lines, comments kept, never a broken file.

A file that cannot be parsed is refused untouched. The new text is checked twice before it replaces the old one: it has
to say exactly what was wanted and nothing else, and the settings have to accept it. The old text is kept as a backup.
"""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit
from pydantic import ValidationError
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import InlineTable

from llm_router_core.errors import ConfigError
from llm_router_core.hotpath import paths
from llm_router_core.settings import files
from llm_router_core.settings.config_file import config_path, parse_config, read_config, rejected, row_of
from llm_router_core.settings.model import Settings
from llm_router_core.settings.snapshot import write_snapshot
from llm_router_core.settings.sources import ORGANISATION_FILE
from llm_router_core.settings.table import SETTINGS, Setting

KEPT_BACKUPS = 5
_LARGEST_WHOLE = 10**9
_PROVIDER_KEY = re.compile(r"providers\.([a-z0-9][a-z0-9_-]{0,40})\.([a-z_]+)")
_FLAGS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


@dataclass(frozen=True, slots=True)
class Edited:
    """What became of an edit: the file, and whether it had to be changed at all."""

    path: str
    is_changed: bool


Values = MutableMapping[str, Any]
Change = Callable[[Values], None]


def edit_config(home: str, change: Change, *, organisation: str = ORGANISATION_FILE) -> Edited:
    """Apply `change` to config.toml in place, then bring the hooks' snapshot up to date.

    `change` runs twice, on the document and on its plain values, so it only sets and deletes keys.

    Raises:
        ConfigError: the file cannot be parsed, the result would not be valid, or it cannot be written.
    """
    path = config_path(home)
    with files.locked(home):
        raw = read_config(home)
        before = parse_config(raw, path)
        wanted = copy.deepcopy(before)
        change(wanted)
        is_changed = wanted != before
        if is_changed:
            content = _edited(raw, change, path)
            _check(content, wanted, path)
            if raw:
                _keep(home, raw)
            files.replace(str(path.resolve()), content)
    write_snapshot(home, organisation=organisation)
    return Edited(str(path), is_changed)


def set_value(home: str, name: str, text: str, *, organisation: str = ORGANISATION_FILE) -> Edited:
    """Set one setting, or `providers.NAME.KEY`, from its written form.

    Raises:
        ConfigError: there is no such setting, or the value cannot be used.
    """
    row = _row(name)
    value = _typed(row, text)
    return edit_config(home, lambda document: _assign(document, name, value), organisation=organisation)


def unset_value(home: str, name: str, *, organisation: str = ORGANISATION_FILE) -> Edited:
    """Take one setting out of the file, so that its default holds again.

    Raises:
        ConfigError: there is no such setting.
    """
    _row(name)
    return edit_config(home, lambda document: _remove(document, name), organisation=organisation)


def put_entry(document: MutableMapping[str, Any], table: str, name: str, entry: Mapping[str, object]) -> None:
    """`name = { ... }` in a table of the document, the table made where it is missing."""
    if table not in document:
        document[table] = tomlkit.table() if isinstance(document, tomlkit.TOMLDocument) else {}
    document[table][name] = _inline(entry) if isinstance(document, tomlkit.TOMLDocument) else dict(entry)


def drop_entry(document: MutableMapping[str, Any], table: str, name: str) -> None:
    """Take `name` out of a table; an empty table goes with it."""
    if name in document.get(table, {}):
        del document[table][name]
        if not document[table]:
            del document[table]


def _inline(entry: Mapping[str, object]) -> InlineTable:
    inline = tomlkit.inline_table()
    for key, value in entry.items():
        inline[key] = value
    return inline


def _row(name: str) -> Setting:
    row = row_of(name)
    if row is None or (name.startswith("providers.") and not _PROVIDER_KEY.fullmatch(name)):
        raise ConfigError(
            f"there is no setting {name!r}",
            remedy="`llm-router config show` lists them; a key is stored with `llm-router keys set PROVIDER`",
        )
    return row


def _typed(row: Setting, text: str) -> object:
    """The written value as TOML has it. What does not fit stays a text, for validation to refuse by name."""
    if row.form == "names":
        return [name.strip() for name in text.split(",") if name.strip()]
    if row.form == "flag":
        return _FLAGS.get(text.strip().lower(), text)
    if row.form in {"number", "whole"}:
        try:
            number = float(text)
        except ValueError:
            return text
        if not math.isfinite(number):
            return text
        return int(number) if number.is_integer() and abs(number) < _LARGEST_WHOLE else number
    return text


def _assign(document: MutableMapping[str, Any], name: str, value: object) -> None:
    found = _PROVIDER_KEY.fullmatch(name)
    if not found:
        document[name] = value
        return
    is_toml = isinstance(document, tomlkit.TOMLDocument)
    if "providers" not in document:
        document["providers"] = tomlkit.table(is_super_table=True) if is_toml else {}
    providers = document["providers"]
    if found[1] not in providers:
        providers[found[1]] = tomlkit.table() if is_toml else {}
    providers[found[1]][found[2]] = value


def _remove(document: MutableMapping[str, Any], name: str) -> None:
    found = _PROVIDER_KEY.fullmatch(name)
    if not found:
        document.pop(name, None)
        return
    providers = document.get("providers", {})
    if found[2] in providers.get(found[1], {}):
        del providers[found[1]][found[2]]
        if not providers[found[1]]:
            del providers[found[1]]
        if not providers:
            del document["providers"]


def _edited(raw: bytes, change: Change, path: Path) -> bytes:
    try:
        document = tomlkit.parse(raw.decode("utf-8-sig"))
        change(document)
        text = tomlkit.dumps(document)
    except (TOMLKitError, TypeError, ValueError, RecursionError):
        raise _cannot_edit(path) from None
    if not text.endswith("\n"):
        text += "\n"
    if raw.count(b"\r\n") and raw.count(b"\r\n") == raw.count(b"\n"):
        text = text.replace("\r\n", "\n").replace("\n", "\r\n")
    return text.encode()


def _check(content: bytes, wanted: Mapping[str, Any], path: Path) -> None:
    try:
        now = files.parse_toml(content)
    except files.UnreadableError:
        raise _cannot_edit(path) from None
    if now != wanted:
        raise _cannot_edit(path)
    try:
        Settings(**now)
    except ValidationError as invalid:
        error = rejected(invalid, dict.fromkeys(_leaves(now), "the new value"), path, content)
        raise ConfigError(f"nothing was changed: {error.message}", remedy=error.remedy) from None


def _leaves(values: Mapping[str, Any]) -> list[str]:
    return [*values, *(row.name for row in SETTINGS)]


def _cannot_edit(path: Path) -> ConfigError:
    return ConfigError(
        f"{path} is laid out in a way that cannot be edited safely; nothing was changed",
        remedy="make this change by hand, or move the file away and set the value again",
    )


def _keep(home: str, raw: bytes) -> None:
    """Keep the text as it was, the newest under 1; older ones move on and the oldest goes."""
    folder = Path(paths.in_home(home, paths.BACKUPS))
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        for number in range(KEPT_BACKUPS - 1, 0, -1):
            older = folder / f"config.toml.{number}"
            if older.exists():
                older.replace(folder / f"config.toml.{number + 1}")
    except OSError as failed:
        raise ConfigError(f"{folder} cannot be written: {failed.strerror}", remedy="make it writable") from None
    files.replace(str(folder / "config.toml.1"), raw)
