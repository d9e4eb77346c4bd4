"""The facade: classify, build the chain, walk it, record what happened. No logic of its own.

`assembly.open_router` puts the parts together.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial

import anyio

from llm_router_core.budgets.gate import BudgetGate
from llm_router_core.catalog.load import Catalog
from llm_router_core.chains.candidates import World
from llm_router_core.chains.plan import Modes, Plan, make_plan, no_route
from llm_router_core.classify.request import classify_request
from llm_router_core.clock import Clock
from llm_router_core.conversation import Event, Request
from llm_router_core.dispatch.health import HealthBoard
from llm_router_core.dispatch.walk import Walker
from llm_router_core.errors import LLMRouterError, StorageError
from llm_router_core.http_client import HttpClient
from llm_router_core.judging.desk import Answer, Desk
from llm_router_core.providers.discovery import LocalServers
from llm_router_core.providers.registry import Registry
from llm_router_core.recording import (
    RouteContext,
    call_context,
    decision_row,
    outcome_code,
    plan_span,
    subject_of,
)
from llm_router_core.savings.counterfactual import with_baseline
from llm_router_core.savings.record import record_counterfactual
from llm_router_core.settings.model import Settings
from llm_router_core.standing import Standing, look_up
from llm_router_core.storage import decisions, ledger
from llm_router_core.storage.database import Database

__all__ = ["RouteContext", "Router"]


@dataclass(frozen=True, slots=True)
class Router:
    """Routes requests. Made by `assembly.open_router`."""

    settings: Settings
    catalog: Catalog
    registry: Registry
    client: HttpClient
    local: LocalServers
    gate: BudgetGate
    board: HealthBoard
    db: Database | None
    clock: Clock
    walker: Walker
    problems: tuple[str, ...] = ()
    desk: Desk | None = None

    async def observe(self, context: RouteContext) -> World:
        """What is reachable, healthy and affordable now. Asks local servers and the database, nobody else."""
        endpoints = self.registry.endpoints
        found = await self.local.find(preferred=self.settings.ollama_models, named=self.registry.named_models)
        stands, breakers = await anyio.to_thread.run_sync(self._look_up, context)
        return World(
            now=self.clock.now(),
            endpoints={name: point for name, point in endpoints.items() if name not in found.unusable},
            unusable={**self.registry.unusable, **found.unusable},
            local_models=found.models,
            named_models=self.registry.named_models,
            open_breakers=breakers,
            headroom_microusd=stands.headroom_microusd,
            ledger_problem=stands.problem,
            rules=self.settings.rules,
            pressure=stands.pressure,
            step_down_at=self.settings.pressure_step_down,
            out_at=self.settings.pressure_out,
            demoted=stands.demoted,
            memory_rules=stands.memory_rules,
        )

    def _look_up(self, context: RouteContext) -> tuple[Standing, dict[tuple[str, str], str]]:
        """What the database says, in one visit of a thread."""
        stands = Standing(problem="; ".join(self.problems))
        if self.db is not None:
            stands = look_up(self.db, self.clock, context, self.settings)
        return stands, self.board.open_now(self.registry.endpoints.values())

    def plan(self, request: Request, context: RouteContext, world: World) -> Plan:
        """What would be tried, and why. Pure: the same three values give the same plan."""
        settings = self.settings
        modes = Modes(settings.profile, settings.quality_mode, settings.min_model, settings.unpriced_ceiling_microusd)
        overrides = context.overrides
        if overrides.max_cost_microusd is None:
            overrides = replace(overrides, max_cost_microusd=settings.max_cost_microusd)
        return make_plan(
            request,
            classify_request(request),
            overrides,
            modes,
            world,
            catalog=self.catalog,
        )

    async def route(self, request: Request, context: RouteContext) -> AsyncGenerator[Event, None]:
        """The answer as events, ending in `Done` or `Partial`. Close the iterator if you stop early.

        Raises:
            NoRouteError: nobody can be tried, or all failed; carries each candidate with its reason.
            Unaffordable, RefusedError: only budgets stand in the way.
        """
        plan = self.plan(request, context, await self.observe(context))
        decision_id = ledger.new_id()
        answer = Answer() if self.desk and self.desk.wants(decision_id) else None
        outcome: Event | LLMRouterError | None = None
        with plan_span(decision_id, context.session, plan) as trace:
            try:
                if not plan.chain.candidates:
                    raise no_route(plan)
                call = call_context(decision_id, context, plan, trace)
                async with aclosing(self.walker.run(request, plan.chain.candidates, call)) as events:
                    async for event in events:
                        outcome = with_baseline(event, self.settings.baseline_model, self.clock.now())
                        if answer is not None:
                            answer.see(event)
                        yield outcome
            except LLMRouterError as failed:
                outcome = failed
                raise
            finally:
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(partial(self._record, decision_id, context, plan, outcome))
                trace.ended(outcome_code(outcome))
        if self.desk is not None and answer is not None and answer.is_judgeable:
            self.desk.offer(subject_of(decision_id, context, request, outcome, answer.text))

    def _record(
        self, decision_id: str, context: RouteContext, plan: Plan, outcome: Event | LLMRouterError | None
    ) -> None:
        """One row a decision. A disk that cannot take it costs a warning, not the answer."""
        if self.db is None:
            return
        try:
            decisions.record(self.db, decision_row(decision_id, self.clock.now(), context, plan, outcome))
            record_counterfactual(self.db, decision_id, baseline_model=self.settings.baseline_model)
        except StorageError as error:
            self.gate.warnings.append(f"this decision could not be recorded: {error.message}")
