"""`llm-router policy`: presets, and who may never, or alone may, receive a prompt."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict

import click

from llm_router_core.catalog.entries import DataClass
from llm_router_core.catalog.load import load_catalog
from llm_router_core.providers.registry import known_providers
from llm_router_core.settings import edit
from llm_router_core.settings.rules import PolicyRules, matches, objection
from llm_router_core.settings.sources import Loaded
from llm_router_core.settings.table import PRESETS
from llm_router_core.units import format_usd
from llm_router_installer import ui
from llm_router_installer.layered import load_here
from llm_router_installer.result import Lines, Result, Table, View
from llm_router_installer.runtime import start

_PATTERN = re.compile(r"[A-Za-z0-9*?][A-Za-z0-9*?._:/\[\]-]{0,120}")
PRESET_KEYS = ("quality_mode", "min_model", "abstain_below", "forbidden_data", "judge")


@click.group("policy")
def command() -> None:
    """Choose a preset, and allow or block providers and models.

    PATTERN is PROVIDER or PROVIDER/MODEL, with * and ? as wildcards. A repository and an organisation can only add to
    what you forbid.
    """


@command.command("show")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(as_json: bool) -> int:
    """Show the preset, every rule with its source, and which models it keeps out."""
    return ui.show(_shown("policy show", load_here(start())), as_json=as_json)


@command.command("set")
@click.argument("preset", type=click.Choice(list(PRESETS)))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def set_preset(preset: str, as_json: bool) -> int:
    """Choose PRESET: defaults for quality, least model, doubt, judging and forbidden data classes."""
    edit.set_value(start().home, "policy", preset)
    return ui.show(_shown("policy set", load_here(start())), as_json=as_json)


def _adding(name: str, key: str) -> Callable[..., int]:
    def run(patterns: tuple[str, ...], as_json: bool) -> int:
        return _change(
            name, key, lambda old: [*old, *(item for item in patterns if item not in old)], patterns, as_json
        )

    return run


def _removing(name: str, key: str) -> Callable[..., int]:
    def run(patterns: tuple[str, ...], as_json: bool) -> int:
        return _change(name, key, lambda old: [item for item in old if item not in patterns], patterns, as_json)

    return run


def _register(name: str, run: Callable[..., int], text: str) -> None:
    run.__doc__ = text
    with_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(run)
    command.command(name)(click.argument("patterns", nargs=-1, required=True, metavar="PATTERN...")(with_json))


_register("allow", _adding("policy allow", "allow"), "Use only what matches the allow list, and add PATTERN to it.")
_register("unallow", _removing("policy unallow", "allow"), "Take PATTERN off the allow list; an empty one allows all.")
_register("block", _adding("policy block", "block"), "Never use what matches PATTERN.")
_register("unblock", _removing("policy unblock", "block"), "Take PATTERN off your block list.")


def _change(
    name: str, key: str, work: Callable[[Sequence[str]], list[str]], patterns: Sequence[str], as_json: bool
) -> int:
    for pattern in patterns:
        if not _PATTERN.fullmatch(pattern):
            raise click.UsageError(f"{pattern!r} is no pattern; write PROVIDER or PROVIDER/MODEL, * and ? allowed")
    runtime = start()

    def change(values: edit.Values) -> None:
        old = [str(item) for item in values.get(key, ())]
        new = work(old)
        if new != old or key in values:
            values[key] = new
        if not new:
            values.pop(key, None)

    edit.edit_config(runtime.home, change)
    loaded = load_here(start())
    catalog = load_catalog()
    known = [*catalog.models.values()]
    strange = [
        f"{pattern!r} matches no provider or model of the catalogue; is it spelt right?"
        for pattern in patterns
        if not any(matches(pattern, model.provider, model.name) for model in known)
        and not any(
            matches(pattern.partition("/")[0], provider, "") for provider in known_providers(catalog, loaded.settings)
        )
    ]
    if name == "policy unblock":
        strange = [f"{item} is still blocked by {rule.source}" for rule in loaded.settings.rules for item in rule.block
                   if item in patterns]  # fmt: skip
    return ui.show(_shown(name, loaded, strange), as_json=as_json)


def _shown(name: str, loaded: Loaded, warnings: Sequence[str] = ()) -> Result:
    settings = loaded.settings
    effects = {key: _text(getattr(settings, key)) for key in PRESET_KEYS}
    blocked = _kept_out(loaded)
    data = {
        "policy": settings.policy,
        "source": loaded.sources.get("policy", "default"),
        "effects": {
            key: {"value": value, "source": loaded.sources.get(key, "default")} for key, value in effects.items()
        },
        "rules": [asdict(rule) for rule in settings.rules],
        "spend_caps": [asdict(cap) for cap in settings.spend_caps],
        "kept_out": [{"model": model, "reason": reason} for model, reason in blocked],
        "presets": {preset: {key: _text(value) for key, value in values.items()} for preset, values in PRESETS.items()},
    }
    views: list[View] = [Lines([f"preset {settings.policy} ({data['source']})", ""])]
    rows = [(key, value or "(none)", loaded.sources.get(key, "default")) for key, value in effects.items()]
    views.append(Table(("setting", "value", "source"), rows))
    if settings.rules:
        views += [Lines([""]), Table(("source", "rule"), [line for rule in settings.rules for line in _lines(rule)])]
    if settings.spend_caps:
        caps = [(cap.source, f"at most {format_usd(cap.cap_microusd)} a {cap.scope}") for cap in settings.spend_caps]
        views += [Lines([""]), Table(("source", "cap"), caps)]
    if blocked:
        views += [Lines([""]), Table(("kept out", "because"), blocked)]
    else:
        views.append(Lines(["", "No model of the catalogue is kept out."]))
    return Result(name, data, views, warnings)


def _kept_out(loaded: Loaded) -> list[tuple[str, str]]:
    catalog = load_catalog()
    providers = known_providers(catalog, loaded.settings)
    rows = []
    for model in catalog.models.values():
        provider = providers.get(model.provider)
        data_class = provider.data_class if provider else DataClass.THIRD_PARTY
        reason = objection(loaded.settings.rules, model.provider, model.name, data_class)
        if reason:
            rows.append((model.id, reason))
    return rows


def _lines(rule: PolicyRules) -> list[tuple[str, str]]:
    parts = (("only", rule.allow), ("never", rule.block), ("no prompts to", rule.forbidden_data))
    because = f" ({rule.problem})" if rule.problem else ""
    return [(rule.source, f"{what} {', '.join(items)}{because}") for what, items in parts if items]


def _text(value: object) -> str:
    return ", ".join(str(item) for item in value) if isinstance(value, tuple) else str(value)
