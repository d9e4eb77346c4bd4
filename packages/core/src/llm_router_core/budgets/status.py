"""What stands against each cap now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from llm_router_core.budgets.caps import DEFAULT_CAPS
from llm_router_core.clock import Clock
from llm_router_core.storage import caps as caps_table
from llm_router_core.storage import ledger
from llm_router_core.storage.database import Connection, Database
from llm_router_core.storage.ledger import NO_LIMITS


@dataclass(frozen=True, slots=True)
class ScopeStatus:
    """One scope: `window` is a UTC day such as 20260305, a UTC month such as 202603, or 0 for a session.

    `scope` is written as a user would type it; `name` says whose counter it is (session, project or provider id).
    """

    scope: str
    name: str
    window: int
    spent_microusd: int
    held_microusd: int
    cap_microusd: int | None

    @property
    def left_microusd(self) -> int | None:
        """What may still be reserved; None without a cap."""
        if self.cap_microusd is None:
            return None
        return max(0, self.cap_microusd - self.spent_microusd - self.held_microusd)


def list_status(
    db: Database, clock: Clock, *, session: str = "", project: str = "", limits: Mapping[str, int] = NO_LIMITS
) -> tuple[ScopeStatus, ...]:
    """Day, month, the given session and project, and every provider that has spent or has a cap this month.

    `limits` are upper bounds by scope that no cap passes.

    Raises:
        StorageError: the database cannot be read.
    """
    now = clock.now()

    def load(conn: Connection) -> tuple[dict[str, int], int, list[ledger.Balance]]:
        day = ledger.current_day(conn, now)
        caps = ledger.bounded({**DEFAULT_CAPS, **caps_table.list_caps(conn)}, limits)
        return caps, day, ledger.balances(conn, day=day)

    caps, day, balances = db.read(load)
    found = {(row.scope, row.name, row.window): row for row in balances}
    providers = {row.name for row in balances if row.scope == "provider"}
    providers |= {scope.removeprefix("provider:") for scope in caps if scope.startswith("provider:")}
    wanted = list(ledger.windows(session, project, "", day))[:-1]
    wanted += [("provider", name, day // 100) for name in sorted(providers)]
    return tuple(_status(key, found.get(key), caps) for key in wanted)


def _status(key: tuple[str, str, int], row: ledger.Balance | None, caps: dict[str, int]) -> ScopeStatus:
    scope = f"provider:{key[1]}" if key[0] == "provider" else key[0]
    spent, held = (row.spent_microusd, row.held_microusd) if row else (0, 0)
    return ScopeStatus(scope, key[1], key[2], spent, held, caps.get(scope))
