"""Whether a key works: the smallest call to each provider that has one, all at once, each within its limit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

import anyio

from llm_router_core.errors import LLMRouterError
from llm_router_core.providers.endpoint import Endpoint

LIMIT_S = 15.0
SHORTEST_KEY = 8  # anything shorter is no key, and part of ordinary words
# The smallest call to an endpoint: one sentence about what answered. It raises an LLMRouterError where nothing did.
Probe = Callable[[Endpoint], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Checked:
    """One provider's outcome in one sentence, which never holds the key."""

    provider: str
    is_working: bool
    message: str


async def check(endpoints: Iterable[Endpoint], probe: Probe, *, limit_s: float = LIMIT_S) -> list[Checked]:
    """The outcome for each endpoint, by provider."""
    outcomes: dict[str, Checked] = {}

    async def one(endpoint: Endpoint) -> None:
        is_working, message = False, f"no answer within {limit_s:g} s"
        with anyio.move_on_after(limit_s):
            try:
                message, is_working = await probe(endpoint), True
            except LLMRouterError as failed:
                message = failed.message
        if len(endpoint.key or "") >= SHORTEST_KEY:
            message = message.replace(endpoint.key or "", "(the key)")
        outcomes[endpoint.provider] = Checked(endpoint.provider, is_working, message)

    async with anyio.create_task_group() as group:
        for endpoint in endpoints:
            group.start_soon(one, endpoint)
    return [outcomes[name] for name in sorted(outcomes)]
