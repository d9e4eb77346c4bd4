"""What every exchange with a provider shares: the auth header, and the failure that an HTTP status is.

Statuses are not judged here: `dispatch.faults` turns an `HttpFailure` into a `ProviderError`.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from llm_router_core.errors import ErrorKind, LLMRouterError, ProviderError
from llm_router_core.http_client import Reply
from llm_router_core.providers.endpoint import Endpoint
from llm_router_core.providers.vendor_errors import without_key

_ERROR_BODY_BYTES = 16 * 1024
_ERROR_BODY_WAIT_S = 2.0


class HttpFailure(LLMRouterError):
    """The provider answered with a status other than 200. `body` is the beginning of its text, without the key."""

    code = "provider"

    def __init__(self, status: int, headers: Mapping[str, str], body: str) -> None:
        super().__init__(f"the provider answered with HTTP status {status}")
        self.status = status
        self.headers = headers
        self.body = body


async def http_failure(reply: Reply, endpoint: Endpoint) -> HttpFailure:
    """The failure for a reply that is not 200; reads the beginning of its body, for two seconds at most."""
    raw = await reply.read_head(_ERROR_BODY_BYTES, _ERROR_BODY_WAIT_S)
    return HttpFailure(reply.status, reply.headers, without_key(raw.decode("utf-8", "replace"), endpoint.key))


def auth_headers(endpoint: Endpoint) -> dict[str, str]:
    """The header that carries the key; a key goes nowhere else.

    Raises:
        ProviderError: AUTH, the key is missing or cannot stand in a header.
    """
    if endpoint.auth == "none":
        return {}
    key = endpoint.key
    if not key:
        raise ProviderError(ErrorKind.AUTH, f"no key is set for provider {endpoint.provider!r}")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ProviderError(ErrorKind.AUTH, f"the key of provider {endpoint.provider!r} holds characters no key has")
    return {"authorization": f"Bearer {key}"} if endpoint.auth == "bearer" else {endpoint.auth: key}


def shown_url(url: str) -> str:
    """The URL without user name, query and fragment."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
