"""The library of llm-router. Import the module you need; this file stays empty so that `hotpath` loads alone."""
