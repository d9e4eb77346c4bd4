"""Whether Ollama read the whole prompt. It cuts one silently at the window it serves, whatever window was asked for.

Three witnesses, the cheap one first: the count in the reply; the window of the loaded model, which `/api/ps` tells
since 2025; and, where that says nothing and the count is doubtful, the same prompt made some words longer: a prompt
that was read whole then counts more tokens, one that was cut does not. The last costs a second reading of the prompt,
which the server mostly has in its cache, and needs no knowledge of any tokenizer.
"""

from __future__ import annotations

import json
from dataclasses import replace

from llm_router_core.conversation import Message, Request, Text, UsageEvent
from llm_router_core.errors import ErrorKind, ProviderError
from llm_router_core.http_client import HttpClient
from llm_router_core.providers.dialects.context_window import PromptSize, is_doubtful, measure, surely_cut
from llm_router_core.providers.dialects.ollama import Ollama
from llm_router_core.providers.dialects.payload import Payload, objects_of, parse_object
from llm_router_core.providers.endpoint import Limits, Target
from llm_router_core.providers.http_failure import auth_headers

FITS_EVERYWHERE = 1_024  # tokens; no served window in use is smaller
_PS_LIMITS = Limits(deadline_s=1.0, connect_s=0.3, gap_s=1.0, max_body_bytes=1024 * 1024)
_LONGER = " one two three four five six seven eight" * 4


async def ensure_not_cut(
    client: HttpClient, request: Request, target: Target, counted: int | None, limits: Limits
) -> None:
    """Returns when the prompt was read whole, as far as can be known. `counted` is the server's own count.

    Raises:
        ProviderError: CONTEXT_TOO_LONG, the prompt was cut.
    """
    size = measure(request)
    if size.at_most <= FITS_EVERYWHERE:
        return
    num_ctx = _num_ctx(request, target)
    if counted is not None and surely_cut(counted, size, num_ctx):
        raise _cut(counted, size)
    served = await _served_window(client, target, limits)
    if counted is None:
        if served is not None and served < size.at_least:
            raise _cut(served, size)
        return
    if served is not None and counted >= served - 1:
        raise _cut(counted, size)
    if served is not None and served >= num_ctx and counted >= size.at_least:
        return
    if is_doubtful(counted, size):
        longer = await _count_of_longer(client, request, target, limits)
        if (counted < size.at_least) if longer is None else (longer <= counted):
            raise _cut(counted, size)


def _cut(counted: int, size: PromptSize) -> ProviderError:
    return ProviderError(
        ErrorKind.CONTEXT_TOO_LONG,
        f"the server read {counted} tokens of a prompt that has more (between {size.at_least} and {size.at_most}): "
        "it serves a smaller window than was asked for",
    )


def _num_ctx(request: Request, target: Target) -> int:
    options = Ollama().encode(request, target).body["options"]
    value = options.get("num_ctx") if isinstance(options, dict) else None
    return value if isinstance(value, int) else 0


async def _served_window(client: HttpClient, target: Target, limits: Limits) -> int | None:
    """The window of the loaded model, None where the server does not tell."""
    within = replace(_PS_LIMITS, deadline_s=min(_PS_LIMITS.deadline_s, limits.deadline_s))
    url = Ollama().base(target.endpoint.base_url) + "/api/ps"
    try:
        async with client.get(url, headers=auth_headers(target.endpoint), limits=within) as reply:
            if reply.status != 200:
                return None
            models = objects_of(parse_object(await reply.read(), "/api/ps").get("models"), "models")
    except ProviderError:
        return None
    names = {target.model, f"{target.model}:latest"}
    for model in models:
        window = model.get("context_length")
        if model.get("name") in names and type(window) is int and window > 0:
            return window
    return None


async def _count_of_longer(client: HttpClient, request: Request, target: Target, limits: Limits) -> int | None:
    """The server's count for the prompt made longer where a cut would begin; None when it does not tell."""
    dialect = Ollama()
    longer = replace(request, messages=_lengthened(request.messages), stream=False)
    body: Payload = dict(dialect.encode(longer, target).body)
    asked = dialect.encode(request, target).body["options"]
    body["options"] = (asked if isinstance(asked, dict) else {}) | {"num_predict": 1}
    raw = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
    headers = {"content-type": "application/json"} | auth_headers(target.endpoint)
    url = dialect.base(target.endpoint.base_url) + "/api/chat"
    try:
        async with client.post(url, headers=headers, body=raw, limits=limits) as reply:
            if reply.status != 200:
                return None
            events = dialect.decode_reply(parse_object(await reply.read(), "the reply"))
    except ProviderError:
        return None
    return next((event.usage.input_tokens for event in events if isinstance(event, UsageEvent)), None)


def _lengthened(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """Longer in the oldest message that is not the system's: the one a server that drops messages drops first."""
    place = next((place for place, message in enumerate(messages) if message.role != "system"), 0)
    longer = replace(messages[place], content=(*messages[place].content, Text(_LONGER)))
    return (*messages[:place], longer, *messages[place + 1 :])
