"""The judge's reply is trusted for exactly one JSON object, and a model is not judged by its own kin."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_router_core.judging.family import family_of, may_judge
from llm_router_core.judging.judge import is_sampled
from llm_router_core.judging.verdict import (
    MAX_ANSWER,
    Verdict,
    clipped,
    judge_request,
    new_marks,
    parse_verdict,
    score_of,
)
from llm_router_core.storage.quality import Parts

SEAL = "abcdef012345"
GOOD = {"seal": SEAL, "relevance": 1, "completeness": 0.5, "correctness": 0.25, "speaks_to_judge": False}


def test_an_exact_verdict_is_read_in_thousandths():
    assert parse_verdict(json.dumps(GOOD), SEAL) == Verdict(Parts(1000, 500, 250), speaks_to_judge=False)
    assert parse_verdict(f"\n```json\n{json.dumps(GOOD)}\n```\n", SEAL).parts == Parts(1000, 500, 250)


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "1.0",
        "null",
        "[]",
        '"perfect"',
        "The score is 1.0",
        json.dumps(GOOD) + " as asked",
        "Here: " + json.dumps(GOOD),
        json.dumps(GOOD) + json.dumps(GOOD),
        json.dumps({**GOOD, "seal": "0" * 12}),
        json.dumps({**GOOD, "seal": 5}),
        json.dumps({**GOOD, "seal": "ä"}),
        json.dumps({**GOOD, "extra": 1}),
        json.dumps({**GOOD, "speaks_to_judge": 0}),
        json.dumps({**GOOD, "speaks_to_judge": "no"}),
        json.dumps({key: value for key, value in GOOD.items() if key != "seal"}),
        json.dumps({**GOOD, "relevance": 1.01}),
        json.dumps({**GOOD, "relevance": -0.1}),
        json.dumps({**GOOD, "relevance": True}),
        json.dumps({**GOOD, "relevance": "1.0"}),
        json.dumps({**GOOD, "relevance": None}),
        json.dumps({**GOOD, "relevance": [1]}),
        json.dumps({**GOOD, "relevance": float("nan")}),
        json.dumps({**GOOD, "relevance": float("inf")}),
        json.dumps({**GOOD, "relevance": 10**400}),
        '{"seal": "abcdef012345", "relevance": 0, "relevance": 1, "completeness": 1, "correctness": 1}',
        "[" * 1999,
        " " * 10 + "x" * 3000,
        '{"seal": "\\ud800", "relevance": 1, "completeness": 1, "correctness": 1}',
    ],
)
def test_anything_else_is_no_verdict(reply):
    with pytest.raises(ValueError, match=r"."):
        parse_verdict(reply, SEAL)


@given(st.text(max_size=300))
def test_no_text_makes_the_parser_fail_otherwise(reply):
    with contextlib.suppress(ValueError):
        parse_verdict(reply, SEAL)


@given(st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 1000))
def test_a_score_is_a_mean_that_never_passes_its_ceiling(relevance, completeness, correctness, ceiling):
    score = score_of(Parts(relevance, completeness, correctness), ceiling)
    assert 0 <= score <= ceiling
    assert score <= max(relevance, completeness, correctness)


def test_question_and_answer_stand_between_marks_that_differ_each_time():
    first, second = new_marks(), new_marks()
    assert len({first.question, first.answer, first.seal, second.question, second.answer, second.seal}) == 6
    request = judge_request("what?", "that", first)
    system, user = request.messages
    assert first.seal in system.text
    assert first.seal not in user.text
    assert user.text == f"{first.question}\nwhat?\n/{first.question}\n{first.answer}\nthat\n/{first.answer}"
    assert request.sampling.temperature == 0.0


def test_a_long_answer_is_shown_by_its_head_and_tail():
    shown = clipped("a" * 40_000 + "z" * 40_000, MAX_ANSWER)
    assert len(shown) < MAX_ANSWER + 60
    assert (shown[0], shown[-1]) == ("a", "z")
    assert "64000 characters are left out" in shown


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("openai/gpt-5.4-mini", "openai"),
        ("codex/gpt-5.4", "openai"),
        ("openai/o3", "openai"),
        ("openrouter/anthropic/claude-haiku-4.5", "anthropic"),
        ("google/gemini-3.8-flash", "google"),
        ("ollama/gemma4", "google"),
        ("ollama/gemma4:27b-cloud", "google"),
        ("groq/llama-4-scout", "meta"),
        ("ollama/qwen3-coder-next", "alibaba"),
        ("together/Meta-Llama-3.3", "meta"),
        ("fireworks/accounts/fireworks/models/deepseek-v3", "deepseek"),
        ("mine/olmo-3", "olmo"),
        ("mine/123", "123"),
    ],
)
def test_the_family_is_who_made_the_model_not_who_serves_it(model, family):
    assert family_of(model) == family


def test_a_judge_says_nothing_of_itself_or_its_family():
    assert not may_judge("openai/gpt-5.4", "openai/gpt-5.4")
    assert not may_judge("openai/gpt-5.4", "openrouter/openai/gpt-oss-120b")
    assert not may_judge("google/gemini-3.8-flash", "ollama/gemma4")
    assert may_judge("anthropic/claude-haiku-4.5", "ollama/gemma4")


def test_no_rate_means_nobody_and_a_rate_of_one_means_everybody():
    ids = [f"{n:032x}" for n in range(500)]
    assert not any(is_sampled(one, 0.0) for one in ids)
    assert all(is_sampled(one, 1.0) for one in ids)


def test_a_tenth_of_the_decisions_is_about_a_tenth():
    share = sum(is_sampled(f"{n:032x}", 0.1) for n in range(10_000)) / 10_000
    assert 0.09 < share < 0.11


@given(st.text(max_size=64), st.floats(0, 1), st.floats(0, 1))
def test_a_higher_rate_judges_the_same_decisions_and_more(decision_id, one, other):
    low, high = sorted((one, other))
    assert is_sampled(decision_id, low) <= is_sampled(decision_id, high)
    assert is_sampled(decision_id, low) == is_sampled(decision_id, low)
