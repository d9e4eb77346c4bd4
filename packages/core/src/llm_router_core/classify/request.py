"""The classification of a request: the hot path's own classifier over the last question, and the user's overrides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from llm_router_core.conversation import Request
from llm_router_core.hotpath import secret_scan
from llm_router_core.hotpath.classifier import Classification, classify


def classify_request(request: Request) -> Classification:
    """What the last question asks for. A secret anywhere in the conversation counts: all of it would be sent."""
    last = classify(request.prompt)
    if last.secret or not _holds_secret(request):
        return last
    fields = last.as_dict()
    fields["secret"] = True
    return Classification(**fields)  # type: ignore[arg-type]  # as_dict holds exactly the constructor's fields


def _holds_secret(request: Request) -> bool:
    return any(secret_scan.contains_secret(text) for text in (*texts(request), *_besides(request)))


def _besides(request: Request) -> Iterator[str]:
    """What goes along with the texts: tools, addresses of images, vendor fields."""
    holders: list[object] = [request, *request.tools, *request.messages]
    for tool in request.tools:
        yield f"{tool.name} {tool.description}"
        yield from _leaves(tool.input_schema)
    for message in request.messages:
        for block in message.content:
            holders += [block, *getattr(block, "content", ())]
    for holder in holders:
        yield getattr(holder, "url", None) or ""
        yield from _leaves(getattr(holder, "extras", None))


def _leaves(value: object) -> Iterator[str]:
    """Every text inside a JSON-like value, names included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if isinstance(inner, str):
                yield f"{name}: {inner}"
            else:
                yield str(name)
                yield from _leaves(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _leaves(inner)


def texts(request: Request) -> list[str]:
    """Every text of the conversation but the one the classifier read."""
    found = []
    prompt = request.prompt
    for message in request.messages:
        for block in message.content:
            for inner in (block, *(getattr(block, "content", ()) or ())):
                text = getattr(inner, "text", None) or getattr(inner, "arguments_json", None)
                if text and text != prompt:
                    found.append(text)
    return found
