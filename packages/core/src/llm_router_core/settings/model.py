"""The settings of one process: validated, frozen, passed down."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from llm_router_core.catalog.entries import DataClass, Profile
from llm_router_core.settings.rules import PolicyRules, SpendCap
from llm_router_core.units import parse_usd

QualityMode = Literal["best", "balanced", "conserve"]
Policy = Literal["aggressive", "balanced", "conservative"]
Enforce = Literal["smart", "hard", "soft", "off"]
Store = Literal["keyring", "file"]


def _split(value: object) -> object:
    """A comma-separated text as names; anything else is left for validation to judge."""
    if isinstance(value, str):
        return tuple(name.strip() for name in value.split(",") if name.strip())
    return value


Names = Annotated[tuple[str, ...], BeforeValidator(_split)]
Classes = Annotated[tuple[Literal[DataClass.THIRD_PARTY, DataClass.TRAINS], ...], BeforeValidator(_split)]
Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(gt=0, le=3600)]


class ProviderSettings(BaseModel):
    """What the user says of one provider."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str = ""
    models: Names = ()


class Consent(BaseModel):
    """That the user agreed once to send prompts to a provider: when, as what, and to which origin."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    given: date
    data_class: DataClass
    origin: str = ""


class KeyNote(BaseModel):
    """Where a key was put. Never the key; the origin that counts is the one kept beside the key itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    store: Store
    origin: str
    saved: date


class Settings(BaseSettings):
    """Every value with its default; `load` in sources.py fills it from its layers.

    `rules` and `spend_caps` are worked out by `load` from all layers; no file or variable sets them by name.
    """

    model_config = SettingsConfigDict(extra="forbid", frozen=True)

    profile: Profile = Profile.BALANCED
    quality_mode: QualityMode = "balanced"
    min_model: str = ""
    baseline_model: str = "anthropic/claude-sonnet-5-5"
    policy: Policy = "balanced"
    allow: Names = ()
    block: Names = ()
    forbidden_data: Classes = ()
    max_cost_usd: str = ""
    unpriced_ceiling_usd: str = "0.50"
    call_deadline_s: Seconds = 180.0
    attempt_deadline_s: Seconds = 90.0
    ollama_models: Names = ("gemma4", "qwen3.5")
    session: str = ""
    enforce: Enforce = "smart"
    answer: Literal["off", "ask", "on"] = "off"
    answer_deadline_s: Seconds = 20.0
    hint: Literal["box", "plain"] = "box"
    tools: Literal["core", "standard", "all"] = "all"
    compress_response: bool = False
    abstain_below: Share = 0.5
    judge: Literal["any", "local", "off"] = "local"
    judge_model: str = ""
    judge_sample_rate: Share = 0.1
    demotion_below: Share = 0.6
    demotion_samples: int = Field(default=8, ge=1, le=100_000)
    pressure_step_down: Share = 0.85
    pressure_out: Share = 0.99
    providers: dict[str, ProviderSettings] = {}
    consent: dict[str, Consent] = {}
    keys: dict[str, KeyNote] = {}
    keys_file_agreed: date | None = None
    rules: tuple[PolicyRules, ...] = ()
    spend_caps: tuple[SpendCap, ...] = ()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what sources.py collected: a layer that reads the environment by itself would have no known source."""
        return (init_settings,)

    @field_validator("unpriced_ceiling_usd")
    @classmethod
    def _ceiling(cls, value: str) -> str:
        if not value or not parse_usd(value):
            raise ValueError("a call of unknown price must be held at more than nothing")
        return value

    @field_validator("max_cost_usd", "unpriced_ceiling_usd", mode="before")
    @classmethod
    def _amount(cls, value: object) -> object:
        text = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
        if isinstance(text, str) and text:
            parse_usd(text)
        return text

    @field_validator("min_model", "baseline_model", "judge_model")
    @classmethod
    def _model_id(cls, value: str) -> str:
        if value and "/" not in value:
            raise ValueError("write it as PROVIDER/MODEL")
        return value

    @property
    def max_cost_microusd(self) -> int | None:
        """The bound on one call, or None."""
        return parse_usd(self.max_cost_usd) if self.max_cost_usd else None

    @property
    def unpriced_ceiling_microusd(self) -> int:
        """What an unpriced call is held at."""
        return parse_usd(self.unpriced_ceiling_usd)
