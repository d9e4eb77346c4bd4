"""Runs the demo's prompts through the real pipeline and gathers what happened to each, and what the ledger says."""

from __future__ import annotations

import tempfile
from contextlib import aclosing
from dataclasses import dataclass, field

from llm_router_core.assembly import open_router
from llm_router_core.budgets.status import ScopeStatus, list_status
from llm_router_core.chains.plan import Plan
from llm_router_core.clock import SystemClock
from llm_router_core.conversation import AttemptFailed, Done, Partial, Receipt, TextDelta, prompt_request
from llm_router_core.errors import LLMRouterError
from llm_router_core.router import RouteContext, Router
from llm_router_core.settings.sources import load
from llm_router_core.storage import decisions
from llm_router_installer.demo.prompts import Ask, asks
from llm_router_installer.demo.world import simulated_world

SESSION = "demo"
CHATS = ("/chat/completions", "/responses", "/messages", "/api/chat")


@dataclass(slots=True)
class Told:
    """What happened to one prompt."""

    ask: Ask
    plan: Plan
    answer: str = ""
    failed: list[AttemptFailed] = field(default_factory=list)
    receipt: Receipt | None = None
    broken_off: Partial | None = None
    refusal: LLMRouterError | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """The whole demo: each prompt's story, the caps afterwards, and the ledger's own sum."""

    told: tuple[Told, ...]
    status: tuple[ScopeStatus, ...]
    attempts: int
    ledger_microusd: int
    requests: int


async def run_demo() -> Shown:
    """Everything, in a temporary folder and an environment of its own: nothing of the user's is read or written."""
    questions = asks()
    with tempfile.TemporaryDirectory(prefix="llm-router-demo-") as home, simulated_world(questions) as world:
        settings = load(world.env, home).settings
        async with open_router(settings, world.env, home) as router:
            told = [await _tell(router, ask) for ask in questions]
            if router.db is None:
                raise LLMRouterError("the demo's own state folder cannot be written", remedy="free some disk space")
            status = list_status(router.db, SystemClock(), session=SESSION)
            attempts = [a for record in decisions.last(router.db, 100) for a in record.attempts]
        requests = sum(request.path.endswith(CHATS) for server in world.servers.values() for request in server.requests)
    return Shown(tuple(told), status, len(attempts), sum(a.cost_microusd or 0 for a in attempts), requests)


async def _tell(router: Router, ask: Ask) -> Told:
    request = prompt_request(ask.prompt, stream=ask.stream)
    context = RouteContext(SESSION, "", ask.overrides)
    told = Told(ask, router.plan(request, context, await router.observe(context)))
    try:
        async with aclosing(router.route(request, context)) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    told.answer += event.text
                elif isinstance(event, AttemptFailed):
                    told.failed.append(event)
                elif isinstance(event, Done | Partial):
                    told.receipt = event.receipt
                    told.broken_off = event if isinstance(event, Partial) else None
    except LLMRouterError as refused:
        told.refusal = refused
    return told
