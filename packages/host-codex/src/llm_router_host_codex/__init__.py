"""llm-router in Codex CLI: hooks, config.toml, quota and rollout readers."""
