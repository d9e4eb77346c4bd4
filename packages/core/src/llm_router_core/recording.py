"""What a route leaves behind: a row of the decisions table, a span, and for a few answers a place on the judge's desk.

Row and span hold codes and figures, never text of the prompt or the answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from llm_router_core.chains.plan import Overrides, Plan
from llm_router_core.conversation import Done, Event, Partial, Request
from llm_router_core.dispatch.attempt import CallContext
from llm_router_core.errors import LLMRouterError
from llm_router_core.judging.judge import Subject
from llm_router_core.storage.decisions import Decision
from llm_router_core.storage.ledger import Purpose
from llm_router_core.telemetry import RouteSpan, route_span


@dataclass(frozen=True, slots=True)
class RouteContext:
    """Whom a request belongs to, and what the caller fixes."""

    session: str = ""
    project: str = ""
    overrides: Overrides = field(default_factory=Overrides)
    purpose: Purpose = "answer"


def decision_row(
    decision_id: str, at: datetime, context: RouteContext, plan: Plan, outcome: Event | LLMRouterError | None
) -> Decision:
    """The row for a route that ended with `outcome`: its last event, the error it raised, or None when cancelled."""
    receipt = outcome.receipt if isinstance(outcome, Done | Partial) else None
    return Decision(
        decision_id,
        at,
        context.session,
        context.project,
        plan.wanted.task_type,
        plan.wanted.complexity,
        round(plan.classification.confidence * 100),
        f"{receipt.provider}/{receipt.model}" if receipt else "",
        receipt.reason if receipt else plan.chain.row,
        tuple(candidate.id for candidate in plan.chain.candidates),
        outcome_code(outcome),
    )


def outcome_code(outcome: Event | LLMRouterError | None) -> str:
    """How a call ended, in one word: `ok`, `partial`, an error's code, or `cancelled`."""
    if isinstance(outcome, Done):
        return "ok"
    if isinstance(outcome, Partial):
        return "partial"
    return outcome.code if isinstance(outcome, LLMRouterError) else "cancelled"


def plan_span(decision_id: str, session: str, plan: Plan) -> RouteSpan:
    """The span of a route with this plan, to be entered."""
    return route_span(
        decision_id,
        session=session,
        task_type=plan.wanted.task_type,
        complexity=plan.wanted.complexity,
        candidates=len(plan.chain.candidates),
    )


def call_context(decision_id: str, context: RouteContext, plan: Plan, trace: RouteSpan) -> CallContext:
    """Whom the attempts of this route belong to."""
    return CallContext(
        decision_id,
        decision_id,
        context.session,
        context.project,
        max_cost_microusd=plan.wanted.max_cost_microusd,
        trace=trace,
        purpose=context.purpose,
    )


def subject_of(
    decision_id: str, context: RouteContext, request: Request, outcome: Event | LLMRouterError | None, answer: str
) -> Subject:
    """A delivered answer as the judge gets it."""
    receipt = outcome.receipt if isinstance(outcome, Done) else None
    model = f"{receipt.provider}/{receipt.model}" if receipt else ""
    return Subject(decision_id, model, request.prompt, answer, context.session, context.project)
