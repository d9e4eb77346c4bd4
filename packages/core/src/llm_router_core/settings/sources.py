"""Where each setting comes from, in this order: argument, session override, environment, repository, user, default.

One of the three modules that know the environment. A value of the user that cannot be used stops the program with the
name of its source and what to write instead: a setting that silently falls back to its default is a setting nobody can
trust. What stands in a repository is not the user's: it can only tighten, and it stops nobody (restrictions.py). The
organisation's limits come last, over everything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from llm_router_core.errors import ConfigError
from llm_router_core.hotpath.snapshot import find_repository_file, tightened
from llm_router_core.settings.config_file import config_path, parse_config, read_config, rejected
from llm_router_core.settings.model import Settings
from llm_router_core.settings.problems import Problem, Severity, shown
from llm_router_core.settings.restrictions import Restrictions, load_restrictions
from llm_router_core.settings.rules import PolicyRules
from llm_router_core.settings.table import BY_NAME, PRESETS, SETTINGS

ORGANISATION_FILE = "/etc/llm-router/policy.toml"
SESSION = "this session's override"
_PROVIDER_VARIABLE = re.compile(r"LLM_ROUTER_([A-Z][A-Z0-9_]*?)_(BASE_URL|MODELS)\Z")
_NONE = Restrictions("")


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings, for each value that is not a default the place it was read from, and what was not taken as is."""

    settings: Settings
    sources: Mapping[str, str]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Layers:
    """Every layer as it was read, from the strongest to the weakest; the organisation stands over all of them."""

    argument: Mapping[str, object] = field(default_factory=dict)
    session: Mapping[str, object] = field(default_factory=dict)
    environment: Mapping[str, object] = field(default_factory=dict)
    repository: Restrictions = _NONE
    user: Mapping[str, object] = field(default_factory=dict)
    organisation: Restrictions = _NONE


def load(
    env: Mapping[str, str],
    home: str,
    arguments: Mapping[str, object] | None = None,
    *,
    session: Mapping[str, object] | None = None,
    cwd: str = "",
    organisation: str = ORGANISATION_FILE,
) -> Loaded:
    """The settings for this process. `cwd` is where a repository file is looked for; empty looks for none.

    Raises:
        ConfigError: a file of the user cannot be parsed or read, or a value is not allowed; names line and column.
    """
    raw = read_config(home)
    layers = Layers(
        argument={key: value for key, value in (arguments or {}).items() if value is not None},
        session=session or {},
        environment=environment_layer(env),
        repository=load_repository(cwd),
        user=parse_config(raw, config_path(home)),
        organisation=load_restrictions(organisation, f"the organisation ({organisation})", follow=True),
    )
    return resolve(layers, home, raw)


def load_repository(cwd: str) -> Restrictions:
    """What the repository at `cwd` tightens."""
    path = find_repository_file(cwd) if cwd else ""
    return load_restrictions(path, f"the repository ({path})") if path else _NONE


def resolve(layers: Layers, home: str, raw: bytes = b"") -> Loaded:
    """All layers brought together. Pure. `raw` is the text of config.toml, for positions in messages.

    Raises:
        ConfigError: a value of the user is not allowed.
    """
    path = config_path(home)
    work = _Resolution(str(path))
    above = (layers.environment, layers.session, layers.argument)
    try:
        work.put_preset(next((layer["policy"] for layer in (*reversed(above), layers.user) if "policy" in layer), ""))
        work.put(layers.user, str(path))
        work.tighten(layers.repository, Settings(**work.merged), above)
        for layer, origin in zip(above, ("environment", SESSION, "argument"), strict=True):
            work.put(layer, origin)
        settings = Settings(**work.merged)
        work.limit(layers.organisation, settings)
        rules = (*_own_rules(settings, work.sources), *layers.repository.rules, *layers.organisation.rules)
        caps = (*layers.repository.spend_caps, *layers.organisation.spend_caps)
        settings = Settings(**{**work.merged, "rules": rules, "spend_caps": caps})
    except ValidationError as invalid:
        raise rejected(invalid, work.sources, path, raw) from None
    problems = (*layers.repository.problems, *layers.organisation.problems, *work.problems)
    return Loaded(settings, work.sources, problems)


