"""What every command that touches the world starts with: the environment, the settings, the state, the router."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from llm_router_core.errors import ConfigError
from llm_router_core.hotpath import env as environment
from llm_router_core.hotpath.paths import state_home
from llm_router_core.settings.model import Settings
from llm_router_core.settings.sources import Loaded, load
from llm_router_installer import ui
from llm_router_installer.layered import load_layered, refresh_hook_files
from llm_router_installer.result import SignalledError

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
    try:
        home = state_home(variables)
    except OSError as error:
        raise ConfigError(
            f"the working folder cannot be used: {error.strerror}", remedy="change to a folder that exists"
        ) from None
    session = _session(load(variables, home, arguments))
    loaded = load_layered(variables, home, session, arguments)
    refresh_hook_files(home)
    return Runtime(variables, home, loaded, session, _project())


def _session(loaded: Loaded) -> str:
    """The session a command belongs to: the one that was named, else the terminal's."""
    named = loaded.settings.session
    today = datetime.now(UTC).date()  # a terminal's number comes again after a restart, and never ends in a container
    return _digest(named) if named else _digest(f"terminal-{os.getsid(0)}-{today}")


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


def check_text(text: str, what: str) -> str:
    """The text itself. Ends the command when the shell handed over bytes that are not UTF-8."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise click.UsageError(f"{what} is not valid UTF-8; send it as UTF-8") from None
    return text


@contextmanager
def ending_on_signals() -> Iterator[None]:
    """Inside, a request to terminate and a closed terminal cancel what is running, as Ctrl-C does."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    got: list[int] = []

    def cancel(number: int) -> None:
        got.append(number)
        if task is not None:
            task.cancel()

    signals = (signal.SIGTERM, signal.SIGHUP)
    for number in signals:
        loop.add_signal_handler(number, cancel, number)
    try:
        yield
    except asyncio.CancelledError:
        if got:
            raise SignalledError(got[0]) from None
        raise
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


def read_prompt(argument: str) -> str:
    """The prompt itself, or stdin for `-`. Ends the command with a message when there is nothing usable."""
    if argument != "-":
        prompt = check_text(argument, "the prompt")
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
