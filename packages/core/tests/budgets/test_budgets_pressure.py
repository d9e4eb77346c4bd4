"""Pressure on the chain: step down from 85 %, out from 99 %, and unknown presses on nothing."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_router_core.budgets.pressure import cap_pressure, squeeze_on, step_down_reason
from llm_router_core.budgets.status import ScopeStatus
from llm_router_core.catalog.entries import Complexity, Profile, TaskType
from llm_router_core.catalog.load import load_catalog
from llm_router_core.chains.build import build
from llm_router_core.chains.candidates import Wanted, World
from llm_router_core.chains.order import relieved
from llm_router_core.providers.endpoint import Endpoint

CATALOG = load_catalog()
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def world(pressure: dict[str, float] | None = None) -> World:
    endpoints = {
        row.id: Endpoint(row.id, row.dialect, "http://127.0.0.1:9", row.data_class)
        for row in CATALOG.providers.values()
    }
    local = tuple(CATALOG.local_model("ollama", name, context_tokens=32_768) for name in ("gemma4", "qwen3-coder-next"))
    named = {"codex": ("gpt-5.4",), "gemini-cli": ("gemini-3.8-flash",)}
    return World(NOW, endpoints, local_models={"ollama": local}, named_models=named, pressure=pressure or {})


def wanted(complexity: Complexity = Complexity.MODERATE, **fields: object) -> Wanted:
    return Wanted(TaskType.QUERY, complexity, input_bytes=400, **fields)  # type: ignore[arg-type]


def ids(chain) -> list[str]:
    return [candidate.id for candidate in chain.candidates]


def test_a_day_cap_at_85_percent_takes_paid_models_from_one_complexity_lower():
    calm = build(wanted(), world({"day": 0.849}), CATALOG)
    tight = build(wanted(), world({"day": 0.85}), CATALOG)
    simple = build(wanted(Complexity.SIMPLE), world(), CATALOG)
    assert calm.row == "moderate"
    assert "85 % of the day cap" in tight.row
    paid = [c.id for c in simple.candidates if not c.is_free and c.model.provider not in {"codex", "gemini-cli"}]
    assert ids(tight)[-len(paid) :] == paid
    assert ids(calm) != ids(tight)


def test_a_provider_cap_at_85_percent_moves_it_behind_what_is_not_dearer():
    before = build(wanted(), world(), CATALOG).candidates
    pressed = next(c for c in before if c.slot == "gemini-pro")
    after = build(wanted(), world({f"provider:{pressed.model.provider}": 0.9}), CATALOG).candidates
    place = next(n for n, c in enumerate(after) if c.id == pressed.id)
    assert all(c.worst_case_microusd > pressed.worst_case_microusd for c in after[place + 1 :])
    assert {c.id for c in after} == {c.id for c in before}
    if [c.id for c in after] != [c.id for c in before]:
        assert "90 % of the provider:" in after[place].why


def test_a_quota_at_99_percent_takes_the_account_out_with_a_reason():
    chain = build(wanted(Complexity.SIMPLE), world({"quota:codex": 0.99}), CATALOG)
    assert "codex/gpt-5.4" not in ids(chain)
    (out,) = [r for r in chain.rejected if r.candidate == "codex/gpt-5.4"]
    assert (out.stage, out.reason) == ("pressure", "99 % of the quota of codex is used or held: it is out from 99% on")


def test_a_month_cap_at_99_percent_leaves_free_models_in():
    chain = build(wanted(Complexity.SIMPLE), world({"month": 0.995}), CATALOG)
    assert ids(chain)
    assert all(c.worst_case_microusd == 0 for c in chain.candidates)


def test_an_unknown_quota_presses_on_nothing():
    assert ids(build(wanted(), world({}), CATALOG)) == ids(build(wanted(), world({"quota:claude": 0.5}), CATALOG))
    assert squeeze_on({}, "codex", is_paid=True) is None


def test_a_premium_profile_is_stepped_down_too():
    chain = build(wanted(Complexity.COMPLEX, profile=Profile.PREMIUM), world({"session": 0.9}), CATALOG)
    assert "claude-opus" not in " ".join(ids(chain))


def test_a_cap_of_zero_is_full_and_no_cap_is_no_pressure():
    rows = [
        ScopeStatus("day", "", 20261124, 0, 0, 0),
        ScopeStatus("month", "", 202611, 40, 45, 100),
        ScopeStatus("project", "p", 202611, 40, 0, None),
    ]
    assert cap_pressure(rows) == {"day": 1.0, "month": 0.85}
    assert step_down_reason({"month": 0.85}) == "85 % of the month cap is used or held"


@pytest.mark.parametrize(
    ("scope", "provider", "is_paid", "presses"),
    [
        ("day", "openai", True, True), ("day", "ollama", False, False),
        ("provider:openai", "openai", True, True), ("provider:openai", "groq", True, False),
        ("quota:codex", "codex", False, True), ("quota:codex:work", "codex", False, True),
        ("quota:codex", "openai", True, False),
    ],
)  # fmt: skip
def test_each_scope_presses_on_its_own(scope, provider, is_paid, presses):
    assert (squeeze_on({scope: 1.0}, provider, is_paid=is_paid) is not None) == presses


@given(costs=st.lists(st.integers(0, 5), max_size=6), pressed=st.sets(st.integers(0, 5)))
def test_relief_only_ever_moves_the_pressed_behind_the_cheaper(costs, pressed):
    base = build(wanted(), world(), CATALOG).candidates[0]
    line = [
        replace(
            base, worst_case_microusd=cost, model=replace(base.model, provider=f"p{number}", name=f"m{number}"), why="x"
        )
        for number, cost in enumerate(costs)
    ]
    after = relieved(line, {f"quota:p{number}": 0.9 for number in pressed})
    names = [c.model.provider for c in after]
    assert sorted(names) == sorted(c.model.provider for c in line)
    calm = [c.model.provider for c in line if int(c.model.provider[1:]) not in pressed]
    assert [name for name in names if name in calm] == calm
    for place, one in enumerate(after):
        if int(one.model.provider[1:]) in pressed:
            behind = [c for c in after[place + 1 :] if c.model.provider in calm]
            assert all(c.worst_case_microusd > one.worst_case_microusd for c in behind)
