"""Asking the user, once for each third party, whether prompts may go there."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from llm_router_core.catalog.load import load_catalog
from llm_router_core.credentials import load_stored
from llm_router_core.keystore import process_keyring
from llm_router_core.providers.registry import build_registry, pending_consents
from llm_router_core.settings import records
from llm_router_installer import ui
from llm_router_installer.runtime import Runtime


def ask_consent(runtime: Runtime) -> bool:
    """Whether the user agreed to a provider that could be used at once. Asks only where a person can answer."""
    if not ui.is_interactive():
        return False
    stored = load_stored(runtime.settings, runtime.home, process_keyring(runtime.env))
    registry = build_registry(load_catalog(), runtime.settings, runtime.env, stored=stored)
    agreed = False
    for offer in pending_consents(registry):
        if click.confirm(f"{offer.question} Agree?", default=False, err=True):
            records.agree(runtime.home, offer, datetime.now(UTC).date())
            agreed = True
    return agreed
