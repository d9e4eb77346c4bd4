"""What the same tokens would have cost on the model the user's host would have used. Always an estimate.

Another model would have written another answer, of another length; the figure says "this many tokens at that price"
and nothing more, which is why every place that shows it names the baseline.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from llm_router_core.conversation import Done, Event
from llm_router_core.pricing.baseline import baseline_microusd


def with_baseline(event: Event, baseline_model: str, now: datetime) -> Event:
    """The event, its receipt completed with the baseline's cost where the baseline has a price."""
    if not isinstance(event, Done) or event.receipt is None:
        return event
    cost = baseline_microusd(event.receipt.usage, now, model=baseline_model)
    receipt = replace(event.receipt, baseline_model=baseline_model, baseline_microusd=cost)
    return replace(event, receipt=receipt)
