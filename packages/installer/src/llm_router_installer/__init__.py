"""The llm-router command. `VERSION` equals the version in pyproject.toml; a test holds the two together."""

VERSION = "0.1.0"
