"""llm-router in the editors: VS Code, Cursor, Windsurf, Devin, Zed, OpenCode, Copilot CLI, Claude Desktop."""
