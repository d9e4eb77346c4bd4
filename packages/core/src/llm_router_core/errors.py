"""Every error a caller of this library can meet.

    LLMRouterError
    ├── ConfigError            a setting, file or argument is wrong: says which, where, and what to write instead
    ├── NoRouteError           no candidate is left to try; carries each rejected candidate with its reason
    │   ├── ChainExhausted     every candidate was tried, and each failed
    │   └── Unaffordable       every candidate that could be reached would pass a cap, or go unrecorded
    ├── RefusedError           we will not make this call
    │   ├── BudgetExceeded     a cap would be passed
    │   └── LedgerUnavailable  a paid call cannot be recorded
    ├── ProviderError          one attempt at one provider failed; `kind` says how
    ├── StorageError           the state database cannot be used
    └── HostError              a host's files cannot be read or changed as asked

Argument mistakes of a programmer stay `ValueError` and `TypeError`. Messages say what failed, show the offending
value with `!r`, and end with what to do next (`remedy`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from llm_router_core.units import format_usd


class LLMRouterError(Exception):
    """The root. `code` is stable and machine-readable; `remedy` is a sentence that says what to do."""

    code = "error"

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class ConfigError(LLMRouterError):
    """A setting, a configuration file or an argument is wrong."""

    code = "config"


@dataclass(frozen=True, slots=True)
class Rejection:
    """A candidate that was not used, and why. `stage` names the filter that dropped it."""

    candidate: str
    stage: str
    reason: str


class NoRouteError(LLMRouterError):
    """No candidate is left to try. `rejected` is in chain order."""

    code = "no_route"

    def __init__(self, message: str, rejected: Sequence[Rejection], *, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.rejected = tuple(rejected)


class ChainExhausted(NoRouteError):
    """Every candidate was tried and failed. `rejected` holds the failures in the order they happened."""

    code = "exhausted"


class Unaffordable(NoRouteError):
    """Only money stands in the way: each candidate that could be reached would pass a cap or go unrecorded."""

    code = "budget"


class RefusedError(LLMRouterError):
    """The call was not made because a rule of the user forbids it."""

    code = "refused"


class BudgetExceeded(RefusedError):
    """A reservation would pass a cap. Amounts are micro-dollars."""

    code = "budget"

    def __init__(self, scope: str, *, cap_microusd: int, used_microusd: int, wanted_microusd: int) -> None:
        super().__init__(
            f"the {scope} cap of {format_usd(cap_microusd)} would be passed: {format_usd(used_microusd)} used or held, "
            f"{format_usd(wanted_microusd)} more needed at worst",
            remedy=f"raise it with `llm-router budget set {scope} USD`, or wait until its window ends",
        )
        self.scope = scope
        self.cap_microusd = cap_microusd
        self.used_microusd = used_microusd
        self.wanted_microusd = wanted_microusd


class LedgerUnavailable(RefusedError):
    """A paid call was refused because it could not be recorded."""

    code = "ledger"


class ErrorKind(StrEnum):
    """How an attempt failed. The walk down the chain decides by this and by nothing else."""

    AUTH = "auth"  # key missing, wrong or not allowed
    QUOTA = "quota"  # paid-for allowance used up; waiting seconds does not help
    RATE_LIMITED = "rate_limited"  # too fast; `retry_after_s` when the provider said so
    UNAVAILABLE = "unavailable"  # 5xx, overloaded
    UNREACHABLE = "unreachable"  # DNS, connect, TLS
    LEFT_ALONE = "left_alone"  # not asked at all: its breaker is open
    TIMED_OUT = "timed_out"  # our deadline, or the gap between two tokens
    BAD_REPLY = "bad_reply"  # not what the dialect allows: HTML, garbage, too large, redirect
    BAD_REQUEST = "bad_request"  # the provider refused the request itself
    CONTEXT_TOO_LONG = "context_too_long"  # the prompt does not fit, or was cut by the server
    CONTENT_FILTERED = "content_filtered"
    MODEL_NOT_FOUND = "model_not_found"  # unknown, retired, or not for this account
    INTERRUPTED = "interrupted"  # the stream ended without its terminal event
    CANCELLED = "cancelled"  # the caller went away


class ProviderError(LLMRouterError):
    """One attempt failed. `provider` and `model` say where, `kind` how; `retry_after_s` when the provider said so."""

    code = "provider"

    def __init__(
        self, kind: ErrorKind, message: str, *, provider: str = "", model: str = "", retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.has_replied = False  # the provider had accepted the request and begun to answer: it may bill
        self.used: object = None  # the `Usage` it had told by then, if any
        self.kind = kind
        self.provider = provider
        self.model = model
        self.retry_after_s = retry_after_s

    def changed(self, *, message: str = "", provider: str = "", model: str = "") -> ProviderError:
        """The same failure with another message or place."""
        other = ProviderError(
            self.kind,
            message or self.message,
            provider=provider or self.provider,
            model=model or self.model,
            retry_after_s=self.retry_after_s,
        )
        other.has_replied, other.used = self.has_replied, self.used
        return other


class StorageError(LLMRouterError):
    """The state database cannot be opened, read or written."""

    code = "storage"


class HostError(LLMRouterError):
    """A host is unknown, unsupported, or its files cannot be changed as asked."""

    code = "host"
