"""The reports as commands: every figure from the ledger, every empty state with a next step."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from llm_router_core.budgets.caps import set_cap
from llm_router_core.budgets.gate import BudgetGate, HoldRequest
from llm_router_core.clock import SystemClock
from llm_router_core.conversation import Usage
from llm_router_core.quotas.board import record_reading
from llm_router_core.quotas.reading import QuotaReading
from llm_router_core.savings.record import record_counterfactual
from llm_router_core.storage import decisions
from llm_router_core.storage.database import Database

REPORTS = ("status", "usage", "savings", "gain", "digest", "replay", "quota")
SONNET = "anthropic/claude-sonnet-5-5"


@pytest.fixture
def db(home: Path) -> Iterator[Database]:
    with Database.open(str(home), SystemClock()) as database:
        yield database


@pytest.fixture
def routed(db: Database) -> Database:
    """Two calls: one answered at the second attempt and judged, one that nobody answered."""
    gate = BudgetGate(db, SystemClock())
    tokens = Usage(input_tokens=10_000, output_tokens=2_000)
    now = datetime.now(UTC)
    for decision, cost, ended in (("d1", 40, "failed"), ("d1", 3_000, "ok"), ("d2", 60, "failed")):
        request = HoldRequest("openai", "gpt-mini", 50_000, decision, session="a" * 16, decision_id=decision)
        with gate.hold(request) as hold:
            hold.settle(cost, tokens, outcome=ended, error_kind="" if ended == "ok" else "unavailable", elapsed_ms=7)
    with gate.hold(HoldRequest("groq", "judge", 5_000, "d1", decision_id="d1", purpose="judge")) as hold:
        hold.settle(500, tokens)
    for decision, chosen, outcome in (("d1", "openai/gpt-mini", "ok"), ("d2", "", "exhausted")):
        row = decisions.Decision(
            decision, now, "a" * 16, "p", "code", "simple", 91, chosen, "its place in the table", ("openai/gpt-mini",),
            outcome,
        )  # fmt: skip
        decisions.record(db, row)
        record_counterfactual(db, decision, baseline_model=SONNET)
        now += timedelta(seconds=1)
    return db


@pytest.mark.parametrize("name", REPORTS)
def test_an_empty_state_says_what_to_do(run, name):
    ran = run(name)
    assert ran.code == 0
    assert "llm-router" in ran.out
    assert run(name, "--json").json["ok"] is True


@pytest.mark.requirement("cli.reports")
@pytest.mark.parametrize("name", REPORTS)
def test_every_report_has_the_versioned_envelope(run, routed, name):
    envelope = run(name, "--json").json
    assert (envelope["llm_router"], envelope["command"], envelope["exit_code"]) == (1, name, 0)
    assert envelope["data"]


def test_status_shows_spending_caps_savings_and_the_last_route(run, routed):
    data = run("status", "--json").json["data"]
    assert data["today"]["cost_microusd"] == 3_600
    assert (data["today"]["attempts"], data["today"]["answered"]) == (4, 2)
    assert {row["scope"]: row["spent_microusd"] for row in data["scopes"]}["day"] == 3_600
    assert data["last"]["decision"]["outcome"] == "exhausted"
    ran = run("status")
    assert "$0.0036 in 4 attempts" in ran.out
    assert "a forecast needs 3 more complete days" in ran.out
    assert "UTC" in ran.out


def test_status_names_a_cap_that_is_nearly_used(run, routed):
    set_cap(routed, "day", 4_000)
    data = run("status", "--json").json["data"]
    assert data["problems"][0] == "90 % of the day cap is used or held"
    assert "[##################--]  90 %" in run("status").out


def test_savings_add_up_and_name_their_method(run, routed):
    data = run("savings", "--json").json["data"]
    assert data["estimated"]["n"] == 1
    assert data["verified"] == {"microusd": 0, "n": 0}
    assert data["overhead"] == {"failed attempts": {"microusd": 100, "n": 2}, "judge": {"microusd": 500, "n": 1}}
    assert data["saved_microusd"] == data["estimated"]["microusd"] - 3_000 - 600
    assert data["not_verified_because"]
    ran = run("savings")
    for text in ("would have cost, verified", "n=0 calls", "overhead: judge", SONNET, "at the baseline's price"):
        assert text in ran.out


def test_a_loss_is_printed_with_its_sign(run, db):
    with BudgetGate(db, SystemClock()).hold(HoldRequest("openai", "o", 900_000, "d", decision_id="d")) as hold:
        hold.settle(900_000, Usage(input_tokens=10, output_tokens=10))
    record_counterfactual(db, "d", baseline_model=SONNET)
    assert run("savings", "--json").json["data"]["saved_microusd"] < 0
    line = next(line for line in run("savings").out.splitlines() if line.startswith("saved "))
    assert "-$0.89" in line


@pytest.mark.requirement("core.figures-have-sources")
@pytest.mark.parametrize("by", ["day", "provider", "model", "task", "session", "project"])
def test_usage_adds_up_to_the_ledger_by_anything(run, routed, home, by):
    data = run("usage", "--by", by, "--period", "all", "--json").json["data"]
    with sqlite3.connect(home / "state.db") as conn:
        booked = conn.execute("SELECT sum(cost_microusd), count(*) FROM attempts").fetchone()
    conn.close()
    assert (sum(row["cost_microusd"] for row in data["rows"]), sum(row["attempts"] for row in data["rows"])) == booked
    assert data["total"]["cost_microusd"] == booked[0]


def test_usage_states_its_bounds_in_utc_and_in_the_users_zone(run, routed):
    ran = run("usage", "--period", "week", env={"TZ": "Asia/Tokyo"})
    assert "00:00 UTC" in ran.out
    assert "09:00 JST" in ran.out
    data = run("usage", "--period", "week", "--json").json["data"]["period"]
    assert data["starts_at"].endswith("T00:00:00+00:00")


def test_gain_counts_only_answers(run, routed):
    data = run("gain", "--json").json["data"]
    assert (data["calls_off"], data["tokens_off"], data["calls_on"]) == (1, 12_000, 0)
    assert data["by_model"] == [{"model": "openai/gpt-mini", "calls": 1, "tokens": 12_000}]


def test_digest_never_calls_the_first_day_a_spike(run, routed):
    assert run("digest", "--json").json["data"]["spike"]["is_spike"] is None
    assert "not checked: it needs 5 complete days" in run("digest").out


def test_replay_tells_the_decisions_in_order_with_every_attempt(run, routed):
    ran = run("replay")
    lines = ran.out.splitlines()
    first, second = (number for number, line in enumerate(lines) if "simple (91 % sure)" in line)
    assert "-> openai/gpt-mini, $0.00354, ok" in lines[first]
    assert [line.split()[0] for line in lines[first + 1 : first + 6]] == ["why", "chain", "1", "2", "3"]
    assert "unavailable" in lines[first + 3]
    assert "judge" in lines[first + 5]
    assert "-> nobody" in lines[second]


def test_replay_takes_a_session_by_hash_or_by_name(run, routed):
    assert len(run("replay", "--session", "a" * 16, "--json").json["data"]["decisions"]) == 2
    assert run("replay", "--session", "other", "--json").json["data"]["decisions"] == []
    assert "usage --by session" in run("replay", "--session", "other").out
    assert len(run("replay", "--limit", "1", "--json").json["data"]["decisions"]) == 1


def test_quota_shows_the_last_reading_and_unknown_as_unknown(run, db):
    now = datetime.now(UTC)
    known = QuotaReading("claude", "5h", "statusline", now, used_fraction=0.9, resets_at=now + timedelta(hours=2))
    gone = QuotaReading(
        "claude", "weekly", "statusline", now - timedelta(days=2), used_fraction=0.4, resets_at=now - timedelta(hours=1)
    )
    record_reading(db, known)
    record_reading(db, gone)
    ran = run("quota")
    assert "[##################--]  90 %" in ran.out
    assert "unknown; 40 % was read 2 d ago, and its window has reset since" in ran.out
    status = run("status", "--json").json["data"]
    assert status["pressure"]["quota:claude"] == 0.9
    assert status["problems"] == ["90 % of the quota of claude is used or held"]


@pytest.mark.parametrize(
    "words",
    [("usage", "--by", "colour"), ("usage", "--period", "aeon"), ("replay", "--limit", "0"), ("status", "extra")],
)
def test_a_wrong_option_is_a_usage_error(run, words):
    ran = run(*words)
    assert ran.code == 2
    assert "--help" in ran.err
