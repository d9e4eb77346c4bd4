"""What a rule does to a chain, and which rule wins."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_router_core.catalog.entries import Complexity, DataClass, Model, Profile, TaskType
from llm_router_core.chains.candidates import Candidate, Wanted
from llm_router_core.chains.demotion import demote
from llm_router_core.chains.remembered import remember, remembered_slots, retask, retasked
from llm_router_core.errors import ConfigError
from llm_router_core.memory.rules import because, names, new_rule, ranked
from llm_router_core.providers.endpoint import Endpoint

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PROJECT = "0123456789abcdef"
WANTED = Wanted(TaskType.QUERY, Complexity.SIMPLE, Profile.BALANCED)
IDS = (
    "ollama/gemma4",
    "ollama/qwen3.5",
    "google/gemini-3.8-flash",
    "openai/gpt-5.4-mini",
    "anthropic/claude-haiku-4.5",
)


def candidate(model_id: str) -> Candidate:
    provider, _, name = model_id.partition("/")
    is_free = provider == "ollama"
    data_class = DataClass.LOCAL if is_free else DataClass.THIRD_PARTY
    endpoint = Endpoint(provider, "openai_chat", "http://127.0.0.1:9", data_class)
    cost = 0 if is_free else 100
    return Candidate(provider, Model(provider, name), endpoint, is_free, cost, 100, why="its place in the table")


CHAIN = tuple(candidate(one) for one in IDS)


def rule(action, target, *, project="", task="query", complexity="simple", age_h=0):
    return new_rule((project, task, complexity), action, target, created_at=NOW - timedelta(hours=age_h))


def order(*rules, wanted=WANTED) -> list[str]:
    return [one.id for one in remember(CHAIN, wanted, ranked(rules))[0]]


@pytest.mark.requirement("memory.correction")
def test_a_correction_puts_its_model_first_and_says_so():
    found, avoided = remember(CHAIN, WANTED, (rule("prefer", "openai/gpt-5.4-mini"),))
    assert [one.id for one in found] == [IDS[3], IDS[0], IDS[1], IDS[2], IDS[4]]
    assert found[0].why.startswith("you corrected this kind on 2026-11-24 (memory ")
    assert avoided == ()


def test_an_avoided_model_is_taken_away_with_its_reason():
    one = rule("avoid", "ollama/gemma4")
    found, avoided = remember(CHAIN, WANTED, (one,))
    assert [c.id for c in found] == list(IDS[1:])
    assert [(r.candidate, r.stage, r.reason) for r in avoided] == [("ollama/gemma4", "memory", because(one))]


def test_a_rule_for_a_provider_names_all_its_models_and_no_other():
    assert order(rule("avoid", "ollama")) == list(IDS[2:])
    assert not names(rule("avoid", "ollama"), "ollama-cloud/gemma4")
    assert order(rule("prefer", "anthropic"))[0] == IDS[4]


@pytest.mark.parametrize("kind", [{"task": "code"}, {"complexity": "complex"}])
def test_a_rule_for_another_kind_changes_nothing(kind):
    assert order(rule("avoid", "ollama", **kind)) == list(IDS)


def test_a_rule_for_every_complexity_holds_for_this_one():
    assert order(rule("avoid", "ollama", complexity="")) == list(IDS[2:])


def test_the_newest_of_two_preferences_stands_first():
    assert order(rule("prefer", IDS[4]), rule("prefer", IDS[3], age_h=1))[:2] == [IDS[4], IDS[3]]


def test_the_newest_of_two_contradicting_rules_wins():
    assert order(rule("prefer", IDS[0]), rule("avoid", "ollama", age_h=1)) == [IDS[0], *IDS[2:]]
    assert order(rule("avoid", "ollama"), rule("prefer", IDS[0], age_h=1)) == list(IDS[2:])


def test_the_projects_rule_wins_over_a_newer_one_for_everywhere():
    assert order(rule("avoid", IDS[0]), rule("prefer", IDS[0], project=PROJECT, age_h=99))[0] == IDS[0]


def test_a_model_named_for_this_prompt_is_left_alone():
    named = Wanted(TaskType.QUERY, Complexity.SIMPLE, Profile.BALANCED, model=IDS[0])
    assert order(rule("avoid", IDS[0]), wanted=named) == list(IDS)
    assert remembered_slots(named, (rule("prefer", IDS[3]),)) == []


def test_a_rule_may_leave_nobody_and_then_every_rejection_names_it():
    rules = [rule("avoid", provider) for provider in ("ollama", "google", "openai", "anthropic")]
    found, avoided = remember(CHAIN, WANTED, rules)
    assert found == ()
    assert [one.candidate for one in avoided] == list(IDS)


RULES = st.lists(
    st.builds(
        lambda action, target, project, complexity, age: rule(
            action, target, project=project, complexity=complexity, age_h=age
        ),
        st.sampled_from(["prefer", "avoid"]),
        st.sampled_from([*IDS, "ollama", "openai", "xai", "xai/grok-5"]),
        st.sampled_from(["", PROJECT]),
        st.sampled_from(["", "simple", "complex"]),
        st.integers(0, 1000),
    ),
    max_size=12,
)


@pytest.mark.requirement("memory.constraints")
@given(RULES, st.lists(st.sampled_from(CHAIN), unique_by=lambda one: one.id))
def test_no_rules_bring_in_a_candidate_that_was_not_there_or_lose_one_without_a_reason(rules, chain):
    found, avoided = remember(chain, WANTED, ranked(rules))
    before = sorted(one.id for one in chain)
    assert sorted([*(one.id for one in found), *(one.candidate for one in avoided)]) == before
    assert {one.worst_case_microusd for one in found} <= {0, 100}


@given(RULES)
def test_the_same_rules_give_the_same_order_in_every_run(rules):
    assert remember(CHAIN, WANTED, ranked(rules)) == remember(CHAIN, WANTED, ranked(rules))


def test_a_kind_can_be_treated_as_another():
    one = rule("treat_as", "code/moderate")
    found = retask(TaskType.QUERY, Complexity.SIMPLE, (one,))
    assert found == one
    assert retasked(one, Complexity.SIMPLE) == (TaskType.CODE, Complexity.MODERATE)
    assert retasked(rule("treat_as", "code"), Complexity.SIMPLE) == (TaskType.CODE, Complexity.SIMPLE)
    assert retask(TaskType.CODE, Complexity.SIMPLE, (one,)) is None
    assert order(one) == list(IDS)


def test_a_preferred_model_outside_the_row_gets_a_slot_that_is_filtered_like_any_other():
    slots = remembered_slots(WANTED, (rule("prefer", "xai/grok-5"), rule("prefer", "openai"), rule("avoid", "xai/x")))
    assert [(slot.name, slot.provider, slot.model) for slot in slots] == [("memory", "xai", "grok-5")]


@pytest.mark.parametrize(
    ("kind", "action", "target"),
    [
        (("", "poetry", "simple"), "prefer", "openai"),
        (("", "query", "trivial"), "prefer", "openai"),
        (("../x", "query", "simple"), "prefer", "openai"),
        (("", "query", "simple"), "prefer", ""),
        (("", "query", "simple"), "prefer", "/gpt"),
        (("", "query", "simple"), "prefer", "openai/"),
        (("", "query", "simple"), "prefer", "open ai/gpt"),
        (("", "query", "simple"), "prefer", "openai/gpt\nnext"),
        (("", "query", "simple"), "prefer", "openai/" + "x" * 200),
        (("", "query", "simple"), "delete", "openai"),
        (("", "query", "simple"), "treat_as", "openai"),
        (("", "query", "simple"), "treat_as", "code/hard"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_with_what_to_write(kind, action, target):
    with pytest.raises(ConfigError) as refused:
        new_rule(kind, action, target, created_at=NOW)
    assert refused.value.remedy


@pytest.mark.requirement("judging.demotion")
def test_a_demoted_model_waits_at_the_end_of_its_group_and_says_why():
    reasons = {"ollama/gemma4": "demoted: mean 0.52 over 11 judged answers", "openai/gpt-5.4-mini": "demoted: x"}
    found = demote(CHAIN, reasons)
    assert [one.id for one in found] == [IDS[1], IDS[0], IDS[2], IDS[4], IDS[3]]
    assert found[1].why == "its place in the table; demoted: mean 0.52 over 11 judged answers"


def test_the_memory_has_the_last_word_over_a_demotion():
    demoted = demote(CHAIN, {"ollama/gemma4": "demoted: x"})
    found, _ = remember(demoted, WANTED, (rule("prefer", "ollama/gemma4"),))
    assert found[0].id == "ollama/gemma4"


@given(st.sets(st.sampled_from(IDS)))
def test_demotion_drops_nobody_and_keeps_the_free_before_the_paid(names_):
    found = demote(CHAIN, dict.fromkeys(names_, "demoted"))
    assert sorted(one.id for one in found) == sorted(IDS)
    assert [one.is_free for one in found] == sorted((one.is_free for one in found), reverse=True)
