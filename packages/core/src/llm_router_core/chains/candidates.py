"""The values a chain is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from llm_router_core.budgets.pressure import OUT_AT, STEP_DOWN_AT
from llm_router_core.catalog.entries import Complexity, Model, Profile, TaskType
from llm_router_core.conversation import Effort
from llm_router_core.errors import Rejection
from llm_router_core.memory.rules import MemoryRule
from llm_router_core.providers.endpoint import Endpoint
from llm_router_core.settings.rules import PolicyRules


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the chain is for: the classification, the user's modes, and what the request itself needs.

    `is_task_fixed`: the caller said what the task is; a model that cannot do it is then refused even when it was named.
    """

    task_type: TaskType
    complexity: Complexity
    profile: Profile = Profile.BALANCED
    quality_mode: str = "balanced"
    min_model: str = ""
    model: str = ""
    is_task_fixed: bool = False
    secret: bool = False
    input_bytes: int = 0
    max_output_tokens: int | None = None
    max_cost_microusd: int | None = None
    unpriced_ceiling_microusd: int = 500_000
    needs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class World:
    """What is reachable and healthy at one instant. A plan is a pure function of this and of what is wanted.

    `pressure` is the used share of caps and quotas by scope (`budgets.pressure`).
    `demoted` holds the reason by `provider/model`; `memory_rules` are this project's, in the order they win.
    """

    now: datetime
    endpoints: Mapping[str, Endpoint]
    unusable: Mapping[str, str] = field(default_factory=dict)
    local_models: Mapping[str, tuple[Model, ...]] = field(default_factory=dict)
    named_models: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    open_breakers: Mapping[tuple[str, str], str] = field(default_factory=dict)
    headroom_microusd: Mapping[str, int] = field(default_factory=dict)
    ledger_problem: str = ""
    step_down_at: float = STEP_DOWN_AT
    out_at: float = OUT_AT
    pressure: Mapping[str, float] = field(default_factory=dict)
    demoted: Mapping[str, str] = field(default_factory=dict)
    memory_rules: tuple[MemoryRule, ...] = ()
    rules: tuple[PolicyRules, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """One model that may be tried, with what a hold will take for it.

    `is_price_known` False means that the ceiling for unpriced calls stands in. `why` says how it came to its place.
    `needs_web`: it is asked to search the web, and an answer that names no source does not count.
    """

    slot: str
    model: Model
    endpoint: Endpoint
    is_free: bool
    worst_case_microusd: int
    max_output_tokens: int
    is_price_known: bool = True
    effort: Effort | None = None
    why: str = ""
    price_version: str = ""
    needs_web: bool = False

    @property
    def id(self) -> str:
        """`provider/model`."""
        return self.model.id


@dataclass(frozen=True, slots=True)
class Slot:
    """One place in a chain before anything is known of the world. `model` is empty where the provider decides."""

    name: str
    provider: str
    model: str = ""
    effort: Effort | None = None


@dataclass(frozen=True, slots=True)
class Chain:
    """Candidates in the order they will be tried, the row they came from, and everything that was dropped."""

    row: str
    candidates: tuple[Candidate, ...]
    rejected: tuple[Rejection, ...]
