"""The rows of the catalogue. They are facts with a date and a source; nothing here decides anything.

A *provider* is how to reach somebody, a *dialect* how to speak to it, a *model* what answers there. A model that is not
in the table can still be called by name: its window, price and abilities are then unknown, never assumed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Literal

Transport = Literal["http", "cli"]
AuthStyle = Literal["bearer", "x-api-key", "x-goog-api-key", "api-key", "none"]


class DataClass(StrEnum):
    """Who sees the prompt."""

    LOCAL = "local"
    THIRD_PARTY = "third_party"
    TRAINS = "third_party_may_train"


class TaskType(StrEnum):
    """What the user wants back."""

    QUERY = "query"
    RESEARCH = "research"
    GENERATE = "generate"
    ANALYZE = "analyze"
    CODE = "code"
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"


class Complexity(StrEnum):
    """The weakest tier expected to satisfy the user at the first attempt, in rising order."""

    SIMPLE = "simple"
    MODERATE = "moderate"
    COMPLEX = "complex"
    DEEP_REASONING = "deep_reasoning"


class Profile(StrEnum):
    """How the user weighs cost against strength."""

    BUDGET = "budget"
    BALANCED = "balanced"
    PREMIUM = "premium"


@dataclass(frozen=True, slots=True)
class RateLimits:
    """What a provider publishes of its limits, for the plan it names. None where it publishes no such figure."""

    plan: str
    as_of: date
    source: str
    requests_per_minute: int | None = None
    requests_per_day: int | None = None
    tokens_per_minute: int | None = None
    tokens_per_day: int | None = None


@dataclass(frozen=True, slots=True)
class Provider:
    """How to reach one provider. `planned` is empty, or the sentence that says why it cannot be used yet.

    An empty `base_url` means that the user must name it. `free_tier` says what costs nothing and who may read it,
    `test_model` is the model that the smallest possible call asks.
    """

    id: str
    title: str
    transport: Transport
    dialect: str
    base_url: str
    data_class: DataClass
    auth: AuthStyle = "bearer"
    key_env: tuple[str, ...] = ()
    base_url_env: tuple[str, ...] = ()
    planned: str = ""
    source: str = ""
    free_tier: str = ""
    test_model: str = ""
    limits: RateLimits | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """One model at one provider. `context_tokens` and `max_output_tokens` are None where unknown.

    `dialect` is set where the model is not spoken to in its provider's dialect, `web_dialect` where a request that
    needs the web is not.
    """

    provider: str
    name: str
    title: str = ""
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    capabilities: frozenset[str] = field(default_factory=frozenset)
    tier: Complexity | None = None
    dialect: str = ""
    web_dialect: str = ""

    @property
    def id(self) -> str:
        """`provider/name`, the way a user writes it."""
        return f"{self.provider}/{self.name}"
