"""A plan: what a request was taken for, the chain it gets, and the words for both. Pure given a `World`."""

from __future__ import annotations

from dataclasses import dataclass

from llm_router_core.catalog.entries import Complexity, Profile, TaskType
from llm_router_core.catalog.load import Catalog
from llm_router_core.chains.build import build
from llm_router_core.chains.candidates import Candidate, Chain, Wanted, World
from llm_router_core.chains.remembered import retask, retasked
from llm_router_core.conversation import Image, Request, request_bytes
from llm_router_core.errors import NoRouteError, Unaffordable
from llm_router_core.hotpath.classifier import Classification
from llm_router_core.memory.rules import because

NO_PROVIDER = (
    "three quick ways to get one: install Ollama and run `ollama pull gemma4`; or set OPENAI_API_KEY (or "
    "ANTHROPIC_API_KEY) in the environment; or point LLM_ROUTER_<NAME>_BASE_URL at an OpenAI-compatible server. "
    "`llm-router demo` shows the whole pipeline without any of them"
)


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
    """What will be tried for a request, in which order, and why.

    `retasked` says which rule of the memory made it count as something else than it was classified as.
    """

    classification: Classification
    wanted: Wanted
    chain: Chain
    retasked: str = ""


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
    task = overrides.task_type or TaskType(classification.task_type)
    level = overrides.complexity or Complexity(classification.complexity)
    is_fixed = overrides.task_type or overrides.complexity or overrides.model
    rule = None if is_fixed else retask(task, level, world.memory_rules)
    if rule is not None:
        task, level = retasked(rule, level)
    wanted = Wanted(
        task_type=task,
        complexity=level,
        profile=overrides.profile or modes.profile,
        quality_mode=modes.quality_mode,
        min_model=modes.min_model,
        model=overrides.model,
        is_task_fixed=overrides.task_type is not None,
        secret=classification.secret,
        input_bytes=request_bytes(request),
        max_output_tokens=request.sampling.max_output_tokens,
        max_cost_microusd=overrides.max_cost_microusd,
        unpriced_ceiling_microusd=modes.unpriced_ceiling_microusd,
        needs=_needs(request),
    )
    return Plan(classification, wanted, build(wanted, world, catalog), because(rule) if rule else "")


def _needs(request: Request) -> frozenset[str]:
    needs = {"tools"} if request.tools else set()
    if request.web:
        needs.add("web")
    blocks = [block for message in request.messages for block in message.content]
    inner = [item for block in blocks for item in getattr(block, "content", ())]
    if any(isinstance(block, Image) for block in (*blocks, *inner)):
        needs.add("images")
    return frozenset(needs)


def no_route(plan: Plan) -> NoRouteError:
    """Why nobody can be tried, with what to do about that."""
    rejected, named = plan.chain.rejected, plan.wanted.model
    stages = {item.stage for item in rejected} - {"reach"}
    if stages == {"ledger"}:
        return Unaffordable(
            "no paid call can be recorded, and none is made without",
            rejected,
            remedy="see that the state folder can be written; free and local models still work",
        )
    if stages == {"budget"}:
        return Unaffordable(
            "every candidate that could be reached would pass a cap",
            rejected,
            remedy="`llm-router budget list` shows the caps, `llm-router budget set` raises one",
        )
    if stages:
        remedy = "`llm-router explain` shows why each candidate was dropped"
    else:
        remedy = "`llm-router models` lists what can be used" if named else NO_PROVIDER
    return NoRouteError(f"no candidate is left for this prompt ({plan.chain.row})", rejected, remedy=remedy)


def explanation(plan: Plan) -> dict[str, object]:
    """The plan as plain values for JSON: classification, row, candidates with their price, rejections with reasons."""
    return {
        "classification": plan.classification.as_dict(),
        "task_type": plan.wanted.task_type,
        "complexity": plan.wanted.complexity,
        "profile": plan.wanted.profile,
        "quality_mode": plan.wanted.quality_mode,
        "row": plan.chain.row,
        "retasked": plan.retasked,
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
