"""The settings of one process: validated, frozen, passed down."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from llm_router_core.catalog.entries import Profile
from llm_router_core.units import parse_usd

QualityMode = Literal["best", "balanced", "conserve"]


class ProviderSettings(BaseModel):
    """What the user says of one provider."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str = ""
    models: tuple[str, ...] = ()

    @field_validator("models", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return _names(value)


class Settings(BaseSettings):
    """Every value with its default; `load` in sources.py fills it from its layers."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True)

    profile: Profile = Profile.BALANCED
    quality_mode: QualityMode = "balanced"
    min_model: str = ""
    baseline_model: str = "anthropic/claude-sonnet-5-5"
    max_cost_usd: str = ""
    unpriced_ceiling_usd: str = "0.50"
    call_deadline_s: float = Field(default=180.0, gt=0, le=3600)
    attempt_deadline_s: float = Field(default=90.0, gt=0, le=3600)
    ollama_models: tuple[str, ...] = ("gemma4", "qwen3.5")
    session: str = ""
    providers: dict[str, ProviderSettings] = {}

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

    @field_validator("ollama_models", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return _names(value)

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

    @field_validator("min_model", "baseline_model")
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


def _names(value: object) -> object:
    """A comma-separated text as names; anything else is left for validation to judge."""
    if isinstance(value, str):
        return tuple(name.strip() for name in value.split(",") if name.strip())
    return value
