"""`llm-router memory`, `rate` and `quality`, run as a user runs them."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from llm_router_core.clock import SystemClock
from llm_router_core.storage import decisions, quality
from llm_router_core.storage.database import Database
from llm_router_core.storage.decisions import Decision
from llm_router_core.storage.quality import Judgement

MODEL = "ollama/gemma4"


@pytest.fixture
def decide(home):
    """Records a decision: `decide(1)` is an answer by gemma4 to a simple query."""

    def record(number: int, chosen: str = MODEL) -> str:
        decision_id = f"{number:032x}"
        row = Decision(decision_id, datetime.now(UTC), "s", "0123456789abcdef", "query", "simple", 90, chosen, "w")
        with Database.open(str(home), SystemClock()) as db:
            decisions.record(db, row)
        return decision_id

    return record


def test_an_empty_memory_says_how_to_teach_it(run):
    shown = run("memory", "list")
    assert shown.code == 0
    assert "llm-router memory correct" in shown.out
    assert run("memory", "list", "--json").json["data"] == {"rules": []}


@pytest.mark.requirement("memory.correction")
def test_a_correction_of_the_latest_decision_is_listed_and_forgotten(run, decide):
    decide(1)
    taught = run("memory", "correct", "--prefer", "openai/gpt-5.4-mini", "--json").json
    rule = taught["data"]["rule"]
    assert (taught["ok"], rule["task_type"], rule["complexity"], rule["action"], rule["target"], rule["project"]) == (
        True, "query", "simple", "prefer", "openai/gpt-5.4-mini", "",
    )  # fmt: skip
    listed = run("memory", "list")
    assert rule["id"] in listed.out
    assert "prefer openai/gpt-5.4-mini" in listed.out
    assert run("memory", "reset", rule["id"]).code == 0
    assert run("memory", "list", "--json").json["data"]["rules"] == []


def test_a_correction_names_its_undo(run, decide):
    decide(1)
    assert "Undo with `llm-router memory reset " in run("memory", "correct", "--avoid", "ollama").out


def test_a_named_decision_is_corrected_for_its_project_alone(run, decide):
    decision_id = decide(0xABCDEF << 104)
    decide(2)
    rule = run("memory", "correct", decision_id[:8], "--treat-as", "code/complex", "--here", "--json").json["data"][
        "rule"
    ]
    assert (rule["action"], rule["target"], rule["project"]) == ("treat_as", "code/complex", "0123456789abcdef")
    assert run("memory", "list", "--json").json["data"]["rules"] == []
    assert "another project" in run("memory", "list", "--all").out


@pytest.mark.requirement("memory.rating")
def test_two_bad_ratings_make_a_rule_and_a_good_one_lifts_it(run, decide):
    decide(1)
    first = run("rate", "bad")
    assert "One more for the same kind" in first.out
    decide(2)
    second = run("rate", "bad", "--json").json["data"]
    assert second["rule_made"] and second["bad_in_a_row"] == 2  # noqa: PT018 - one fact
    assert "you rated it bad twice" in run("memory", "list").out
    decide(3)
    assert run("rate", "good", "--json").json["data"]["rule_lifted"] == second["rule_made"]
    assert run("memory", "list", "--json").json["data"]["rules"] == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("rate", "bad"), 3),
        (("rate", "bad", "ffffff"), 3),
        (("rate", "bad", "../../etc"), 3),
        (("rate", "meh"), 2),
        (("memory", "correct", "--prefer", "openai"), 3),
        (("memory", "correct"), 2),
        (("memory", "add", "--task", "query"), 2),
        (("memory", "add", "--task", "query", "--prefer", "openai", "--avoid", "groq"), 2),
        (("memory", "add", "--task", "poetry", "--prefer", "openai"), 2),
        (("memory", "add", "--task", "query", "--prefer", "not a model"), 3),
        (("memory", "add", "--task", "query", "--treat-as", "openai"), 3),
        (("memory", "reset"), 2),
        (("memory", "reset", "abc", "--all"), 2),
        (("memory", "reset", "ffffffffff"), 3),
        (("memory", "import", "/nonexistent"), 3),
        (("memory", "import", "."), 3),
        (("memory", "export", "/nonexistent/x"), 3),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_remedy(run, words, code):
    refused = run(*words, "--json")
    assert refused.code == code
    assert refused.json["error"]["message"]
    assert refused.json["error"]["remedy"]


def test_a_memory_moves_as_a_file_and_as_a_stream(run, tmp_path):
    run("memory", "add", "--task", "code", "--complexity", "simple", "--prefer", "groq")
    run("memory", "add", "--task", "query", "--avoid", MODEL, "--here")
    exported = run("memory", "export")
    assert json.loads(exported.out)["rules"][0]["target"] == "groq"
    assert "1 rule of single projects left out" in exported.err
    file = tmp_path / "memory.json"
    assert run("memory", "export", str(file), "--all").code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert run("memory", "reset", "--all", "--json").json["data"] == {"rules": 2, "ratings": 0}
    assert run("memory", "import", str(file), "--json").json["data"] == {
        "added": 2, "replaced": 0, "unchanged": 0, "rules": 2,
    }  # fmt: skip
    assert run("memory", "import", "-", "--replace", stdin=exported.out.encode()).code == 0
    assert len(run("memory", "list", "--all", "--json").json["data"]["rules"]) == 1
    assert run("memory", "export", "--json").json["data"]["export"]["llm_router_memory"] == 1


@pytest.mark.parametrize("content", [b"", b"[" * 50_000, b'{"llm_router_memory": 1}', b"\xff" * 10, b" " * 300_000])
def test_a_damaged_file_changes_nothing(run, content):
    run("memory", "add", "--task", "code", "--prefer", "groq")
    refused = run("memory", "import", "-", "--replace", stdin=content)
    assert refused.code == 3
    assert "what to do" in refused.err
    assert len(run("memory", "list", "--json").json["data"]["rules"]) == 1


def test_without_judgements_the_report_says_how_to_get_some(run):
    shown = run("quality")
    assert shown.code == 0
    assert "judge_model" in shown.out


@pytest.mark.requirement("judging.trend")
def test_the_report_shows_mean_number_trend_and_who_is_demoted(run, home):
    now = datetime.now(UTC) - timedelta(minutes=5)
    with Database.open(str(home), SystemClock()) as db:
        for number in range(20):
            at = now - timedelta(days=1 if number < 10 else 9)
            score = 300 if number < 10 else 500
            quality.record(db, Judgement(f"a{number}", at, MODEL, "groq/llama-4", "judged", score), since=at)
        quality.record(db, Judgement("b1", now, "openai/gpt-5.4", "groq/llama-4", "judged", 900), since=now)
        quality.record(db, Judgement("b2", now, "openai/gpt-5.4", "groq/llama-4", "budget"), since=now)
    data = run("quality", "--json").json["data"]
    gemma, gpt = data["models"]
    assert (gemma["count"], gemma["mean"], gemma["is_demoted"]) == (20, 0.4, True)
    assert gemma["reason"] == "demoted: mean 0.40 over 20 judged answers"
    assert gemma["trend"] == {
        "direction": "worse", "days": 7, "count": 10, "mean": 0.3, "count_before": 10, "mean_before": 0.5,
    }  # fmt: skip
    assert gemma["judges"] == ["groq/llama-4"]
    assert (gpt["is_demoted"], gpt["trend"]["direction"]) == (False, "too few")
    assert data["unjudged"] == [{"model": "openai/gpt-5.4", "reason": "budget", "count": 1}]
    shown = run("quality").out
    assert "worse: 0.30 over 10 in 7 days, before 0.50 over 10" in shown
    assert "demoted: last in its group" in shown
    assert "refused by a budget" in shown
