"""`llm-router config`: every setting with its value and its source, what is wrong with them, and changing them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

import click

from llm_router_core.catalog.load import load_catalog
from llm_router_core.errors import ConfigError
from llm_router_core.hotpath import env as environment
from llm_router_core.hotpath.paths import state_home
from llm_router_core.providers.registry import build_registry, check_base_url, known_providers, shown_url
from llm_router_core.settings import edit, lint
from llm_router_core.settings.config_file import config_path
from llm_router_core.settings.problems import Problem, Severity
from llm_router_core.settings.sources import Loaded
from llm_router_core.settings.table import SETTINGS
from llm_router_installer import ui
from llm_router_installer.layered import load_here, refresh_hook_files
from llm_router_installer.result import Exit, Lines, Result, Table, View
from llm_router_installer.runtime import start

_ORDER = tuple(Severity)


@click.group("config")
def command() -> None:
    """Show every setting with its source, check them, and change them in config.toml."""


@command.command("show")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(as_json: bool) -> int:
    """Show every setting, its value, and where the value comes from."""
    runtime = start()
    loaded = load_here(runtime)
    rows = [*_settings(loaded), *_providers(loaded)]
    data = {"file": str(config_path(runtime.home)), "settings": rows, "problems": [asdict(p) for p in loaded.problems]}
    table = Table(("setting", "value", "source"), [(row["name"], row["shown"], row["source"]) for row in rows])
    warnings = [_sentence(item) for item in loaded.problems if item.severity is not Severity.NOTE]
    return ui.show(Result("config show", data, [table], warnings), as_json=as_json)


@command.command("lint")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def check(as_json: bool) -> int:
    """Name every setting that is wrong, contradicts another or has no effect. Exit code 3 where one is wrong."""
    variables = environment.read()
    problems = _problems(variables, state_home(variables))
    problems.sort(key=lambda item: _ORDER.index(item.severity))
    is_wrong = any(item.severity is Severity.ERROR for item in problems)
    views: list[View] = [Lines(["No setting is wrong, contradicts another or is ignored."])]
    if problems:
        rows = [(item.severity, item.name, item.source, item.message, item.remedy) for item in problems]
        views = [Table(("", "setting", "source", "what is the matter", "what to do"), rows)]
    data = {"problems": [asdict(item) for item in problems]}
    return ui.show(Result("config lint", data, views, exit_code=Exit.CONFIG if is_wrong else Exit.OK), as_json=as_json)


@command.command("set")
@click.argument("key")
@click.argument("value")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def set_one(key: str, value: str, as_json: bool) -> int:
    """Set KEY to VALUE in config.toml. Lists are comma-separated; a provider is `providers.NAME.base_url`."""
    if key.endswith(".base_url"):
        check_base_url(value, key)
    edited = edit.set_value(state_home(environment.read()), key, value)
    return _changed("config set", key, edited, as_json=as_json)


@command.command("unset")
@click.argument("key")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def unset_one(key: str, as_json: bool) -> int:
    """Take KEY out of config.toml, so that its default holds again."""
    edited = edit.unset_value(state_home(environment.read()), key)
    return _changed("config unset", key, edited, as_json=as_json)


def _changed(name: str, key: str, edited: edit.Edited, *, as_json: bool) -> int:
    """What holds now, which need not be what was written: something stronger may decide."""
    loaded = load_here(start())
    row = next((row for row in (*_settings(loaded), *_providers(loaded)) if row["name"] == key), None)
    shown = row["shown"] if row else "not set"
    source = row["source"] if row else "default"
    data = {"file": edited.path, "is_changed": edited.is_changed, "name": key, "value": row["value"] if row else None,
            "source": source}  # fmt: skip
    lines = [f"{key}: {shown} ({source})"]
    is_weaker = name == "config set" and source != edited.path
    warnings = [f"what you wrote does not count here: {source} decides"] if is_weaker else []
    return ui.show(Result(name, data, [Lines(lines)], warnings), as_json=as_json)


def _settings(loaded: Loaded) -> list[dict[str, str]]:
    rows = []
    for row in SETTINGS:
        value = getattr(loaded.settings, row.name)
        listed = ", ".join(str(item) for item in value) if isinstance(value, tuple) else str(value)
        text = str(value).lower() if isinstance(value, bool) else listed
        rows.append(_row(row.name, text, loaded.sources.get(row.name, "default"), row.doc))
    return rows


def _providers(loaded: Loaded) -> list[dict[str, str]]:
    rows = []
    for name, entry in sorted(loaded.settings.providers.items()):
        for key, value in (("base_url", shown_url(entry.base_url)), ("models", ", ".join(entry.models))):
            full = f"providers.{name}.{key}"
            if full in loaded.sources:
                rows.append(_row(full, value, loaded.sources[full], ""))
    return rows


def _row(name: str, value: str, source: str, doc: str) -> dict[str, str]:
    return {"name": name, "value": value, "shown": value or "(none)", "source": source, "doc": doc}


def _problems(variables: Mapping[str, str], home: str) -> list[Problem]:
    catalog = load_catalog()
    try:
        runtime = start()
        loaded = load_here(runtime)
    except ConfigError as wrong:
        found = [Problem(Severity.ERROR, "settings", str(config_path(home)), wrong.message, wrong.remedy)]
        return [*found, *lint.unknown_variables(variables, catalog.providers)]
    providers = known_providers(catalog, loaded.settings)
    problems = [*loaded.problems, *lint.unknown_variables(variables, providers), *lint.contradictions(loaded)]
    problems += [*lint.consents(loaded.settings, variables, providers), *lint.overridden(variables, loaded)]
    problems += [*lint.hidden_flags(variables), *lint.file_mode(home)]
    try:
        registry = build_registry(catalog, loaded.settings, variables)
    except ConfigError as wrong:
        problems.append(Problem(Severity.ERROR, "providers", "settings", wrong.message, wrong.remedy))
    else:
        problems += [Problem(Severity.WARNING, name, "credentials", why) for name, why in registry.notes.items()]
    stale = refresh_hook_files(home)
    if stale:
        problems.append(Problem(Severity.WARNING, "snapshot", home, stale))
    return problems


def _sentence(problem: Problem) -> str:
    return f"{problem.name} in {problem.source}: {problem.message}"
