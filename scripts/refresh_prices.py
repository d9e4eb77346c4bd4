"""Write the shipped price table from the dev dependency genai-prices, and print what changed.

    uv run scripts/refresh_prices.py            write packages/core/.../pricing/data/prices.toml, print the diff
    uv run scripts/refresh_prices.py --dry-run  print the diff only
    uv run scripts/refresh_prices.py --check    for CI: look at the file alone, without genai-prices and the network

A row keeps its `as_of` day while its figures stay the same: the day says since when we have known them.
"""

from __future__ import annotations

import argparse
import difflib
import json
import sys
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

from llm_router_core.errors import ConfigError
from llm_router_core.pricing.table import find_implausible, parse_table

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "packages/core/src/llm_router_core/pricing/data/prices.toml"
INCLUDE = ROOT / "scripts/prices_include.toml"
HEADER = """\
# Written by scripts/refresh_prices.py from genai-prices; the models are listed in scripts/prices_include.toml.
# Whole micro-dollars per million tokens (3000000 is $3); requests_per_k and searches_per_k per 1000 of them.
# Of the rows of one model the last one in force wins; `from` is a UTC day, `hours` are UTC, a tier covers all tokens.
"""
TOKEN_KEYS = {
    "input_mtok": "input",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write",
    "cache_write_1h_mtok": "cache_write_1h",
    "output_mtok": "output",
}
COUNT_KEYS = {"requests_kcount": "requests_per_k", "web_searches_kcount": "searches_per_k"}
MICRO = 1_000_000


def main() -> int:
    parser = argparse.ArgumentParser(description="Refresh or check the shipped price table.")
    parser.add_argument("--check", action="store_true", help="validate the file; offline")
    parser.add_argument("--dry-run", action="store_true", help="print the diff without writing")
    arguments = parser.parse_args()
    if arguments.check:
        problems = find_problems()
        print("\n".join(problems) or f"{TABLE.name}: ok")
        return 1 if problems else 0
    before = TABLE.read_text("utf-8") if TABLE.exists() else ""
    after = render(load_source_rows(), before)
    changes = difflib.unified_diff(before.splitlines(), after.splitlines(), "before", "after", lineterm="", n=3)
    print("\n".join(changes) or "no change")
    if not arguments.dry_run:
        TABLE.parent.mkdir(exist_ok=True)
        TABLE.write_text(after, "utf-8")
    return 0


def find_problems() -> list[str]:
    """What is wrong with the shipped file: its schema, its plausibility, the list of models."""
    try:
        table = parse_table(TABLE.read_text("utf-8"), TABLE.name)
    except (OSError, ConfigError) as error:
        return [str(error)]
    problems = find_implausible(table)
    wanted = {f"{ours}/{model}".lower() for ours, entry in load_include().items() for model in entry["models"]}
    problems += [f"{key}: listed in {INCLUDE.name}, but has no row" for key in sorted(wanted - set(table.prices))]
    problems += [f"{key}: has a row, but is not in {INCLUDE.name}" for key in sorted(set(table.prices) - wanted)]
    for key, price in table.prices.items():
        for row in price.rows:
            if not row.source.startswith("https://"):
                problems.append(f"{key}: source {row.source!r} is no address")
            inputs = [tier.input for tier in row.tiers]
            if inputs != sorted(inputs) or not inputs[0]:
                problems.append(f"{key}: input rates {inputs} are free or fall with length")
    return problems


def load_include() -> dict[str, Any]:
    return tomllib.loads(INCLUDE.read_text("utf-8"))


def load_source_rows() -> Iterator[dict[str, Any]]:
    from genai_prices.data import providers  # noqa: PLC0415 - a dev dependency, which --check does without

    by_id = {provider.id: provider for provider in providers}
    for ours, entry in load_include().items():
        source = by_id[entry["source"]]
        models = {model.id: model for model in source.models}
        for name in entry["models"]:
            yield from rows_of(ours, source, models[name])


def rows_of(ours: str, provider: Any, model: Any) -> Iterator[dict[str, Any]]:
    if model.deprecated:
        raise SystemExit(f"{ours}/{model.id} is deprecated at the source: take it off {INCLUDE.name}")
    conditional = model.prices if isinstance(model.prices, list) else None
    cases = [(case.constraint, case.prices) for case in conditional] if conditional else [(None, model.prices)]
    aliases = sorted({alias for alias in equal_names(model.match) if alias.lower() != model.id.lower()})
    for number, (constraint, prices) in enumerate(cases):
        row: dict[str, Any] = {"provider": ours, "model": model.id}
        if aliases and not number:
            row["aliases"] = aliases
        row |= constraint_keys(constraint)
        yield row | price_keys(prices) | {"source": (provider.pricing_urls or [""])[0]}


def equal_names(clause: Any) -> Iterator[str]:
    if hasattr(clause, "equals"):
        yield clause.equals
    for part in getattr(clause, "or_", []):
        yield from equal_names(part)


def constraint_keys(constraint: Any) -> dict[str, Any]:
    if constraint is None:
        return {}
    if hasattr(constraint, "start_date"):
        return {"from": constraint.start_date}
    return {"hours": f"{constraint.start_time:%H:%M}-{constraint.end_time:%H:%M}"}


def price_keys(prices: Any) -> dict[str, Any]:
    row: dict[str, Any] = {}
    tiers: dict[int, dict[str, int]] = {}
    for theirs, ours in (TOKEN_KEYS | COUNT_KEYS).items():
        value = getattr(prices, theirs)
        if value is None:
            continue
        row[ours] = micro(getattr(value, "base", value))
        for tier in getattr(value, "tiers", []):
            tiers.setdefault(tier.start, {})[ours] = micro(tier.price)
    if tiers:
        row["tiers"] = [{"above": start, **untiered(row), **rates} for start, rates in sorted(tiers.items())]
    return row


def untiered(row: dict[str, Any]) -> dict[str, int]:
    """The rates that a tier does not change."""
    return {key: row[key] for key in TOKEN_KEYS.values() if key in row}


def micro(amount: Decimal) -> int:
    scaled = amount * MICRO
    if scaled != int(scaled):
        raise SystemExit(f"{amount} is finer than a micro-dollar per million tokens")
    return int(scaled)


def render(rows: Iterator[dict[str, Any]], before: str) -> str:
    known = {fingerprint(row): row["as_of"] for row in tomllib.loads(before).get("price", [])}
    today = datetime.now(UTC).date()
    parts = [HEADER, f'schema = 1\nversion = "genai-prices {version("genai-prices")}"\n']
    for row in rows:
        dated = row | {"as_of": known.get(fingerprint(row), today)}
        parts.append("[[price]]\n" + "".join(f"{key} = {literal(value)}\n" for key, value in dated.items()))
    return "\n".join(parts)


def fingerprint(row: dict[str, Any]) -> str:
    return json.dumps({key: value for key, value in row.items() if key != "as_of"}, sort_keys=True, default=str)


def literal(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return f"[{', '.join(literal(item) for item in value)}]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {literal(item)}" for key, item in value.items()) + " }"
    return json.dumps(value)


if __name__ == "__main__":
    sys.exit(main())
