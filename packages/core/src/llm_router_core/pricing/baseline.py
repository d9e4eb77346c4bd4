"""What the same tokens would have cost elsewhere: the counterfactual that savings are measured against.

It is an estimate by nature: another model would have counted and written other tokens. Whoever shows it says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from llm_router_core.conversation import Usage
from llm_router_core.pricing.cost import cost_microusd
from llm_router_core.pricing.table import PriceTable, price_of

DEFAULT_BASELINE = "anthropic/claude-sonnet-5-5"
TOP_BASELINE = "anthropic/claude-opus-5-5"


@dataclass(frozen=True, slots=True)
class BaselineLine:
    """One line of a comparison; `cost_microusd` None means the baseline's price is unknown."""

    label: str
    model: str
    cost_microusd: int | None


def baseline_microusd(
    usage: Usage, at: datetime, *, model: str = DEFAULT_BASELINE, table: PriceTable | None = None
) -> int | None:
    """The cost of `usage` at the baseline `provider/name`; None when its price is unknown."""
    provider, _, name = model.partition("/")
    price = price_of(provider, name, at, table=table)
    return None if price is None else cost_microusd(price, usage, at)


def baseline_lines(
    usage: Usage, at: datetime, *, host_model: str = DEFAULT_BASELINE, table: PriceTable | None = None
) -> tuple[BaselineLine, BaselineLine]:
    """The model the user's host would have used, and everything on the top model."""
    return (
        BaselineLine("your host's model", host_model, baseline_microusd(usage, at, model=host_model, table=table)),
        BaselineLine("everything on Opus", TOP_BASELINE, baseline_microusd(usage, at, model=TOP_BASELINE, table=table)),
    )
