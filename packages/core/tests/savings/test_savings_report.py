"""Savings as sums over the real ledger: every term with its n, nothing clamped, nothing guessed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llm_router_core.budgets.caps import set_cap
from llm_router_core.budgets.gate import BudgetGate, HoldRequest
from llm_router_core.conversation import Usage
from llm_router_core.pricing.baseline import TOP_BASELINE, baseline_microusd
from llm_router_core.savings.periods import period_of
from llm_router_core.savings.record import record_counterfactual
from llm_router_core.savings.report import load_gain, load_savings, summarise
from llm_router_core.storage import counterfactuals, decisions, reports
from llm_router_core.storage.counterfactuals import Sums
from llm_router_core.storage.database import Database
from llm_router_core.storage.reports import Cell

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TODAY = 20261124
SONNET = "anthropic/claude-sonnet-5-5"
TOKENS = Usage(input_tokens=1_000, output_tokens=500, cache_read_tokens=200)


class FixedClock:
    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at

    def monotonic_s(self) -> float:
        return 0.0


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def db(tmp_path: Path, clock: FixedClock) -> Iterator[Database]:
    with Database.open(str(tmp_path), clock) as database:
        for scope in ("session", "day", "month"):
            set_cap(database, scope, 10**12)
        yield database


def attempt(db, clock, decision, cost, *, purpose="answer", ok=True, usage=TOKENS, model="gpt-mini", session="s"):
    request = HoldRequest("openai", model, 1_000_000, decision, session=session, decision_id=decision, purpose=purpose)
    with BudgetGate(db, clock).hold(request) as hold:
        if ok:
            hold.settle(cost, usage)
        else:
            hold.settle(cost, usage, outcome="failed", error_kind="unavailable")


def savings_today(db):
    return db.read(lambda conn: load_savings(conn, period_of("today", TODAY)))


@pytest.mark.requirement("savings.overhead")
def test_saved_is_the_counterfactual_minus_answers_minus_overhead(db, clock):
    attempt(db, clock, "d1", 40, ok=False)
    attempt(db, clock, "d1", 300)
    attempt(db, clock, "d1", 25, purpose="judge")
    attempt(db, clock, "d1", 5, purpose="classifier")
    assert record_counterfactual(db, "d1", baseline_model=SONNET)
    seen = savings_today(db)
    expected = baseline_microusd(TOKENS, NOW, model=SONNET)
    assert (seen.estimated.microusd, seen.estimated.n) == (expected, 1)
    assert (seen.answers.microusd, seen.answers.n) == (300, 1)
    assert {kind: (f.microusd, f.n) for kind, f in seen.overhead} == {
        "failed attempts": (40, 1), "judge": (25, 1), "classifier": (5, 1),
    }  # fmt: skip
    assert seen.saved_microusd == expected - 300 - 70
    assert seen.actual_microusd == 370
    assert (seen.verified.microusd, seen.verified.n) == (0, 0)
    assert seen.baselines == (SONNET,)


def test_a_retry_that_answered_is_overhead_once_and_still_has_a_counterfactual(db, clock):
    attempt(db, clock, "d1", 40, ok=False)
    attempt(db, clock, "d1", 300, purpose="retry")
    assert record_counterfactual(db, "d1", baseline_model=SONNET)
    seen = savings_today(db)
    assert seen.overhead_microusd == 340
    assert seen.answers.microusd == 0
    assert seen.saved_microusd == baseline_microusd(TOKENS, NOW, model=SONNET) - 340


def test_a_loss_is_shown_as_a_loss(db, clock):
    attempt(db, clock, "d1", 900_000)
    record_counterfactual(db, "d1", baseline_model=SONNET)
    saved = savings_today(db).saved_microusd
    assert saved is not None
    assert saved < 0
    assert saved == baseline_microusd(TOKENS, NOW, model=SONNET) - 900_000


def test_calls_that_only_failed_are_a_loss(db, clock):
    attempt(db, clock, "d1", 70, ok=False)
    assert not record_counterfactual(db, "d1", baseline_model=SONNET)
    assert savings_today(db).saved_microusd == -70


def test_nothing_used_is_unknown_and_not_zero(db):
    assert savings_today(db).saved_microusd is None


def test_a_baseline_without_a_price_leaves_the_call_out_on_both_sides(db, clock):
    attempt(db, clock, "d1", 300)
    attempt(db, clock, "d2", 100)
    record_counterfactual(db, "d1", baseline_model="nobody/unheard-of")
    record_counterfactual(db, "d2", baseline_model=SONNET)
    seen = savings_today(db)
    assert (seen.left_out.microusd, seen.left_out.n) == (300, 1)
    assert (seen.answers.microusd, seen.answers.n) == (100, 1)
    assert seen.saved_microusd == baseline_microusd(TOKENS, NOW, model=SONNET) - 100


def test_an_answer_without_its_counterfactual_counts_as_cost(db, clock):
    attempt(db, clock, "d1", 300)
    assert savings_today(db).saved_microusd == -300


def test_recording_twice_counts_once(db, clock):
    attempt(db, clock, "d1", 300)
    assert record_counterfactual(db, "d1", baseline_model=SONNET)
    assert not record_counterfactual(db, "d1", baseline_model=TOP_BASELINE)
    assert savings_today(db).estimated.n == 1


def test_a_later_change_of_the_baseline_does_not_rewrite_the_past(db, clock):
    attempt(db, clock, "d1", 300)
    record_counterfactual(db, "d1", baseline_model=SONNET)
    attempt(db, clock, "d2", 300)
    record_counterfactual(db, "d2", baseline_model=TOP_BASELINE)
    seen = savings_today(db)
    assert set(seen.baselines) == {SONNET, TOP_BASELINE}
    amounts = [baseline_microusd(TOKENS, NOW, model=model) for model in (SONNET, TOP_BASELINE)]
    assert seen.estimated.microusd == sum(amounts)


@pytest.mark.requirement("savings.baseline")
def test_everything_on_opus_is_a_second_line(db, clock):
    attempt(db, clock, "d1", 300)
    record_counterfactual(db, "d1", baseline_model=SONNET)
    (top,) = savings_today(db).top
    assert top.model == TOP_BASELINE
    assert top.saved_microusd == baseline_microusd(TOKENS, NOW, model=TOP_BASELINE) - 300


@pytest.mark.requirement("savings.columns")
def test_a_verified_call_moves_from_one_column_to_the_other(db, clock):
    for name in ("d1", "d2"):
        attempt(db, clock, name, 300)
        record_counterfactual(db, name, baseline_model=SONNET)
    before = savings_today(db)
    assert db.write(lambda conn: counterfactuals.verify(conn, "d1", 4_000, by="claude transcript"))
    assert not db.write(lambda conn: counterfactuals.verify(conn, "d1", 9_000, by="again"))
    after = savings_today(db)
    each = baseline_microusd(TOKENS, NOW, model=SONNET)
    assert (after.verified.microusd, after.verified.n) == (4_000, 1)
    assert (after.estimated.microusd, after.estimated.n) == (each, 1)
    assert after.saved_microusd == before.saved_microusd - each + 4_000


@pytest.mark.requirement("savings.quota-points")
def test_quota_points_are_never_added_to_dollars(db, clock):
    attempt(db, clock, "d1", 0, usage=Usage())
    row = counterfactuals.Counterfactual(
        "d1", 0, TODAY, 0, SONNET, "", None, TOP_BASELINE, None,
        account="claude:me", quota_window="5h", baseline_millipoints=1_500,
    )  # fmt: skip
    db.write(lambda conn: counterfactuals.insert(conn, row))
    seen = savings_today(db)
    assert [(p.quota, p.calls, p.millipoints) for p in seen.points] == [("claude:me 5h", 1, 1_500)]
    assert seen.estimated.microusd == 0
    assert seen.compared_calls == 0


def test_a_call_belongs_to_the_day_its_answer_was_reserved_on(db, clock):
    attempt(db, clock, "d1", 300)
    clock.at += timedelta(days=1)
    record_counterfactual(db, "d1", baseline_model=SONNET)
    assert savings_today(db).compared_calls == 1


def test_gain_counts_the_calls_and_tokens_kept_off_the_premium_model(db, clock):
    attempt(db, clock, "d1", 300)
    attempt(db, clock, "d2", 10, purpose="judge")
    with BudgetGate(db, clock).hold(HoldRequest("anthropic", "claude-sonnet-5-5-20260901", 900, "d3")) as hold:
        hold.settle(800, TOKENS)
    gain = db.read(lambda conn: load_gain(conn, period_of("today", TODAY), premium_model=SONNET))
    assert (gain.calls_off, gain.tokens_off, gain.calls_on, gain.tokens_on) == (1, 1_700, 1, 1_700)
    assert gain.by_model == (("openai/gpt-mini", 1, 1_700),)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    calls=st.lists(
        st.tuples(
            st.sampled_from(["answer", "retry", "judge", "classifier", "media", "cache"]),
            st.booleans(),
            st.integers(0, 10_000),
            st.integers(0, 3),
        ),
        max_size=12,
    )
)
def test_the_roll_up_is_the_sum_of_the_ledger(db, clock, calls):
    for number, (purpose, ok, cost, day) in enumerate(calls):
        clock.at = max(clock.at, NOW + timedelta(days=day))
        attempt(db, clock, f"x{number}", cost, purpose=purpose, ok=ok, model=f"m{cost % 3}", session=f"s{cost % 2}")
    booked = db.read(lambda conn: conn.execute("SELECT count(*), sum(cost_microusd) FROM attempts").fetchone())
    total = db.read(lambda conn: reports.usage(conn, 0, 99999999))
    assert db.read(lambda conn: reports.mismatches(conn, 0)) == []
    assert (total[0].attempts, total[0].cost_microusd) == booked if total else booked == (0, None)
    for group in ("day", "provider", "model", "purpose", "verdict", "task", "session", "project"):
        rows = db.read(lambda conn, by=group: reports.usage(conn, 0, 99999999, by=by))
        assert (sum(row.attempts for row in rows), sum(row.cost_microusd for row in rows)) == (
            booked[0],
            booked[1] or 0,
        )


def test_lapsed_late_and_restored_attempts_stay_in_the_roll_up(db, clock):
    gate = BudgetGate(db, clock)
    late = gate.reserve(HoldRequest("openai", "m", 500, "c"))
    lost = gate.reserve(HoldRequest("openai", "m", 500, "c"))
    db.write(lambda conn: conn.execute("DELETE FROM attempts WHERE id = ?", (lost.attempt_id,)).close())
    clock.at += timedelta(minutes=10)
    gate.reserve(HoldRequest("openai", "m", 500, "c")).release()
    assert verdicts(db) == {"expired": (1, 0), "released": (1, 0)}
    late.settle(100, TOKENS)
    lost.settle(200, TOKENS)
    assert verdicts(db) == {"answered": (2, 300), "released": (1, 0)}
    assert db.read(lambda conn: reports.mismatches(conn, 0)) == []


def test_the_check_sees_rows_that_are_gone_or_changed(db, clock):
    attempt(db, clock, "d1", 300)
    attempt(db, clock, "d2", 100)
    db.write(lambda conn: conn.execute("UPDATE attempts SET cost_microusd = 299 WHERE decision_id = 'd1'").close())
    (wrong,) = db.read(lambda conn: reports.mismatches(conn, 0))
    assert (wrong.day, wrong.cost_microusd, wrong.rolled_microusd) == (TODAY, 399, 400)


def verdicts(db):
    rows = db.read(lambda conn: reports.usage(conn, 0, 99999999, by="verdict"))
    return {row.key: (row.attempts, row.cost_microusd) for row in rows}


def test_rows_that_arrive_closed_are_in_the_roll_up(db, clock):
    sql = (
        "INSERT INTO attempts (id, call_id, decision_id, started_ms, window_day, session, project, provider, model, "
        "purpose, state, held_microusd, is_price_known, price_version, cost_microusd, outcome, lease_until_ms) "
        "VALUES ('a', 'c', '', 0, 20261124, '', '', 'p', 'm', 'answer', 'settled', 9, 1, '', 7, 'ok', 0)"
    )
    db.write(lambda conn: conn.execute(sql).close())
    assert db.read(lambda conn: reports.usage(conn, TODAY, TODAY))[0].cost_microusd == 7


def test_usage_by_task_follows_the_decision(db, clock):
    attempt(db, clock, "d1", 300)
    attempt(db, clock, "d2", 100)
    row = decisions.Decision("d1", NOW, "s", "", "code", "simple", 90, "openai/m", "why")
    decisions.record(db, row)
    rows = db.read(lambda conn: reports.usage(conn, TODAY, TODAY, by="task"))
    assert [(u.key, u.cost_microusd) for u in rows] == [("code", 300), ("", 100)]


@given(
    verified=st.integers(0, 10**9), estimated=st.integers(0, 10**9), answers=st.integers(0, 10**9),
    overhead=st.integers(0, 10**9),
)  # fmt: skip
def test_the_terms_always_add_up(verified, estimated, answers, overhead):
    cells = [Cell("p", "m", "answer", "answered", 2, answers, 0), Cell("p", "m", "judge", "answered", 1, overhead, 0)]
    sums = [Sums("b/x", "b/top", 0, 0, 1, estimated, 1, 0, verified, 0, 0, 0)]
    seen = summarise(period_of("today", TODAY), cells, sums)
    assert seen.saved_microusd == verified + estimated - answers - overhead
    assert seen.actual_microusd == answers + overhead


def test_a_period_states_its_bounds_across_months_and_leap_days():
    week = period_of("week", 20280302)
    assert (week.first_day, week.days) == (20280225, 7)
    assert week.starts_at == datetime(2028, 2, 25, tzinfo=UTC)
    assert week.ends_at == datetime(2028, 3, 3, tzinfo=UTC)
    assert period_of("month", 20270101).first_day == 20270101
    assert period_of("30d", 20270110).first_day == 20261212
    assert period_of("all", 20261124, first_used=20260101).first_day == 20260101
    assert period_of("all", 20261124).first_day == 20261124
