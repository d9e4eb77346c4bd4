"""What in the settings contradicts itself, has no effect, or is misspelt. Looks at everything, changes nothing."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from llm_router_core.hotpath.snapshot import parsed
from llm_router_core.settings.config_file import config_path
from llm_router_core.settings.consent import named_in_environment
from llm_router_core.settings.model import Settings
from llm_router_core.settings.problems import Problem, Severity, shown
from llm_router_core.settings.rules import matches
from llm_router_core.settings.sources import Loaded, environment_layer
from llm_router_core.settings.table import BY_NAME, ENVIRONMENT_ONLY, SETTINGS

_OURS = "LLM_ROUTER_"
_OF_A_PROVIDER = re.compile(r"LLM_ROUTER_([A-Z][A-Z0-9_]*?)_(API_KEY|BASE_URL|MODELS)\Z")
_SUFFIXES = ("API_KEY", "BASE_URL", "MODELS")


def unknown_variables(env: Mapping[str, str], providers: Collection[str]) -> Iterator[Problem]:
    """`LLM_ROUTER_*` variables that nobody reads, with the name that was probably meant."""
    known = {row.env for row in (*SETTINGS, *ENVIRONMENT_ONLY) if "<" not in row.env}
    names = {name.upper().replace("-", "_") for name in providers}
    of_providers = {f"{_OURS}{name}_{suffix}" for name in names for suffix in _SUFFIXES}
    # A base URL under a new name makes a provider, so its other variables are read too.
    made = {found[1] for name in env if (found := _OF_A_PROVIDER.match(name)) and found[2] == "BASE_URL"}
    for variable in sorted(env):
        if not variable.startswith(_OURS) or variable in known | of_providers:
            continue
        found = _OF_A_PROVIDER.match(variable)
        if found and found[1] in made | names:
            continue
        near = difflib.get_close_matches(variable, known | of_providers, 1, 0.6)
        remedy = f"did you mean {near[0]}?" if near else "see docs/configuration.md for the names"
        yield Problem(Severity.WARNING, variable, "environment", "is read by nobody", remedy)


def contradictions(loaded: Loaded) -> Iterator[Problem]:
    """Settings that cannot all mean what they say."""
    settings, sources = loaded.settings, loaded.sources
    if settings.attempt_deadline_s > settings.call_deadline_s:
        yield _pair(sources, "attempt_deadline_s", "call_deadline_s", "an attempt may take longer than the whole call")
    if settings.pressure_step_down >= settings.pressure_out:
        yield _pair(sources, "pressure_step_down", "pressure_out", "an account is out before anything steps down")
    if settings.profile == "budget" and settings.quality_mode == "best":
        yield _pair(sources, "profile", "quality_mode", "`budget` goes one complexity down and `best` one up")
    for name in ("min_model", "judge_model"):
        model = getattr(settings, name)
        blocked = next((item for item in settings.block if model and matches(item, *model.split("/", 1))), "")
        if blocked:
            yield _pair(sources, name, "block", f"{model} is blocked as {shown(blocked)}")
        if model and settings.allow and not any(matches(item, *model.split("/", 1)) for item in settings.allow):
            yield _pair(sources, name, "allow", f"{model} is not on the allow list")
    for pattern in sorted(set(settings.allow) & set(settings.block)):
        yield _pair(sources, "allow", "block", f"{shown(pattern)} is on both lists, so it is blocked")
    if settings.judge == "off" and settings.judge_model:
        yield _pair(sources, "judge", "judge_model", "nothing is judged, so the judge's model is not used")
    if settings.max_cost_microusd == 0:
        yield _one(sources, "max_cost_usd", "0 refuses every paid call")


def consents(settings: Settings, env: Mapping[str, str], providers: Collection[str]) -> Iterator[Problem]:
    """Consents and stored keys for providers that do not exist."""
    for name in sorted(settings.consent.keys() - set(providers)):
        remedy = f"`llm-router keys revoke {name}`"
        yield Problem(Severity.WARNING, f"consent.{name}", "config.toml", "there is no such provider", remedy)
    for name in sorted(settings.keys.keys() - set(providers)):
        remedy = f"`llm-router keys remove {name}`"
        yield Problem(Severity.WARNING, f"keys.{name}", "config.toml", "there is no such provider", remedy)
    for name in named_in_environment(env):
        if name not in providers:
            near = difflib.get_close_matches(name, providers, 1)
            remedy = f"did you mean {near[0]}?" if near else "`llm-router keys list` names them"
            yield Problem(Severity.WARNING, "LLM_ROUTER_CONSENT", "environment", f"names {shown(name)}", remedy)


def overridden(env: Mapping[str, str], loaded: Loaded) -> Iterator[Problem]:
    """Variables that are set and lose against something stronger."""
    for name, value in environment_layer(env).items():
        row = BY_NAME.get(name)
        if row is None or loaded.sources.get(name) == row.env:
            continue
        message = f"{shown(value)} does not count: {loaded.sources.get(name, 'something stronger')} decides"
        yield Problem(Severity.NOTE, name, row.env, message)


def hidden_flags(env: Mapping[str, str]) -> Iterator[Problem]:
    """Spellings that a command accepts and a hook, which knows fewer, does not."""
    row = BY_NAME["compress_response"]
    value = env.get(row.env, "").strip()
    if value and parsed(row.name, value) is None:
        yield Problem(
            Severity.WARNING, row.name, row.env, f"{shown(value)} means nothing to a hook", "write true or false"
        )


def file_mode(home: str) -> Iterator[Problem]:
    """A config.toml that others can change."""
    path: Path = config_path(home)
    try:
        mode = path.stat().st_mode & 0o777
    except OSError:
        return
    if mode & 0o022:
        message = f"others can change it (mode {mode:04o})"
        yield Problem(Severity.WARNING, "file", str(path), message, f"run `chmod 600 {path}`")


def _pair(sources: Mapping[str, str], one: str, other: str, message: str) -> Problem:
    where = f"{sources.get(one, 'default')} and {sources.get(other, 'default')}"
    return Problem(
        Severity.WARNING, f"{one}, {other}", where, message, f"change one with `llm-router config set {one} ...`"
    )


def _one(sources: Mapping[str, str], name: str, message: str) -> Problem:
    return Problem(Severity.WARNING, name, sources.get(name, "default"), message)
