"""`llm-router profile`: how cost is weighed against strength, for good or for this session only."""

from __future__ import annotations

import click

from llm_router_core.catalog.entries import Profile
from llm_router_core.clock import SystemClock
from llm_router_core.settings import edit
from llm_router_core.storage import overrides
from llm_router_core.storage.database import Database
from llm_router_installer import ui
from llm_router_installer.layered import load_here
from llm_router_installer.result import Lines, Result
from llm_router_installer.runtime import Runtime, start

MEANING = {
    Profile.BUDGET: "paid models come from one complexity lower, Claude last",
    Profile.BALANCED: "the table as it is: free, then prepaid, then cheap, then premium",
    Profile.PREMIUM: "the strongest paid model of the row first, free ones only where they are capable",
}


@click.command("profile")
@click.argument("name", required=False, type=click.Choice([str(profile) for profile in Profile]))
@click.option(
    "--session", "is_session", is_flag=True, help="For this session only: this terminal, or LLM_ROUTER_SESSION."
)
@click.option("--clear", "is_clear", is_flag=True, help="With --session: forget what this session overrides.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(name: str | None, is_session: bool, is_clear: bool, as_json: bool) -> int:
    """Show the profile, or choose NAME in config.toml; with --session for this session only."""
    if is_clear and (name or not is_session):
        raise click.UsageError("--clear goes with --session and without a name")
    runtime = start()
    if is_session and (name or is_clear):
        _override(runtime, name)
    elif name:
        edit.set_value(runtime.home, "profile", name)
    loaded = load_here(start())
    profile, source = loaded.settings.profile, loaded.sources.get("profile", "default")
    data = {"profile": str(profile), "source": source, "meaning": MEANING[profile]}
    warnings = [f"you chose {name}, but {source} decides"] if name and name != profile else []
    lines = [f"{profile} ({source}): {MEANING[profile]}"]
    if not name and not is_session:
        lines += ["", *(f"  {other}: {meaning}" for other, meaning in MEANING.items() if other is not profile)]
    return ui.show(Result("profile", data, [Lines(lines)], warnings), as_json=as_json)


def _override(runtime: Runtime, name: str | None) -> None:
    clock = SystemClock()
    with Database.open(runtime.home, clock) as db:
        if name:
            db.write(lambda conn: overrides.put_override(conn, runtime.session, "profile", name, now=clock.now()))
        else:
            db.write(lambda conn: overrides.delete_override(conn, runtime.session, "profile"))
