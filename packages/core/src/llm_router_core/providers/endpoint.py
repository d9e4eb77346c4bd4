"""A provider made concrete: an origin we may talk to, with the key that belongs to it."""

from __future__ import annotations

from dataclasses import dataclass, field

from llm_router_core.catalog.entries import AuthStyle, DataClass


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where and how to speak. `base_url` has no trailing slash; `key` never appears in a repr."""

    provider: str
    dialect: str
    base_url: str
    data_class: DataClass
    auth: AuthStyle = "bearer"
    key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Target:
    """One model at one endpoint, with the two sizes a dialect needs. `context_tokens` None means unknown."""

    endpoint: Endpoint
    model: str
    max_output_tokens: int
    context_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What one attempt may take. `deadline_s` bounds it whole, `gap_s` the wait for the next piece of a stream."""

    deadline_s: float = 120.0
    connect_s: float = 10.0
    gap_s: float = 60.0
    max_body_bytes: int = 16 * 1024 * 1024
