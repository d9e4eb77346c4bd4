"""Money is an integer number of micro-dollars; this module is where it meets text.

A float cannot hold $0.10, and a budget that is compared by rounding leaks. So amounts are `int` everywhere
(1 USD = 1,000,000), prices are micro-dollars per million tokens, and only parsing and printing see decimals.
"""

from __future__ import annotations

import re

MICROUSD_PER_USD = 1_000_000
TOKENS_PER_PRICE = 1_000_000
_AMOUNT = re.compile(r"\$?([0-9]{1,8})(?:\.([0-9]{0,6}))?\Z")


def parse_usd(text: str) -> int:
    """Micro-dollars of a decimal amount such as `"1.50"` or `"$0.000001"`.

    Raises:
        ValueError: not a plain decimal number, negative, finer than a micro-dollar, or over a million dollars.
    """
    found = _AMOUNT.match(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is not an amount in US dollars; write it like 1.50, with at most six decimals")
    amount = int(found[1]) * MICROUSD_PER_USD + int((found[2] or "").ljust(6, "0"))
    if amount > MICROUSD_PER_USD * MICROUSD_PER_USD:
        raise ValueError(f"{text!r} is out of range; an amount lies between 0 and 1000000 dollars")
    return amount


def format_usd(microusd: int) -> str:
    """`$1.50`, `$0.0042`, `$0.000003`: at least two decimals, never a rounded-away cost."""
    sign = "-" if microusd < 0 else ""
    whole, rest = divmod(abs(microusd), MICROUSD_PER_USD)
    digits = f"{rest:06d}".rstrip("0")
    return f"{sign}${whole:,}.{digits.ljust(2, '0')}"


def ceil_div(numerator: int, denominator: int) -> int:
    """The smallest integer not below `numerator / denominator`: a price is rounded against the budget's owner."""
    return -(-numerator // denominator)
