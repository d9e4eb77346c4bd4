"""SQLite and file errors as `StorageError`: what failed, where, and what to do about it."""

from __future__ import annotations

import errno
import sqlite3

from llm_router_core.errors import StorageError

_REMEDY_BY_ERRNO = {
    errno.ENOSPC: "free some disk space and try again",
    errno.EDQUOT: "your disk quota is used up: free some space and try again",
    errno.EFBIG: "a file size limit (`ulimit -f`) is in the way: raise it and try again",
    errno.EROFS: "the file system is read-only: set LLM_ROUTER_HOME to a folder that can be written",
    errno.EACCES: "give your account read and write access to it, or set LLM_ROUTER_HOME to another folder",
    errno.EPERM: "give your account read and write access to it, or set LLM_ROUTER_HOME to another folder",
    errno.ENOTDIR: "a file stands where a folder is needed: move it away, or set LLM_ROUTER_HOME to another folder",
    errno.EEXIST: "a file stands where a folder is needed: move it away, or set LLM_ROUTER_HOME to another folder",
    errno.ELOOP: "it is a symbolic link: replace it with the real file or folder",
}
_REMEDY_BY_CODE = {
    sqlite3.SQLITE_FULL: "free some disk space and try again",
    sqlite3.SQLITE_READONLY: "make the state folder writable, or set LLM_ROUTER_HOME to another folder",
    sqlite3.SQLITE_CANTOPEN: "make the state folder writable, or set LLM_ROUTER_HOME to another folder",
    sqlite3.SQLITE_PERM: "make the state folder writable, or set LLM_ROUTER_HOME to another folder",
    sqlite3.SQLITE_IOERR: "check free space, file size limits and the disk, then try again",
    sqlite3.SQLITE_BUSY: "another process is busy with it: try again",
    sqlite3.SQLITE_LOCKED: "another process is busy with it: try again",
}
_ASK_DOCTOR = "see that the state folder is yours and its disk is sound, then try again"


class DamagedFileError(sqlite3.DatabaseError):
    """Damage that SQLite itself does not report: the file opens, but it is not the database it should be."""

    sqlite_errorcode = sqlite3.SQLITE_CORRUPT


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's primary result code of an error; 0 where Python's own layer raised it."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def is_corruption(error: sqlite3.Error) -> bool:
    """Whether the file itself is damaged or is no database."""
    return primary_code(error) in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def from_sqlite(error: sqlite3.Error, path: str) -> StorageError:
    """The `StorageError` that says what SQLite said."""
    remedy = _REMEDY_BY_CODE.get(primary_code(error), _ASK_DOCTOR)
    return StorageError(f"the state database {path!r} cannot be used: {error}", remedy=remedy)


def from_os(error: OSError | ValueError, path: str) -> StorageError:
    """The `StorageError` that says what the operating system said."""
    number = error.errno if isinstance(error, OSError) else None
    cause = (error.strerror if isinstance(error, OSError) else None) or str(error)
    remedy = _REMEDY_BY_ERRNO.get(number or 0, _ASK_DOCTOR)
    return StorageError(f"{path!r} cannot be used: {cause}", remedy=remedy)
