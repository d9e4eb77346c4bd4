"""One call to one model over HTTP: encoded, sent, checked, decoded, and its usage counted where the provider gave none.

No retries, no judgement of statuses, no money: those are dispatch's. Keys travel in a header and appear in no message.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Literal

from llm_router_core.conversation import Done, Event, Request, Usage, UsageEvent
from llm_router_core.errors import ErrorKind, ProviderError
from llm_router_core.http_client import HttpClient, Reply, TransportFailure
from llm_router_core.providers.dialects.dialect import Dialect, WireCall
from llm_router_core.providers.dialects.payload import parse_object
from llm_router_core.providers.dialects.registry import dialect_named
from llm_router_core.providers.endpoint import Endpoint, Limits, Target
from llm_router_core.providers.estimate import estimated_usage, event_bytes, is_impossible, is_too_small
from llm_router_core.providers.http_failure import HttpFailure, auth_headers, http_failure, shown_url
from llm_router_core.providers.remote_models import RemoteModel, fetch_models
from llm_router_core.providers.vendor_errors import without_key
from llm_router_core.providers.window_check import ensure_not_cut

__all__ = ["HttpFailure", "RemoteModel", "TransportFailure", "call", "fetch_models"]

Form = Literal["whole", "stream"]
MAX_WHOLE_REPLY_BYTES = 2 * 1024 * 1024  # JSON grows about twentyfold in memory; the longest answers are under 1 MiB
_DRAIN_S = 0.05
_STREAMS = frozenset({"text/event-stream", "application/x-ndjson", "application/ndjson", "application/jsonl"})
_UNTOLD = frozenset({"", "text/plain", "application/octet-stream"})


async def call(client: HttpClient, request: Request, target: Target, limits: Limits) -> AsyncGenerator[Event, None]:
    """The events of one call: its usage right before `Done`, and `Done` last. Close it if you stop early.

    Usage the provider did not give, or that cannot be true, is estimated and marked so.

    Raises:
        HttpFailure: a status other than 200.
        TransportFailure: unreachable, timed out, too large, cut, or a redirect.
        ProviderError: the reply is an error, is not what the dialect allows, or ended before it was complete. Its
            `has_replied` and `used` tell how far it had come.
    """
    ends_s = time.monotonic() + limits.deadline_s
    usage: Usage | None = None
    done: Done | None = None
    output_bytes = 0
    try:
        async with aclosing(_exchange(client, request, target, limits)) as events:
            async for event in events:
                output_bytes += event_bytes(event)
                if isinstance(event, UsageEvent):
                    usage = event.usage
                elif isinstance(event, Done):
                    done = event
                else:
                    yield event
        if done is None:
            raise ProviderError(ErrorKind.INTERRUPTED, "the reply ended without its terminal event")
        if target.endpoint.dialect == "ollama":
            left = replace(limits, deadline_s=max(ends_s - time.monotonic(), 0.0))
            counted = usage.input_tokens if usage is not None and usage.prompt_tokens else None
            await ensure_not_cut(client, request, target, counted, left)
        if usage is not None and (is_impossible(usage, request, target) or is_too_small(usage, request, output_bytes)):
            usage = None
    except ProviderError as error:
        if usage is not None and not is_impossible(usage, request, target):
            error.used = usage
        raise _without_key(error, target.endpoint.key) from None
    yield UsageEvent(usage or estimated_usage(request, output_bytes))
    yield done if done.model else replace(done, model=target.model)


async def _exchange(
    client: HttpClient, request: Request, target: Target, limits: Limits
) -> AsyncGenerator[Event, None]:
    """The events as the dialect decodes them."""
    endpoint = target.endpoint
    dialect = dialect_named(endpoint.dialect)
    wire = dialect.encode(request, target)
    url = dialect.base(endpoint.base_url) + wire.path
    headers = _headers(wire, endpoint, is_stream=request.stream)
    async with client.post(url, headers=headers, body=_body(wire), limits=limits) as reply:
        if reply.status != 200:
            raise await http_failure(reply, endpoint)
        form = _form(reply.headers, endpoint, is_stream=request.stream)
        try:
            async with aclosing(_events(reply, dialect, form)) as events:
                async for event in events:
                    if isinstance(event, Done):
                        await reply.drain(_DRAIN_S)  # so that the connection is used again
                    yield event
        except ProviderError as error:
            error.has_replied = True
            raise


def _headers(wire: WireCall, endpoint: Endpoint, *, is_stream: bool) -> dict[str, str]:
    accept = "text/event-stream, application/x-ndjson, application/json" if is_stream else "application/json"
    return {"content-type": "application/json", "accept": accept, **wire.headers, **auth_headers(endpoint)}


def _body(wire: WireCall) -> bytes:
    try:
        text = json.dumps(wire.body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        raise ProviderError(ErrorKind.BAD_REQUEST, "the request holds a value that JSON cannot express") from None
    return text.encode("utf-8", "replace")


async def _events(reply: Reply, dialect: Dialect, form: Form) -> AsyncGenerator[Event, None]:
    if form == "whole":
        for event in dialect.decode_reply(parse_object(await reply.read(MAX_WHOLE_REPLY_BYTES), "the reply")):
            yield event
        return
    decoder = dialect.stream_decoder()
    async with aclosing(reply.chunks()) as pieces:
        async for piece in pieces:
            for event in decoder.feed(piece):
                yield event
                if isinstance(event, Done):
                    return
    for event in decoder.finish():
        yield event


def _form(headers: Mapping[str, str], endpoint: Endpoint, *, is_stream: bool) -> Form:
    """How the body is to be read: as its content type says, and as was asked where that says nothing.

    Raises:
        ProviderError: BAD_REPLY, it is a web page or the like; names the base URL, which is mostly what is wrong.
    """
    kind = headers.get("content-type", "").split(";", 1)[0].strip().lower()
    if kind in _STREAMS:
        return "stream"
    if kind == "application/json" or kind.endswith("+json"):
        return "whole"
    if kind in _UNTOLD:
        return "stream" if is_stream else "whole"
    what = "a web page" if kind == "text/html" else "something else than JSON"
    raise ProviderError(
        ErrorKind.BAD_REPLY, f"{shown_url(endpoint.base_url)} answered with {what}; check the base URL of this provider"
    )


def _without_key(error: ProviderError, key: str | None) -> ProviderError:
    if not key or key not in error.message:
        return error
    return error.changed(message=without_key(error.message, key))
