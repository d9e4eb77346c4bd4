"""llm-router in Gemini CLI: hooks, extension, quota and transcript readers."""
