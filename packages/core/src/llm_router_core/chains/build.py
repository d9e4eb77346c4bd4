"""From a wish and the world to a chain: take the row, make candidates of its slots, filter, order.

Pure and synchronous: the same wish and world give the same chain, which is why `explain` can show it without acting.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from llm_router_core.budgets.pressure import step_down_reason
from llm_router_core.catalog.entries import DataClass, Model, TaskType
from llm_router_core.catalog.load import Catalog
from llm_router_core.chains.candidates import Candidate, Chain, Slot, Wanted, World
from llm_router_core.chains.demotion import demote
from llm_router_core.chains.filters import rejection
from llm_router_core.chains.order import order
from llm_router_core.chains.remembered import remember, remembered_slots
from llm_router_core.chains.tables import MEDIA, ORDER, Tables, load_tables, paid_complexity, row_complexity, shifted
from llm_router_core.errors import Rejection
from llm_router_core.pricing.cost import worst_case_microusd
from llm_router_core.pricing.table import price_of
from llm_router_core.providers.dialects.web import MOST_SEARCHES, SEARCH_TOKENS
from llm_router_core.providers.endpoint import Endpoint
from llm_router_core.providers.nearest import did_you_mean
from llm_router_core.providers.remote_models import is_cloud_name

DEFAULT_OUTPUT_TOKENS = 4_096
REASONING_OUTPUT_TOKENS = 16_384  # hidden reasoning counts as output, and comes first
FREE_PROVIDERS = frozenset({"ollama", "codex", "gemini-cli"})


def build(wanted: Wanted, world: World, catalog: Catalog) -> Chain:
    """The chain for what is wanted, with every rejection and its reason."""
    tables = load_tables()
    row, slots = _row(wanted, world, tables)
    if wanted.task_type is TaskType.RESEARCH and (wanted.is_task_fixed or not wanted.model):
        wanted = replace(wanted, needs=wanted.needs | tables.research_needs)
    if wanted.task_type in MEDIA and wanted.is_task_fixed and wanted.model:
        wanted = replace(wanted, needs=wanted.needs | {str(wanted.task_type)})
    slots = [*remembered_slots(wanted, world.memory_rules), *slots]
    kept: list[Candidate] = []
    rejected: list[Rejection] = []
    seen: set[str] = set()
    for slot in slots:
        problem = _unreachable(slot, world, catalog)
        if problem:
            rejected.append(problem)
            continue
        for candidate in _candidates(slot, wanted, world, catalog):
            if candidate.id in seen:
                continue
            seen.add(candidate.id)
            objection = rejection(candidate, wanted, world, catalog)
            if objection:
                rejected.append(objection)
            else:
                kept.append(candidate)
    demoted = demote(order(kept, wanted, world.pressure, step_down_at=world.step_down_at), world.demoted)
    placed, avoided = remember(demoted, wanted, world.memory_rules)
    return Chain(row, placed, (*rejected, *avoided))


def _row(wanted: Wanted, world: World, tables: Tables) -> tuple[str, list[Slot]]:
    """The name of the row and its slots: a named model, research, media, or the text row of the complexity."""
    if wanted.model:
        provider, _, model = wanted.model.partition("/")
        return "the model you named", [Slot("named", provider, model)]
    if wanted.task_type is TaskType.RESEARCH:
        return "research", [tables.slot(name) for name in tables.research]
    if wanted.task_type in MEDIA:
        names = tables.media[wanted.task_type][wanted.profile]
        return f"{wanted.task_type} for {wanted.profile}", [tables.slot(name) for name in names]
    own = row_complexity(wanted.complexity, wanted.quality_mode)
    paid, stepped = paid_complexity(own, wanted.profile), step_down_reason(world.pressure, world.step_down_at)
    if stepped:
        paid = shifted(paid, -1)
    free_slots = [tables.slot(name, own) for name in tables.text[own] if tables.slot(name).provider in FREE_PROVIDERS]
    paid_slots = [
        tables.slot(name, paid) for name in tables.text[paid] if tables.slot(name).provider not in FREE_PROVIDERS
    ]
    named = [Slot(name, name) for name in world.endpoints if _is_users_own(name, world, tables)]
    local = [slot for slot in named if world.endpoints[slot.name].data_class is DataClass.LOCAL]
    other = [slot for slot in named if slot not in local]
    title = str(own) if own is paid else f"{own}, paid models from {paid}"
    return f"{title} ({stepped})" if stepped else title, [*free_slots, *local, *paid_slots, *other]


def _is_users_own(name: str, world: World, tables: Tables) -> bool:
    """A provider that is not in the table, or one whose models the user named beside those of the table."""
    targets = [target.partition("/") for target in tables.slots.values() if target.startswith(f"{name}/")]
    return not targets or (name in world.named_models and all(model != "*" for _, _, model in targets))


def _unreachable(slot: Slot, world: World, catalog: Catalog) -> Rejection | None:
    label = f"{slot.provider}/{slot.model}" if slot.model else slot.provider
    if slot.provider not in world.endpoints:
        return Rejection(label, "reach", world.unusable.get(slot.provider, f"there is no provider {slot.provider!r}"))
    installed = world.local_models.get(slot.provider)
    if installed is not None:
        if is_cloud_name(slot.model):
            return Rejection(label, "reach", "it runs on somebody else's machine, so it does not count as local")
        names = [model.name for model in installed]
        missing = slot.model and slot.model not in names
        return (
            Rejection(label, "reach", f"it is not installed there{did_you_mean(slot.model, names)}")
            if missing
            else None
        )
    has_rows = any(row.provider == slot.provider and row.tier for row in catalog.models.values())
    if not slot.model and not has_rows and not world.named_models.get(slot.provider):
        variable = f"LLM_ROUTER_{slot.provider.upper().replace('-', '_')}_MODELS"
        return Rejection(label, "reach", f"none of its models is named: set {variable}")
    return None


def _candidates(slot: Slot, wanted: Wanted, world: World, catalog: Catalog) -> Iterator[Candidate]:
    """The slot's models: the one it names, or those the provider was found to have."""
    endpoint = world.endpoints[slot.provider]
    is_free = endpoint.data_class is DataClass.LOCAL
    if slot.model:
        installed = {model.name: model for model in world.local_models.get(slot.provider, ())}
        models = [installed.get(slot.model) or catalog.model(slot.provider, slot.model)]
    elif slot.provider in world.local_models:
        models = list(world.local_models[slot.provider])
    elif named := world.named_models.get(slot.provider):
        models = [catalog.model(slot.provider, name) for name in named]
    else:
        models = _fitting(slot.provider, wanted, catalog)
    for model in models:
        yield _candidate(slot, model, wanted, world, is_free=is_free)


