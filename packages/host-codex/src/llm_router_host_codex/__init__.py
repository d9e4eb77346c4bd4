"""llm-router in Codex CLI. A skeleton: the README says what will live here."""
