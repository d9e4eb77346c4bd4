"""`llm-router budget`: the caps, what stands against them, and changing them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

import click

from llm_router_core.budgets.caps import Cap, remove_cap, set_cap
from llm_router_core.budgets.status import ScopeStatus, list_status
from llm_router_core.clock import SystemClock
from llm_router_core.storage.database import Database
from llm_router_core.units import format_usd, parse_usd
from llm_router_installer import ui
from llm_router_installer.result import Lines, Result, Table
from llm_router_installer.runtime import Runtime, start


@click.group("budget")
def command() -> None:
    """List, set and remove spending caps.

    Windows are UTC: `day`; `month`, `project` and `provider:NAME` by calendar month; `session` has no end.
    """


@contextmanager
def _state(runtime: Runtime) -> Iterator[Database]:
    db = Database.open(runtime.home, SystemClock())
    try:
        yield db
    finally:
        db.close()


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def list_caps(as_json: bool) -> int:
    """Show every cap with what is spent and held against it."""
    runtime = start()
    with _state(runtime) as db:
        rows = list_status(db, SystemClock(), session=runtime.session, project=runtime.project)
        warnings = tuple(db.warnings)
    data = {"scopes": [{**asdict(row), "left_microusd": row.left_microusd} for row in rows]}
    table = Table(("scope", "spent", "held", "cap", "left"), [_row(row) for row in rows])
    return ui.show(Result("budget list", data, [table], warnings), as_json=as_json)


@command.command("set")
@click.argument("scope")
@click.argument("usd")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def set_one(scope: str, usd: str, as_json: bool) -> int:
    """Cap SCOPE at USD. SCOPE is session, day, month, project or provider:NAME; 0 stops paid calls there."""
    try:
        amount = parse_usd(usd)
    except ValueError as wrong:
        raise click.UsageError(str(wrong)) from None
    with _state(start()) as db:
        return _changed("budget set", set_cap(db, scope, amount), as_json=as_json)


@command.command("remove")
@click.argument("scope")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def remove_one(scope: str, as_json: bool) -> int:
    """Take SCOPE back to its default cap, or to none."""
    with _state(start()) as db:
        return _changed("budget remove", remove_cap(db, scope), as_json=as_json)


def _changed(name: str, cap: Cap, *, as_json: bool) -> int:
    amount = "no cap" if cap.cap_microusd is None else format_usd(cap.cap_microusd)
    default = " (the default)" if cap.is_default else ""
    return ui.show(Result(name, asdict(cap), [Lines([f"{cap.scope}: {amount}{default}"])]), as_json=as_json)


def _row(row: ScopeStatus) -> tuple[str, ...]:
    cap = "none" if row.cap_microusd is None else format_usd(row.cap_microusd)
    left = "" if row.left_microusd is None else format_usd(row.left_microusd)
    return row.scope, format_usd(row.spent_microusd), format_usd(row.held_microusd), cap, left
