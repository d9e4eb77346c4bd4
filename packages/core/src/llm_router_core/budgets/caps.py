"""Caps by scope: what may be spent in a window.

A cap that was never set has its default: $5 a session, $10 a UTC day, $20 a UTC month, and none for a project or a
provider. Every change is read back before it counts as done.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from llm_router_core.errors import ConfigError, StorageError
from llm_router_core.storage import caps as caps_table
from llm_router_core.storage.database import Database
from llm_router_core.storage.ledger import NO_CAP
from llm_router_core.units import MICROUSD_PER_USD

DEFAULT_CAPS: Mapping[str, int] = MappingProxyType(
    {"session": 5 * MICROUSD_PER_USD, "day": 10 * MICROUSD_PER_USD, "month": 20 * MICROUSD_PER_USD}
)
SCOPE_FORMS = "session, day, month, project, or provider:NAME such as provider:openai"
_PLAIN_SCOPES = ("session", "day", "month", "project")
_TRY_AGAIN = "try again; `llm-router budget list` shows what is in force"
_PROVIDER = re.compile(r"provider:[a-z0-9][a-z0-9_.-]{0,62}")


@dataclass(frozen=True, slots=True)
class Cap:
    """One scope's cap; `cap_microusd` None means that nothing limits it."""

    scope: str
    cap_microusd: int | None
    is_default: bool


def check_scope(scope: str) -> str:
    """The scope as it is stored.

    Raises:
        ConfigError: it is none of the valid forms.
    """
    name = scope.strip().lower()
    if name in _PLAIN_SCOPES or _PROVIDER.fullmatch(name):
        return name
    raise ConfigError(f"{scope!r} is not a budget scope", remedy=f"use {SCOPE_FORMS}")


def list_caps(db: Database) -> tuple[Cap, ...]:
    """The cap of every plain scope and of every provider that has one.

    Raises:
        StorageError: the database cannot be read.
    """
    stored = db.read(caps_table.list_caps)
    scopes = (*_PLAIN_SCOPES, *(scope for scope in stored if scope not in _PLAIN_SCOPES))
    return tuple(Cap(scope, stored.get(scope, DEFAULT_CAPS.get(scope)), scope not in stored) for scope in scopes)


def set_cap(db: Database, scope: str, cap_microusd: int) -> Cap:
    """Set a cap; it holds from the next reservation of any process. 0 stops all paid calls in the scope.

    Raises:
        ConfigError: the scope or the amount is wrong.
        StorageError: the cap could not be stored, or did not read back.
    """
    name = check_scope(scope)
    if not 0 <= cap_microusd < NO_CAP:
        raise ConfigError(f"{cap_microusd!r} micro-dollars is no cap", remedy="give an amount of $0 or more")
    db.write(lambda conn: caps_table.put_cap(conn, name, cap_microusd))
    if db.read(caps_table.list_caps).get(name) != cap_microusd:
        raise StorageError(f"the {name} cap was not stored", remedy=_TRY_AGAIN)
    db.checkpoint()
    return Cap(name, cap_microusd, is_default=False)


def remove_cap(db: Database, scope: str) -> Cap:
    """Take a cap back to its default; the cap now in force.

    Raises:
        ConfigError: the scope is wrong.
        StorageError: the change could not be stored, or did not read back.
    """
    name = check_scope(scope)
    db.write(lambda conn: caps_table.delete_cap(conn, name))
    if name in db.read(caps_table.list_caps):
        raise StorageError(f"the {name} cap was not removed", remedy=_TRY_AGAIN)
    db.checkpoint()
    return Cap(name, DEFAULT_CAPS.get(name), is_default=True)
