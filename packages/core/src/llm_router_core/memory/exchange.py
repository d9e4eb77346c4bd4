"""The memory as a file: written for another machine or a backup, and read with suspicion.

The file is JSON of version 1 and at most 256 KiB. Reading checks every field, refuses what it does not know, and clamps
dates to now. It cannot carry text: each field is a code out of a closed set, a model's name, a hash or a date.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from llm_router_core.errors import ConfigError
from llm_router_core.memory.rules import MAX_RULES, MAX_TARGET, MemoryRule, new_rule

VERSION = 1
MAX_FILE_BYTES = 256 * 1024
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_REMEDY = "use a file that `llm-router memory export` wrote"


class _Rule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    created_at: AwareDatetime = Field(strict=False)
    project: str = Field(default="", max_length=64)
    task_type: str = Field(max_length=32)
    complexity: str = Field(default="", max_length=32)
    action: Literal["prefer", "avoid", "treat_as"]
    target: str = Field(max_length=MAX_TARGET)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    llm_router_memory: int = Field(ge=VERSION, le=VERSION)
    exported_at: AwareDatetime = Field(strict=False)
    rules: tuple[_Rule, ...] = Field(max_length=MAX_RULES, strict=False)


@dataclass(frozen=True, slots=True)
class Merge:
    """What an import comes to: all rules oldest first, and how many of the file's were taken, the same, or older."""

    rules: tuple[MemoryRule, ...]
    added: int
    replaced: int
    kept: int


def exported(newest_first: Iterable[MemoryRule], *, at: datetime) -> str:
    """The rules as the text of a file, oldest first. Where a rule came from is not said."""
    rules = [
        {
            "created_at": rule.created_at.isoformat(),
            "project": rule.project,
            "task_type": rule.task_type,
            "complexity": rule.complexity,
            "action": rule.action,
            "target": rule.target,
        }
        for rule in reversed(tuple(newest_first))
    ]
    return json.dumps({"llm_router_memory": VERSION, "exported_at": at.isoformat(), "rules": rules}, indent=2) + "\n"


def read_export(data: bytes, *, now: datetime) -> tuple[MemoryRule, ...]:
    """The rules in a file, oldest first as they stand there.

    Raises:
        ConfigError: it is too large, not JSON, of another version, or a field is not what it must be; says which.
    """
    if len(data) > MAX_FILE_BYTES:
        raise ConfigError(f"the file is larger than {MAX_FILE_BYTES >> 10} KiB", remedy=_REMEDY)
    try:
        raw = json.loads(data, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as wrong:
        reason = str(wrong).split(":")[0] if isinstance(wrong, ValueError) else "it is nested too deeply"
        raise ConfigError(f"the file is not JSON: {reason[:120]}", remedy=_REMEDY) from None
    try:
        file = _File.model_validate(raw)
    except ValidationError as wrong:
        first = wrong.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])[:80]
        raise ConfigError(f"the file cannot be used: {place or 'it'}: {first['msg']}", remedy=_REMEDY) from None
    return tuple(_checked(rule, now) for rule in file.rules)


def merged(newest_first: Sequence[MemoryRule], imported: Sequence[MemoryRule]) -> Merge:
    """The rules there are and those of a file as one memory: of the same project, kind and subject the newer one.

    A tie keeps the one that was there. The order afterwards is by date.

    Raises:
        ConfigError: together they are more than `MAX_RULES`.
    """
    found = {rule.rule_id: rule for rule in reversed(newest_first)}
    before = dict(found)
    added = replaced = 0
    for rule in imported:
        own = found.get(rule.rule_id)
        if own is None or rule.created_at > own.created_at:
            found[rule.rule_id] = rule
    added = len(found) - len(before)
    replaced = sum(found[rule_id] != rule for rule_id, rule in before.items())
    if len(found) > MAX_RULES:
        raise ConfigError(
            f"together that would be {len(found)} rules, and {MAX_RULES} are the most",
            remedy="import with --replace, or forget some with `llm-router memory reset`",
        )
    rules = tuple(sorted(found.values(), key=lambda rule: rule.created_at))
    return Merge(rules, added, replaced, len(imported) - added - replaced)


def _checked(rule: _Rule, now: datetime) -> MemoryRule:
    created_at = max(_EARLIEST, min(rule.created_at, now)).astimezone(UTC)
    kind = (rule.project, rule.task_type, rule.complexity)
    return new_rule(kind, rule.action, rule.target, created_at=created_at, source="import")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands there twice")
    return found
