"""The price table: dated rows with a source, read once, with a user's own rows on top.

A price is whole micro-dollars per million tokens, or per 1000 requests or searches. A model that is not in the table
has no price: never zero. Names resolve as providers return them: the exact name first, then without a folder in front
(`models/`), then without a release suffix (`-20251001`, `-2026-03-05`, `@20251001`, `-001`, `-latest`).

The rows of one model stand in order and the last one in force wins, as in the source: a row may start on a day (`from`)
and may hold for some hours of the UTC day only (`hours`). Long prompts pay another rate for all their tokens (`tiers`).
"""

from __future__ import annotations

import re
import statistics
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from functools import lru_cache
from importlib import resources
from pathlib import Path

from llm_router_core.errors import ConfigError

SCHEMA = 1
LOWEST_SHARE = 0.0001
HIGHEST_SHARE = 100
_REMEDY = (
    "write whole micro-dollars per million tokens ($3 is 3000000); the shipped pricing/data/prices.toml shows rows"
)
_PREFIXES = ("models/", "accounts/fireworks/models/")
_SUFFIX = re.compile(r"(-latest|[-@]20\d{6}|-20\d\d-\d\d-\d\d|-\d{3})\Z")
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
_RATE_KEYS = ("input", "cache_read", "cache_write", "cache_write_1h", "output")
_ROW_KEYS = frozenset(
    {"provider", "model", "aliases", "as_of", "source", "from", "hours", "tiers", *_RATE_KEYS}
    | {"requests_per_k", "searches_per_k"}
)


@dataclass(frozen=True, slots=True)
class Rates:
    """Micro-dollars per million tokens, for prompts of more than `above_tokens`."""

    input: int
    output: int
    cache_read: int
    cache_write: int
    cache_write_1h: int
    above_tokens: int = -1


@dataclass(frozen=True, slots=True)
class PriceRow:
    """One dated row. `tiers` rises by `above_tokens` and starts with the plain rates."""

    tiers: tuple[Rates, ...]
    requests_per_k: int
    searches_per_k: int
    starts_on: date
    hours: tuple[time, time] | None
    as_of: date
    source: str

    def is_in_force(self, at: datetime) -> bool:
        """Whether the row applies at an aware instant."""
        instant = at.astimezone(UTC)
        if instant.date() < self.starts_on:
            return False
        if self.hours is None:
            return True
        start, end = self.hours
        if end < start:
            return instant.time() >= start or instant.time() < end
        return start <= instant.time() < end


@dataclass(frozen=True, slots=True)
class Price:
    """What one model costs over time. `version` goes into the ledger beside each cost."""

    provider: str
    model: str
    rows: tuple[PriceRow, ...]
    version: str

    def row_at(self, at: datetime) -> PriceRow | None:
        """The row in force at an instant; None before the first one starts."""
        return next((row for row in reversed(self.rows) if row.is_in_force(at)), None)


@dataclass(frozen=True, slots=True)
class PriceTable:
    """All prices by `provider/model`, lower case; `aliases` are other names of the same."""

    prices: Mapping[str, Price]
    aliases: Mapping[str, str]

    def find(self, provider: str, model: str) -> Price | None:
        """The price of a model by any name a provider gives it; None is unknown."""
        for name in _candidate_names(model.strip().lower()):
            key = f"{provider.strip().lower()}/{name}"
            found = self.prices.get(self.aliases.get(key, key))
            if found is not None:
                return found
        return None


def _candidate_names(model: str) -> Iterable[str]:
    yield model
    bare = model
    for prefix in _PREFIXES:
        bare = bare.removeprefix(prefix)
    yield bare
    yield _SUFFIX.sub("", bare)


def price_of(provider: str, model: str, at: datetime, *, table: PriceTable | None = None) -> Price | None:
    """The price of a model, if one is in force at `at`; None is unknown, never free."""
    price = (table or load_table()).find(provider, model)
    return price if price is not None and price.row_at(at) is not None else None


@lru_cache(maxsize=8)
def load_table(override: str = "") -> PriceTable:
    """The shipped table, with the rows of the file `override` (same schema) in place of its own for the same model.

    Raises:
        ConfigError: a file or a row is wrong; says which, and what to write.
    """
    text = (resources.files("llm_router_core.pricing") / "data" / "prices.toml").read_text("utf-8")
    table = parse_table(text, "prices.toml")
    if not override:
        return table
    try:
        own = parse_table(Path(override).read_text("utf-8"), override)
    except (OSError, ValueError) as error:
        raise ConfigError(f"the price file {override!r} cannot be read: {error}", remedy=_REMEDY) from error
    for problem in find_implausible(own, peers=table):
        raise ConfigError(f"{override}: {problem}", remedy=_REMEDY)
    return PriceTable({**table.prices, **own.prices}, {**table.aliases, **own.aliases})


