"""The classification of a request: the hot path's own classifier over the last question, and the user's overrides."""

from __future__ import annotations

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
    return any(secret_scan.contains_secret(text) for text in texts(request))


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
