"""Caps and the gate, through their public doors."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from llm_router_core.budgets import caps
from llm_router_core.budgets.gate import BudgetGate, HoldRequest
from llm_router_core.budgets.status import list_status
from llm_router_core.conversation import Usage
from llm_router_core.errors import BudgetExceeded, ConfigError, LedgerUnavailable, StorageError
from llm_router_core.storage import ledger
from llm_router_core.storage.database import Database


class ManualClock:
    def now(self) -> datetime:
        return datetime(2026, 3, 5, 12, tzinfo=UTC)

    def monotonic_s(self) -> float:
        return 0.0


class Row(dict[str, object]):
    pass


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def db(tmp_path: Path, clock: ManualClock):
    with Database.open(str(tmp_path / "home"), clock) as opened:
        yield opened


def last_row(db: Database) -> Row:
    def load(conn: sqlite3.Connection) -> Row:
        cursor = conn.execute("SELECT * FROM attempts ORDER BY id DESC LIMIT 1")
        return Row(zip([column[0] for column in cursor.description], cursor.fetchone(), strict=True))

    return db.read(load)


def paid(amount: int, **more: object) -> HoldRequest:
    return HoldRequest("openai", "m", amount, "call", session="s", project="p", **more)


def test_the_default_caps_are_five_ten_and_twenty_dollars(db: Database) -> None:
    found = {cap.scope: cap.cap_microusd for cap in caps.list_caps(db)}
    assert found == {"session": 5_000_000, "day": 10_000_000, "month": 20_000_000, "project": None}


def test_a_cap_can_be_set_listed_and_taken_back_to_its_default(db: Database) -> None:
    assert caps.set_cap(db, "day", 7) == caps.Cap("day", 7, is_default=False)
    assert caps.set_cap(db, " Provider:OpenAI ", 8).scope == "provider:openai"
    assert {cap.scope: cap.cap_microusd for cap in caps.list_caps(db)}["provider:openai"] == 8
    assert caps.remove_cap(db, "day") == caps.Cap("day", 10_000_000, is_default=True)
    assert caps.remove_cap(db, "provider:openai").cap_microusd is None


@pytest.mark.parametrize("scope", ["", "week", "provider:", "provider", "provider:a b", "call", "session:x"])
def test_a_wrong_scope_says_which_forms_are_valid(db: Database, scope: str) -> None:
    with pytest.raises(ConfigError) as caught:
        caps.set_cap(db, scope, 1)
    assert "provider:openai" in caught.value.remedy


@pytest.mark.parametrize("amount", [-1, 1 << 61])
def test_an_amount_that_is_no_cap_is_refused(db: Database, amount: int) -> None:
    with pytest.raises(ConfigError):
        caps.set_cap(db, "day", amount)


def test_a_cap_that_does_not_read_back_is_an_error(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caps.caps_table, "put_cap", lambda *_: None)
    with pytest.raises(StorageError, match="not stored"):
        caps.set_cap(db, "day", 1)


def test_status_shows_spent_held_and_left_of_every_scope(db: Database, clock: ManualClock) -> None:
    gate = BudgetGate(db, clock)
    gate.reserve(paid(100)).settle(40)
    gate.reserve(paid(60))
    found = {row.scope: row for row in list_status(db, clock, session="s", project="p")}
    assert list(found) == ["session", "project", "day", "month", "provider:openai"]
    assert {(row.spent_microusd, row.held_microusd) for row in found.values()} == {(40, 60)}
    assert (found["day"].left_microusd, found["project"].left_microusd) == (9_999_900, None)
    assert (found["day"].window, found["month"].window) == (20260305, 202603)


@pytest.mark.requirement("money.reserve-settle")
def test_leaving_without_settling_releases_and_so_does_an_exception(db: Database, clock: ManualClock) -> None:
    gate = BudgetGate(db, clock)
    with gate.hold(paid(100)):
        pass
    assert (last_row(db)["state"], last_row(db)["cost_microusd"]) == ("released", None)
    with pytest.raises(KeyError), gate.hold(paid(100)):
        raise KeyError
    assert (last_row(db)["state"], last_row(db)["error_kind"]) == ("released", "KeyError")
    assert {row.spent_microusd + row.held_microusd for row in list_status(db, clock, session="s")} == {0}


def test_a_second_settlement_does_nothing(db: Database, clock: ManualClock) -> None:
    hold = BudgetGate(db, clock).reserve(paid(100))
    assert hold.settle(30) == 30
    assert hold.settle(50) is None
    hold.release()
    assert list_status(db, clock)[0].spent_microusd == 30


@pytest.mark.requirement("money.every-attempt-a-row")
def test_everything_about_an_attempt_is_in_its_row(db: Database, clock: ManualClock) -> None:
    wanted = paid(100, purpose="judge", decision_id="d", price_version="v")
    usage = Usage(1, 2, 3, 4, 5, 6, is_estimated=True)
    BudgetGate(db, clock).reserve(wanted).settle(9, usage, outcome="ok", elapsed_ms=12)
    row = last_row(db)
    expected = {
        "id": wanted.attempt_id, "call_id": "call", "decision_id": "d", "purpose": "judge", "price_version": "v",
        "state": "settled", "held_microusd": 100, "cost_microusd": 9, "is_estimated": 1, "input_tokens": 1,
        "cache_read_tokens": 2, "cache_write_tokens": 3, "output_tokens": 4, "reasoning_tokens": 5,
        "cache_write_1h_tokens": 6, "outcome": "ok", "elapsed_ms": 12, "window_day": 20260305,
    }  # fmt: skip
    assert {key: row[key] for key in expected} == expected


def test_a_free_call_is_a_row_and_passes_a_full_cap(db: Database, clock: ManualClock) -> None:
    caps.set_cap(db, "day", 0)
    gate = BudgetGate(db, clock)
    with pytest.raises(BudgetExceeded):
        gate.reserve(paid(1))
    gate.reserve(HoldRequest("ollama", "gemma4", 0, "c")).settle(None)
    assert (last_row(db)["state"], last_row(db)["cost_microusd"]) == ("settled", None)


@pytest.mark.requirement("money.caps")
@pytest.mark.parametrize("scope", ["session", "project", "day", "month", "provider:openai"])
def test_every_scope_refuses_and_a_refusal_holds_nothing(db: Database, clock: ManualClock, scope: str) -> None:
    caps.set_cap(db, scope, 100)
    gate = BudgetGate(db, clock)
    gate.reserve(paid(60)).settle(60)
    with pytest.raises(BudgetExceeded) as caught:
        gate.reserve(paid(41))
    assert (caught.value.scope, caught.value.cap_microusd, caught.value.used_microusd) == (scope, 100, 60)
    assert {row.held_microusd for row in list_status(db, clock, session="s", project="p")} == {0}
    gate.reserve(paid(40))


def test_a_call_can_have_a_bound_of_its_own_over_all_its_attempts(db: Database, clock: ManualClock) -> None:
    gate = BudgetGate(db, clock)
    with pytest.raises(BudgetExceeded) as caught:
        gate.reserve(paid(101, max_cost_microusd=100))
    assert caught.value.scope == "call"
    assert "budget set" not in caught.value.remedy
    gate.reserve(paid(90, max_cost_microusd=100)).settle(80)
    gate.reserve(paid(20, max_cost_microusd=100)).release()
    with pytest.raises(BudgetExceeded):
        gate.reserve(paid(21, max_cost_microusd=100))


@pytest.mark.requirement("money.unpriced-ceiling")
def test_an_unknown_price_is_booked_at_the_hold_and_flagged(db: Database, clock: ManualClock) -> None:
    assert BudgetGate(db, clock).reserve(paid(500, is_price_known=False)).settle(None) == 500
    row = last_row(db)
    assert (row["cost_microusd"], row["is_price_known"], row["is_estimated"], row["flags"]) == (500, 0, 1, "unpriced")


def test_no_cost_for_paid_tokens_is_booked_at_the_hold_and_flagged(db: Database, clock: ManualClock) -> None:
    assert BudgetGate(db, clock).reserve(paid(500)).settle(0, Usage(input_tokens=5)) == 500
    assert last_row(db)["flags"] == "zero_cost"


def test_a_cost_above_the_hold_is_booked_in_full_and_flagged(db: Database, clock: ManualClock) -> None:
    BudgetGate(db, clock).reserve(paid(10)).settle(25)
    assert (last_row(db)["cost_microusd"], last_row(db)["flags"]) == (25, "over_hold")
    assert list_status(db, clock)[0].spent_microusd == 25


def test_negative_amounts_are_a_programmers_mistake(db: Database, clock: ManualClock) -> None:
    gate = BudgetGate(db, clock)
    with pytest.raises(ValueError, match="negative"):
        gate.reserve(paid(-1))
    with pytest.raises(ValueError, match="negative"), gate.hold(paid(1)) as hold:
        hold.settle(-1)


def test_without_a_ledger_free_calls_go_on_with_a_warning_and_paid_ones_stop(clock: ManualClock) -> None:
    gate = BudgetGate(None, clock)
    with gate.hold(HoldRequest("ollama", "gemma4", 0, "c")) as hold:
        hold.settle(None)
    assert "state database" in gate.warnings[0]
    with pytest.raises(LedgerUnavailable) as caught:
        gate.reserve(paid(1))
    assert caught.value.remedy
    with pytest.raises(LedgerUnavailable):
        gate.self_test()


def test_a_cost_that_could_not_be_recorded_is_recorded_before_the_next_paid_call(
    db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise StorageError("no room", remedy="free some")

    gate = BudgetGate(db, clock)
    hold = gate.reserve(paid(100))
    with monkeypatch.context() as patched:
        patched.setattr(db, "write", fail)
        hold.settle(70)
        with pytest.raises(LedgerUnavailable, match="no room") as caught:
            gate.reserve(paid(1))
        assert caught.value.remedy == "free some"
        gate.reserve(HoldRequest("ollama", "gemma4", 0, "c"))
    assert "not be recorded yet" in gate.warnings[0]
    gate.reserve(paid(1)).release()
    assert list_status(db, clock)[0].spent_microusd == 70


def test_the_self_test_passes_leaves_nothing_and_fails_when_caps_do_not_hold(
    db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = BudgetGate(db, clock)
    caps.set_cap(db, "session", 0)
    gate.self_test()
    assert {cap.scope: cap.cap_microusd for cap in caps.list_caps(db)}["session"] == 0
    assert db.read(lambda conn: conn.execute("SELECT count(*) FROM counters").fetchone()) == (0,)
    monkeypatch.setattr(ledger, "_take_all", lambda *_: None)
    with pytest.raises(LedgerUnavailable, match="not refused"):
        gate.self_test()
