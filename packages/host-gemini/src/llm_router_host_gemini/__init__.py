"""llm-router in Gemini CLI. A skeleton: the README says what will live here."""