def _fitting(provider: str, wanted: Wanted, catalog: Catalog) -> list[Model]:
    """For a provider outside the table whose models nobody named: its weakest row that is marked capable, if any."""
    needed = ORDER.index(row_complexity(wanted.complexity, wanted.quality_mode))
    rows = [row for row in catalog.models.values() if row.provider == provider and row.tier]
    capable = [row for row in rows if row.tier and ORDER.index(row.tier) >= needed]
    return [min(capable, key=lambda row: ORDER.index(row.tier or ORDER[-1]))] if capable else []


def _candidate(slot: Slot, model: Model, wanted: Wanted, world: World, *, is_free: bool) -> Candidate:
    usual = REASONING_OUTPUT_TOKENS if "reasoning" in model.capabilities and not is_free else DEFAULT_OUTPUT_TOKENS
    limit = model.max_output_tokens or wanted.max_output_tokens or usual
    output = min(limit, wanted.max_output_tokens or (limit if slot.effort == "high" else usual))
    price = None if is_free else price_of(model.provider, model.name, world.now)
    needs_web = "web" in wanted.needs
    worst = 0
    if price is not None:
        # What a search finds is billed as input by most, and nobody knows beforehand how much that is.
        found = SEARCH_TOKENS if needs_web else 0
        searches = MOST_SEARCHES if needs_web else 0
        worst = worst_case_microusd(price, wanted.input_bytes + found, output, world.now, searches=searches)
    elif not is_free:
        worst = wanted.unpriced_ceiling_microusd
    effort = slot.effort if "reasoning" in model.capabilities else None
    return Candidate(
        slot.name,
        model,
        _spoken(world.endpoints[slot.provider], model, needs_web=needs_web),
        is_free,
        worst,
        output,
        is_price_known=is_free or price is not None,
        effort=effort,
        why=_why(slot, wanted, is_free=is_free),
        price_version=price.version if price else "",
        needs_web=needs_web,
    )


def _spoken(endpoint: Endpoint, model: Model, *, needs_web: bool) -> Endpoint:
    """The endpoint in the dialect that this model, or this model with the web, is spoken to in."""
    dialect = (model.web_dialect if needs_web else "") or model.dialect
    return replace(endpoint, dialect=dialect) if dialect else endpoint


def _why(slot: Slot, wanted: Wanted, *, is_free: bool) -> str:
    if wanted.model:
        return "you named it"
    if is_free:
        return "local and free"
    if slot.model == "":
        return "a server you named"
    return f"its place in the table ({slot.name})"
