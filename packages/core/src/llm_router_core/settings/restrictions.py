"""Files that may only tighten: the repository's `.llm-router.toml` and the organisation's `policy.toml`.

Nobody who opens a repository chose what its file says. So no value in it can send a prompt, a key or a dollar anywhere
the user's own settings would not: where prompts and keys go is refused here by name, and every other value counts only
where it is tighter. A value nobody can read never stops the user; it is reported, and where ignoring it would give up a
protection it is read as the tightest one. That hands a hostile file no power it does not have by writing it plainly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from llm_router_core.catalog.entries import DataClass
from llm_router_core.hotpath.snapshot import tightened
from llm_router_core.settings.files import UnreadableError, parse_toml, read_bytes
from llm_router_core.settings.model import Settings
from llm_router_core.settings.problems import Problem, Severity, shown
from llm_router_core.settings.rules import PolicyRules, SpendCap
from llm_router_core.settings.table import BY_NAME, PRESETS, REFUSED_IN_A_REPOSITORY, Setting
from llm_router_core.units import parse_usd

MAX_BYTES = 64 * 1024
_LISTS = ("allow", "block", "forbidden_data")
_NOTHING = (DataClass.THIRD_PARTY, DataClass.TRAINS)
_MAX_PATTERNS = 500
_SCOPE = re.compile(r"session|day|month|project|provider:[a-z0-9][a-z0-9_.-]{0,62}")
_KEY = re.compile(r"""\s*["']?([A-Za-z_]+)["']?\s*=""")
_ALIASES = {"max_profile": "profile"}
_Pairs = list[tuple[str, Any]]


class _Unreadable:
    """Stands for a value that could not be read at all."""

    def __repr__(self) -> str:
        return "a value that cannot be read"


@dataclass(frozen=True, slots=True)
class Restrictions:
    """What one file tightens, and everything in it that was not taken as written."""

    source: str
    values: Mapping[str, Any] = field(default_factory=dict)
    rules: tuple[PolicyRules, ...] = ()
    spend_caps: tuple[SpendCap, ...] = ()
    problems: tuple[Problem, ...] = ()


def load_restrictions(path: str, source: str, *, follow: bool = False) -> Restrictions:
    """The restrictions in the file at `path`; none where it is missing. Never raises for what the file holds.

    `follow` allows a symbolic link: an administrator may use one, a repository must not point us at other files.
    """
    try:
        raw = read_bytes(path, MAX_BYTES, follow=follow)
    except (FileNotFoundError, NotADirectoryError):
        return Restrictions(source)
    except (OSError, ValueError) as failed:
        why = (failed.strerror if isinstance(failed, OSError) else None) or "it cannot be read"
        return _unread(source, why)
    return parse_restrictions(raw, source)


def parse_restrictions(raw: bytes, source: str) -> Restrictions:
    """The restrictions in a file's content. One that is no TOML is read line by line, as far as it goes."""
    reader = _Reader(source)
    try:
        reader.take(list(parse_toml(raw).items()))
    except UnreadableError as failed:
        reader.say(Severity.ERROR, "file", f"{failed}; only the lines that can be read by themselves count")
        reader.take(_salvaged(raw.decode("utf-8", "replace")))
    return reader.result()


def _unread(source: str, why: str) -> Restrictions:
    """A file that is there but cannot be read at all: it may forbid anything, so no third party gets a prompt."""
    problem = Problem(Severity.ERROR, "file", source, f"{why}; until it can be read, third parties are not used")
    return Restrictions(source, rules=(PolicyRules(source, forbidden_data=_NOTHING, problem=why),), problems=(problem,))


class _Reader:
    """Collects what one file says, always keeping the tighter of two values."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._values: dict[str, Any] = {}
        self._lists: dict[str, list[str]] = {}
        self._allow: list[tuple[str, ...]] = []
        self._caps: dict[str, int] = {}
        self._problems: list[Problem] = []
        self._unread: list[str] = []

    def say(self, severity: Severity, name: str, message: str, remedy: str = "") -> None:
        self._problems.append(Problem(severity, shown(name)[1:-1], self._source, message, remedy))

    def take(self, pairs: _Pairs) -> None:
        for written, value in pairs:
            name = _ALIASES.get(written, written)
            row = BY_NAME.get(name)
            if name == "caps":
                self._take_caps(value)
            elif name in REFUSED_IN_A_REPOSITORY or (row is not None and row.tighten == "refused"):
                remedy = "put it into your own config.toml if you want it"
                self.say(Severity.WARNING, name, "is not honoured here: only your own settings decide it", remedy)
            elif row is None:
                self.say(Severity.WARNING, name, "is no setting; ignored", "see docs/configuration.md for the names")
            elif name in _LISTS:
                self._take_list(row, value)
            else:
                self._take_value(row, value)

    def result(self) -> Restrictions:
        values = dict(self._values)
        order = BY_NAME["policy"].tighten
        is_tightest = values.get("policy") == order[-1]  # of any other preset nobody can say here that it tightens
        preset = PRESETS[order[-1]] if is_tightest else {}
        forbidden = (*self._lists.get("forbidden_data", ()), *map(str, _names(preset.get("forbidden_data"))))
        for name, value in preset.items():
            if name not in _LISTS and BY_NAME[name].tighten != "refused":
                values[name] = tightened(BY_NAME[name].tighten, values.get(name), value)
        rules = [PolicyRules(self._source, allow=allow) for allow in self._allow]
        block = tuple(self._lists.get("block", ()))
        if block or forbidden:
            rules.append(PolicyRules(self._source, block=block, forbidden_data=tuple(dict.fromkeys(forbidden))))
        if self._unread:
            why = f"{', '.join(self._unread)} there cannot be read"
            rules.append(PolicyRules(self._source, forbidden_data=_NOTHING, problem=why))
        caps = tuple(SpendCap(scope, amount, self._source) for scope, amount in sorted(self._caps.items()))
        return Restrictions(self._source, values, tuple(rules), caps, tuple(self._problems))

    def _take_value(self, row: Setting, value: object) -> None:
        try:
            read = getattr(Settings(**{row.name: value}), row.name)  # type: ignore[arg-type]
        except (ValidationError, RecursionError):
            allowed = f"write {row.type}"
            if row.unreadable is None:
                self.say(Severity.ERROR, row.name, f"{shown(value)} cannot be used; ignored", allowed)
                return
            read = row.unreadable
            self.say(Severity.ERROR, row.name, f"{shown(value)} cannot be used; taken as {read!r}", allowed)
        if row.form == "choice":
            read = str(read)
        self._values[row.name] = (
            tightened(row.tighten, self._values[row.name], read) if row.name in self._values else read
        )

    def _take_list(self, row: Setting, value: object) -> None:
        written = _names(value)
        patterns = [item.strip() for item in written if isinstance(item, str) and item.strip()]
        if row.name == "forbidden_data":
            patterns = [item for item in patterns if item in _NOTHING]
        strange = len(written) - len(patterns) if isinstance(value, list | str) else 1
        if strange:
            self.say(Severity.ERROR, row.name, f"{shown(value)} cannot be used as it is", f"write a list of {row.type}")
        if len(patterns) > _MAX_PATTERNS or (strange and (not patterns or row.name != "allow")):
            # A forbidding entry that is lost forbids nothing; a lost entry of `allow` only allows less.
            self._unread.append(row.name)
        if row.name == "allow" and patterns:
            self._allow.append(tuple(patterns[:_MAX_PATTERNS]))
        elif patterns:
            self._lists.setdefault(row.name, []).extend(patterns[:_MAX_PATTERNS])

    def _take_caps(self, value: object) -> None:
        if not isinstance(value, dict):
            self.say(Severity.ERROR, "caps", f"{shown(value)} is no table of caps; taken as 0 a day", "write [caps]")
            self._caps["day"] = 0
            return
        for scope, amount in value.items():
            if not _SCOPE.fullmatch(scope):
                self.say(Severity.ERROR, f"caps.{scope}", "is no budget scope; ignored", "use day or provider:NAME")
                continue
            try:
                cap = parse_usd(str(amount))
            except ValueError:
                cap = 0
                self.say(Severity.ERROR, f"caps.{scope}", f"{shown(amount)} is no amount; taken as 0", 'write "5.00"')
            self._caps[scope] = min(cap, self._caps.get(scope, cap))


def _names(value: object) -> tuple[object, ...]:
    if isinstance(value, str):
        return tuple(item for item in value.split(",") if item.strip())
    return tuple(value) if isinstance(value, list | tuple) else ()


def _salvaged(text: str) -> _Pairs:
    return list(_salvage(text))


def _salvage(text: str) -> Iterator[tuple[str, Any]]:
    """The settings in those lines that are TOML by themselves. A protecting key whose value is lost counts as lost."""
    table = ""
    for line in text.splitlines()[:2_000]:
        header = re.fullmatch(r"\s*\[\s*([A-Za-z_.\"':-]+)\s*\]\s*(#.*)?", line)
        if header:
            table = header[1]
            continue
        try:
            pairs: _Pairs = list(parse_toml(line.encode()).items())
        except UnreadableError:
            key = _KEY.match(line)
            row = BY_NAME.get(key[1]) if key else None
            pairs = [(row.name, _Unreadable())] if row and row.unreadable else []
        if not table:
            yield from pairs
        elif table == "caps" and pairs:
            yield "caps", dict(pairs)
