"""The resident llm-router server. A skeleton: the README says what will live here."""
