"""The classification of a request: the hot path's classifier over the last question, and a search of all that leaves.

A prompt hook has milliseconds and looks at the ends of a long text; here nothing is sent before every string of the
request was searched whole, because all of it would go out: system prompts, tool definitions, results, vendor extras.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass

from llm_router_core.conversation import Request, Text
from llm_router_core.hotpath import secret_scan
from llm_router_core.hotpath.classifier import Classification, classify


def classify_request(request: Request) -> Classification:
    """What the last question asks for; `secret` covers the whole request."""
    last = classify(request.prompt)
    kinds = sorted({kind for text in texts(request) for kind, _, _ in secret_scan.scan(text, whole=True)})
    if not kinds:
        return last
    found = last.as_dict() | {"secret": True, "secret_kinds": tuple(sorted({*last.secret_kinds, *kinds}))}
    return Classification(**found)  # type: ignore[arg-type]  # as_dict holds exactly the constructor's fields


def texts(request: Request) -> Iterator[str]:
    """Every string of the request, and each message's text as the dialects join it."""
    for message in request.messages:
        if sum(isinstance(block, Text) for block in message.content) > 1:
            yield message.text
    yield from _strings(request)


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _strings(key)
            yield from _strings(item)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from _strings(item)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _strings(getattr(value, field.name))
