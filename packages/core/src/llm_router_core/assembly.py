"""Puts the parts of a router together for one process, and takes them apart again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace

import anyio

from llm_router_core import redact
from llm_router_core.budgets.gate import BudgetGate
from llm_router_core.catalog.load import load_catalog
from llm_router_core.chains.plan import Overrides
from llm_router_core.clock import Clock, SystemClock
from llm_router_core.conversation import Partial, Request, TextDelta
from llm_router_core.credentials import load_stored
from llm_router_core.dispatch.attempt import Attempts
from llm_router_core.dispatch.health import HealthBoard
from llm_router_core.dispatch.walk import Deadlines, Walker
from llm_router_core.errors import ErrorKind, LedgerUnavailable, ProviderError, StorageError
from llm_router_core.http_client import HttpClient
from llm_router_core.judging.desk import Desk
from llm_router_core.judging.judge import Judge, Subject
from llm_router_core.keystore import process_keyring
from llm_router_core.providers.discovery import LocalServers
from llm_router_core.providers.registry import build_registry
from llm_router_core.recording import RouteContext
from llm_router_core.router import Router
from llm_router_core.settings.model import Settings
from llm_router_core.standing import limits_of
from llm_router_core.storage.database import Database
from llm_router_core.storage.retention import upkeep


@asynccontextmanager
async def open_router(
    settings: Settings, env: Mapping[str, str], home: str, clock: Clock | None = None
) -> AsyncIterator[Router]:
    """A router over the state folder `home`, with providers and keys taken from `env` and the settings.

    A state folder that cannot be used does not stop it: free models still answer, paid ones are refused because they
    could not be recorded, and `Router.problems` says so.

    Raises:
        ConfigError: a base URL cannot be used.
    """
    clock = clock or SystemClock()
    catalog = load_catalog()
    stored = await anyio.to_thread.run_sync(load_stored, settings, home, process_keyring(env))
    registry = build_registry(catalog, settings, env, stored=stored)
    for endpoint in registry.endpoints.values():
        redact.register(endpoint.key or "")
    db, problems = await anyio.to_thread.run_sync(_open_state, home, clock)
    gate, board = BudgetGate(db, clock, limits=limits_of(settings.spend_caps)), HealthBoard(db, clock)
    deadlines = Deadlines(settings.call_deadline_s, settings.attempt_deadline_s)
    try:
        async with HttpClient() as client:
            yield Router(
                settings,
                catalog,
                registry,
                client,
                LocalServers(client, tuple(registry.endpoints.values()), catalog, clock),
                gate,
                board,
                db,
                clock,
                Walker(Attempts(client, gate, clock), board, clock, deadlines),
                (*problems, *(problem.message for problem in stored.problems)),
            )
    finally:
        if db is not None:
            await anyio.to_thread.run_sync(_close_state, db, clock)


@asynccontextmanager
async def judged(router: Router, model: str, rate: float) -> AsyncIterator[Router]:
    """The router with a judge who reads a share of its answers in the background, for a long-lived process.

    The judge is asked like any other model: policy, consent, secrets and budgets hold for it, under the purpose
    `judge`, and its failures open no breaker for answers.
    """
    if router.db is None or rate <= 0:
        yield router
        return
    walker = replace(router.walker, board=HealthBoard(None, router.clock))
    asking = replace(router, walker=walker, desk=None)

    async def ask(request: Request, subject: Subject) -> str:
        context = RouteContext(subject.session, subject.project, Overrides(model=model), purpose="judge")
        said: list[str] = []
        async with aclosing(asking.route(request, context)) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    said.append(event.text)
                elif isinstance(event, Partial):
                    raise ProviderError(ErrorKind.INTERRUPTED, "the judge broke off")
        return "".join(said)

    desk = Desk(Judge(model, rate, ask), router.db, router.clock)
    async with anyio.create_task_group() as group:
        group.start_soon(desk.serve)
        yield replace(router, desk=desk)
        desk.close()


def _open_state(home: str, clock: Clock) -> tuple[Database | None, tuple[str, ...]]:
    """The state database once it has proved that its caps hold; without that no paid call is made."""
    try:
        db = Database.open(home, clock)
    except StorageError as error:
        return None, (error.message,)
    try:
        BudgetGate(db, clock).self_test()
    except LedgerUnavailable as error:
        db.close()
        return None, (error.message,)
    return db, ()


def _close_state(db: Database, clock: Clock) -> None:
    try:
        upkeep(db, clock)
    finally:
        db.close()
