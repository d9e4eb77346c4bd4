# ruff: noqa: RUF001 - look-alike letters are the point
"""Judging happens after the answer, costs it nothing, and is committed with its sample size."""

import json
import re
import sqlite3
from datetime import UTC, datetime, timedelta

import anyio
import pytest

from llm_router_core.conversation import (
    AttemptFailed,
    Done,
    Partial,
    StopReason,
    TextDelta,
    ToolCall,
    ToolCallEvent,
)
from llm_router_core.errors import BudgetExceeded, ChainExhausted, ErrorKind, ProviderError, StorageError
from llm_router_core.judging import judge as judge_module
from llm_router_core.judging.demotion import demoted, demoted_now
from llm_router_core.judging.desk import WAITING, Answer, Desk
from llm_router_core.judging.judge import Judge, Subject, judge_later, wants
from llm_router_core.storage import quality
from llm_router_core.storage.database import Database

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
JUDGE = "groq/llama-4"
MARK = "QUITE-UNUSUAL-PROMPT-TEXT"


class Clock:
    def now(self):
        return NOW

    def monotonic_s(self):
        return 0.0


@pytest.fixture
def db(tmp_path):
    with Database.open(str(tmp_path / "home"), Clock()) as database:
        yield database


def verdict(request, value: float, *, is_spoken_to: bool = False) -> str:
    seal = re.search(r'"seal": "([0-9a-f]+)"', request.messages[0].text)[1]
    parts = {"relevance": value, "completeness": value, "correctness": value}
    return json.dumps({"seal": seal, **parts, "speaks_to_judge": is_spoken_to})


def gives(value: float):
    async def ask(request, subject):
        return verdict(request, value)

    return ask


def raises(error: BaseException):
    async def ask(request, subject):
        raise error

    return ask


def subject(number: int = 1, **fields) -> Subject:
    values = {"model": "ollama/gemma4", "question": f"What is {MARK}?", "answer": f"It is {MARK} indeed."}
    return Subject(f"{number:032x}", **{**values, **fields})


def judged(db, ask, one: Subject | None = None) -> quality.Judgement:
    return anyio.run(judge_later, one or subject(), Judge(JUDGE, 1.0, ask), db, Clock())


def stored(db) -> list[quality.Sample]:
    return list(quality.samples(db, NOW - timedelta(days=14), NOW))


@pytest.mark.requirement("judging.committed")
def test_a_judgement_is_there_for_the_next_process(db, tmp_path):
    judged(db, gives(0.8))
    with Database.open(str(tmp_path / "home"), Clock()) as other:
        assert [(one.model, one.score, one.judge) for one in stored(other)] == [("ollama/gemma4", 800, JUDGE)]


def test_the_sample_size_comes_back_with_the_commit(db):
    for number in range(3):
        size = quality.record(
            db,
            quality.Judgement(f"d{number}", NOW, "ollama/gemma4", JUDGE, "judged", 700),
            since=NOW - timedelta(days=14),
        )
    assert size == 3


def test_a_decision_is_judged_once(db):
    judged(db, gives(0.8))
    judged(db, gives(0.1))
    assert [one.score for one in stored(db)] == [800]


@pytest.mark.requirement("judging.no-effect")
@pytest.mark.parametrize(
    ("ask", "outcome"),
    [
        (raises(BudgetExceeded("day", cap_microusd=0, used_microusd=0, wanted_microusd=5)), "budget"),
        (raises(ProviderError(ErrorKind.UNAVAILABLE, "503")), "provider"),
        (raises(ChainExhausted("all failed", ())), "exhausted"),
        (raises(TimeoutError()), "timed_out"),
        (raises(OSError("gone")), "failed"),
        (raises(ValueError("odd")), "bad_verdict"),
    ],
)
def test_a_judge_that_cannot_leaves_the_answer_unjudged_and_raises_nothing(db, ask, outcome):
    found = judged(db, ask)
    assert (found.score, found.outcome) == (None, outcome)
    assert stored(db) == []
    assert quality.unjudged(db, NOW - timedelta(days=1), NOW) == (quality.Unjudged("ollama/gemma4", outcome, 1),)


def test_a_judge_that_never_answers_is_given_up(db, monkeypatch):
    monkeypatch.setattr(judge_module, "TIMEOUT_S", 0.01)

    async def forever(request, subject):
        await anyio.sleep_forever()

    assert judged(db, forever).outcome == "timed_out"


def test_a_judge_is_not_asked_about_its_own_family(db):
    found = judged(db, raises(AssertionError("asked")), subject(model="ollama/llama3.3"))
    assert (found.score, found.outcome) == (None, "own_family")


