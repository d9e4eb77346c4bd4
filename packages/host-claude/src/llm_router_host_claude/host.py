"""The host object of Claude Code, registered under `llm_router.hosts`."""

from __future__ import annotations

from llm_router_core.hosts import Host, PlannedHost

HOST: Host = PlannedHost("claude", "Claude Code")
