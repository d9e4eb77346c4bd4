"""The host object of VS Code; the other editors follow with the table, registered under `llm_router.hosts`."""

from __future__ import annotations

from llm_router_core.hosts import Host, PlannedHost

HOST: Host = PlannedHost("vscode", "VS Code")
