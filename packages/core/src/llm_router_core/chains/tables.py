"""The chain tables, read once from chains.toml, and the row that a wish selects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from llm_router_core.catalog.entries import Complexity, Profile, TaskType
from llm_router_core.catalog.load import load_data
from llm_router_core.chains.candidates import Slot

ORDER = tuple(Complexity)
MEDIA = frozenset({TaskType.IMAGE, TaskType.VIDEO, TaskType.AUDIO})


@dataclass(frozen=True, slots=True)
class Tables:
    """`text` by complexity, `research` with what it needs, `media` by task and profile; slots by name."""

    slots: Mapping[str, str]
    text: Mapping[str, tuple[str, ...]]
    effort: Mapping[str, Any]
    research: tuple[str, ...]
    research_needs: frozenset[str]
    media: Mapping[str, Mapping[str, tuple[str, ...]]]

    def slot(self, name: str, complexity: Complexity | None = None) -> Slot:
        """A slot by its name, with the effort of its row."""
        provider, _, model = self.slots[name].partition("/")
        effort = self.effort.get(complexity) if complexity else None
        return Slot(name, provider, "" if model == "*" else model, effort)


@lru_cache(maxsize=1)
def load_tables() -> Tables:
    """The packaged tables."""
    raw = load_data(__package__, "chains.toml")
    return Tables(
        slots=raw["slot"],
        text={row: tuple(names) for row, names in raw["text"].items()},
        effort=raw["effort"],
        research=tuple(raw["research"]["slots"]),
        research_needs=frozenset(raw["research"]["needs"]),
        media={task: {profile: tuple(names) for profile, names in rows.items()} for task, rows in raw["media"].items()},
    )


def shifted(complexity: Complexity, steps: int) -> Complexity:
    """The complexity some steps up or down, held inside the range."""
    return ORDER[min(max(ORDER.index(complexity) + steps, 0), len(ORDER) - 1)]


def row_complexity(complexity: Complexity, quality_mode: str) -> Complexity:
    """The row a quality mode selects: `best` one up but never into deep reasoning by itself, `conserve` one down."""
    if quality_mode == "best" and complexity is not Complexity.DEEP_REASONING:
        return min(shifted(complexity, 1), Complexity.COMPLEX, key=ORDER.index)
    if quality_mode == "conserve":
        return shifted(complexity, -1)
    return complexity


def paid_complexity(complexity: Complexity, profile: Profile) -> Complexity:
    """The row paid models are taken from: under `budget` one step lower than the prompt's own."""
    return shifted(complexity, -1) if profile is Profile.BUDGET else complexity
