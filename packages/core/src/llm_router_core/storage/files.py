"""The state folder and the lock in it: private to the account, and no symbolic link where a file of ours stands."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from pathlib import Path

from llm_router_core.errors import StorageError
from llm_router_core.hotpath import paths

LOCK_TIMEOUT_S = 10.0
_FIRST_PAUSE_S = 0.0005
_LONGEST_PAUSE_S = 0.01


def ensure_folder(path: str) -> None:
    """Make `path` a folder of mode 0700 that belongs to this account.

    Raises:
        OSError: it cannot be made, is not a folder, or belongs to somebody else.
    """
    folder = Path(path)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    info = folder.stat()
    if info.st_uid != os.geteuid():
        raise PermissionError(errno.EPERM, "it belongs to another account", path)
    if stat.S_IMODE(info.st_mode) & 0o077:
        if not _is_ours(folder):
            raise FileExistsError(errno.EEXIST, "it holds other files; name an empty folder or a new one", path)
        folder.chmod(0o700)


def _is_ours(folder: Path) -> bool:
    """Whether a folder may be made private: it is empty, or something of ours stands in it."""
    names = {entry.name for entry in folder.iterdir()}
    return not names or not names.isdisjoint({paths.STATE_DB, paths.CONFIG, paths.LOCKS, paths.BACKUPS})


def ensure_private_file(path: str) -> None:
    """Make `path` a regular file of mode 0600, empty if it was missing; a symbolic link is refused."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    try:
        info = os.fstat(handle)
        if not stat.S_ISREG(info.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", path)
        if stat.S_IMODE(info.st_mode) != 0o600:
            os.fchmod(handle, 0o600)
    finally:
        os.close(handle)


def replace_file(path: str, content: bytes) -> None:
    """Put `content` at `path`, mode 0600, whole or not at all.

    Raises:
        OSError: it could not be written; what stood at `path` still stands.
    """
    draft = f"{path}.{os.getpid()}.new"
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
        Path(draft).replace(path)
    except OSError:
        Path(draft).unlink(missing_ok=True)
        raise


class ProcessLock:
    """An advisory lock between processes (`flock`): the kernel frees it when its holder dies.

    Waiting polls, because a blocking `flock` cannot time out: a stopped process must not stop all others.
    """

    def __init__(self, home: str) -> None:
        self._path = paths.in_home(home, paths.LOCKS, "state.lock")
        self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)

    def acquire(self, timeout_s: float = LOCK_TIMEOUT_S) -> None:
        """Take the lock.

        Raises:
            StorageError: somebody else held it for `timeout_s`.
        """
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._wait(timeout_s)

    def _wait(self, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        pause = _FIRST_PAUSE_S
        while True:
            time.sleep(pause)
            try:
                fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise StorageError(
                        f"another process has held {self._path!r} for {timeout_s:g} s",
                        remedy="find out which process holds it, for example with `fuser`, and end it if it hangs",
                    ) from None
                pause = min(pause * 1.5, _LONGEST_PAUSE_S)
            else:
                return

    def release(self) -> None:
        """Give the lock back; explicit, so that a child forked meanwhile cannot keep it."""
        fcntl.flock(self._handle, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give up the lock file."""
        os.close(self._handle)
