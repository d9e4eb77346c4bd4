"""A plan: what a request was taken for, the chain it gets, and the words for both. Pure given a `World`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from llm_router_core.catalog.entries import Complexity, Profile, TaskType
from llm_router_core.catalog.load import Catalog
from llm_router_core.chains.build import build
from llm_router_core.chains.candidates import Candidate, Chain, Wanted, World
from llm_router_core.conversation import Image, Request, request_bytes
from llm_router_core.hotpath.classifier import Classification


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the caller fixes instead of the classifier or the settings. Empty means "decide"."""

    task_type: TaskType | None = None
    complexity: Complexity | None = None
    profile: Profile | None = None
    model: str = ""
    max_cost_microusd: int | None = None


@dataclass(frozen=True, slots=True)
class Modes:
    """The settings that shape a chain."""

    profile: Profile = Profile.BALANCED
    quality_mode: str = "balanced"
    min_model: str = ""
    unpriced_ceiling_microusd: int = 500_000


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be tried for a request, in which order, and why."""

    classification: Classification
    wanted: Wanted
    chain: Chain
    sources: Mapping[str, str] = field(default_factory=dict)


def make_plan(
    request: Request,
    classification: Classification,
    overrides: Overrides,
    modes: Modes,
    world: World,
    *,
    catalog: Catalog,
) -> Plan:
    """The plan for a request in a world. It decides nothing that is not visible in its fields."""
    wanted = Wanted(
        task_type=overrides.task_type or TaskType(classification.task_type),
        complexity=overrides.complexity or Complexity(classification.complexity),
        profile=overrides.profile or modes.profile,
        quality_mode=modes.quality_mode,
        min_model=modes.min_model,
        model=overrides.model,
        secret=classification.secret,
        input_bytes=request_bytes(request),
        max_output_tokens=request.sampling.max_output_tokens,
        max_cost_microusd=overrides.max_cost_microusd,
        unpriced_ceiling_microusd=modes.unpriced_ceiling_microusd,
        needs=_needs(request),
    )
    return Plan(classification, wanted, build(wanted, world, catalog))


def _needs(request: Request) -> frozenset[str]:
    needs = {"tools"} if request.tools else set()
    if request.web:
        needs.add("web")
    blocks = [block for message in request.messages for block in message.content]
    inner = [item for block in blocks for item in getattr(block, "content", ())]
    if any(isinstance(block, Image) for block in (*blocks, *inner)):
        needs.add("images")
    return frozenset(needs)


def explanation(plan: Plan) -> dict[str, object]:
    """The plan as plain values for JSON: classification, row, candidates with their price, rejections with reasons."""
    return {
        "classification": plan.classification.as_dict(),
        "task_type": plan.wanted.task_type,
        "complexity": plan.wanted.complexity,
        "profile": plan.wanted.profile,
        "quality_mode": plan.wanted.quality_mode,
        "row": plan.chain.row,
        "candidates": [_candidate(candidate) for candidate in plan.chain.candidates],
        "rejected": [
            {"candidate": item.candidate, "stage": item.stage, "reason": item.reason} for item in plan.chain.rejected
        ],
    }


def _candidate(candidate: Candidate) -> dict[str, object]:
    return {
        "candidate": candidate.id,
        "slot": candidate.slot,
        "is_free": candidate.is_free,
        "is_price_known": candidate.is_price_known,
        "worst_case_microusd": candidate.worst_case_microusd,
        "effort": candidate.effort,
        "data_class": candidate.endpoint.data_class,
        "why": candidate.why,
    }
