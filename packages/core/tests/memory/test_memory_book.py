"""Corrections and ratings on disk: in force at once, undone at will, carried over as a file."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_router_core.errors import ConfigError, StorageError
from llm_router_core.memory import book, exchange
from llm_router_core.memory.book import (
    add_rule,
    find_answered,
    forget,
    forget_all,
    import_rules,
    list_rules,
    rate,
    rules_now,
)
from llm_router_core.memory.exchange import exported, merged, read_export
from llm_router_core.memory.rules import new_rule
from llm_router_core.storage import decisions, retention
from llm_router_core.storage.database import Database
from llm_router_core.storage.decisions import Decision

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PROJECT, OTHER = "0123456789abcdef", "fedcba9876543210"
KIND = ("", "query", "simple")
MODEL = "ollama/gemma4"


class Clock:
    def now(self):
        return NOW

    def monotonic_s(self):
        return 0.0


@pytest.fixture
def db(tmp_path):
    with Database.open(str(tmp_path / "home"), Clock()) as database:
        yield database


def decide(db, number: int, chosen: str = MODEL, *, at: datetime = NOW) -> str:
    decision_id = f"{number:032x}"
    row = Decision(decision_id, at, "s", PROJECT, "query", "simple", 90, chosen, "why", (chosen,), "ok")
    decisions.record(db, row)
    return decision_id


def say(db, number: int, *, is_good: bool, chosen: str = MODEL, at: datetime = NOW):
    return rate(db, find_answered(db, decide(db, number, chosen)), is_good=is_good, now=at)


@pytest.mark.requirement("memory.correction")
def test_a_correction_holds_from_the_next_look_on_also_in_another_process(db, tmp_path):
    rule = add_rule(db, KIND, "prefer", "openai/gpt-5.4", now=NOW)
    with Database.open(str(tmp_path / "home"), Clock()) as other:
        assert rules_now(other, PROJECT) == (rule,)


def test_a_new_rule_of_the_same_subject_replaces_the_old_one(db):
    add_rule(db, KIND, "prefer", MODEL, now=NOW)
    newer = add_rule(db, KIND, "avoid", MODEL, now=NOW)
    assert list_rules(db) == (newer,)


def test_the_last_word_is_the_newest_even_when_the_clock_goes_back(db):
    add_rule(db, KIND, "prefer", "openai", now=NOW)
    later = add_rule(db, KIND, "prefer", "anthropic", now=NOW - timedelta(days=400))
    assert list_rules(db)[0] == later


def test_a_project_sees_its_own_rules_first_and_no_other_projects(db):
    everywhere = add_rule(db, KIND, "prefer", "openai", now=NOW)
    own = add_rule(db, (PROJECT, "query", "simple"), "prefer", "anthropic", now=NOW)
    add_rule(db, (OTHER, "query", "simple"), "prefer", "xai", now=NOW)
    add_rule(db, KIND, "prefer", "groq", now=NOW)
    assert [rule.target for rule in rules_now(db, PROJECT)] == ["anthropic", "groq", "openai"]
    assert own.rule_id != everywhere.rule_id
    assert len(list_rules(db)) == 4


def test_a_memory_that_cannot_be_read_stops_no_route(db, monkeypatch):
    def broken(*_):
        raise StorageError("locked")

    monkeypatch.setattr(book, "list_rules", broken)
    assert rules_now(db, PROJECT) == ()
    assert rules_now(None, PROJECT) == ()


@pytest.mark.requirement("memory.rating")
def test_two_bad_ratings_of_a_model_for_a_kind_avoid_it_there_and_a_good_one_takes_that_back(db):
    assert say(db, 1, is_good=False).made is None
    made = say(db, 2, is_good=False).made
    assert made is not None
    assert (made.action, made.target, made.task_type, made.complexity, made.project) == (
        "avoid", MODEL, "query", "simple", "",
    )  # fmt: skip
    assert list_rules(db) == (made,)
    assert say(db, 3, is_good=True).lifted == made
    assert list_rules(db) == ()
    assert say(db, 4, is_good=False).made is None


def test_the_same_answer_rated_bad_twice_counts_once(db):
    assert say(db, 1, is_good=False).bad_in_a_row == 1
    assert say(db, 1, is_good=False).bad_in_a_row == 1
    assert list_rules(db) == ()


def test_a_second_thought_about_the_same_answer_replaces_the_first(db):
    say(db, 1, is_good=False)
    assert say(db, 2, is_good=False).made is not None
    assert say(db, 2, is_good=True).lifted is not None


def test_bad_ratings_of_two_models_do_not_add_up(db):
    say(db, 1, is_good=False)
    assert say(db, 2, is_good=False, chosen="ollama/qwen3.5").made is None


def test_a_good_rating_touches_no_rule_the_user_wrote(db):
    rule = add_rule(db, KIND, "avoid", MODEL, now=NOW)
    say(db, 1, is_good=False)
    say(db, 2, is_good=False)
    assert say(db, 3, is_good=True).lifted is None
    assert list_rules(db) == (rule,)


def test_a_correction_after_bad_ratings_starts_the_count_anew(db):
    say(db, 1, is_good=False)
    say(db, 2, is_good=False)
    rule = add_rule(db, KIND, "prefer", MODEL, now=NOW)
    assert say(db, 3, is_good=False).made is None
    assert list_rules(db) == (rule,)


def test_a_rule_outlives_the_ratings_it_came_from(db):
    say(db, 1, is_good=False)
    made = say(db, 2, is_good=False).made
    retention.prune(db, NOW + timedelta(days=100))
    assert list_rules(db) == (made,)
    assert say(db, 3, is_good=False, at=NOW + timedelta(days=100)).lifted is None
    assert list_rules(db) == (made,)


def test_forgetting_a_rule_forgets_the_ratings_it_came_from(db):
    say(db, 1, is_good=False)
    made = say(db, 2, is_good=False).made
    assert forget(db, made.rule_id) == made
    assert list_rules(db) == ()
    assert say(db, 3, is_good=False).made is None


def test_forgetting_everything_says_how_much_it_was(db):
    add_rule(db, KIND, "prefer", "openai", now=NOW)
    say(db, 1, is_good=False)
    assert forget_all(db) == (1, 1)
    assert forget_all(db) == (0, 0)


def test_forgetting_an_unknown_rule_is_refused(db):
    with pytest.raises(ConfigError, match="no rule"):
        forget(db, "ffffffffff")


@pytest.mark.parametrize("name", ["abc", "zzzzzzzz", "../../etc", "a" * 33, "00000000' OR 1"])
def test_a_name_that_is_no_decision_is_refused(db, name):
    decide(db, 1)
    with pytest.raises(ConfigError):
        find_answered(db, name)


def test_a_decision_is_found_by_the_beginning_of_its_id_and_by_default_the_latest(db):
    decide(db, 0xABCDEF << 104, at=NOW - timedelta(hours=1))
    decide(db, 0xABCDEE << 104)
    assert find_answered(db, "abcdef").decision_id.startswith("abcdef")
    assert find_answered(db).decision_id.startswith("abcdee")


def test_an_ambiguous_beginning_is_refused(db):
    decide(db, 1)
    decide(db, 2)
    with pytest.raises(ConfigError, match="more than one"):
        find_answered(db, "000000")


def test_without_decisions_or_an_answer_there_is_nothing_to_rate(db):
    with pytest.raises(ConfigError, match="nothing was routed"):
        find_answered(db)
    decide(db, 1, "")
    with pytest.raises(ConfigError, match="nobody answered"):
        find_answered(db)


def test_the_memory_is_bounded(db, monkeypatch):
    monkeypatch.setattr(book, "MAX_RULES", 2)
    add_rule(db, KIND, "prefer", "openai", now=NOW)
    add_rule(db, KIND, "prefer", "groq", now=NOW)
    add_rule(db, KIND, "avoid", "groq", now=NOW)
    with pytest.raises(ConfigError, match="the most"):
        add_rule(db, KIND, "prefer", "xai", now=NOW)
    assert len(list_rules(db)) == 2


RULES = st.lists(
    st.builds(
        lambda action, target, project, task, complexity, hours: new_rule(
            (project, task, complexity), action, target, created_at=NOW - timedelta(hours=hours), source="import"
        ),
        st.sampled_from(["prefer", "avoid"]),
        st.sampled_from(["openai", "openai/gpt-5.4", "ollama/gemma4:27b", "openrouter/x-ai/grok-5"]),
        st.sampled_from(["", PROJECT]),
        st.sampled_from(["query", "code"]),
        st.sampled_from(["", "simple"]),
        st.integers(0, 10_000),
    ),
    max_size=10,
    unique_by=lambda rule: rule.rule_id,
)


@given(RULES)
def test_what_is_exported_is_what_is_imported(rules):
    assert read_export(exported(tuple(reversed(rules)), at=NOW).encode(), now=NOW) == tuple(rules)


@given(RULES, RULES)
def test_merging_keeps_the_newer_of_two_and_is_done_after_once(own, foreign):
    first = merged(own, foreign)
    for rule in first.rules:
        rivals = [one for one in (*own, *foreign) if one.rule_id == rule.rule_id]
        assert rule.created_at == max(one.created_at for one in rivals)
    assert {rule.rule_id for rule in first.rules} == {rule.rule_id for rule in (*own, *foreign)}
    again = merged(tuple(reversed(first.rules)), foreign)
    assert (again.added, again.replaced) == (0, 0)
    assert sorted(again.rules, key=str) == sorted(first.rules, key=str)


@pytest.mark.requirement("memory.exchange")
def test_a_memory_moves_to_another_machine(db, tmp_path):
    add_rule(db, KIND, "prefer", "openai", now=NOW - timedelta(hours=2))
    add_rule(db, KIND, "avoid", MODEL, now=NOW - timedelta(hours=1))
    text = exported(list_rules(db), at=NOW)
    with Database.open(str(tmp_path / "other"), Clock()) as other:
        merge = import_rules(other, text.encode(), now=NOW)
        assert (merge.added, merge.replaced, merge.kept) == (2, 0, 0)
        assert [(rule.action, rule.target, rule.source) for rule in list_rules(other)] == [
            ("avoid", MODEL, "import"),
            ("prefer", "openai", "import"),
        ]
        assert import_rules(other, text.encode(), now=NOW).kept == 2


def test_replacing_leaves_only_what_the_file_holds(db):
    text = exported([new_rule(KIND, "prefer", "groq", created_at=NOW)], at=NOW)
    add_rule(db, KIND, "prefer", "openai", now=NOW)
    import_rules(db, text.encode(), now=NOW, replaces=True)
    assert [rule.target for rule in list_rules(db)] == ["groq"]


def test_a_date_in_the_future_or_before_time_is_moved_into_it(db):
    file = json.loads(exported([new_rule(KIND, "prefer", "groq", created_at=NOW)], at=NOW))
    for date, expected in (
        ("9999-12-31T23:59:59-14:00", NOW),
        ("0001-01-01T00:00:00+14:00", datetime(1970, 1, 1, tzinfo=UTC)),
    ):
        file["rules"][0]["created_at"] = date
        assert read_export(json.dumps(file).encode(), now=NOW)[0].created_at == expected


GOOD = json.loads(exported([new_rule(KIND, "prefer", "groq", created_at=NOW)], at=NOW))
RULE = GOOD["rules"][0]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[" * 100_000,
        b"null",
        b"[]",
        b"{}",
        json.dumps({**GOOD, "llm_router_memory": 2}).encode(),
        json.dumps({**GOOD, "llm_router_memory": True}).encode(),
        json.dumps({**GOOD, "note": "hi"}).encode(),
        json.dumps({**GOOD, "rules": "all"}).encode(),
        json.dumps({**GOOD, "rules": [RULE] * 501}).encode(),
        json.dumps({**GOOD, "rules": [{**RULE, "prompt": "text"}]}).encode(),
        json.dumps({**GOOD, "rules": [{**RULE, "target": "x" * 500}]}).encode(),
        json.dumps({**GOOD, "rules": [{**RULE, "target": 5}]}).encode(),
        json.dumps({**GOOD, "rules": [{**RULE, "target": "\ud800"}]}).encode(),
        json.dumps({**GOOD, "rules": [{**RULE, "action": "run"}]}).encode(),
        json.dumps({**GOOD, "rules": [{**RULE, "project": "../../x"}]}).encode(),
        json.dumps({**GOOD, "rules": [{**RULE, "created_at": "yesterday"}]}).encode(),
        json.dumps({**GOOD, "rules": [{**RULE, "created_at": 1e300}]}).encode(),
        json.dumps({**GOOD, "rules": [{**RULE, "created_at": "2026-11-24T12:00:00"}]}).encode(),
        json.dumps({**GOOD, "rules": [{**RULE, "task_type": "poetry"}]}).encode(),
        b'{"llm_router_memory": 1, "llm_router_memory": 1, "exported_at": "2026-11-24T12:00:00Z", "rules": []}',
        b" " * (exchange.MAX_FILE_BYTES + 1),
    ],
)
def test_a_file_that_is_not_exactly_an_export_is_refused_and_changes_nothing(db, content):
    rule = add_rule(db, KIND, "prefer", "openai", now=NOW)
    with pytest.raises(ConfigError) as refused:
        import_rules(db, content, now=NOW, replaces=True)
    assert refused.value.remedy
    assert len(refused.value.message) < 400
    assert list_rules(db) == (rule,)


def test_more_rules_than_the_memory_holds_are_refused_as_a_whole(db, monkeypatch):
    monkeypatch.setattr(exchange, "MAX_RULES", 1)
    add_rule(db, KIND, "prefer", "openai", now=NOW)
    text = exported([new_rule(KIND, "prefer", "groq", created_at=NOW)], at=NOW)
    with pytest.raises(ConfigError, match="the most"):
        import_rules(db, text.encode(), now=NOW)
    assert len(list_rules(db)) == 1


def test_an_export_says_nothing_of_where_a_rule_came_from():
    rule = replace(new_rule(KIND, "avoid", MODEL, created_at=NOW), source="rating")
    assert "rating" not in exported([rule], at=NOW)
