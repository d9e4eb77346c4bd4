"""`llm-router models`: what can be used now, what it costs, and what keeps the rest away."""

from __future__ import annotations

from datetime import datetime

import anyio
import click

from llm_router_core.assembly import open_router
from llm_router_core.catalog.entries import DataClass, Model
from llm_router_core.chains.candidates import World
from llm_router_core.errors import ConfigError, LLMRouterError
from llm_router_core.pricing.table import price_of
from llm_router_core.providers.model_lists import ModelList, fetch_list, load_lists, save_list
from llm_router_core.router import RouteContext, Router
from llm_router_core.units import format_usd
from llm_router_installer import ui
from llm_router_installer.result import Lines, Result, Table, View
from llm_router_installer.runtime import start

_SHOWN_NAMES = 12
_COLUMNS = ("model", "who sees the prompt", "capable of", "window", "can", "in / out per million tokens")


@click.command("models")
@click.option("--fetch", metavar="PROVIDER", multiple=True, help="Ask this provider for its list now, and keep it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(fetch: tuple[str, ...], as_json: bool) -> int:
    """Show which models can be used now, and at what price."""
    runtime = start()

    async def run() -> Result:
        async with open_router(runtime.settings, runtime.env, runtime.home) as router:
            problems = [await _fetch(router, name, runtime.home) for name in fetch]
            world = await router.observe(RouteContext(runtime.session, runtime.project))
            lists = await anyio.to_thread.run_sync(load_lists, runtime.home, world.now)
            return _result(router, world, lists, tuple(problem for problem in problems if problem))

    return ui.show(anyio.run(run), as_json=as_json)


async def _fetch(router: Router, provider: str, home: str) -> str:
    """Fetches and keeps one list; a sentence where that failed. Raises ConfigError for a provider nobody can ask."""
    endpoint = router.registry.endpoints.get(provider)
    if endpoint is None or endpoint.data_class is DataClass.LOCAL:
        reason = router.registry.unusable.get(provider, "it is no third party of the table")
        raise ConfigError(f"{provider!r} cannot be asked for its models: {reason}", remedy="see `llm-router models`")
    try:
        listed = await fetch_list(router.client, endpoint, router.clock.now())
        await anyio.to_thread.run_sync(save_list, home, listed)
    except (LLMRouterError, OSError) as failed:
        return f"the list of {provider} could not be fetched and kept: {failed}"
    return ""


def _result(router: Router, world: World, lists: list[ModelList], problems: tuple[str, ...]) -> Result:
    usable = [_entry(model, world) for model in _usable(router, world)]
    unusable = [{"provider": name, "reason": reason} for name, reason in sorted(world.unusable.items())]
    providers = [_provider(router, name) for name in world.endpoints]
    listed = [_listed(item, world.now) for item in lists]
    views: list[View] = []
    if usable:
        keys = ("model", "who_sees_it", "tier", "window", "can", "price")
        views.append(Table(_COLUMNS, [tuple(str(row[key]) for key in keys) for row in usable]))
    else:
        views.append(Lines(["No model can be used now."]))
    free = [f"{row['provider']}: {row['free_tier']}" for row in providers if row["free_tier"]]
    if free:
        views.append(Lines(["", "Free of charge at a third party:", *(f"  {line}" for line in free)]))
    if listed:
        rows = [(str(row["provider"]), str(row["age"]), str(row["count"]), str(row["names"])) for row in listed]
        views += [Lines([""]), Table(("provider", "list of", "models", "among them"), rows)]
    views.append(Lines([""]))
    views.append(Table(("provider", "not usable because"), [(row["provider"], row["reason"]) for row in unusable]))
    data = {"usable": usable, "unusable": unusable, "providers": providers, "listed": listed}
    return Result("models", data, views, (*router.problems, *problems))


def _usable(router: Router, world: World) -> list[Model]:
    models: list[Model] = []
    for provider in world.endpoints:
        models += world.local_models.get(provider, ())
        rows = [model for model in router.catalog.models.values() if model.provider == provider]
        models += rows
        if provider not in world.local_models:
            names = set(world.named_models.get(provider, ())) - {row.name for row in rows}
            models += [router.catalog.model(provider, name) for name in sorted(names)]
    return models


def _provider(router: Router, name: str) -> dict[str, object]:
    row = router.catalog.providers.get(name)
    limits = row.limits if row else None
    published = {} if limits is None else {key: getattr(limits, key) for key in type(limits).__slots__}
    return {
        "provider": name,
        "title": row.title if row else name,
        "free_tier": row.free_tier if row else "",
        "published_limits": {key: str(value) for key, value in published.items() if value is not None},
    }


def _listed(item: ModelList, now: datetime) -> dict[str, object]:
    names = [model.name for model in item.models]
    more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
    return {
        "provider": item.provider,
        "fetched_at": item.fetched_at.isoformat(),
        "age": f"{item.fetched_at:%Y-%m-%d}",
        "is_today": item.fetched_at.date() == now.date(),
        "count": len(names),
        "names": ", ".join(names[:_SHOWN_NAMES]) + more,
        "models": names,
    }


def _entry(model: Model, world: World) -> dict[str, object]:
    data_class = world.endpoints[model.provider].data_class
    price = None if data_class is DataClass.LOCAL else price_of(model.provider, model.name, world.now)
    shown = "free" if data_class is DataClass.LOCAL else "unknown"
    row = price.row_at(world.now) if price else None
    if row is not None:
        shown = f"{format_usd(row.tiers[0].input)} / {format_usd(row.tiers[0].output)}"
    return {
        "model": model.id,
        "title": model.title,
        "data_class": data_class,
        "who_sees_it": data_class.replace("_", " "),
        "tier": model.tier or "unknown",
        "context_tokens": model.context_tokens,
        "window": f"{model.context_tokens:,}" if model.context_tokens else "unknown",
        "can": ", ".join(sorted(model.capabilities)) or "text",
        "price": shown,
        "breaker": world.open_breakers.get((model.provider, model.name), ""),
    }
