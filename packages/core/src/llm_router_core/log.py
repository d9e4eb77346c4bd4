"""Where log records go: one JSON object a line in a bounded private file, and people's stderr when they ask for it.

Policy: never stdout, which belongs to the protocol. No prompt and no answer: messages are constant texts with codes and
figures in them, an exception is written as its type and the places it passed, and its own words only where they are
ours. Every handler redacts. Every text is bounded, and escaped as JSON, so no value can start a line, move a cursor or
reorder what is shown. A log that cannot be written is silent: it never stops the program.

Libraries call `getLogger(__name__)` and add no handlers; the entry points call `configure` once.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import re
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from llm_router_core import redact
from llm_router_core.errors import LLMRouterError
from llm_router_core.hotpath import paths

Level = Literal["debug", "info", "warning", "error"]

LOG_FILE = "llm-router.log"
MAX_FILE_BYTES = 1024 * 1024
KEPT_FILES = 3  # the current one and two before it
MAX_MESSAGE = 1000
MAX_FIELD = 200
MAX_FRAMES = 20
_MOST_READ = 64 * 1024  # of one message, before redaction; the cut after it is far shorter
_OURS = ("llm_router_core", "llm_router_mcp_server", "llm_router_installer", "llm_router_host_")
# The fields a record may carry with `extra=`. Anything else is dropped: a field has to be decided on, not slip in.
FIELDS = (
    *("decision_id", "call_id", "session", "host", "event", "provider", "model", "kind", "outcome", "scope"),
    *("attempts", "elapsed_ms", "count", "status", "path"),
)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")


def configure(home: str, level: Level = "info", *, to_stderr: bool = False) -> str:
    """Send the process's records to `logs/llm-router.log` in `home`, and to stderr when asked.

    Other libraries are heard from WARNING on. Calling it again replaces what it set up before, and takes handlers off
    stdout whoever put them there. Returns "" or the sentence that says why there is no log file.
    """
    root = logging.getLogger()
    for handler in [*root.handlers]:
        if isinstance(handler, PrivateFile | _PeopleHandler) or _is_stdout(handler):
            root.removeHandler(handler)
            handler.close()
    problem = ""
    number = logging.getLevelNamesMapping()[level.upper()]
    try:
        handlers: list[logging.Handler] = [PrivateFile(paths.in_home(home, paths.LOGS, LOG_FILE))]
    except OSError as error:
        handlers, problem = [logging.NullHandler()], f"there is no log file: {error.strerror or type(error).__name__}"
    if to_stderr:
        handlers.append(_PeopleHandler())
    for handler in handlers:
        handler.setLevel(number)
        handler.addFilter(RedactionFilter())
        handler.addFilter(_is_of_interest)
        root.addHandler(handler)
    root.setLevel(number)
    return problem


class RedactionFilter(logging.Filter):
    """Replaces a record's message by its redacted, bounded text, for this handler and every later one."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always True: the record is kept, without what it must not say."""
        record.msg, record.args = _message(record), None
        return True


class JsonLines(logging.Formatter):
    """A record as one line of ASCII JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": _bounded(record.name, MAX_FIELD),
            "pid": record.process,
            "message": _bounded(_message(record), MAX_MESSAGE),
        }
        line.update({name: _field(record.__dict__[name]) for name in FIELDS if name in record.__dict__})
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            line["error"] = describe(error)
        return json.dumps(line, ensure_ascii=True)


class PrivateFile(logging.Handler):
    """A file of mode 0600 that several processes append to. At `MAX_FILE_BYTES` it moves aside; the oldest goes.

    One record is one `O_APPEND` write, so lines of two processes never mix. Who moves the file holds a lock; the
    others notice the new file at their next record.

    Raises:
        OSError: the folder or the file cannot be used, or a symbolic link stands there.
    """

    def __init__(self, path: str) -> None:
        super().__init__()
        self.setFormatter(JsonLines())
        self._path = path
        Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._handle = self._open()

    def emit(self, record: logging.LogRecord) -> None:
        """Append one line; a full disk or a lost folder costs the line and nothing else."""
        try:
            data = self.format(record).encode("ascii", "backslashreplace") + b"\n"
            self._ensure_room(len(data))
            os.write(self._handle, data)
        except (OSError, ValueError, TypeError, RecursionError):
            return

    def close(self) -> None:
        """Close the file."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
        super().close()

    def _open(self) -> int:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        handle = os.open(self._path, flags, 0o600)
        os.fchmod(handle, 0o600)
        return handle

    def _ensure_room(self, size: int) -> None:
        mine = os.fstat(self._handle)
        if not _stands_at(self._path, mine):
            self._reopen()
            mine = os.fstat(self._handle)
        if mine.st_size + size <= MAX_FILE_BYTES:
            return
        fcntl.flock(self._handle, fcntl.LOCK_EX)
        try:
            if _stands_at(self._path, mine):
                self._shift()
        finally:
            fcntl.flock(self._handle, fcntl.LOCK_UN)
        self._reopen()

    def _shift(self) -> None:
        for number in range(KEPT_FILES - 1, 0, -1):
            older = Path(self._path if number == 1 else f"{self._path}.{number - 1}")
            if older.exists():
                older.replace(f"{self._path}.{number}")

    def _reopen(self) -> None:
        handle = self._open()
        os.close(self._handle)
        self._handle = handle


class _PeopleHandler(logging.StreamHandler):  # type: ignore[type-arg]  # generic only for type checkers in 3.11
    """Short lines on stderr."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self.setFormatter(_PeopleLines())

    def handleError(self, record: logging.LogRecord) -> None:
        """Nothing: a closed stderr is no reason to fail."""
        del record


class _PeopleLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        text = f"{record.levelname.lower()}: {_message(record)}"
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            text += f" ({describe(error)['type']})"
        return _bounded(_CONTROL.sub(" ", text), MAX_MESSAGE)


def describe(error: BaseException) -> dict[str, object]:
    """An exception as its type, the places it passed, innermost last, and its message where that is one of ours."""
    frames = traceback.extract_tb(error.__traceback__, limit=-MAX_FRAMES)
    places = [f"{Path(frame.filename).name}:{frame.lineno}:{frame.name}" for frame in frames]
    found: dict[str, object] = {"type": f"{type(error).__module__}.{type(error).__qualname__}", "places": places}
    if isinstance(error, LLMRouterError):
        found["message"] = _bounded(redact.redact(error.message[:_MOST_READ]), MAX_FIELD)
    return found


def _message(record: logging.LogRecord) -> str:
    try:
        text = record.getMessage()
    except (TypeError, ValueError, KeyError, AttributeError):
        text = str(record.msg)  # the arguments do not fit the text
    return _bounded(redact.redact(text[:_MOST_READ]), MAX_MESSAGE)


def _field(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    return _bounded(redact.redact(str(value)[:_MOST_READ]), MAX_FIELD)


def _bounded(text: str, size: int) -> str:
    return text if len(text) <= size else f"{text[: size - 1]}…"


def _is_of_interest(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING or record.name.startswith(_OURS)


def _is_stdout(handler: logging.Handler) -> bool:
    return isinstance(handler, logging.StreamHandler) and handler.stream in (sys.stdout, sys.__stdout__)


def _stands_at(path: str, info: os.stat_result) -> bool:
    try:
        now = os.stat(path, follow_symlinks=False)  # noqa: PTH116 - once a record
    except FileNotFoundError:
        return False
    return (now.st_ino, now.st_dev) == (info.st_ino, info.st_dev)
