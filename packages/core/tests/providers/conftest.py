from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from llm_router_core.catalog.entries import DataClass
from llm_router_core.conversation import Done, Event, ReasoningDelta, Request, TextDelta, Usage, UsageEvent
from llm_router_core.http_client import HttpClient
from llm_router_core.providers.call import call
from llm_router_core.providers.endpoint import Endpoint, Limits, Target
from llm_router_core.simulate.server import SimulatedServer

KEY = "sk-test-0123456789abcdefghijkl"
AUTH = {
    "openai_chat": "bearer",
    "openai_responses": "bearer",
    "anthropic": "x-api-key",
    "gemini": "x-goog-api-key",
    "ollama": "none",
}
SHORT = Limits(deadline_s=5.0, connect_s=2.0, gap_s=5.0, max_body_bytes=4 * 1024 * 1024)

CallModel = Callable[..., Awaitable[list[Event]]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    async with HttpClient() as open_client:
        yield open_client


@pytest.fixture
def target() -> Callable[..., Target]:
    def make(
        server: SimulatedServer | str,
        dialect: str,
        *,
        provider: str = "somebody",
        model: str = "simulated",
        max_output_tokens: int = 512,
        context_tokens: int | None = None,
    ) -> Target:
        base_url = server if isinstance(server, str) else server.base_url(dialect)
        auth = AUTH[dialect]
        endpoint = Endpoint(
            provider, dialect, base_url, DataClass.LOCAL, auth=auth, key=None if auth == "none" else KEY
        )
        return Target(endpoint, model, max_output_tokens, context_tokens)

    return make


@pytest.fixture
def ask(client: HttpClient, target: Callable[..., Target]) -> CallModel:
    async def run(
        server: SimulatedServer | str, dialect: str, request: Request, limits: Limits = SHORT, **options: object
    ) -> list[Event]:
        return [event async for event in call(client, request, target(server, dialect, **options), limits)]

    return run


class Heard:
    """The parts of a list of events that tests look at."""

    def __init__(self, events: list[Event]) -> None:
        self.text = "".join(event.text for event in events if isinstance(event, TextDelta))
        self.reasoning = "".join(event.text for event in events if isinstance(event, ReasoningDelta))
        self.usages: list[Usage] = [event.usage for event in events if isinstance(event, UsageEvent)]
        self.dones: list[Done] = [event for event in events if isinstance(event, Done)]
        self.last_two = tuple(type(event).__name__ for event in events[-2:])


@pytest.fixture
def hear() -> Callable[[list[Event]], Heard]:
    return Heard
