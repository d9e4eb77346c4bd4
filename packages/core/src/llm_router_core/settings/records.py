"""What the user agreed to and where keys were put, kept in the user's own config.toml with its date. Never a key."""

from __future__ import annotations

from collections.abc import MutableMapping
from datetime import date
from typing import Any

from llm_router_core.settings.consent import Offer
from llm_router_core.settings.edit import Edited, drop_entry, edit_config, put_entry
from llm_router_core.settings.model import Store
from llm_router_core.settings.sources import ORGANISATION_FILE


def agree(home: str, offer: Offer, today: date, *, organisation: str = ORGANISATION_FILE) -> Edited:
    """Record that prompts may go to a provider.

    Raises:
        ConfigError: config.toml cannot be edited.
    """
    entry = {"given": today, "data_class": str(offer.data_class), "origin": offer.origin}
    return edit_config(
        home, lambda values: put_entry(values, "consent", offer.provider, entry), organisation=organisation
    )


def revoke(home: str, provider: str, *, organisation: str = ORGANISATION_FILE) -> Edited:
    """Forget that the user agreed; from the next process on the provider gets nothing.

    Raises:
        ConfigError: config.toml cannot be edited.
    """
    return edit_config(home, lambda values: drop_entry(values, "consent", provider), organisation=organisation)


def agree_to_key_file(home: str, today: date) -> Edited:
    """Record that keys may stand in a file where no keyring can be used.

    Raises:
        ConfigError: config.toml cannot be edited.
    """

    def change(values: MutableMapping[str, Any]) -> None:
        values["keys_file_agreed"] = today

    return edit_config(home, change)


def note_key(home: str, provider: str, store: Store, origin: str, today: date) -> Edited:
    """Record in which store a provider's key is, and for which origin.

    Raises:
        ConfigError: config.toml cannot be edited.
    """
    entry = {"store": store, "origin": origin, "saved": today}
    return edit_config(home, lambda values: put_entry(values, "keys", provider, entry))


def forget_key(home: str, provider: str) -> Edited:
    """Forget where a provider's key was.

    Raises:
        ConfigError: config.toml cannot be edited.
    """
    return edit_config(home, lambda values: drop_entry(values, "keys", provider))
