"""llm-router in the editors. A skeleton: the README says what will live here."""
