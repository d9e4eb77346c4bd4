"""A router over simulated providers, with an environment and a state folder of its own."""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

import pytest

from llm_router_core.assembly import open_router
from llm_router_core.catalog.load import load_catalog
from llm_router_core.chains.plan import Overrides
from llm_router_core.conversation import Done, Event, Partial, Request, TextDelta, prompt_request
from llm_router_core.router import RouteContext, Router
from llm_router_core.settings.sources import load


@pytest.fixture
def anyio_backend():
    return "asyncio"


@dataclass
class Outcome:
    events: list[Event] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, TextDelta))

    @property
    def end(self) -> Done | Partial:
        last = self.events[-1]
        assert isinstance(last, Done | Partial)
        return last

    def of(self, kind: type) -> list:
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def opened(tmp_path) -> Callable[..., object]:
    """`async with opened(OPENAI_BASE_URL=..., ...) as router:`; Ollama is away unless it is named."""

    @asynccontextmanager
    async def build(**env: str) -> AsyncIterator[Router]:
        nowhere = {f"{name}_BASE_URL": "http://127.0.0.1:9/v1" for name in ("LMSTUDIO", "LLAMACPP", "VLLM")}
        variables = {"OLLAMA_HOST": "127.0.0.1:9", **nowhere, **env}
        home = str(tmp_path / "state")
        async with open_router(load(variables, home).settings, variables, home) as router:
            yield router

    return build


@pytest.fixture
def ask():
    """`await ask(router, "prompt", model=...)`: every event of one route."""

    async def call(router: Router, prompt: str | Request, *, stream: bool = False, **overrides) -> Outcome:
        request = prompt_request(prompt, stream=stream) if isinstance(prompt, str) else prompt
        outcome = Outcome()
        context = RouteContext("session", "project", Overrides(**overrides))
        async with aclosing(router.route(request, context)) as events:
            async for event in events:
                outcome.events.append(event)
        return outcome

    return call


def providers(**servers) -> dict[str, str]:
    """The variables that lead to simulated servers: `providers(openai=server, anthropic=other)`."""
    env = {}
    rows = load_catalog().providers
    for name, server in servers.items():
        env[f"LLM_ROUTER_{name.upper()}_BASE_URL"] = server.base_url(rows[name].dialect)
        if rows[name].key_env:
            env[f"LLM_ROUTER_{name.upper()}_API_KEY"] = "dummy-key"
    return env


@pytest.fixture(name="providers")
def providers_fixture():
    return providers
