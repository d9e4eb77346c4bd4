"""Reading a settings file that anybody may have put there: bounded, regular, and never waited for.

Writing goes through one lock per state folder, and a file stands there whole or not at all.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from llm_router_core.errors import ConfigError
from llm_router_core.hotpath import paths

LOCK_TIMEOUT_S = 10.0
_PAUSE_S = 0.01


class UnreadableError(ValueError):
    """The bytes are no TOML. The message says where and why, for a reader who knows which file is meant."""


def read_bytes(path: str, limit: int, *, follow: bool) -> bytes:
    """The content of a regular file of at most `limit` bytes. `follow` allows `path` to be a symbolic link.

    Raises:
        OSError: it is missing, cannot be read, is not a regular file, or is too large.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    try:
        handle = os.open(path, flags)
    except OSError as failed:
        if failed.errno == errno.ELOOP:
            raise OSError(errno.ELOOP, "it is a symbolic link", path) from None
        raise
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", path)
        raw = file.read(limit + 1)
    if len(raw) > limit:
        raise OSError(errno.EFBIG, f"it is larger than {limit >> 10} KiB", path)
    return raw


def parse_toml(raw: bytes) -> dict[str, Any]:
    """The table in a TOML file.

    Raises:
        UnreadableError: it is not UTF-8 or not TOML; says at which line.
    """
    try:
        return tomllib.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as failed:
        line = raw.count(b"\n", 0, failed.start) + 1
        raise UnreadableError(f"line {line}: not UTF-8") from None
    except RecursionError:
        raise UnreadableError("it is nested too deeply") from None
    except ValueError as failed:
        raise UnreadableError(str(failed)) from None


@contextmanager
def locked(home: str) -> Iterator[None]:
    """The lock that every writer of settings holds. Makes the state folder where it is missing.

    Raises:
        ConfigError: the folder cannot be used, or somebody held the lock for 10 s.
    """
    path = paths.in_home(home, paths.LOCKS, "settings.lock")
    try:
        for folder in (home, paths.in_home(home, paths.LOCKS)):
            Path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as failed:
        raise _unusable(home, failed) from None
    try:
        _wait(handle, path)
        yield
    finally:
        os.close(handle)


def replace(path: str, content: bytes) -> None:
    """Put `content` at `path`, mode 0600, whole or not at all.

    Raises:
        ConfigError: it could not be written; what stood there still stands.
    """
    draft = f"{path}.{os.getpid()}.new"
    try:
        Path(draft).unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
            Path(draft).replace(path)
        except OSError:
            Path(draft).unlink(missing_ok=True)
            raise
    except OSError as failed:
        raise _unusable(path, failed) from None


def _wait(handle: int, path: str) -> None:
    deadline = time.monotonic() + LOCK_TIMEOUT_S
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise ConfigError(
                    f"another process has held {path!r} for {LOCK_TIMEOUT_S:g} s", remedy="end it, and try again"
                ) from None
            time.sleep(_PAUSE_S)
        else:
            return


def _unusable(path: str, failed: OSError) -> ConfigError:
    return ConfigError(
        f"{path!r} cannot be written: {failed.strerror}",
        remedy="make the folder writable, or set LLM_ROUTER_HOME to another one",
    )
