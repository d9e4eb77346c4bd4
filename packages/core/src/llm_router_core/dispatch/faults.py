"""The one place where a failed attempt becomes a `ProviderError`: statuses and vendors' error bodies get kinds.

A vendor's own code is believed before its status, because the same 429 means "slow down" and "your money is gone", and
the same 400 a malformed request and a prompt too long; but a 401 is always about the key.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from llm_router_core.errors import ErrorKind, ProviderError
from llm_router_core.providers.http_failure import HttpFailure
from llm_router_core.providers.vendor_errors import details_of, error_in, excerpt, kind_of_failure, message_of

MAX_RETRY_AFTER_S = 7 * 86_400.0
_WAITS = frozenset({ErrorKind.RATE_LIMITED, ErrorKind.UNAVAILABLE, ErrorKind.QUOTA})
_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
_SECONDS = (86_400.0, 3_600.0, 60.0, 1.0, 0.001)
# (what is left, when it fills up) of the vendors that say so without a Retry-After
_RESETS = (
    ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
    ("anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"),
    ("anthropic-ratelimit-input-tokens-remaining", "anthropic-ratelimit-input-tokens-reset"),
    ("anthropic-ratelimit-output-tokens-remaining", "anthropic-ratelimit-output-tokens-reset"),
)


def provider_error(failed: HttpFailure | ProviderError, provider: str, model: str) -> ProviderError:
    """The failure with its kind, its place and a message that is safe to show. A typed one only gains its place."""
    if isinstance(failed, ProviderError):
        return failed.changed(provider=provider, model=model)
    error = error_in(failed.body)
    kind = kind_of_failure(failed.status, error)
    wait_s = None
    if kind in _WAITS:
        told_s = retry_after_s(failed.headers)
        wait_s = _told_s(error) if told_s is None else told_s
    said = excerpt(message_of(error))
    message = f"{provider} answered with HTTP status {failed.status}" + (f": {said}" if said else "")
    return ProviderError(kind, message, provider=provider, model=model, retry_after_s=wait_s)


def _told_s(error: object) -> float | None:
    """The wait inside the error itself, as Google gives it; None where there is none."""
    for detail in details_of(error):
        delay = detail.get("retryDelay")
        if isinstance(delay, str):
            wait_s = _reset_s(delay, datetime.now(UTC))
            return None if wait_s is None else _bounded(wait_s)
    return None


def retry_after_s(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds to wait, as the provider says it: a Retry-After, or the reset of the limit that is used up.

    None when it does not say. A date counts from the reply's own `Date`, so that our clock does not matter.
    """
    millis = _number(headers.get("retry-after-ms", ""))
    if millis is not None:
        return _bounded(millis / 1000)
    told = headers.get("retry-after", "").strip()
    now = _date(headers.get("date", "")) or now or datetime.now(UTC)
    if told:
        seconds = _number(told)
        if seconds is not None:
            return _bounded(seconds)
        until = _date(told)
        return None if until is None else _bounded((until - now).total_seconds())
    waits = [_reset_s(headers[reset], now) for left, reset in _RESETS if headers.get(left) == "0" and reset in headers]
    known = [wait for wait in waits if wait is not None]
    return _bounded(max(known)) if known else None


def _reset_s(text: str, now: datetime) -> float | None:
    """Seconds from a duration like `6m0s`, or from an RFC 3339 instant."""
    match = _DURATION.fullmatch(text.strip())
    if match and text.strip():
        return sum(float(part) * unit for part, unit in zip(match.groups(), _SECONDS, strict=True) if part)
    try:
        until = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return (until - now).total_seconds() if until.tzinfo else None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _date(text: str) -> datetime | None:
    try:
        value = parsedate_to_datetime(text) if text else None
    except ValueError:
        return None
    if value is None:
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_S)
