"""`llm-router mcp`, registered under `llm_router.commands`: today it says that there is no server yet."""

from __future__ import annotations

import click


@click.command("mcp")
def mcp() -> None:
    """Run the MCP server (not part of this version).

    Raises:
        click.ClickException: always, until the server is here.
    """
    raise click.ClickException(
        "the MCP server is not part of version 0.1.0; `llm-router route` routes a prompt without it"
    )
