"""Every setting, once. Validation, `docs/configuration.md` and the error messages are all made from this table.

`tighten` says what a repository or an organisation may do to a setting: an order from loosest to tightest, "lower",
"add", "join" (every list has to agree) or "refused". `unreadable` is how a value nobody can read is taken where
ignoring it would loosen what the file was written to protect.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from llm_router_core.hotpath.snapshot import Tighten

Loosen = Literal["user", "command line only"]
Reload = Literal["hot", "cold"]
Form = Literal["choice", "flag", "number", "whole", "usd", "model", "text", "names"]

CLASSES = "third_party, third_party_may_train"


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
    form: Form = "text"
    tighten: Tighten = "refused"
    unreadable: str | None = None

    @property
    def choices(self) -> tuple[str, ...]:
        """The allowed values of a closed set; empty for anything else."""
        return tuple(item.strip() for item in self.type.split(",")) if self.form == "choice" else ()


SETTINGS = (
    Setting("profile", "LLM_ROUTER_PROFILE", "budget, balanced, premium", "balanced", "user", "hot",
            "How cost is weighed against strength when a chain is built.",
            "choice", ("premium", "balanced", "budget")),
    Setting("quality_mode", "LLM_ROUTER_QUALITY_MODE", "best, balanced, conserve", "balanced", "user", "hot",
            "`best` takes the chain one complexity up, `conserve` one down.",
            "choice", ("best", "balanced", "conserve")),
    Setting("min_model", "LLM_ROUTER_MIN_MODEL", "PROVIDER/MODEL", "", "user", "hot",
            "No candidate marked for less than this model is used.", "model"),
    Setting("baseline_model", "LLM_ROUTER_BASELINE_MODEL", "PROVIDER/MODEL", "anthropic/claude-sonnet-5-5", "user",
            "hot", "The model that savings are estimated against: the one your host would have used.", "model"),
    Setting("policy", "LLM_ROUTER_POLICY", "aggressive, balanced, conservative", "balanced", "user", "hot",
            "A preset: defaults for the settings that `llm-router policy show` lists under it.",
            "choice", ("aggressive", "balanced", "conservative"), "conservative"),
    Setting("allow", "LLM_ROUTER_ALLOW", "patterns, comma-separated", "", "command line only", "hot",
            "Only these providers and models are used, for example `ollama,openai/gpt-*`. Empty: all.",
            "names", "join", "nothing"),
    Setting("block", "LLM_ROUTER_BLOCK", "patterns, comma-separated", "", "command line only", "hot",
            "These providers and models are never used, for example `deepseek,*/*-preview`.",
            "names", "add", "nothing"),
    Setting("forbidden_data", "LLM_ROUTER_FORBIDDEN_DATA", CLASSES, "", "command line only", "hot",
            "Prompts go to no provider of these data classes; `third_party` forbids both.",
            "names", "add", "nothing"),
    Setting("max_cost_usd", "LLM_ROUTER_MAX_COST", "US dollars", "", "command line only", "hot",
            "No single call may cost more than this, counted at its worst case.", "usd", "lower", "0"),
    Setting("unpriced_ceiling_usd", "LLM_ROUTER_UNPRICED_CEILING", "US dollars", "0.50", "command line only", "hot",
            "What a call is held and charged at when its model has no price in the table.", "usd"),
    Setting("call_deadline_s", "LLM_ROUTER_CALL_DEADLINE", "seconds", "180", "user", "hot",
            "The whole walk down a chain ends by then.", "number", "lower"),
    Setting("attempt_deadline_s", "LLM_ROUTER_ATTEMPT_DEADLINE", "seconds", "90", "user", "hot",
            "One attempt at one model ends by then.", "number", "lower"),
    Setting("ollama_models", "OLLAMA_BUDGET_MODELS", "names, comma-separated", "gemma4,qwen3.5", "user", "hot",
            "Installed Ollama models to prefer, best first.", "names"),
    Setting("session", "LLM_ROUTER_SESSION", "any text", "", "user", "hot",
            "Names the session whose cap and spend a call belongs to; by default the terminal's."),
    Setting("enforce", "LLM_ROUTER_ENFORCE", "smart, hard, soft, off", "smart", "command line only", "hot",
            "What happens when the host's model does work itself that was routed elsewhere.",
            "choice", ("off", "soft", "smart", "hard")),
    Setting("answer", "LLM_ROUTER_ANSWER", "off, ask, on", "off", "command line only", "hot",
            "Whether the router may answer a prompt in the place of the host's model.",
            "choice", ("on", "ask", "off"), "off"),
    Setting("answer_deadline_s", "LLM_ROUTER_ANSWER_DEADLINE", "seconds", "20", "user", "hot",
            "An answer that is not there by then is left to the host's model.", "number", "lower"),
    Setting("hint", "LLM_ROUTER_HINT", "box, plain", "box", "user", "hot",
            "How a directive looks; `plain` for models that take a boxed command for an injection.", "choice"),
    Setting("tools", "LLM_ROUTER_TOOLS", "core, standard, all", "all", "user", "cold",
            "How many tools a host is shown: 4, 12 or 48.", "choice", ("all", "standard", "core")),
    Setting("compress_response", "LLM_ROUTER_COMPRESS_RESPONSE", "true or false", "false", "user", "hot",
            "Whether tool output is shortened, reversibly and never code.", "flag", ("true", "false")),
    Setting("abstain_below", "LLM_ROUTER_ABSTAIN_BELOW", "0 to 1", "0.5", "user", "hot",
            "A classification less sure than this is left to the host's model.", "number"),
    Setting("judge", "LLM_ROUTER_JUDGE", "any, local, off", "local", "command line only", "hot",
            "Who may see an answer to grade it; never while you wait.", "choice", ("any", "local", "off"), "off"),
    Setting("judge_model", "LLM_ROUTER_JUDGE_MODEL", "PROVIDER/MODEL", "", "user", "hot",
            "The model that grades; empty takes the cheapest capable one `judge` allows.", "model"),
    Setting("judge_sample_rate", "LLM_ROUTER_JUDGE_SAMPLE_RATE", "0 to 1", "0.1", "user", "hot",
            "The share of answers that are graded.", "number", "lower"),
    Setting("demotion_below", "LLM_ROUTER_DEMOTION_BELOW", "0 to 1", "0.6", "user", "hot",
            "A model whose mean grade is lower, with enough samples, goes to the end of its chain.", "number"),
    Setting("demotion_samples", "LLM_ROUTER_DEMOTION_SAMPLES", "a whole number", "8", "user", "hot",
            "How many grades make a mean that counts.", "whole"),
    Setting("pressure_step_down", "LLM_ROUTER_PRESSURE_STEP_DOWN", "0 to 1", "0.85", "user", "hot",
            "From this share of a quota or cap on, cheaper models are taken.", "number", "lower"),
    Setting("pressure_out", "LLM_ROUTER_PRESSURE_OUT", "0 to 1", "0.99", "user", "hot",
            "From this share on, an account is not used.", "number", "lower"),
)  # fmt: skip

PROVIDER_SETTINGS = (
    Setting("base_url", "LLM_ROUTER_<PROVIDER>_BASE_URL", "https URL, or http on loopback", "", "user", "cold",
            "Where the provider is. A name that is not in the table becomes an OpenAI-compatible provider."),
    Setting("models", "LLM_ROUTER_<PROVIDER>_MODELS", "names, comma-separated", "", "user", "cold",
            "Models of an OpenAI-compatible provider that may stand in the chains.", "names"),
)  # fmt: skip

# Variables that stand in no file. The consent of a variable lasts as long as the process.
ENVIRONMENT_ONLY = (
    Setting("home", "LLM_ROUTER_HOME", "a folder", "~/.llm-router", "user", "cold",
            "Where settings, state and logs are kept."),
    Setting("consent", "LLM_ROUTER_CONSENT", "providers, comma-separated", "", "command line only", "cold",
            "Third parties that may receive prompts from this process; `NAME:may-train` for one that may train."),
    Setting("api_key", "LLM_ROUTER_<PROVIDER>_API_KEY", "a key", "", "user", "cold",
            "The provider's key; wins over the vendor's own variable."),
    Setting("depth", "LLM_ROUTER_DEPTH", "set by llm-router", "", "user", "cold",
            "Ends a hook at once in a program that llm-router itself started."),
)  # fmt: skip
PROVIDER_KEY_ENV = "LLM_ROUTER_{}_API_KEY"

# Never in a repository file: they decide where prompts and keys go, what is executed, or who agreed to it.
REFUSED_IN_A_REPOSITORY = frozenset(
    {"providers", "consent", "keys", "keys_file_agreed", "base_url", "api_key", "command", "executable", "env", "hooks"}
)

PRESETS: Mapping[str, Mapping[str, object]] = MappingProxyType(
    {
        "aggressive": {"quality_mode": "conserve", "abstain_below": 0.35, "judge": "any"},
        "balanced": {},
        "conservative": {
            "quality_mode": "best",
            "min_model": "anthropic/claude-haiku-5-5",
            "abstain_below": 0.65,
            "forbidden_data": ("third_party_may_train",),
        },
    }
)

BY_NAME: Mapping[str, Setting] = MappingProxyType({row.name: row for row in SETTINGS})
