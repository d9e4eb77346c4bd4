"""Judging one answer, after it was delivered and never in its way.

`judge_later` is awaited by a background task of a long-lived process; a short command does not judge. Whatever goes
wrong (the judge fails, a budget refuses it, its reply cannot be trusted) leaves the answer unjudged, with the reason's
code, and nothing else happens. A judgement is recorded as score, parts and codes; the texts are forgotten.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

import anyio

from llm_router_core.clock import Clock
from llm_router_core.conversation import Request
from llm_router_core.errors import LLMRouterError, StorageError
from llm_router_core.hotpath import secret_scan
from llm_router_core.judging.asides import without_asides
from llm_router_core.judging.demotion import WINDOW_DAYS
from llm_router_core.judging.family import may_judge
from llm_router_core.judging.sanity import SPOKEN_TO_CEILING, Inspected, inspect
from llm_router_core.judging.verdict import (
    MAX_ANSWER,
    MAX_QUESTION,
    Verdict,
    clipped,
    judge_request,
    new_marks,
    parse_verdict,
    score_of,
)
from llm_router_core.storage import quality
from llm_router_core.storage.database import Database
from llm_router_core.storage.quality import Judgement

Ask = Callable[[Request, "Subject"], Awaitable[str]]

TIMEOUT_S = 60.0
JUDGED = "judged"
_SAMPLE_SPACE = 2**64
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Subject:
    """A delivered answer. The texts live in memory until it is judged and are never stored."""

    decision_id: str
    model: str
    question: str
    answer: str
    session: str = ""
    project: str = ""


@dataclass(frozen=True, slots=True)
class Judge:
    """Who judges: `model` as PROVIDER/MODEL, the share of answers it reads, and how to ask it.

    `ask` makes one budgeted call to that model under the purpose `judge` and gives back its text; it raises an
    `LLMRouterError` when it cannot.
    """

    model: str
    rate: float
    ask: Ask


def is_sampled(decision_id: str, rate: float) -> bool:
    """Whether a decision is among the judged share: fixed by its id, and at a higher rate the same ones and more."""
    digest = hashlib.blake2b(decision_id.encode("utf-8", "surrogatepass"), digest_size=8, person=b"llm-router-judge")
    return int.from_bytes(digest.digest()) < rate * _SAMPLE_SPACE


def wants(judge: Judge | None, decision_id: str) -> bool:
    """Whether this decision's answer is worth keeping in memory for the judge."""
    return judge is not None and bool(judge.model) and is_sampled(decision_id, judge.rate)


async def judge_later(subject: Subject, judge: Judge, db: Database, clock: Clock) -> Judgement:
    """Judge an answer and commit the judgement. It does not check the sampling, so a caller may insist."""
    judgement = await _judged(subject, judge, clock)
    since = judgement.at - timedelta(days=WINDOW_DAYS)
    try:
        samples = await anyio.to_thread.run_sync(partial(quality.record, db, judgement, since=since))
    except StorageError:
        logger.warning("a judgement could not be recorded", extra={"decision_id": subject.decision_id})
        return judgement
    logger.info(
        "an answer was judged" if judgement.score is not None else "an answer stayed unjudged",
        extra={"model": subject.model, "outcome": judgement.outcome, "count": samples},
    )
    return judgement


async def _judged(subject: Subject, judge: Judge, clock: Clock) -> Judgement:
    result = Judgement(subject.decision_id, clock.now(), subject.model, judge.model, JUDGED)
    if not may_judge(judge.model, subject.model):
        return replace(result, outcome="own_family")
    # In a thread: scanning a long answer takes longer than an event loop should be held.
    prepared = await anyio.to_thread.run_sync(_prepared, subject)
    if prepared is None:
        return replace(result, outcome="secret")
    question, seen = prepared
    if seen.ceiling == 0:
        return replace(result, score=0, ceiling=0)
    verdict, outcome = await _asked(judge, subject, question, seen.text)
    if verdict is None:
        return replace(result, outcome=outcome)
    ceiling = min(seen.ceiling, SPOKEN_TO_CEILING) if verdict.speaks_to_judge else seen.ceiling
    return replace(result, score=score_of(verdict.parts, ceiling), parts=verdict.parts, ceiling=ceiling)


def _prepared(subject: Subject) -> tuple[str, Inspected] | None:
    """The question and the answer for the judge's eyes; None where one of them holds a secret."""
    if secret_scan.contains_secret(subject.question) or secret_scan.contains_secret(subject.answer):
        return None
    question = clipped(subject.question, MAX_QUESTION)
    return without_asides(question).text, inspect(question, clipped(subject.answer, MAX_ANSWER))


async def _asked(judge: Judge, subject: Subject, question: str, answer: str) -> tuple[Verdict | None, str]:
    """The judge's verdict, or None with the code of what went wrong."""
    marks = new_marks()
    try:
        with anyio.fail_after(TIMEOUT_S):
            reply = await judge.ask(judge_request(question, answer, marks), subject)
        return parse_verdict(reply, marks.seal), JUDGED
    except LLMRouterError as failed:
        return None, failed.code
    except TimeoutError:
        return None, "timed_out"
    except OSError:
        return None, "failed"
    except ValueError:
        return None, "bad_verdict"
