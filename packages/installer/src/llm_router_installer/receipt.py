"""The one line under every routed answer: model, why, cost, time, and what it is compared with."""

from __future__ import annotations

from llm_router_core.conversation import Receipt
from llm_router_core.units import format_usd


def receipt_line(receipt: Receipt) -> str:
    """For example `ollama/gemma4 · local and free · $0.00 · 812 ms · estimated $0.0021 less than ...`."""
    parts = [f"{receipt.provider}/{receipt.model}", receipt.reason, _cost(receipt), f"{receipt.elapsed_ms} ms"]
    if receipt.attempts > 1:
        parts.append(f"{receipt.attempts} attempts")
    saved = saving(receipt)
    if saved is not None:
        amount = format_usd(abs(saved))
        parts.append(f"estimated {amount} {'less' if saved >= 0 else 'more'} than {receipt.baseline_model}")
    return " · ".join(parts)


def saving(receipt: Receipt) -> int | None:
    """Micro-dollars below the baseline, negative when above; None when either side has no price."""
    if receipt.baseline_microusd is None or receipt.cost_microusd is None:
        return None
    return receipt.baseline_microusd - receipt.cost_microusd


def _cost(receipt: Receipt) -> str:
    if receipt.cost_microusd is None:
        return "price unknown"
    return f"{'about ' if receipt.is_estimated else ''}{format_usd(receipt.cost_microusd)}"
