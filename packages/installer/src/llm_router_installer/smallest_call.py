"""The smallest call that shows whether a key works. It loads the HTTP client, so only `keys test` imports it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from llm_router_core.errors import ConfigError
from llm_router_installer.key_check import Probe

Outcome = TypeVar("Outcome")


async def with_probe(work: Callable[[Probe], Awaitable[Outcome]]) -> Outcome:
    """What `work` gives when it has the smallest call at hand.

    Raises:
        ConfigError: this version cannot call providers.
    """
    del work
    raise ConfigError("trying a key is not part of this version", remedy="`llm-router route` shows whether one works")
