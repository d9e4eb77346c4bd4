"""The chain tables of the product page, and every rule that changes them."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from llm_router_core.catalog.entries import Complexity, DataClass, Model, Profile, TaskType
from llm_router_core.catalog.load import load_catalog
from llm_router_core.chains.build import build
from llm_router_core.chains.candidates import Wanted, World
from llm_router_core.chains.tables import load_tables
from llm_router_core.providers.endpoint import Endpoint

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
CATALOG = load_catalog()


def everyone() -> World:
    """A world in which every provider of the chain tables could be reached."""
    endpoints = {
        row.id: Endpoint(row.id, row.dialect, "http://127.0.0.1:9", row.data_class)
        for row in CATALOG.providers.values()
        if row.id in {slot.partition("/")[0] for slot in load_tables().slots.values()}
    }
    local = tuple(CATALOG.local_model("ollama", name, context_tokens=32_768) for name in ("gemma4", "qwen3-coder-next"))
    named = {"codex": ("gpt-5.4",), "gemini-cli": ("gemini-3.8-flash",)}
    return World(NOW, endpoints, local_models={"ollama": local}, named_models=named)


def wish(complexity: Complexity, **fields: object) -> Wanted:
    fields.setdefault("task_type", TaskType.QUERY)
    return Wanted(complexity=complexity, input_bytes=400, **fields)  # type: ignore[arg-type]


def slots(wanted: Wanted, world: World | None = None) -> list[str]:
    names: list[str] = []
    for candidate in build(wanted, world or everyone(), CATALOG).candidates:
        if candidate.slot not in names:
            names.append(candidate.slot)
    return names


@pytest.mark.requirement("chains.simple")
def test_a_simple_prompt_walks_the_simple_row():
    assert slots(wish(Complexity.SIMPLE)) == [
        "ollama", "codex", "gemini-cli", "gemini-flash", "groq", "gpt-mini", "claude-haiku",
    ]  # fmt: skip


@pytest.mark.requirement("profiles.balanced")
@pytest.mark.requirement("chains.moderate")
def test_a_moderate_prompt_walks_the_moderate_row():
    assert slots(wish(Complexity.MODERATE)) == [
        "ollama", "codex", "gemini-cli", "gemini-pro", "gpt", "deepseek", "claude-sonnet",
    ]  # fmt: skip


@pytest.mark.requirement("chains.complex")
def test_a_complex_prompt_uses_only_local_models_marked_capable():
    chain = build(wish(Complexity.COMPLEX), everyone(), CATALOG)
    assert [c.id for c in chain.candidates if c.model.provider == "ollama"] == ["ollama/qwen3-coder-next"]
    assert any(r.candidate == "ollama/gemma4" and "not marked capable" in r.reason for r in chain.rejected)
    assert slots(wish(Complexity.COMPLEX)) == ["ollama", "codex", "o-series", "gemini-pro", "claude-opus"]


@pytest.mark.requirement("chains.deep-reasoning")
def test_deep_reasoning_asks_for_high_effort():
    chain = build(wish(Complexity.DEEP_REASONING), everyone(), CATALOG)
    assert [(c.slot, c.effort) for c in chain.candidates] == [
        ("o-series", "high"),
        ("gemini-pro", "high"),
        ("claude-opus", "high"),
    ]


@pytest.mark.requirement("chains.research-grounded")
def test_research_goes_only_to_web_grounded_models():
    chain = build(wish(Complexity.SIMPLE, task_type=TaskType.RESEARCH), everyone(), CATALOG)
    assert [c.slot for c in chain.candidates] == ["sonar", "gemini-web", "gpt-web"]
    assert {r.stage for r in chain.rejected} == {"ability"}
    assert all(c.needs_web for c in chain.candidates)
    assert [c.endpoint.dialect for c in chain.candidates] == ["openai_chat", "gemini", "openai_responses"]


@pytest.mark.requirement("chains.media")
def test_media_tasks_have_a_chain_for_every_profile():
    tables = load_tables()
    for task in ("image", "video", "audio"):
        for profile in Profile:
            wanted = wish(Complexity.SIMPLE, task_type=TaskType(task), profile=profile)
            assert [s.slot for s in build(wanted, everyone(), CATALOG).candidates] == list(tables.media[task][profile])


@pytest.mark.requirement("chains.planned-reason")
def test_a_candidate_whose_provider_comes_later_is_named_with_that_reason():
    world = replace(everyone(), endpoints={}, unusable={"codex": "the Codex CLI is not part of this version"})
    chain = build(wish(Complexity.SIMPLE), world, CATALOG)
    assert not chain.candidates
    reasons = {r.candidate: r.reason for r in chain.rejected}
    assert reasons["codex"] == "the Codex CLI is not part of this version"


@pytest.mark.requirement("profiles.budget")
def test_budget_takes_paid_models_one_step_lower_and_claude_last():
    names = slots(wish(Complexity.MODERATE, profile=Profile.BUDGET))
    assert names == ["ollama", "codex", "gemini-cli", "gemini-flash", "groq", "gpt-mini", "claude-haiku"]
    complex_names = slots(wish(Complexity.COMPLEX, profile=Profile.BUDGET))
    assert complex_names == ["ollama", "codex", "gemini-pro", "gpt", "deepseek", "claude-sonnet"]


@pytest.mark.requirement("profiles.premium")
def test_premium_puts_the_strongest_paid_model_first_and_skips_free_ones_not_marked_capable():
    names = slots(wish(Complexity.MODERATE, profile=Profile.PREMIUM))
    assert names[0] == "ollama"
    world = everyone()
    weak = replace(world, local_models={"ollama": (Model("ollama", "tiny"),)})
    assert slots(wish(Complexity.MODERATE, profile=Profile.PREMIUM), weak)[0] == "claude-sonnet"
    assert slots(wish(Complexity.SIMPLE, profile=Profile.PREMIUM), weak)[0] == "claude-haiku"


@pytest.mark.requirement("chains.quality-mode")
def test_quality_mode_moves_the_row_up_and_down_but_never_into_deep_reasoning():
    assert "claude-sonnet" in slots(wish(Complexity.SIMPLE, quality_mode="best"))
    assert "claude-opus" in slots(wish(Complexity.COMPLEX, quality_mode="best"))
    assert all(
        c.effort is None for c in build(wish(Complexity.COMPLEX, quality_mode="best"), everyone(), CATALOG).candidates
    )
    assert "claude-haiku" in slots(wish(Complexity.MODERATE, quality_mode="conserve"))


@pytest.mark.requirement("chains.min-model")
def test_min_model_drops_everything_marked_for_less():
    chain = build(wish(Complexity.SIMPLE, min_model="anthropic/claude-sonnet-5-5"), everyone(), CATALOG)
    dropped = {r.candidate for r in chain.rejected if r.stage == "policy"}
    assert "openai/gpt-6-luna" in dropped
    assert all(c.model.tier in {Complexity.COMPLEX, Complexity.DEEP_REASONING} for c in chain.candidates)


@pytest.mark.requirement("privacy.secret-stays-local")
def test_a_secret_leaves_only_local_candidates():
    chain = build(wish(Complexity.SIMPLE, secret=True), everyone(), CATALOG)
    assert chain.candidates
    assert {c.endpoint.data_class for c in chain.candidates} == {DataClass.LOCAL}
    assert {r.stage for r in chain.rejected} == {"privacy"}


@pytest.mark.requirement("privacy.secret-stays-local")
def test_naming_a_model_does_not_let_a_secret_out():
    chain = build(wish(Complexity.SIMPLE, secret=True, model="openai/gpt-6-luna"), everyone(), CATALOG)
    assert not chain.candidates


@pytest.mark.requirement("chains.context-fit")
def test_a_prompt_too_long_for_a_window_skips_that_model():
    chain = build(replace(wish(Complexity.SIMPLE), input_bytes=600_000), everyone(), CATALOG)
    assert {r.candidate for r in chain.rejected if r.stage == "fit"} >= {"ollama/gemma4", "groq/openai/gpt-oss-120b"}


@pytest.mark.requirement("chains.order-of-constraints")
def test_the_first_constraint_in_order_gives_the_reason():
    world = replace(
        everyone(),
        open_breakers={("openai", "gpt-6-luna"): "left alone"},
        headroom_microusd={"day": 0},
    )
    by_stage = {}
    for secret in (True, False):
        chain = build(wish(Complexity.SIMPLE, secret=secret), world, CATALOG)
        by_stage[secret] = {r.candidate: r.stage for r in chain.rejected}["openai/gpt-6-luna"]
    assert by_stage == {True: "privacy", False: "health"}


@pytest.mark.requirement("budget.filter-reason")
def test_a_cap_without_room_drops_paid_candidates_with_its_name():
    world = replace(everyone(), headroom_microusd={"day": 1, "provider:groq": 0})
    chain = build(wish(Complexity.SIMPLE), world, CATALOG)
    assert all(c.is_free for c in chain.candidates)
    assert any("day cap" in r.reason for r in chain.rejected)


def test_a_provider_cap_touches_only_that_provider():
    world = replace(everyone(), headroom_microusd={"provider:groq": 0})
    chain = build(wish(Complexity.SIMPLE), world, CATALOG)
    assert {r.candidate for r in chain.rejected if r.stage == "budget"} == {"groq/openai/gpt-oss-120b"}


@pytest.mark.requirement("money.unknown-price")
def test_a_model_without_a_price_is_held_at_the_ceiling_never_at_zero():
    chain = build(wish(Complexity.SIMPLE, model="openai/not-in-any-table"), everyone(), CATALOG)
    (only,) = chain.candidates
    assert (only.is_price_known, only.worst_case_microusd) == (False, 500_000)


@pytest.mark.requirement("chains.override")
def test_a_named_model_is_the_whole_chain():
    chain = build(wish(Complexity.DEEP_REASONING, model="anthropic/claude-haiku-5-5"), everyone(), CATALOG)
    assert [c.id for c in chain.candidates] == ["anthropic/claude-haiku-5-5"]


def test_a_local_model_that_is_not_installed_says_so():
    chain = build(wish(Complexity.SIMPLE, model="ollama/llama9"), everyone(), CATALOG)
    assert [r.reason for r in chain.rejected] == ["it is not installed there"]


def test_every_slot_of_every_row_names_a_provider_of_the_catalogue():
    tables = load_tables()
    assert {target.partition("/")[0] for target in tables.slots.values()} <= set(CATALOG.providers)
    rows = [*tables.text.values(), tables.research, *(row for media in tables.media.values() for row in media.values())]
    assert {name for row in rows for name in row} <= set(tables.slots)


def test_every_priced_text_model_of_the_chains_has_a_row_in_the_catalogue():
    tables = load_tables()
    text = {name for row in tables.text.values() for name in row} | set(tables.research)
    named = {tables.slots[name] for name in text if not tables.slots[name].endswith("/*")}
    assert named <= set(CATALOG.models)


def test_a_server_the_user_named_stands_after_ollama_when_local_and_last_when_not():
    world = everyone()
    endpoints = {
        **world.endpoints,
        "mine": Endpoint("mine", "openai_chat", "http://127.0.0.1:8", DataClass.LOCAL),
        "theirs": Endpoint("theirs", "openai_chat", "https://llm.example/v1", DataClass.THIRD_PARTY),
    }
    world = replace(
        world,
        endpoints=endpoints,
        local_models={**world.local_models, "mine": (Model("mine", "small", tier=Complexity.SIMPLE),)},
        named_models={**world.named_models, "theirs": ("large",)},
    )
    names = slots(wish(Complexity.SIMPLE), world)
    assert names[:2] == ["ollama", "mine"]
    assert names[-1] == "theirs"
