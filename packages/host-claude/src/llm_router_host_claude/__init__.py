"""llm-router in Claude Code. A skeleton: the README says what will live here."""
