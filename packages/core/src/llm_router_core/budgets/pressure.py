"""How close the caps and quotas are to their end, and what that does to a candidate.

Pressure is a used share, 0 to 1 and above, by what it presses on:

    session, project, day, month    everything that is paid
    provider:NAME                   what is paid at that provider
    quota:NAME[:ACCOUNT]            everything at that provider: a plan's quota is used by calls that cost no dollars

From 85 % on (setting pressure_step_down) we step down: paid models are taken from one complexity lower, and a single
provider's candidates move behind the others. From 99 % on (pressure_out) the account is out. What is unknown has no
entry and presses on nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from llm_router_core.budgets.status import ScopeStatus

STEP_DOWN_AT = 0.85
OUT_AT = 0.99
SHARED_SCOPES = ("session", "project", "day", "month")


@dataclass(frozen=True, slots=True)
class Squeeze:
    """What presses hardest on a candidate."""

    scope: str
    share: float

    @property
    def is_shared(self) -> bool:
        """Whether it presses on all paid candidates alike."""
        return self.scope in SHARED_SCOPES

    @property
    def text(self) -> str:
        """For people: `87 % of the day cap is used`."""
        kind, _, name = self.scope.partition(":")
        what = f"the quota of {name}" if kind == "quota" else f"the {self.scope} cap"
        return f"{int(self.share * 100)} % of {what} is used or held"


def cap_pressure(statuses: Iterable[ScopeStatus]) -> dict[str, float]:
    """The used and held share of every cap, by scope; a cap of zero is full. Scopes without a cap are not in it."""
    return {
        row.scope: 1.0 if not row.cap_microusd else (row.spent_microusd + row.held_microusd) / row.cap_microusd
        for row in statuses
        if row.cap_microusd is not None
    }


def squeeze_on(pressure: Mapping[str, float], provider: str, *, is_paid: bool) -> Squeeze | None:
    """What presses hardest on a provider's candidate; None when nothing is known to."""
    found = [Squeeze(scope, share) for scope, share in pressure.items() if _applies(scope, provider, is_paid=is_paid)]
    return max(found, key=lambda squeeze: squeeze.share, default=None)


def step_down_reason(pressure: Mapping[str, float], at: float = STEP_DOWN_AT) -> str:
    """Why paid candidates come from one complexity lower; empty when no cap over all of them is that used."""
    found = [Squeeze(scope, pressure[scope]) for scope in SHARED_SCOPES if pressure.get(scope, 0.0) >= at]
    return max(found, key=lambda squeeze: squeeze.share).text if found else ""


def _applies(scope: str, provider: str, *, is_paid: bool) -> bool:
    kind, _, name = scope.partition(":")
    if kind == "quota":
        return name.partition(":")[0] == provider
    return is_paid and (scope in SHARED_SCOPES or (kind == "provider" and name == provider))
