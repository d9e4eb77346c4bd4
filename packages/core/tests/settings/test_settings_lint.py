"""What `config lint` finds: misspelt, contradictory, without effect."""

import pytest

from llm_router_core.settings import lint
from llm_router_core.settings.model import Settings
from llm_router_core.settings.sources import Layers, environment_layer, resolve
from llm_router_core.settings.table import ENVIRONMENT_ONLY, SETTINGS

PROVIDERS = ("openai", "gemini-cli", "ollama")


def unknown(**env: str) -> dict[str, str]:
    return {item.name: item.remedy for item in lint.unknown_variables(env, PROVIDERS)}


@pytest.mark.requirement("settings.typos")
@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("LLM_ROUTER_PROFIEL", "LLM_ROUTER_PROFILE"),
        ("LLM_ROUTER_ENFORCMENT", "LLM_ROUTER_ENFORCE"),
        ("LLM_ROUTER_OPENIA_API_KEY", "LLM_ROUTER_OPENAI_API_KEY"),
        ("LLM_ROUTER_GEMINI_CLI_MODEL", "LLM_ROUTER_GEMINI_CLI_MODELS"),
    ],
)
def test_a_misspelt_variable_is_named_with_the_nearest_known_one(variable, meant):
    assert unknown(**{variable: "x"}) == {variable: f"did you mean {meant}?"}


def test_nothing_that_is_read_is_called_unknown():
    rows = [row.env for row in (*SETTINGS, *ENVIRONMENT_ONLY) if "<" not in row.env]
    of_providers = [
        "LLM_ROUTER_GEMINI_CLI_API_KEY",
        "LLM_ROUTER_LAB_BASE_URL",
        "LLM_ROUTER_LAB_MODELS",
        "LLM_ROUTER_LAB_API_KEY",
    ]

    assert unknown(**dict.fromkeys([*rows, *of_providers, "PATH", "OPENAI_API_KEY"], "x")) == {}


@pytest.mark.parametrize(
    ("user", "names"),
    [
        ({"attempt_deadline_s": 100, "call_deadline_s": 50}, "attempt_deadline_s, call_deadline_s"),
        ({"pressure_step_down": 1, "pressure_out": 0.9}, "pressure_step_down, pressure_out"),
        ({"profile": "budget", "quality_mode": "best"}, "profile, quality_mode"),
        ({"min_model": "openai/o3", "block": ["openai"]}, "min_model, block"),
        ({"judge_model": "openai/o3", "allow": ["groq"]}, "judge_model, allow"),
        ({"allow": ["a"], "block": ["a"]}, "allow, block"),
        ({"judge": "off", "judge_model": "a/b"}, "judge, judge_model"),
        ({"max_cost_usd": "0"}, "max_cost_usd"),
    ],
)
def test_a_contradiction_names_both_settings_and_where_they_stand(user, names):
    (found,) = lint.contradictions(resolve(Layers(user=user), "/h"))

    assert found.name == names
    assert "/h/config.toml" in found.source


def test_the_defaults_contradict_nothing_under_any_preset():
    for preset in ("aggressive", "balanced", "conservative"):
        assert list(lint.contradictions(resolve(Layers(user={"policy": preset}), "/h"))) == []


def test_a_variable_that_loses_is_named_with_its_winner():
    env = {"LLM_ROUTER_PROFILE": "premium"}
    loaded = resolve(Layers(argument={"profile": "budget"}, environment=environment_layer(env)), "/h")
    (found,) = lint.overridden(env, loaded)

    assert (found.name, found.source) == ("profile", "LLM_ROUTER_PROFILE")
    assert "argument" in found.message


def test_consents_and_keys_of_nobody_are_named():
    when = "2026-01-02"
    settings = Settings(
        consent={"opnai": {"given": when, "data_class": "third_party"}},
        keys={"gone": {"store": "file", "origin": "", "saved": when}},
    )
    found = list(lint.consents(settings, {"LLM_ROUTER_CONSENT": "openia,openai"}, PROVIDERS))

    assert [item.name for item in found] == ["consent.opnai", "keys.gone", "LLM_ROUTER_CONSENT"]
    assert found[2].remedy == "did you mean openai?"


def test_a_config_that_others_can_change_is_named(tmp_path):
    path = tmp_path / "config.toml"
    path.touch(0o600)
    assert list(lint.file_mode(str(tmp_path))) == []
    path.chmod(0o666)
    (found,) = lint.file_mode(str(tmp_path))

    assert "0666" in found.message
