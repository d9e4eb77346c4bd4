"""A damaged database is moved aside, never deleted and never repaired in place."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from llm_router_core.hotpath import paths

KEEP_DAYS = 30
_PREFIX = "damaged-"


def move_aside(home: str, now: datetime) -> str:
    """Move the database and its companions into `backups/` under the lock the caller holds; the new path.

    Raises:
        OSError: a file could not be moved.
    """
    database = Path(paths.in_home(home, paths.STATE_DB))
    stamp = now.strftime("%Y%m%dT%H%M%S.%f")
    target = Path(paths.in_home(home, paths.BACKUPS, f"{_PREFIX}{stamp}-{paths.STATE_DB}"))
    for suffix in ("-wal", "-shm", ""):
        source = Path(f"{database}{suffix}")
        if source.exists():
            source.replace(f"{target}{suffix}")
    return str(target)


def prune_quarantine(home: str, now: datetime) -> int:
    """Delete what was moved aside more than 30 days ago; the number of files deleted."""
    oldest = (now - timedelta(days=KEEP_DAYS)).timestamp()
    deleted = 0
    for path in Path(paths.in_home(home, paths.BACKUPS)).glob(f"{_PREFIX}*"):
        if path.stat().st_mtime < oldest:
            path.unlink()
            deleted += 1
    return deleted
