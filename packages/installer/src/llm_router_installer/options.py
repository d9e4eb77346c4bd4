"""The options that several commands share, and what they mean to the library."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import click

from llm_router_core.catalog.entries import Complexity, Profile, TaskType
from llm_router_core.chains.plan import Overrides
from llm_router_core.units import parse_usd

Command = TypeVar("Command", bound=Callable[..., object])


def routing_options(function: Command) -> Command:
    """`--task --complexity --profile --model --max-cost`."""
    for option in (
        click.option("--max-cost", metavar="USD", help="Refuse any candidate whose worst case costs more."),
        click.option("--model", "-m", metavar="PROVIDER/MODEL", help="Use this model and no other."),
        click.option("--profile", type=click.Choice([str(p) for p in Profile]), help="Use this profile."),
        click.option("--complexity", type=click.Choice([str(c) for c in Complexity]), help="Instead of classifying."),
        click.option("--task", type=click.Choice([str(t) for t in TaskType]), help="Instead of classifying."),
    ):
        function = option(function)
    return function


def overrides_of(options: Mapping[str, str | None]) -> Overrides:
    """The options as the library takes them.

    Raises:
        click.UsageError: the model is not PROVIDER/MODEL, or the amount is none.
    """
    model = options.get("model") or ""
    if model and not all(model.partition("/")):
        raise click.UsageError(f"--model {model!r} is not PROVIDER/MODEL; `llm-router models` lists them")
    amount = options.get("max_cost")
    try:
        max_cost = parse_usd(amount) if amount is not None else None
    except ValueError as wrong:
        raise click.UsageError(f"--max-cost: {wrong}") from None
    task, complexity, profile = options.get("task"), options.get("complexity"), options.get("profile")
    return Overrides(
        task_type=TaskType(task) if task else None,
        complexity=Complexity(complexity) if complexity else None,
        profile=Profile(profile) if profile else None,
        model=model,
        max_cost_microusd=max_cost,
    )
