"""Every setting, once. Validation, `docs/configuration.md` and the error messages are all made from this table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Loosen = Literal["user", "command line only"]
Reload = Literal["hot", "cold"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its key in config.toml, its variable, and who may loosen it. `default` is shown as written."""

    name: str
    env: str
    type: str
    default: str
    loosen: Loosen
    reload: Reload
    doc: str


SETTINGS = (
    Setting("profile", "LLM_ROUTER_PROFILE", "budget, balanced, premium", "balanced", "user", "hot",
            "How cost is weighed against strength when a chain is built."),
    Setting("quality_mode", "LLM_ROUTER_QUALITY_MODE", "best, balanced, conserve", "balanced", "user", "hot",
            "`best` takes the chain one complexity up, `conserve` one down."),
    Setting("min_model", "LLM_ROUTER_MIN_MODEL", "PROVIDER/MODEL", "", "user", "hot",
            "No candidate marked for less than this model is used."),
    Setting("baseline_model", "LLM_ROUTER_BASELINE_MODEL", "PROVIDER/MODEL", "anthropic/claude-sonnet-5-5", "user",
            "hot", "The model that savings are estimated against: the one your host would have used."),
    Setting("max_cost_usd", "LLM_ROUTER_MAX_COST", "US dollars", "", "command line only", "hot",
            "No single call may cost more than this, counted at its worst case."),
    Setting("unpriced_ceiling_usd", "LLM_ROUTER_UNPRICED_CEILING", "US dollars", "0.50", "command line only", "hot",
            "What a call is held and charged at when its model has no price in the table."),
    Setting("call_deadline_s", "LLM_ROUTER_CALL_DEADLINE", "seconds", "180", "user", "hot",
            "The whole walk down a chain ends by then."),
    Setting("attempt_deadline_s", "LLM_ROUTER_ATTEMPT_DEADLINE", "seconds", "90", "user", "hot",
            "One attempt at one model ends by then."),
    Setting("ollama_models", "OLLAMA_BUDGET_MODELS", "names, comma-separated", "gemma4,qwen3.5", "user", "hot",
            "Installed Ollama models to prefer, best first."),
    Setting("session", "LLM_ROUTER_SESSION", "any text", "", "user", "hot",
            "Names the session whose cap and spend a call belongs to; by default the terminal's."),
)  # fmt: skip

PROVIDER_SETTINGS = (
    Setting("base_url", "LLM_ROUTER_<PROVIDER>_BASE_URL", "https URL, or http on loopback", "", "user", "cold",
            "Where the provider is. A name that is not in the table becomes an OpenAI-compatible provider."),
    Setting("models", "LLM_ROUTER_<PROVIDER>_MODELS", "names, comma-separated", "", "user", "cold",
            "Models of an OpenAI-compatible provider that may stand in the chains."),
)  # fmt: skip
PROVIDER_KEY_ENV = "LLM_ROUTER_{}_API_KEY"
