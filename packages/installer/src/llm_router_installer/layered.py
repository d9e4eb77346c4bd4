"""The settings of this process with all their layers, and the files that hooks read brought up to date."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from llm_router_core.clock import SystemClock
from llm_router_core.errors import ConfigError, StorageError
from llm_router_core.hotpath import paths
from llm_router_core.settings.snapshot import compile_repository, write_snapshot
from llm_router_core.settings.sources import Loaded, load
from llm_router_core.storage import overrides
from llm_router_core.storage.database import Database


class Started(Protocol):
    """What a command knows once it has started."""

    @property
    def env(self) -> Mapping[str, str]:
        """The environment."""

    @property
    def home(self) -> str:
        """The state folder."""

    @property
    def session(self) -> str:
        """Whom the session's overrides belong to."""


def load_layered(
    env: Mapping[str, str], home: str, session: str, arguments: Mapping[str, object] | None = None
) -> Loaded:
    """The settings with session override, repository and organisation.

    Raises:
        ConfigError: a file of the user cannot be parsed or read, or a value is not allowed.
    """
    return load(env, home, arguments, session=session_values(home, session), cwd=working_folder())


def load_here(runtime: Started) -> Loaded:
    """The same for a command that has started."""
    return load_layered(runtime.env, runtime.home, runtime.session)


def session_values(home: str, session: str) -> dict[str, object]:
    """What this session overrides; nothing where there is no state yet, or it cannot be read."""
    if not Path(paths.in_home(home, paths.STATE_DB)).exists():
        return {}
    try:
        with Database.open(home, SystemClock()) as db:
            return {**db.read(lambda conn: overrides.list_overrides(conn, session))}
    except StorageError:
        return {}


def refresh_hook_files(home: str) -> str:
    """Bring snapshot and compiled repository policy up to date; what went wrong, in one sentence, or nothing.

    A home that does not exist yet is left alone: only a command that stores something makes it.
    """
    if not Path(home).is_dir():
        return ""
    try:
        write_snapshot(home)
        compile_repository(home, working_folder())
    except ConfigError as failed:
        return f"hooks keep the settings they had: {failed.message}"
    return ""


def working_folder() -> str:
    """Where we are; empty when that folder is gone."""
    try:
        return os.getcwd()  # noqa: PTH109 - the reader in hotpath takes a text
    except OSError:
        return ""
