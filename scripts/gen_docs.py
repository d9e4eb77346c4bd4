"""Writes the pages under docs/ that the code and its data can say better than a person.

uv run scripts/gen_docs.py            # write them
uv run scripts/gen_docs.py --check    # exit 1 and name each page that is not what would be written
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from llm_router_core.settings.table import PROVIDER_SETTINGS, SETTINGS, Setting
from llm_router_installer.cli import cli

ROOT = Path(__file__).resolve().parents[1]
CORE = ROOT / "packages/core/src/llm_router_core"
NOTICE = "<!-- Written by scripts/gen_docs.py; change its sources, not this page. -->"
MICROUSD_PER_USD = 1_000_000
HELP_WIDTH = 100


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a page is out of date")
    check = parser.parse_args().check
    stale = []
    for name, generate in PAGES.items():
        page = ROOT / "docs" / name
        text = f"{NOTICE}\n\n{generate()}"
        current = page.read_text(encoding="utf-8") if page.exists() else ""
        if text == current:
            continue
        stale.append(name)
        if not check:
            page.write_text(text, encoding="utf-8")
            print(f"wrote docs/{name}")
    if check and stale:
        print(*(f"docs/{name} is out of date: run `uv run scripts/gen_docs.py`" for name in stale), sep="\n")
    return 1 if check and stale else 0


def cli_page() -> str:
    """Every command with the help it prints."""
    context = click.Context(
        cli,
        info_name="llm-router",
        terminal_width=HELP_WIDTH,
        max_content_width=HELP_WIDTH,
        help_option_names=cli.context_settings["help_option_names"],
    )
    parts = ["# The command", ""]
    for words, command, inner in _commands(("llm-router",), cli, context):
        parts += [f"## `{' '.join(words)}`", "", "```text", command.get_help(inner), "```", ""]
    return "\n".join(parts)


def _commands(
    words: tuple[str, ...], command: click.Command, context: click.Context
) -> Iterator[tuple[tuple[str, ...], click.Command, click.Context]]:
    yield words, command, context
    if not isinstance(command, click.Group):
        return
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        if inner is not None:
            # Width and names are inherited from the parent's context.
            yield from _commands((*words, name), inner, click.Context(inner, context, name))


def chains_page() -> str:
    """The chain tables, each slot with the model it stands for."""
    data = _load(CORE / "chains/data/chains.toml")
    slots: Mapping[str, str] = data["slot"]
    parts = ["# The chains", "", f"As of {data['as_of']}; source: {data['source']}.", ""]
    parts += ["A chain is tried from left to right. `llm-router explain` shows which candidates are left, and why.", ""]
    parts += [*_table(("Complexity", "Chain"), ((name, _chain(row, slots)) for name, row in data["text"].items())), ""]
    research = data["research"]
    parts += ["## Research", "", f"Needs: {', '.join(research['needs'])}.", "", _chain(research["slots"], slots), ""]
    for kind, profiles in data["media"].items():
        rows = ((name, _chain(row, slots)) for name, row in profiles.items())
        parts += [f"## {kind.capitalize()}", "", *_table(("Profile", "Chain"), rows), ""]
    return "\n".join(parts)


def _chain(names: Sequence[str], slots: Mapping[str, str]) -> str:
    return " → ".join(f"`{slots[name]}`" for name in names)


def providers_page() -> str:
    """Every provider of the table: who sees the prompt, how it is spoken to, which variable holds its key."""
    data = _load(CORE / "catalog/data/providers.toml")
    parts = ["# Providers", "", f"As of {data['as_of']}; source: {data['source']}.", ""]
    parts += ["Any other OpenAI-compatible server becomes a provider by `LLM_ROUTER_<NAME>_BASE_URL`.", ""]
    columns = ("Provider", "Who sees the prompt", "Dialect", "Base URL", "Key", "Free of charge", "Limits", "Source")
    rows = (
        (
            f"`{row['id']}`",
            row["data_class"].replace("_", " "),
            row["dialect"],
            row["base_url"] or ("yours" if row["transport"] == "http" else ""),
            ", ".join(f"`{name}`" for name in row.get("key_env", ())),
            row.get("free_tier", ""),
            _limits(row.get("limits")),
            f"<{row['source']}>",
        )
        for row in data["provider"]
        if not row.get("planned")
    )
    parts += [*_table(columns, rows), "", "## Not yet", ""]
    planned = (row for row in data["provider"] if row.get("planned"))
    return "\n".join([*parts, *(f"- `{row['id']}`: {row['planned']}" for row in planned), ""])


def _limits(limits: Mapping[str, Any] | None) -> str:
    if limits is None:
        return ""
    counts = (f"{limits[name]:,} {name.replace('_', ' ')}" for name in limits if "_per_" in name)
    return f"{limits['plan']}: {', '.join(counts)} ({limits['as_of']})"


def prices_page() -> str:
    """What the ledger charges by, in dollars per million tokens."""
    data = _load(CORE / "pricing/data/prices.toml")
    parts = [
        "# Prices",
        "",
        f"{data['version']}; dollars per million tokens; a dash: the source names no price of its own.",
        "",
    ]
    parts += ["Of the rows of one model the last one in force wins. Long-context tiers are in the data only.", ""]
    kinds = ("input", "cache_read", "cache_write", "output")
    columns = ("Model", "From", "Hours (UTC)", "Input", "Cache read", "Cache write", "Output", "As of", "Source")
    rows = (
        (
            f"`{row['provider']}/{row['model']}`",
            str(row.get("from", "")),
            str(row.get("hours", "")),
            *(_usd(row.get(kind)) for kind in kinds),
            str(row["as_of"]),
            f"<{row['source']}>",
        )
        for row in data["price"]
    )
    return "\n".join([*parts, *_table(columns, rows), ""])


def _usd(microusd: int | None) -> str:
    if microusd is None:
        return "-"
    whole, rest = divmod(microusd, MICROUSD_PER_USD)
    return f"{whole}.{rest:06d}".rstrip("0").rstrip(".")


def configuration_page() -> str:
    """Every setting, from the table that also validates it."""
    parts = ["# Configuration", ""]
    parts += ["Set in the environment, or by name in `~/.llm-router/config.toml`; the environment wins.", ""]
    parts += [*_settings(SETTINGS), "", "## Per provider", ""]
    parts += ["`<PROVIDER>` is the provider's id in capitals, with `_` for `-`.", "", *_settings(PROVIDER_SETTINGS), ""]
    return "\n".join(parts)


def _settings(settings: Iterable[Setting]) -> list[str]:
    columns = ("Name", "Variable", "Values", "Default", "Who may loosen it", "Change", "Meaning")
    rows = (
        (
            f"`{row.name}`",
            f"`{row.env}`",
            row.type,
            f"`{row.default}`" if row.default else "",
            row.loosen,
            row.reload,
            row.doc,
        )
        for row in settings
    )
    return _table(columns, rows)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [columns, ["---"] * len(columns), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]


def _load(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


PAGES: Mapping[str, Callable[[], str]] = {
    "chains.md": chains_page,
    "configuration.md": configuration_page,
    "prices.md": prices_page,
    "providers.md": providers_page,
    "cli.md": cli_page,
}

if __name__ == "__main__":
    sys.exit(main())
