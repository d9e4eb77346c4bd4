"""llm-router in Claude Code: hooks, settings, quota and transcript readers."""
