"""`python -m llm_router_installer` is the `llm-router` command."""

from llm_router_installer.cli import main

main()
