"""Puts the parts of a router together for one process, and takes them apart again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import anyio

from llm_router_core.budgets.gate import BudgetGate
from llm_router_core.catalog.load import load_catalog
from llm_router_core.clock import Clock, SystemClock
from llm_router_core.dispatch.health import HealthBoard
from llm_router_core.errors import StorageError
from llm_router_core.http_client import HttpClient
from llm_router_core.providers.discovery import LocalServers
from llm_router_core.providers.registry import build_registry
from llm_router_core.router import Router
from llm_router_core.settings.model import Settings
from llm_router_core.storage.database import Database


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
    registry = build_registry(catalog, settings, env)
    db, problems = await anyio.to_thread.run_sync(_open_state, home, clock)
    try:
        async with HttpClient() as client:
            yield Router(
                settings,
                catalog,
                registry,
                client,
                LocalServers(client, tuple(registry.endpoints.values()), catalog, clock),
                BudgetGate(db, clock),
                HealthBoard(db, clock),
                db,
                clock,
                problems,
            )
    finally:
        if db is not None:
            await anyio.to_thread.run_sync(db.close)


def _open_state(home: str, clock: Clock) -> tuple[Database | None, tuple[str, ...]]:
    try:
        return Database.open(home, clock), ()
    except StorageError as error:
        return None, (error.message,)
