"""Where keys rest: the system's keyring, asked in a child process, or a 0600 file the user agreed to.

A key is kept together with the origin it was given for, in one piece, so that neither can be changed without the other.
The keyring never delays anybody by more than two seconds, and one that cannot be used is asked once in a process.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from llm_router_core.errors import ConfigError
from llm_router_core.hotpath import paths
from llm_router_core.settings import files
from llm_router_core.settings.model import Store

LIMIT_S = 2.0
SERVICE = "llm-router"
MAX_KEY_CHARACTERS = 8_192
_MAX_FILE_BYTES = 256 * 1024
_CHILD = str(Path(__file__).with_name("keyring_child.py"))
# What a keyring needs to find the user's session. Everything else, every key among it, stays here.
CHILD_VARIABLES = (
    *("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TMPDIR"),
    *("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR", "XDG_CURRENT_DESKTOP", "DESKTOP_SESSION"),
    *("DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY", "KDE_FULL_SESSION", "PYTHON_KEYRING_BACKEND"),
    *("SYSTEMROOT", "USERPROFILE", "APPDATA", "LOCALAPPDATA"),
)


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key as it was stored, with the origin it may be sent to."""

    store: Store
    origin: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class StoreProblem:
    """Why a store could not be used: `backend` names the keyring that was found."""

    message: str
    remedy: str = ""


class Keyring:
    """The system's keyring. `problem` is set once it could not be used, and it is not asked again."""

    def __init__(self, env: Mapping[str, str], *, limit_s: float = LIMIT_S) -> None:
        self._env = child_environment(env)
        self._limit_s = limit_s
        self.problem: StoreProblem | None = None
        self.backend = ""

    def is_usable(self) -> bool:
        """Whether there is a keyring that keeps secrets."""
        return self._ask("probe", []) is not None

    def load(self, providers: Iterable[str]) -> dict[str, StoredKey]:
        """The keys of these providers, all in one look-up; empty where the keyring cannot be used."""
        names = sorted(providers)
        reply = self._ask("get", names) if names else None
        values = reply.get("values") if reply else None
        found = values if isinstance(values, dict) else {}
        keys = {name: _unpacked(found.get(name), "keyring") for name in names}
        return {name: key for name, key in keys.items() if key is not None}

    def save(self, provider: str, key: str, origin: str) -> None:
        """Store a key and read it back.

        Raises:
            ConfigError: the keyring cannot be used, or did not keep what it was given.
        """
        reply = self._ask("set", [provider], _packed(key, origin))
        if reply is None:
            raise self._unusable()
        if reply.get("kept") is not True:
            raise ConfigError(
                f"the keyring {self.backend} took the key and did not give it back; nothing was stored",
                remedy="unlock or repair the keyring, or store the key with `--file`",
            )

    def remove(self, provider: str) -> None:
        """Delete a key; one that is not there is no error.

        Raises:
            ConfigError: the keyring cannot be used.
        """
        if self._ask("delete", [provider]) is None:
            raise self._unusable()

    def _unusable(self) -> ConfigError:
        problem = self.problem or StoreProblem("the keyring cannot be used")
        return ConfigError(problem.message, remedy=problem.remedy)

    def _ask(self, what: str, names: list[str], secret: str = "") -> Mapping[str, Any] | None:
        if self.problem is not None:
            return None
        order = json.dumps({"do": what, "service": SERVICE, "names": names, "secret": secret})
        try:
            reply = json.loads(_run_child(order.encode(), self._env, self._limit_s))
        except TimeoutError:
            self.problem = self._problem(f"the keyring did not answer within {self._limit_s:g} s")
            return None
        except (OSError, ValueError):
            self.problem = self._problem("the keyring could not be asked")
            return None
        self.backend = str(reply.get("backend", ""))
        if "refused" in reply:
            name = f" {self.backend}" if self.backend else ""
            self.problem = self._problem(f"the keyring{name} is not used: {reply['refused']}")
            return None
        return dict(reply)

    @staticmethod
    def _problem(message: str) -> StoreProblem:
        return StoreProblem(
            message, "put the key into the environment, or store it with `llm-router keys set NAME --file`"
        )


