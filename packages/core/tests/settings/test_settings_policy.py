"""Policy: who may receive a prompt, who says so, and what the presets change in a chain."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_router_core.catalog.entries import Complexity, DataClass, TaskType
from llm_router_core.catalog.load import load_catalog
from llm_router_core.chains.build import build
from llm_router_core.chains.candidates import Chain, Wanted, World
from llm_router_core.providers.endpoint import Endpoint
from llm_router_core.settings.model import Settings
from llm_router_core.settings.restrictions import parse_restrictions
from llm_router_core.settings.rules import PolicyRules, matches, objection
from llm_router_core.settings.sources import Layers, resolve
from llm_router_core.settings.table import PRESETS

CATALOG = load_catalog()
OPENAI = ("openai", "gpt-6-luna", DataClass.THIRD_PARTY)


def chain(settings: Settings, complexity: Complexity = Complexity.MODERATE, **wanted: object) -> Chain:
    names = ("openai", "anthropic", "groq", "deepseek")
    endpoints = {
        name: Endpoint(name, CATALOG.providers[name].dialect, "https://x", CATALOG.providers[name].data_class)
        for name in names
    }
    world = World(datetime(2026, 11, 24, tzinfo=UTC), endpoints, rules=settings.rules)
    wish = Wanted(TaskType.QUERY, complexity, settings.profile, settings.quality_mode, settings.min_model, **wanted)
    return build(wish, world, CATALOG)


def explained(settings: Settings) -> dict[str, list[str]]:
    return {
        complexity: [candidate.id for candidate in chain(settings, complexity).candidates]
        for complexity in (Complexity.SIMPLE, Complexity.MODERATE, Complexity.COMPLEX)
    }


@pytest.mark.requirement("policy.presets")
def test_each_preset_changes_what_explain_shows():
    shown = [explained(resolve(Layers(user={"policy": name}), "/h").settings) for name in PRESETS]

    assert shown[0] != shown[1] != shown[2] != shown[0]


def test_every_model_a_preset_names_is_in_the_catalogue():
    for preset in PRESETS.values():
        model = preset.get("min_model")
        assert model is None or CATALOG.models[str(model)].tier is not None


@pytest.mark.requirement("policy.sources")
@pytest.mark.parametrize("source", ["you (/h/config.toml)", "the repository", "the organisation"])
def test_a_rejection_names_who_said_no(source):
    text = b'block = ["openai/*"]'
    layers = {
        "you (/h/config.toml)": Layers(user={"block": ["openai/*"]}),
        "the repository": Layers(repository=parse_restrictions(text, "the repository")),
        "the organisation": Layers(organisation=parse_restrictions(text, "the organisation")),
    }
    rejected = chain(resolve(layers[source], "/h").settings).rejected
    reasons = {item.candidate: (item.stage, item.reason) for item in rejected}

    assert reasons["openai/gpt-6.1-terra"] == ("policy", f"blocked as 'openai/*' by {source}")


def test_policy_is_the_first_reason_given_and_naming_a_model_does_not_pass_it():
    settings = resolve(Layers(user={"allow": ["groq"]}), "/h").settings
    (rejection,) = chain(settings, model="openai/o3", secret=True).rejected

    assert rejection.stage == "policy"
    assert "not on the allow list" in rejection.reason


@pytest.mark.parametrize(
    ("pattern", "is_match"),
    [
        ("openai", True),
        ("OpenAI", True),
        ("openai/gpt-*", True),
        ("*/gpt-6-luna", True),
        ("*", True),
        ("op?nai", True),
        ("gpt-6-luna", False),
        ("openai/gpt", False),
        ("openai/", False),
        ("groq/*", False),
        ("", False),
    ],
)
def test_a_pattern_means_a_provider_or_a_model_of_one(pattern, is_match):
    assert matches(pattern, "openai", "gpt-6-luna") is is_match


def test_a_model_name_with_a_slash_is_matched_whole():
    assert matches("groq/openai/*", "groq", "openai/gpt-oss-120b")
    assert matches("groq/*", "groq", "openai/gpt-oss-120b")
    assert not matches("openai/*", "groq", "openai/gpt-oss-120b")


@pytest.mark.parametrize(
    ("forbidden", "data_class", "is_out"),
    [
        (("third_party_may_train",), DataClass.TRAINS, True),
        (("third_party_may_train",), DataClass.THIRD_PARTY, False),
        (("third_party",), DataClass.THIRD_PARTY, True),
        (("third_party",), DataClass.TRAINS, True),
        (("third_party",), DataClass.LOCAL, False),
    ],
)
def test_forbidding_third_parties_forbids_those_that_train_too(forbidden, data_class, is_out):
    assert bool(objection([PolicyRules("you", forbidden_data=forbidden)], "x", "y", data_class)) is is_out


PATTERNS = st.lists(st.sampled_from(["openai", "openai/*", "*", "*/gpt*", "groq", "deepseek/x"]), max_size=3).map(tuple)
RULES = st.builds(PolicyRules, st.just("s"), PATTERNS, PATTERNS, st.sampled_from([(), ("third_party",)]))


@given(st.lists(RULES, max_size=4), RULES)
def test_another_set_of_rules_never_lets_anybody_in(rules, more):
    if objection(rules, *OPENAI):
        assert objection([*rules, more], *OPENAI)
    assert bool(objection([*rules, more], *OPENAI)) == bool(objection([more, *rules], *OPENAI))
