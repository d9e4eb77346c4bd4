"""A route as one row of the decisions table: codes and figures, never text of the prompt or the answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from llm_router_core.chains.plan import Overrides, Plan
from llm_router_core.conversation import Done, Event, Partial
from llm_router_core.errors import LLMRouterError
from llm_router_core.storage.decisions import Decision


@dataclass(frozen=True, slots=True)
class RouteContext:
    """Whom a request belongs to, and what the caller fixes."""

    session: str = ""
    project: str = ""
    overrides: Overrides = field(default_factory=Overrides)


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
