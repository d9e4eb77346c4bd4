"""The resident llm-router server: MCP tools, dashboard, later the gateway."""
