"""When a model steps back because its answers were judged badly, and when it comes back.

A model is demoted while the mean of its newest judged answers is below 0.6 *surely*: at least eight answers within
fourteen days, and the mean still below 0.6 after adding 1.28 standard errors (one-sided 90 %). With a factor of at
least 1, one bad answer among good ones can never demote: it widens the interval by as much as it lowers the mean.
It comes back by better answers, because only the newest forty count, or by age, because old ones leave the window.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from llm_router_core.errors import StorageError
from llm_router_core.storage import quality
from llm_router_core.storage.database import Database
from llm_router_core.storage.quality import Sample

THRESHOLD = 600  # thousandths
LEAST_SAMPLES = 8
NEWEST = 40
WINDOW_DAYS = 14
SURENESS = 1.28
TREND_DAYS = 7
LEAST_FOR_TREND = 5

Direction = Literal["better", "worse", "steady", "too few"]
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a model is judged now. Scores are thousandths; `bound` is the mean plus the sureness it is held against."""

    model: str
    count: int
    mean: float
    bound: float
    is_demoted: bool

    @property
    def reason(self) -> str:
        """Why it stands at the end of its group; empty where it does not."""
        return f"demoted: mean {shown(self.mean)} over {self.count} judged answers" if self.is_demoted else ""


@dataclass(frozen=True, slots=True)
class Trend:
    """The last seven days against the seven before them, with the number of answers in each."""

    direction: Direction
    count: int
    mean: float | None
    count_before: int
    mean_before: float | None


@dataclass(frozen=True, slots=True)
class Bar:
    """What a model is held against: a mean below `below` (0 to 1) over at least `least` judged answers."""

    below: float = THRESHOLD / 1000
    least: int = LEAST_SAMPLES


USUAL_BAR = Bar()


def standing(model: str, samples: Iterable[Sample], now: datetime, bar: Bar = USUAL_BAR) -> Standing:
    """The standing of a model by its samples; those of other models, too old or from the future do not count."""
    since = now - timedelta(days=WINDOW_DAYS)
    own = sorted((sample for sample in samples if sample.model == model and since <= sample.at <= now), key=_age)
    scores = [sample.score for sample in own[-NEWEST:]]
    mean, error = _mean_and_error(scores)
    bound = mean + SURENESS * error
    is_demoted = len(scores) >= bar.least and bound < bar.below * 1000
    return Standing(model, len(scores), mean, bound, is_demoted)


def standings(samples: Sequence[Sample], now: datetime, bar: Bar = USUAL_BAR) -> tuple[Standing, ...]:
    """The standing of every model among the samples, by name."""
    return tuple(standing(model, of_model, now, bar) for model, of_model in sorted(_by_model(samples).items()))


def demoted(samples: Sequence[Sample], now: datetime, bar: Bar = USUAL_BAR) -> dict[str, str]:
    """The demoted models with the reason for each."""
    return {found.model: found.reason for found in standings(samples, now, bar) if found.is_demoted}


def trend(model: str, samples: Iterable[Sample], now: datetime) -> Trend:
    """Where a model is going. Better and worse are said only of a difference that is larger than its own error."""
    own = [sample for sample in samples if sample.model == model and sample.at <= now]
    border, start = now - timedelta(days=TREND_DAYS), now - timedelta(days=2 * TREND_DAYS)
    late = [sample.score for sample in own if sample.at > border]
    early = [sample.score for sample in own if start < sample.at <= border]
    if min(len(late), len(early)) < LEAST_FOR_TREND:
        return Trend("too few", len(late), _mean(late), len(early), _mean(early))
    (mean, error), (mean_before, error_before) = _mean_and_error(late), _mean_and_error(early)
    change = mean - mean_before
    direction: Direction = "steady"
    if abs(change) > max(SURENESS * math.hypot(error, error_before), 1):
        direction = "better" if change > 0 else "worse"
    return Trend(direction, len(late), mean, len(early), mean_before)


def demoted_now(db: Database | None, now: datetime, bar: Bar = USUAL_BAR) -> Mapping[str, str]:
    """What `World.demoted` takes. Empty where there is no database or it cannot be read: routing goes on."""
    if db is None:
        return {}
    try:
        return demoted(quality.newest(db, now - timedelta(days=WINDOW_DAYS), now, per_model=NEWEST), now, bar)
    except StorageError:
        logger.warning("judgements could not be read; no model is demoted")
        return {}


def shown(mean: float) -> str:
    """A mean as 0 to 1 with two decimals, cut and not rounded: 0.5996 must not read as a 0.60 that was demoted."""
    return f"{math.floor(mean / 10 + 1e-9) / 100:.2f}"


def _age(sample: Sample) -> datetime:
    return sample.at


def _by_model(samples: Iterable[Sample]) -> dict[str, list[Sample]]:
    found: dict[str, list[Sample]] = {}
    for sample in samples:
        found.setdefault(sample.model, []).append(sample)
    return found


def _mean(scores: Sequence[int]) -> float | None:
    return sum(scores) / len(scores) if scores else None


def _mean_and_error(scores: Sequence[int]) -> tuple[float, float]:
    """The mean and its standard error; without at least two scores nothing is known of the error."""
    count = len(scores)
    mean = sum(scores) / count if count else 0.0
    if count < 2:
        return mean, math.inf
    spread = math.fsum((score - mean) ** 2 for score in scores) / (count - 1)
    return mean, math.sqrt(spread / count)