def process_keyring(env: Mapping[str, str]) -> Keyring:
    """The one keyring of this process and environment, which remembers that it could not be used."""
    return _shared(tuple(sorted(child_environment(env).items())))


@lru_cache(maxsize=4)
def _shared(env: tuple[tuple[str, str], ...]) -> Keyring:
    return Keyring(dict(env))


def child_environment(env: Mapping[str, str]) -> dict[str, str]:
    """The variables the child gets, and no other."""
    return {name: env[name] for name in CHILD_VARIABLES if name in env}


def _run_child(order: bytes, env: Mapping[str, str], limit_s: float) -> bytes:
    """The child's reply. A child that is late is gone, with whatever it started, when this returns.

    Raises:
        TimeoutError: it took longer than `limit_s`.
        OSError: it could not be started.
    """
    child = subprocess.Popen(  # noqa: S603 - our own interpreter and our own file
        [sys.executable, "-I", _CHILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=dict(env),
        cwd="/",
        start_new_session=True,
    )
    try:
        reply, _ = child.communicate(order, timeout=limit_s)
    except subprocess.TimeoutExpired:
        _end(child)
        raise TimeoutError from None
    except BaseException:
        _end(child)
        raise
    return reply


def _end(child: subprocess.Popen[bytes]) -> None:
    """Kill the child's whole group and take its pipes away: a grandchild that holds them must not hold us."""
    if child.returncode is None:  # not reaped yet, so the number still is its own
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
    child.wait()


def _packed(key: str, origin: str) -> str:
    return json.dumps({"v": 1, "origin": origin, "key": key})


def _unpacked(text: object, store: Store) -> StoredKey | None:
    try:
        value = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("key"), str) or not isinstance(value.get("origin"), str):
        return None
    return StoredKey(store, value["origin"], value["key"])


def load_file(home: str) -> dict[str, StoredKey]:
    """The keys in credentials.toml; empty where there is none.

    Raises:
        ConfigError: others can read the file, or it cannot be read.
    """
    path = paths.in_home(home, paths.CREDENTIALS)
    try:
        raw = files.read_bytes(path, _MAX_FILE_BYTES, follow=False)
        mode = os.stat(path).st_mode & 0o777  # noqa: PTH116 - beside the open that checked the rest
    except FileNotFoundError:
        return {}
    except OSError as failed:
        raise ConfigError(
            f"{path} cannot be read: {failed.strerror}", remedy="make it readable for you alone"
        ) from None
    if mode & 0o077:
        raise ConfigError(
            f"{path} can be read by others (mode {mode:04o}); its keys are not used",
            remedy=f"run `chmod 600 {path}`, and replace the keys if others use this machine",
        )
    try:
        tables = tomllib.loads(raw.decode())
    except (ValueError, RecursionError):  # the parser's message could quote a key
        raise ConfigError(f"{path} is no TOML", remedy="remove it and store the keys again") from None
    entries = tables.get("key")
    found = entries.items() if isinstance(entries, dict) else ()
    keys = {name: _unpacked(json.dumps(entry, default=str), "file") for name, entry in found}
    return {name: key for name, key in keys.items() if key is not None}


def save_file(home: str, provider: str, key: str | None, origin: str = "") -> None:
    """Put a key into credentials.toml, mode 0600, and read it back; None takes it out.

    Raises:
        ConfigError: the file cannot be read or written, or did not keep what it was given.
    """
    path = paths.in_home(home, paths.CREDENTIALS)
    with files.locked(home):
        keys = load_file(home)
        keys.pop(provider, None)
        if key is not None:
            keys[provider] = StoredKey("file", origin, key)
        if not keys:
            Path(path).unlink(missing_ok=True)
            return
        lines = ["# Keys of llm-router, readable for you alone. `llm-router keys` changes them.", ""]
        for name, entry in sorted(keys.items()):
            lines += [
                f"[key.{json.dumps(name)}]",
                f"origin = {json.dumps(entry.origin)}",
                f"key = {json.dumps(entry.key)}",
                "",
            ]
        files.replace(path, "\n".join(lines).encode())
        if key is not None and load_file(home).get(provider) != keys[provider]:
            raise ConfigError(f"{path} did not keep the key", remedy="check the disk, and store the key again")
