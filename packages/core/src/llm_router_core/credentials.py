"""API keys: where one is, never what it is. One of the three modules that know the environment.

Only the environment is looked at in this version; keyring and file come with `llm-router keys`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from llm_router_core.catalog.entries import Provider
from llm_router_core.settings.table import PROVIDER_KEY_ENV


@dataclass(frozen=True, slots=True)
class Credential:
    """A key and the place it came from. The key is kept out of every repr."""

    source: str
    key: str = field(repr=False)


def find(provider: Provider, env: Mapping[str, str]) -> Credential | None:
    """The provider's key: our own variable first, then the vendor's. None where no variable holds one."""
    own = PROVIDER_KEY_ENV.format(provider.id.upper().replace("-", "_"))
    for variable in (own, *provider.key_env):
        key = env.get(variable, "").strip()
        if key:
            return Credential(variable, key)
    return None