def test_an_answer_with_a_secret_goes_to_no_judge(db):
    key = "sk-ant-" + "api03-Zk9vQ2xW7rT4mB8nL3pD6sF1gH5jK0aYcUeXiO-qwRtyUiPlKjHgFdS"
    assert judged(db, raises(AssertionError("asked")), subject(answer=f"your key is {key}")).outcome == "secret"
    assert judged(db, raises(AssertionError("asked")), subject(2, question=f"is {key} ok?")).outcome == "secret"


def test_an_empty_answer_is_worth_nothing_and_no_call_is_made_for_it(db):
    assert judged(db, raises(AssertionError("asked")), subject(answer=" \n\u200b ")).score == 0


@pytest.mark.parametrize(
    ("answer", "most"),
    [
        ("I'm sorry, but I cannot help with that.", 400),
        ("I’m sorry, but I can’t assist with this request.", 400),
        (f"What is {MARK}?", 300),
        ("yes\n" * 40, 300),
        ("word " * 150, 300),
    ],
)
def test_what_can_be_seen_without_a_judge_bounds_its_score(db, answer, most):
    assert judged(db, gives(1.0), subject(answer=answer)).score == most


def test_an_answer_that_the_judge_finds_speaking_to_it_stays_below_usable(db):
    async def ask(request, subject):
        return verdict(request, 1.0, is_spoken_to=True)

    assert judged(db, ask).score == 500


@pytest.mark.requirement("privacy.no-text")
def test_nothing_of_question_or_answer_is_stored(db, tmp_path, caplog):
    judged(db, gives(0.5))
    judged(db, raises(ProviderError(ErrorKind.BAD_REPLY, f"echo {MARK}")), subject(2))
    db.checkpoint()
    for file in (tmp_path / "home").rglob("*"):
        if file.is_file():
            assert MARK.encode() not in file.read_bytes()
    assert MARK not in caplog.text


def test_a_full_disk_costs_the_judgement_and_nothing_else(db, monkeypatch):
    def full(*_, **__):
        raise StorageError("disk full")

    monkeypatch.setattr(quality, "record", full)
    assert judged(db, gives(0.5)).score == 500


def test_eight_bad_judgements_demote_from_the_next_look_on(db):
    for number in range(8):
        judged(db, gives(0.2), subject(number))
    assert demoted_now(db, NOW) == {"ollama/gemma4": "demoted: mean 0.20 over 8 judged answers"}
    assert demoted_now(None, NOW) == {}


def test_the_look_before_every_route_comes_to_the_same_as_all_the_samples(db):
    for number in range(200):
        model, score = f"p/m{number % 3}", (number * 37) % 700
        at = NOW - timedelta(minutes=number)
        quality.record(db, quality.Judgement(f"d{number}", at, model, JUDGE, "judged", score), since=at)
    assert demoted_now(db, NOW) == demoted(stored(db), NOW)
    assert len(demoted_now(db, NOW)) == 3


def test_unreadable_judgements_demote_nobody(db, monkeypatch):
    def broken(*_, **__):
        raise StorageError("locked")

    monkeypatch.setattr(quality, "newest", broken)
    assert demoted_now(db, NOW) == {}


def test_the_table_refuses_a_score_out_of_bounds(db):
    with pytest.raises((StorageError, sqlite3.Error)):
        quality.record(db, quality.Judgement("d1", NOW, "m", "j", "judged", 1001), since=NOW)


def test_without_a_judge_no_answer_is_kept():
    assert not wants(None, "d")
    assert not wants(Judge("", 1.0, gives(1.0)), "d")
    assert not wants(Judge(JUDGE, 0.0, gives(1.0)), "d")
    assert wants(Judge(JUDGE, 1.0, gives(1.0)), "d")


def test_the_desk_never_waits_and_leaves_what_does_not_fit_unjudged(db):
    async def run():
        desk = Desk(Judge(JUDGE, 1.0, gives(0.9)), db, Clock())
        taken = [desk.offer(subject(number)) for number in range(WAITING + 5)]
        desk.close()
        late = desk.offer(subject(99))
        await desk.serve()
        return taken, late

    taken, late = anyio.run(run)
    assert taken == [True] * WAITING + [False] * 5
    assert not late
    assert len(stored(db)) == WAITING


def test_an_answer_is_collected_from_its_events():
    answer = Answer()
    for event in (TextDelta("wrong"), AttemptFailed("a", "b", "timed_out", ""), TextDelta("ri"), TextDelta("ght")):
        answer.see(event)
    assert not answer.is_judgeable
    answer.see(Done(StopReason.END, "m"))
    assert answer.is_judgeable
    assert answer.text == "right"


@pytest.mark.parametrize(
    "events",
    [
        (TextDelta("half"), Partial("interrupted", "cut")),
        (ToolCallEvent(ToolCall("1", "f", "{}")), Done(StopReason.TOOL_CALL, "m")),
        (TextDelta("half"),),
    ],
)
def test_a_partial_answer_or_a_tool_call_is_not_judged(events):
    answer = Answer()
    for event in events:
        answer.see(event)
    assert not answer.is_judgeable
