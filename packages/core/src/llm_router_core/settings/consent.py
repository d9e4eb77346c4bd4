"""Who may receive prompts: a third party gets nothing until the user agreed to it once.

A key in the environment is an offer, not a consent. What was agreed to is kept with its date, its data class and its
origin, because each of them changes who sees a prompt: a provider that begins to train on prompts, or a base URL that
leads elsewhere, has to be agreed to again. A server on this machine that the user named needs no consent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from llm_router_core.catalog.entries import DataClass
from llm_router_core.settings.model import Consent

VARIABLE = "LLM_ROUTER_CONSENT"
MAY_TRAIN = "may-train"


@dataclass(frozen=True, slots=True)
class Offer:
    """A third party that could be used if the user agreed. `key_source` is where its key was found, if it needs one."""

    provider: str
    title: str
    data_class: DataClass
    origin: str
    key_source: str = ""

    @property
    def question(self) -> str:
        """What agreeing means, in one sentence."""
        where = f" at {self.origin}" if self.origin else ""
        risk = " It may train its models on them." if self.data_class is DataClass.TRAINS else ""
        return f"Prompts that are routed to {self.title} leave this machine and go to {self.title}{where}.{risk}"


def missing(offer: Offer, given: Mapping[str, Consent], env: Mapping[str, str]) -> str:
    """Why nothing may be sent to the provider, ending in the command that changes it; empty where the user agreed."""
    named = _named_in(env).get(offer.provider)
    is_training = offer.data_class is DataClass.TRAINS
    if named is not None and (named == MAY_TRAIN or not is_training):
        return ""
    command = f"`llm-router keys consent {offer.provider}`"
    consent = given.get(offer.provider)
    if consent is None:
        if named is not None:
            return f"{offer.title} may train on prompts: {VARIABLE}={offer.provider}:{MAY_TRAIN}, or {command}"
        training = ", which may train on them" if is_training else ""
        return f"you have not agreed to send prompts to {offer.title}{training}: {command}"
    if is_training and consent.data_class is not DataClass.TRAINS:
        return f"{offer.title} may now train on prompts, and you have not agreed to that: {command}"
    if consent.origin and consent.origin != offer.origin:
        return f"you agreed to send prompts to {consent.origin}, and this is {offer.origin}: {command}"
    return ""


def named_in_environment(env: Mapping[str, str]) -> tuple[str, ...]:
    """The providers that `LLM_ROUTER_CONSENT` names."""
    return tuple(_named_in(env))


def _named_in(env: Mapping[str, str]) -> dict[str, str]:
    named: dict[str, str] = {}
    for item in env.get(VARIABLE, "").split(","):
        provider, _, extent = item.strip().lower().partition(":")
        if provider:
            named[provider] = extent
    return named
