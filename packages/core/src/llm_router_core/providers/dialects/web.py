"""Web grounding: what a search may add to a call, and how one that cannot search says so."""

from __future__ import annotations

from llm_router_core.conversation import Citation
from llm_router_core.errors import ErrorKind, ProviderError
from llm_router_core.providers.dialects.payload import text_of

MOST_SEARCHES = 5  # asked for where the API takes a bound
SEARCH_TOKENS = 128_000  # platform.openai.com/docs/guides/tools-web-search: the window a search may fill


def cannot_search(api: str) -> ProviderError:
    """The error of a dialect that was asked for the web and has none."""
    return ProviderError(ErrorKind.BAD_REQUEST, f"{api} cannot search the web")


class Sources:
    """Citations as they come, each address once."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def cite(self, url: object, title: object = None) -> list[Citation]:
        """The citation, or nothing where there is no address or it was cited before. Only web addresses count."""
        address = text_of(url, "url")
        if address in self._seen or not address.startswith(("https://", "http://")):
            return []
        self._seen.add(address)
        return [Citation(address, text_of(title, "title"))]
