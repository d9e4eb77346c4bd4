"""What a call cost, and what it can cost at worst. Sums are exact integers, rounded up once at the end.

The worst case bounds the cost of any usage whose prompt has at most `input_bytes` tokens: a token is at least one byte.
It takes the dearest rate of every kind, in any hour of the day of the call or the next, at any prompt length.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from llm_router_core.conversation import Usage
from llm_router_core.pricing.table import Price, PriceRow, Rates
from llm_router_core.units import TOKENS_PER_PRICE, ceil_div

UNPRICED_CEILING_MICROUSD = 500_000  # what a call of unknown price holds, and is booked at
_PER_K = 1_000


def cost_microusd(price: Price, usage: Usage, at: datetime, *, searches: int = 0) -> int:
    """The cost of one round-trip, in micro-dollars, rounded up.

    Raises:
        ValueError: a count is negative, or the price is not in force at `at`.
    """
    row = price.row_at(at)
    if row is None:
        raise ValueError(f"{price.provider}/{price.model} has no price at {at.isoformat()}")
    _check_counts(usage, searches)
    rates = _rates_for(row, usage.prompt_tokens)
    write_1h = min(usage.cache_write_1h_tokens, usage.cache_write_tokens)
    tokens = (
        usage.input_tokens * rates.input
        + usage.cache_read_tokens * rates.cache_read
        + (usage.cache_write_tokens - write_1h) * rates.cache_write
        + write_1h * rates.cache_write_1h
        + usage.output_tokens * rates.output
    )
    return _total(tokens, row.requests_per_k + searches * row.searches_per_k)


def worst_case_microusd(
    price: Price, input_bytes: int, max_output_tokens: int, at: datetime, *, searches: int = 0
) -> int:
    """No usage of one round-trip within these bounds costs more.

    Raises:
        ValueError: a bound is negative.
    """
    if input_bytes < 0 or max_output_tokens < 0 or searches < 0:
        raise ValueError(f"a bound is negative: {input_bytes!r}, {max_output_tokens!r}, {searches!r}")
    rows = _rows_near(price, at)
    tiers = [tier for row in rows for tier in row.tiers]
    dearest_in = max(max(tier.input, tier.cache_read, tier.cache_write, tier.cache_write_1h) for tier in tiers)
    dearest_out = max(tier.output for tier in tiers)
    fees = max(row.requests_per_k for row in rows) + searches * max(row.searches_per_k for row in rows)
    return _total(input_bytes * dearest_in + max_output_tokens * dearest_out, fees)


def _rows_near(price: Price, at: datetime) -> list[PriceRow]:
    """Every row that can be in force between the start of the day of `at` and the end of the next day."""
    midnight = datetime.combine(at.astimezone(UTC).date(), time(), UTC)
    edges = {at}
    for row in price.rows:
        for edge in row.hours or (time(),):
            edges |= {datetime.combine(midnight.date() + timedelta(days=days), edge, UTC) for days in (0, 1)}
    edges |= {midnight, midnight + timedelta(days=1)}
    found = [row for row in (price.row_at(edge) for edge in sorted(edges)) if row is not None]
    return found or list(price.rows)


def _rates_for(row: PriceRow, prompt_tokens: int) -> Rates:
    return next(tier for tier in reversed(row.tiers) if prompt_tokens > tier.above_tokens)


def _check_counts(usage: Usage, searches: int) -> None:
    counts = (usage.input_tokens, usage.cache_read_tokens, usage.cache_write_tokens, usage.output_tokens)
    if min(*counts, usage.cache_write_1h_tokens, searches) < 0:
        raise ValueError(f"a usage cannot be negative: {usage!r}")


def _total(token_sum: int, fees_per_k: int) -> int:
    return ceil_div(token_sum * _PER_K + fees_per_k * TOKENS_PER_PRICE, TOKENS_PER_PRICE * _PER_K)
