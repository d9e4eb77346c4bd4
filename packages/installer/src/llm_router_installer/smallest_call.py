"""The smallest call that shows whether a key works. It loads the HTTP client, so only `keys test` imports it.

It is a routed call like any other: it passes the ledger, the caps and the policy, and is a row.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import TypeVar

from llm_router_core.assembly import open_router
from llm_router_core.chains.plan import Overrides
from llm_router_core.conversation import Done, Sampling, prompt_request
from llm_router_core.errors import ErrorKind, ProviderError
from llm_router_core.providers.call import fetch_models
from llm_router_core.providers.endpoint import Endpoint, Limits
from llm_router_core.recording import RouteContext
from llm_router_core.router import Router
from llm_router_installer.key_check import Probe
from llm_router_installer.runtime import Runtime

Outcome = TypeVar("Outcome")
MOST_TOKENS = 64
LIST_LIMITS = Limits(deadline_s=5.0)


async def with_probe(work: Callable[[Probe], Awaitable[Outcome]], runtime: Runtime) -> Outcome:
    """What `work` gives when it has the smallest call at hand."""
    async with open_router(runtime.settings, runtime.env, runtime.home) as router:

        async def probe(endpoint: Endpoint) -> str:
            name = await _smallest_model(router, endpoint)
            request = prompt_request("Say: ok", sampling=Sampling(max_output_tokens=MOST_TOKENS))
            context = RouteContext(runtime.session, "", Overrides(model=f"{endpoint.provider}/{name}"))
            async with aclosing(router.route(request, context)) as events:
                async for event in events:
                    if isinstance(event, Done):
                        return f"{event.model} answered"
            raise ProviderError(ErrorKind.INTERRUPTED, f"{name} did not finish its answer")

        return await work(probe)


async def _smallest_model(router: Router, endpoint: Endpoint) -> str:
    """A model to try: one the user named, the first of the catalogue's, or the first the provider lists."""
    named = router.registry.named_models.get(endpoint.provider, ())
    known = [model.name for model in router.catalog.models.values() if model.provider == endpoint.provider]
    for name in (*named, *known):
        return name
    listed = await fetch_models(router.client, endpoint, LIST_LIMITS)
    if not listed:
        raise ProviderError(ErrorKind.MODEL_NOT_FOUND, "it lists no model to try; name one")
    return listed[0].name
