"""Which local servers are up, and what they have installed: asked on loopback, all at once, each within 300 ms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import anyio

from llm_router_core.catalog.entries import DataClass, Model
from llm_router_core.catalog.load import Catalog
from llm_router_core.clock import Clock
from llm_router_core.errors import ErrorKind, ProviderError
from llm_router_core.http_client import HttpClient, TransportFailure
from llm_router_core.providers.call import HttpFailure, RemoteModel, fetch_models
from llm_router_core.providers.endpoint import Endpoint, Limits
from llm_router_core.providers.remote_models import is_cloud_name

FRESH_S = 10.0
_NO_LIST = frozenset({404, 405, 501})  # a server that answers models but lists none
PROBE = Limits(deadline_s=0.3, connect_s=0.3, gap_s=0.3, max_body_bytes=4 * 1024 * 1024)


@dataclass(frozen=True, slots=True)
class Found:
    """Models by provider for the servers that answered, and the reason for each that did not."""

    models: Mapping[str, tuple[Model, ...]]
    unusable: Mapping[str, str]


class LocalServers:
    """What `discover` found, remembered for `FRESH_S` seconds: a server that routes many prompts asks once."""

    def __init__(self, client: HttpClient, endpoints: Sequence[Endpoint], catalog: Catalog, clock: Clock) -> None:
        self._client = client
        self._endpoints = endpoints
        self._catalog = catalog
        self._clock = clock
        self._found: Found | None = None
        self._found_s = 0.0

    async def find(self, *, preferred: Sequence[str] = (), named: Mapping[str, tuple[str, ...]] | None = None) -> Found:
        """As `discover`, at most `FRESH_S` old."""
        now_s = self._clock.monotonic_s()
        if self._found is None or now_s - self._found_s >= FRESH_S:
            self._found = await discover(self._client, self._endpoints, self._catalog, preferred=preferred, named=named)
            self._found_s = now_s
        return self._found


async def discover(
    client: HttpClient,
    endpoints: Iterable[Endpoint],
    catalog: Catalog,
    *,
    preferred: Sequence[str] = (),
    named: Mapping[str, tuple[str, ...]] | None = None,
) -> Found:
    """The local servers among `endpoints`, with `preferred` families first.

    `named` models stand in for a server that answers but has no list. Models that only forward to somebody else's
    machine are left out: they are not local.
    """
    models: dict[str, tuple[Model, ...]] = {}
    unusable: dict[str, str] = {}

    async def ask(endpoint: Endpoint) -> None:
        names = tuple(name for name in (named or {}).get(endpoint.provider, ()) if not is_cloud_name(name))
        try:
            remote = await fetch_models(client, endpoint, PROBE)
        except (HttpFailure, TransportFailure, ProviderError) as failed:
            if names and isinstance(failed, HttpFailure) and failed.status in _NO_LIST:
                models[endpoint.provider] = tuple(catalog.local_model(endpoint.provider, name) for name in names)
            else:
                unusable[endpoint.provider] = _reason(failed, endpoint)
            return
        usable = [item for item in remote if not item.is_remote and "embed" not in item.name]
        usable = [item for item in usable if not names or item.name in names]
        if usable:
            usable.sort(key=lambda item: _rank(item, preferred))
            models[endpoint.provider] = tuple(
                catalog.local_model(endpoint.provider, item.name, context_tokens=item.context_tokens) for item in usable
            )
        else:
            unusable[endpoint.provider] = "it runs, but no model is installed there"

    async with anyio.create_task_group() as group:
        for endpoint in endpoints:
            if endpoint.data_class is DataClass.LOCAL:
                group.start_soon(ask, endpoint)
    return Found(models, unusable)


def _reason(failed: HttpFailure | ProviderError, endpoint: Endpoint) -> str:
    """Why what is at that place cannot be used; something else than a model server may well listen there."""
    if isinstance(failed, HttpFailure) and failed.status in {401, 403}:
        return f"what answers at {endpoint.base_url} wants a key: set LLM_ROUTER_{_in_capitals(endpoint)}_API_KEY"
    if isinstance(failed, HttpFailure) or failed.kind is ErrorKind.BAD_REPLY:
        return f"what answers at {endpoint.base_url} is not a model server"
    return f"not answering at {endpoint.base_url}"


def _in_capitals(endpoint: Endpoint) -> str:
    return endpoint.provider.upper().replace("-", "_")


def _rank(item: RemoteModel, preferred: Sequence[str]) -> int:
    for place, name in enumerate(preferred):
        if item.name == name or item.name.split(":", 1)[0] == name:
            return place
    return len(preferred)
