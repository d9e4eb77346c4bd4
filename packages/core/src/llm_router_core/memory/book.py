"""Teaching and forgetting: each of these is one transaction on the state database, in force from the next route on.

Ratings: two bad ones in a row of the same model for the same kind of prompt make an `avoid` rule for that model and
kind, in every project; a good one takes such a rule back. A good rating touches no rule the user wrote.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from llm_router_core.errors import ConfigError, StorageError
from llm_router_core.memory.exchange import Merge, merged, read_export
from llm_router_core.memory.rules import MAX_RULES, Action, MemoryRule, new_rule, ranked
from llm_router_core.storage import memory as rows
from llm_router_core.storage.database import Connection, Database
from llm_router_core.storage.memory import Answered

BAD_TO_AVOID = 2
_ID_CHARACTERS = frozenset("0123456789abcdef")
_SHORTEST_PREFIX = 6
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rated:
    """What a rating did: `made` is the avoid rule that holds because of it, `lifted` the one it took back."""

    answered: Answered
    is_good: bool
    bad_in_a_row: int
    made: MemoryRule | None = None
    lifted: MemoryRule | None = None


def rules_now(db: Database | None, project: str) -> tuple[MemoryRule, ...]:
    """What `World.memory_rules` takes, in the order in which rules win. Empty without a database, or when it fails."""
    if db is None:
        return ()
    try:
        return list_rules(db, project)
    except StorageError:
        logger.warning("the memory could not be read; no rule applies")
        return ()


def list_rules(db: Database, project: str | None = None) -> tuple[MemoryRule, ...]:
    """The rules in the order in which they win: those that hold in a project, or all there are.

    Raises:
        StorageError: they could not be read.
    """
    return ranked(db.read(lambda conn: rows.load_rules(conn, project)))


def add_rule(db: Database, kind: tuple[str, str, str], action: Action, target: str, *, now: datetime) -> MemoryRule:
    """Teach a rule for a kind (project, task type, complexity); it is the newest, and replaces one of the same subject.

    Raises:
        ConfigError: a part of it is not what it must be, or the memory is full.
        StorageError: it could not be written.
    """
    rule = new_rule(kind, action, target, created_at=now)

    def transaction(conn: Connection) -> None:
        _put(conn, rule)
        # What was rated before the user settled the matter does not count against it.
        rows.forget_ratings(conn, rule.target, rule.task_type, rule.complexity)

    db.write(transaction)
    return rule


def find_answered(db: Database, name: str = "") -> Answered:
    """The decision with this id, or the beginning of one; the latest for an empty name.

    Raises:
        ConfigError: there is none, more than one begins so, or nobody answered it.
        StorageError: it could not be read.
    """
    remedy = "`llm-router last --json` shows the ids"
    if name and (len(name) < _SHORTEST_PREFIX or not _ID_CHARACTERS.issuperset(name)):
        raise ConfigError(f"{name[:64]!r} is not a decision's id", remedy=f"{remedy}; six characters are enough")
    found = db.read(lambda conn: rows.find_decisions(conn, name))
    if not found:
        message = f"there is no decision {name!r}" if name else "nothing was routed yet"
        raise ConfigError(message, remedy=remedy if name else 'route something first: `llm-router route "..."`')
    if name and len(found) > 1 and found[0].decision_id != name:
        raise ConfigError(f"more than one decision begins with {name!r}", remedy="give more of the id")
    if not found[0].model:
        raise ConfigError(f"nobody answered decision {found[0].decision_id[:12]!r}", remedy=remedy)
    return found[0]


def rate(db: Database, answered: Answered, *, is_good: bool, now: datetime) -> Rated:
    """Write down what the user thinks of an answer, and what follows from it. A second word replaces the first.

    Raises:
        ConfigError: a rule would follow, and the memory is full.
        StorageError: it could not be written; nothing changed.
    """
    kind = ("", answered.task_type, answered.complexity)
    rule = new_rule(kind, "avoid", answered.model, created_at=now, source="rating")

    def transaction(conn: Connection) -> Rated:
        rows.put_rating(conn, answered, is_good=is_good, at=now)
        said = rows.ratings(conn, answered.model, answered.task_type, answered.complexity, limit=BAD_TO_AVOID)
        bad = bad_in_a_row(said)
        own = next((known for known in rows.load_rules(conn, "") if known.rule_id == rule.rule_id), None)
        if bad >= BAD_TO_AVOID and (own is None or own.action != "avoid" or own.source == "rating"):
            _put(conn, rule)
            return Rated(answered, is_good, bad, made=rule)
        if is_good and own is not None and own.source == "rating":
            rows.delete_rule(conn, own.rule_id)
            return Rated(answered, is_good, bad, lifted=own)
        return Rated(answered, is_good, bad)

    return db.write(transaction)


def bad_in_a_row(newest_first: Sequence[bool]) -> int:
    """How many bad ratings there are since the last good one."""
    return next((place for place, is_good in enumerate(newest_first) if is_good), len(newest_first))


def forget(db: Database, rule_id: str) -> MemoryRule:
    """Forget one rule, and the ratings it came from.

    Raises:
        ConfigError: there is no such rule.
        StorageError: it could not be written.
    """

    def transaction(conn: Connection) -> MemoryRule | None:
        found = next((rule for rule in rows.load_rules(conn, None) if rule.rule_id == rule_id), None)
        if found is not None:
            rows.delete_rule(conn, rule_id)
            if found.source == "rating":
                rows.forget_ratings(conn, found.target, found.task_type, found.complexity)
        return found

    rule = db.write(transaction)
    if rule is None:
        raise ConfigError(f"there is no rule {rule_id[:64]!r}", remedy="`llm-router memory list` shows them")
    return rule


def forget_all(db: Database) -> tuple[int, int]:
    """Forget every rule and every rating; how many of each there were.

    Raises:
        StorageError: it could not be written.
    """
    return db.write(rows.clear)


def import_rules(db: Database, data: bytes, *, now: datetime, replaces: bool = False) -> Merge:
    """Take in the rules of an exported file: merged with those there are, or in their place.

    Raises:
        ConfigError: the file cannot be used, or there would be too many rules; nothing changed.
        StorageError: they could not be written.
    """
    imported = read_export(data, now=now)

    def transaction(conn: Connection) -> Merge:
        merge = merged([] if replaces else rows.load_rules(conn, None), imported)
        rows.replace_rules(conn, merge.rules)
        return merge

    return db.write(transaction)


def _put(conn: Connection, rule: MemoryRule) -> None:
    is_new = all(known.rule_id != rule.rule_id for known in rows.load_rules(conn, None))
    if is_new and rows.count_rules(conn) >= MAX_RULES:
        raise ConfigError(
            f"the memory holds {MAX_RULES} rules, which is the most",
            remedy="forget some with `llm-router memory reset`",
        )
    rows.put_rule(conn, rule)
