"""`llm-router models`: what can be used now, what it costs, and what keeps the rest away."""

from __future__ import annotations

import anyio
import click

from llm_router_core.assembly import open_router
from llm_router_core.catalog.entries import DataClass, Model
from llm_router_core.chains.candidates import World
from llm_router_core.pricing.table import price_of
from llm_router_core.router import RouteContext, Router
from llm_router_core.units import format_usd
from llm_router_installer import ui
from llm_router_installer.result import Lines, Result, Table, View
from llm_router_installer.runtime import start


@click.command("models")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(as_json: bool) -> int:
    """Show which models can be used now, and at what price."""
    runtime = start()

    async def run() -> Result:
        async with open_router(runtime.settings, runtime.env, runtime.home) as router:
            world = await router.observe(RouteContext(runtime.session, runtime.project))
            return _result(router, world)

    return ui.show(anyio.run(run), as_json=as_json)


def _result(router: Router, world: World) -> Result:
    usable = [_entry(model, world) for model in _usable(router, world)]
    unusable = [{"provider": name, "reason": reason} for name, reason in sorted(world.unusable.items())]
    views: list[View] = []
    if usable:
        rows = [(str(row["model"]), str(row["who_sees_it"]), str(row["tier"]), str(row["price"])) for row in usable]
        views.append(Table(("model", "who sees the prompt", "capable of", "in / out per million tokens"), rows))
    else:
        views.append(Lines(["No model can be used now."]))
    views.append(Lines([""]))
    views.append(Table(("provider", "not usable because"), [(row["provider"], row["reason"]) for row in unusable]))
    return Result("models", {"usable": usable, "unusable": unusable}, views, router.problems)


def _usable(router: Router, world: World) -> list[Model]:
    models: list[Model] = []
    for provider in world.endpoints:
        models += world.local_models.get(provider, ())
        models += [model for model in router.catalog.models.values() if model.provider == provider]
        if provider not in world.local_models:
            models += [router.catalog.model(provider, name) for name in world.named_models.get(provider, ())]
    return models


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
        "price": shown,
        "breaker": world.open_breakers.get((model.provider, model.name), ""),
    }
