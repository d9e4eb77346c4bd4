"""Money is an integer number of micro-dollars; this module is where it meets text.

A float cannot hold $0.10, and a budget that is compared by rounding leaks. So amounts are `int` everywhere
(1 USD = 1,000,000), prices are micro-dollars per million tokens, and only parsing and printing see decimals.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

MICROUSD_PER_USD = 1_000_000
TOKENS_PER_PRICE = 1_000_000


def parse_usd(text: str) -> int:
    """Micro-dollars of a decimal amount such as `"1.50"` or `"$0.000001"`.

    Raises:
        ValueError: not a decimal number, negative, finer than a micro-dollar, or over a million dollars.
    """
    try:
        amount = Decimal(text.strip().removeprefix("$"))
    except InvalidOperation:
        raise ValueError(f"{text!r} is not an amount in US dollars; write it like 1.50") from None
    if not amount.is_finite() or amount < 0 or amount > MICROUSD_PER_USD:
        raise ValueError(f"{text!r} is out of range; an amount lies between 0 and 1000000 dollars")
    scaled = amount * MICROUSD_PER_USD
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{text!r} is finer than a micro-dollar; use at most six decimals")
    return int(scaled)


def format_usd(microusd: int) -> str:
    """`$1.50`, `$0.0042`, `$0.000003`: at least two decimals, never a rounded-away cost."""
    sign = "-" if microusd < 0 else ""
    whole, rest = divmod(abs(microusd), MICROUSD_PER_USD)
    digits = f"{rest:06d}".rstrip("0")
    return f"{sign}${whole:,}.{digits.ljust(2, '0')}"


def ceil_div(numerator: int, denominator: int) -> int:
    """The smallest integer not below `numerator / denominator`: a price is rounded against the budget's owner."""
    return -(-numerator // denominator)
