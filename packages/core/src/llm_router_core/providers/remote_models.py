"""What models an endpoint says it has."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import anyio

from llm_router_core.errors import ConfigError, ProviderError
from llm_router_core.http_client import HttpClient
from llm_router_core.providers.dialects.anthropic import API_VERSION
from llm_router_core.providers.dialects.payload import (
    Payload,
    bad_reply,
    object_of,
    objects_of,
    parse_object,
    text_of,
)
from llm_router_core.providers.dialects.registry import dialect_named
from llm_router_core.providers.endpoint import Endpoint, Limits
from llm_router_core.providers.http_failure import HttpFailure, auth_headers, http_failure

_MODELS_ASKED_ABOUT = 16
_PATHS: Mapping[str, str] = {
    "openai_chat": "/models",
    "openai_responses": "/models",
    "gemini": "/v1beta/models?pageSize=1000",
    "anthropic": "/v1/models?limit=1000",
    "ollama": "/api/tags",
}


@dataclass(frozen=True, slots=True)
class RemoteModel:
    """A model as its server names it. `is_remote`: a local server that forwards it to somebody else's machine."""

    name: str
    context_tokens: int | None = None
    is_remote: bool = False


async def fetch_models(client: HttpClient, endpoint: Endpoint, limits: Limits) -> list[RemoteModel]:
    """The models of the endpoint, in its order. `limits` bound the whole of it.

    From Ollama the windows of the first 16 come along, as far as the deadline allows.

    Raises:
        HttpFailure, TransportFailure, ProviderError: no usable list came.
        ConfigError: the endpoint's dialect has no list.
    """
    ends_s = time.monotonic() + limits.deadline_s
    path = _PATHS.get(endpoint.dialect)
    if path is None:
        raise ConfigError(
            f"dialect {endpoint.dialect!r} has no list of models", remedy="name the models in the settings"
        )
    payload = await _ask(client, endpoint, path, None, limits)
    if endpoint.dialect == "gemini":
        return [_generating(item) for item in objects_of(payload.get("models"), "models") if _generates(item)]
    if endpoint.dialect != "ollama":
        return [model for item in _list_of(payload) if (model := _listed(item)).name]
    if not isinstance(payload.get("models"), list):
        raise bad_reply("it is no list of models")
    found = [_tagged(item) for item in objects_of(payload.get("models"), "models")]
    windows = await _windows(client, endpoint, [model.name for model in found if not model.is_remote], limits, ends_s)
    return [replace(model, context_tokens=windows.get(model.name)) for model in found]


async def _ask(client: HttpClient, endpoint: Endpoint, path: str, body: bytes | None, limits: Limits) -> Payload:
    url = dialect_named(endpoint.dialect).base(endpoint.base_url) + path
    headers = {"accept": "application/json", **auth_headers(endpoint)}
    if endpoint.dialect == "anthropic":
        headers["anthropic-version"] = API_VERSION
    exchange = (
        client.get(url, headers=headers, limits=limits)
        if body is None
        else client.post(url, headers=headers | {"content-type": "application/json"}, body=body, limits=limits)
    )
    async with exchange as reply:
        if reply.status != 200:
            raise await http_failure(reply, endpoint)
        return parse_object(await reply.read(), "the list of models")


def _list_of(payload: Payload) -> list[Payload]:
    """The entries. Together sends them bare, which `parse_object` refuses; anything else without `data` is no list."""
    if not isinstance(payload.get("data"), list):
        raise bad_reply("it is no list of models")
    return objects_of(payload["data"], "data")


def _generates(item: Payload) -> bool:
    methods = item.get("supportedGenerationMethods")
    return not isinstance(methods, list) or "generateContent" in methods


def _generating(item: Payload) -> RemoteModel:
    size = item.get("inputTokenLimit")
    name = text_of(item.get("name"), "name").removeprefix("models/")
    return RemoteModel(name, size if type(size) is int and size > 0 else None)


def _listed(item: Payload) -> RemoteModel:
    """An entry of an OpenAI-compatible or Anthropic list; some servers tell the window, each under its own name."""
    for name in ("context_length", "context_window", "max_model_len", "max_input_tokens"):
        size = item.get(name)
        if type(size) is int and size > 0:
            return RemoteModel(text_of(item.get("id"), "id"), size)
    return RemoteModel(text_of(item.get("id"), "id"))


def _tagged(item: Payload) -> RemoteModel:
    name = text_of(item.get("model") or item.get("name"), "name")
    is_remote = bool(item.get("remote_host") or item.get("remote_model")) or is_cloud_name(name)
    return RemoteModel(name, is_remote=is_remote)


def is_cloud_name(name: str) -> bool:
    """Whether Ollama forwards a model of this name to somebody else's machine."""
    return name.endswith((":cloud", "-cloud"))


async def _windows(
    client: HttpClient, endpoint: Endpoint, names: list[str], limits: Limits, ends_s: float
) -> dict[str, int]:
    """The windows by model, as far as the server tells in time: an unknown one is only a missing figure."""
    found: dict[str, int] = {}

    async def ask(name: str) -> None:
        left_s = ends_s - time.monotonic()
        try:
            body = json.dumps({"model": name}).encode()
            payload = await _ask(client, endpoint, "/api/show", body, replace(limits, deadline_s=max(left_s, 0.0)))
            info = object_of(payload.get("model_info"), "model_info")
        except (ProviderError, HttpFailure):
            return
        for key, value in info.items():
            if key.endswith(".context_length") and type(value) is int and value > 0:
                found[name] = value

    async with anyio.create_task_group() as group:
        for name in names[:_MODELS_ASKED_ABOUT]:
            group.start_soon(ask, name)
    return found
