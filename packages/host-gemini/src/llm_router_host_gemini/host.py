"""The host object of Gemini CLI, registered under `llm_router.hosts`."""

from __future__ import annotations

from llm_router_core.hosts import Host, PlannedHost

HOST: Host = PlannedHost("gemini-cli", "Gemini CLI")
