"""The catalogue read once per process from the TOML files of this package."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from llm_router_core.catalog.entries import Complexity, DataClass, Model, Provider, RateLimits


@dataclass(frozen=True, slots=True)
class LocalFamily:
    """What models of one family can do wherever they run."""

    name: str
    tier: Complexity
    capabilities: frozenset[str]


@dataclass(frozen=True, slots=True)
class Catalog:
    """Providers and models by id, local families by name."""

    providers: Mapping[str, Provider]
    models: Mapping[str, Model]
    families: Mapping[str, LocalFamily]

    def model(self, provider: str, name: str) -> Model:
        """The model's row, or a bare one whose every ability is unknown."""
        known = self.models.get(f"{provider}/{name}")
        return known or Model(provider, name)

    def local_model(self, provider: str, name: str, *, context_tokens: int | None = None) -> Model:
        """An installed local model, its abilities taken from its family; an unknown family is marked for nothing."""
        family = self.families.get(name.rsplit("/", 1)[-1].split(":", 1)[0])
        return Model(
            provider,
            name,
            title=name,
            context_tokens=context_tokens,
            max_output_tokens=None,
            capabilities=family.capabilities if family else frozenset(),
            tier=family.tier if family else None,
        )


def _provider(row: Mapping[str, Any]) -> Provider:
    lists = {key: tuple(row.get(key, ())) for key in ("key_env", "base_url_env")}
    plain = {key: value for key, value in row.items() if key not in lists}
    limits = RateLimits(**row["limits"]) if "limits" in row else None
    return Provider(**{**plain, **lists, "limits": limits, "data_class": DataClass(row["data_class"])})


def _model(row: Mapping[str, Any]) -> Model:
    provider, name = row["id"].split("/", 1)
    return Model(
        provider,
        name,
        title=row.get("title", name),
        context_tokens=row.get("context_tokens"),
        max_output_tokens=row.get("max_output_tokens"),
        capabilities=frozenset(row.get("capabilities", ())),
        tier=Complexity(row["tier"]) if "tier" in row else None,
        dialect=row.get("dialect", ""),
        web_dialect=row.get("web_dialect", ""),
    )


def load_data(package: str, name: str) -> dict[str, Any]:
    """A packaged TOML file as a dictionary."""
    return tomllib.loads(files(package).joinpath("data", name).read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def load_catalog() -> Catalog:
    """The packaged catalogue. A malformed packaged file is a bug and raises whatever the parser raises."""
    providers = [_provider(row) for row in load_data(__package__, "providers.toml")["provider"]]
    raw = load_data(__package__, "models.toml")
    models = [_model(row) for row in raw["model"]]
    families = [
        LocalFamily(row["name"], Complexity(row["tier"]), frozenset(row.get("capabilities", ())))
        for row in raw["local_family"]
    ]
    return Catalog(
        {provider.id: provider for provider in providers},
        {model.id: model for model in models},
        {family.name: family for family in families},
    )
