"""What every command that touches the world starts with: the environment, the settings, the state, the router."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from llm_router_core.hotpath import env as environment
from llm_router_core.hotpath.paths import state_home
from llm_router_core.settings.model import Settings
from llm_router_core.settings.sources import Loaded, load
from llm_router_installer import ui

MAX_PROMPT_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Runtime:
    """The process's view of the user: variables, state folder, settings, and whom calls belong to."""

    env: Mapping[str, str]
    home: str
    loaded: Loaded
    session: str
    project: str

    @property
    def settings(self) -> Settings:
        """The settings themselves."""
        return self.loaded.settings


def start(arguments: Mapping[str, object] | None = None) -> Runtime:
    """Reads environment and settings once. Raises ConfigError for what cannot be used."""
    variables = environment.read()
    home = state_home(variables)
    loaded = load(variables, home, arguments)
    return Runtime(variables, home, loaded, _session(loaded), _project())


def _session(loaded: Loaded) -> str:
    """The session a command belongs to: the one that was named, else the terminal's."""
    named = loaded.settings.session
    return _digest(named) if named else _digest(f"terminal-{os.getsid(0)}")


def _project() -> str:
    """The project a command belongs to: the nearest folder upwards that holds `.git`, else the working folder."""
    try:
        here = Path.cwd()
    except OSError:
        return ""
    root = next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)
    return _digest(str(root))


def _digest(text: str) -> str:
    """A short stable name that says nothing of what it stands for."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def read_prompt(argument: str) -> str:
    """The prompt itself, or stdin for `-`. Ends the command with a message when there is nothing usable."""
    if argument != "-":
        try:
            argument.encode("utf-8")
        except UnicodeEncodeError:
            raise click.UsageError("the prompt is not valid UTF-8; send it as UTF-8") from None
        prompt = argument
    else:
        raw = ui.stdin().read(MAX_PROMPT_BYTES + 1)
        if len(raw) > MAX_PROMPT_BYTES:
            raise click.UsageError(f"the prompt on stdin is larger than {MAX_PROMPT_BYTES >> 20} MiB; send less")
        try:
            prompt = raw.decode("utf-8")
        except UnicodeDecodeError as wrong:
            raise click.UsageError(
                f"stdin is not valid UTF-8 at byte {wrong.start}; convert it first, for example with iconv"
            ) from None
    if not prompt.strip():
        raise click.UsageError("the prompt is empty; write one, or send one on stdin with -")
    return prompt
