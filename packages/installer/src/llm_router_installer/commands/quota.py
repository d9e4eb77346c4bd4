"""`llm-router quota`: what subscriptions still allow, with the age and the source of every reading."""

from __future__ import annotations

from dataclasses import asdict

import click

from llm_router_core.clock import SystemClock
from llm_router_core.quotas.board import list_states
from llm_router_core.quotas.reading import QuotaState
from llm_router_installer import ui
from llm_router_installer.commands.status import quota_text
from llm_router_installer.figures import open_state
from llm_router_installer.result import Lines, Result, Table, View
from llm_router_installer.runtime import start

NONE_KNOWN = (
    "No quota is known. Readings come from the hosts: install a host package such as llm-router-host-claude, and use "
    "that host once. Until then every quota counts as unknown, and holds nothing back."
)


@click.command("quota")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(as_json: bool) -> int:
    """Show subscription quotas: how much is used, when they reset, and how old the reading is."""
    runtime = start()
    with open_state(runtime) as db:
        states = list_states(db, SystemClock().now())
        warnings = tuple(db.warnings)
    views: list[View] = [Lines([NONE_KNOWN])]
    if states:
        views = [Table(("account", "window", "used", "points", "source"), [_row(state) for state in states])]
    return ui.show(Result("quota", {"quotas": [asdict(state) for state in states]}, views, warnings), as_json=as_json)


def _row(state: QuotaState) -> tuple[str, ...]:
    points = "" if state.used_points is None else f"{state.used_points:g}"
    if points and state.limit_points is not None:
        points += f" of {state.limit_points:g}"
    problem = f"; failing: {state.problem}" if state.problem else ""
    return f"{state.provider} {state.account}".strip(), state.window, quota_text(state), points, state.source + problem
