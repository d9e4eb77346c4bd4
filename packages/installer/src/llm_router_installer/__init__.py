"""The llm-router command: route, explain, budget, demo; later install, doctor and reports."""