class _Resolution:
    """The values so far, where each came from, and what was passed over."""

    def __init__(self, config: str) -> None:
        self.merged: dict[str, Any] = {}
        self.sources: dict[str, str] = {}
        self.problems: list[Problem] = []
        self._config = config

    def put_preset(self, name: object) -> None:
        preset = PRESETS.get(name, {}) if isinstance(name, str) else {}
        self.put(preset, f"the policy {name!r}")

    def put(self, layer: Mapping[str, object], origin: str) -> None:
        for name, value in _flatten(layer):
            before = self.sources.get(name, "")
            if before == self._config and origin != before and self._at(name) != value:
                source = variable_of(name) if origin == "environment" else origin
                # A URL is not repeated here: it may hold a password that nobody has refused yet.
                values = ("it", "another value") if "." in name else (shown(self._at(name)), shown(value))
                message = f"{values[0]} does not count here: {source} says {values[1]}"
                self.problems.append(Problem(Severity.NOTE, name, before, message))
            self._put(name, value)
            self.sources[name] = variable_of(name) if origin == "environment" else origin

    def tighten(self, repository: Restrictions, low: Settings, above: tuple[Mapping[str, object], ...]) -> None:
        for name, wanted in repository.values.items():
            current = getattr(low, name)
            result = tightened(BY_NAME[name].tighten, _plain(current), wanted)
            if any(name in layer for layer in above):
                message = f"{shown(wanted)} does not count: you chose another value for this process"
                self.problems.append(Problem(Severity.NOTE, name, repository.source, message))
            elif result == _plain(current):
                self._loose(name, wanted, current, repository.source)
            else:
                self._put(name, result)
                self.sources[name] = repository.source

    def limit(self, organisation: Restrictions, settings: Settings) -> None:
        for name, wanted in organisation.values.items():
            current = _plain(getattr(settings, name))
            result = tightened(BY_NAME[name].tighten, current, wanted)
            if result == current:
                continue
            before = self.sources.get(name, "default")
            message = f"{shown(current)} from {before} is limited to {shown(result)}"
            self.problems.append(Problem(Severity.NOTE, name, organisation.source, message))
            self._put(name, result)
            self.sources[name] = organisation.source

    def _loose(self, name: str, wanted: object, current: object, source: str) -> None:
        if wanted != _plain(current):
            message = f"{shown(wanted)} is looser than your {shown(_plain(current))}; ignored: it may only tighten"
            self.problems.append(Problem(Severity.WARNING, name, source, message))

    def _at(self, name: str) -> object:
        value: Any = self.merged
        for part in _parts(name):
            value = value.get(part) if isinstance(value, dict) else None
        return value

    def _put(self, name: str, value: object) -> None:
        target = self.merged
        *parents, key = _parts(name)
        for parent in parents:
            target = target.setdefault(parent, {})
        target[key] = value


def environment_layer(env: Mapping[str, str]) -> dict[str, Any]:
    """The settings in the environment. An empty variable counts as not set."""
    layer: dict[str, Any] = {row.name: env[row.env] for row in SETTINGS if env.get(row.env, "").strip()}
    for variable, value in env.items():
        found = _PROVIDER_VARIABLE.match(variable)
        if found and value.strip():
            provider = found[1].lower().replace("_", "-")
            layer.setdefault("providers", {}).setdefault(provider, {})[found[2].lower()] = value.strip()
    return layer


def variable_of(name: str) -> str:
    """The variable that sets a setting."""
    row = BY_NAME.get(name)
    if row:
        return row.env
    _, provider, key = name.split(".", 2)
    return f"LLM_ROUTER_{provider.upper().replace('-', '_')}_{key.upper()}"


def _own_rules(settings: Settings, sources: Mapping[str, str]) -> list[PolicyRules]:
    """The user's own lists as rules, each with the place it stands in."""
    rules = (
        PolicyRules(_you(sources, "block"), block=settings.block),
        PolicyRules(_you(sources, "allow"), allow=settings.allow),
        PolicyRules(_you(sources, "forbidden_data"), forbidden_data=settings.forbidden_data),
    )
    return [rule for rule in rules if rule.block or rule.allow or rule.forbidden_data]


def _you(sources: Mapping[str, str], name: str) -> str:
    return f"you ({sources.get(name, 'argument')})"


def _plain(value: object) -> object:
    return str(value) if isinstance(value, str) else value


def _parts(name: str) -> list[str]:
    return name.split(".") if name.startswith("providers.") else [name]


def _flatten(layer: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """`name` and value pairs; a provider's table becomes `providers.NAME.KEY`."""
    pairs: list[tuple[str, Any]] = []
    for name, value in layer.items():
        if name != "providers":
            pairs.append((name, value))
            continue
        if not isinstance(value, Mapping):
            raise ConfigError(f"providers = {value!r} is not a table", remedy="write [providers.NAME] and its settings")
        for provider, table in value.items():
            if isinstance(table, Mapping):
                pairs += [(f"providers.{provider}.{key}", item) for key, item in table.items()]
            else:
                message = f"providers.{provider} = {table!r} is not a table"
                raise ConfigError(message, remedy=f"write [providers.{provider}] with base_url and models")
    return pairs