def parse_table(text: str, name: str) -> PriceTable:
    """The table in a TOML text; `name` says where it comes from.

    Raises:
        ConfigError: the text is malformed; the message names the line or the row.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name}: {error}", remedy="correct the file at that place") from error
    if content.get("schema") != SCHEMA:
        found = content.get("schema")
        raise ConfigError(f"{name}: schema {found!r} is not {SCHEMA}", remedy=f"write schema = {SCHEMA}")
    raw_rows = content.get("price", [])
    version = content.get("version", "user")
    if not isinstance(raw_rows, list) or not isinstance(version, str):
        raise ConfigError(f"{name}: rows are written as [[price]], the version as a text", remedy=_REMEDY)
    prices: dict[str, Price] = {}
    aliases: dict[str, str] = {}
    for number, raw in enumerate(raw_rows, start=1):
        try:
            _add_row(raw, version, prices, aliases)
        except (ValueError, TypeError, KeyError) as error:
            where = f"{name}: row {number} ({raw.get('model', '?') if isinstance(raw, dict) else raw!r})"
            raise ConfigError(f"{where}: {error}", remedy=_REMEDY) from error
    return PriceTable(prices, aliases)


def _add_row(raw: object, version: str, prices: dict[str, Price], aliases: dict[str, str]) -> None:
    if not isinstance(raw, dict):
        raise TypeError("a row is a table")
    unknown = sorted(set(raw) - _ROW_KEYS)
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no key of a row")
    provider, model = _text(raw, "provider"), _text(raw, "model")
    key = f"{provider}/{model}".lower()
    row = _parse_row(raw)
    known = prices.get(key)
    if known is None:
        prices[key] = Price(provider, model, (row,), version)
    else:
        prices[key] = replace(known, rows=(*known.rows, row))
    for alias in raw.get("aliases", []):
        aliases[f"{provider}/{alias}".lower()] = key


def _parse_row(raw: Mapping[str, object]) -> PriceRow:
    base = _parse_rates(raw, None)
    raw_tiers = raw.get("tiers", [])
    if not isinstance(raw_tiers, list) or not all(isinstance(tier, dict) for tier in raw_tiers):
        raise TypeError("tiers are written as [{ above = 200000, input = ..., output = ... }]")
    tiers = [base, *(_parse_rates(tier, base) for tier in raw_tiers)]
    if sorted({tier.above_tokens for tier in tiers}) != [tier.above_tokens for tier in tiers]:
        raise ValueError("tiers rise by `above`")
    return PriceRow(
        tiers=tuple(tiers),
        requests_per_k=_amount(raw, "requests_per_k", 0),
        searches_per_k=_amount(raw, "searches_per_k", 0),
        starts_on=_day(raw, "from", date.min),
        hours=_parse_hours(raw.get("hours")),
        as_of=_day(raw, "as_of", None),
        source=_text(raw, "source"),
    )


def _parse_rates(raw: Mapping[str, object], base: Rates | None) -> Rates:
    """Rates with the gaps filled the way providers bill: an unpriced cache bucket costs as much as fresh input."""
    plain = _amount(raw, "input", None)
    write = _amount(raw, "cache_write", plain)
    return Rates(
        input=plain,
        output=_amount(raw, "output", None),
        cache_read=_amount(raw, "cache_read", plain),
        cache_write=write,
        cache_write_1h=_amount(raw, "cache_write_1h", write),
        above_tokens=-1 if base is None else _amount(raw, "above", None),
    )


def _amount(raw: Mapping[str, object], key: str, default: int | None) -> int:
    value = raw.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{key} = {value!r} is not a whole number of 0 or more")
    return value


def _text(raw: Mapping[str, object], key: str) -> str:
    value = raw.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{key} = {value!r} is not a text")
    return value.strip()


def _day(raw: Mapping[str, object], key: str, default: date | None) -> date:
    value = raw.get(key, default)
    if not isinstance(value, date) or isinstance(value, datetime):
        raise TypeError(f"{key} = {value!r} is not a day such as 2026-03-05")
    return value


def _parse_hours(value: object) -> tuple[time, time] | None:
    if value is None:
        return None
    match = _HOURS.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"hours = {value!r} is not like 00:30-16:30 (UTC)")
    start_h, start_m, end_h, end_m = (int(part) for part in match.groups())
    return time(start_h, start_m), time(end_h, end_m)


def find_implausible(table: PriceTable, *, peers: PriceTable | None = None) -> list[str]:
    """Rates outside 0.0001 to 100 times the median of their peers: most often a wrong unit. A rate of 0 says free.

    Rates for cached tokens are held against the median of fresh input: without one of their own they are that.
    """
    found: list[str] = []
    for kind in _RATE_KEYS:
        rates = [rate for _, rate in _rates_of(peers or table, kind if kind == "output" else "input") if rate]
        if not rates:
            continue
        median = statistics.median(rates)
        found += [
            f"{key}: {kind} = {rate} is {rate / median:.3g} times the median of its peers"
            for key, rate in _rates_of(table, kind)
            if rate and not LOWEST_SHARE * median <= rate <= HIGHEST_SHARE * median
        ]
    return found


def _rates_of(table: PriceTable, kind: str) -> list[tuple[str, int]]:
    return [
        (key, int(getattr(tier, kind)))
        for key, price in table.prices.items()
        for row in price.rows
        for tier in row.tiers
    ]
