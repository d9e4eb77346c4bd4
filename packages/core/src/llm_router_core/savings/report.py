"""Savings over a period: what calls would have cost on the baseline, minus what they did cost, minus overhead.

    saved = counterfactual - answers - overhead

Every term is a sum over the ledger with its own n. *Counterfactual* comes from the rows written beside each decision,
in two columns: **verified**, where a host's own record shows that the premium model did not run, and **estimated**.
*Answers* is what the answering attempts cost. *Overhead* is what nobody would have paid without us: judges,
classifiers, retries, and attempts that failed. A negative result stays negative.

A call whose baseline has no price is left out on both sides and counted. An answer without a counterfactual row (a
crash before it was written) counts as cost. Nothing is verified in this version: the records come with the hosts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llm_router_core.pricing.table import price_of
from llm_router_core.savings.periods import Period
from llm_router_core.storage import counterfactuals, reports
from llm_router_core.storage.counterfactuals import Points, Sums
from llm_router_core.storage.database import Connection
from llm_router_core.storage.reports import Cell

OVERHEAD_PURPOSES = ("judge", "classifier", "retry")
FAILED = "failed attempts"
METHOD = "the answer's tokens, as its provider counted them, at the baseline's price of that moment"
NOT_VERIFIED = "no host record has been matched yet; host packages bring them"
NOT_COUNTED = "tool schemas and extra host requests are not in the overhead: no host reports them yet"


@dataclass(frozen=True, slots=True)
class Figure:
    """Micro-dollars and the number of rows behind them."""

    microusd: int
    n: int


@dataclass(frozen=True, slots=True)
class TopLine:
    """Everything on the top model: the same subtraction against another baseline."""

    model: str
    counterfactual: Figure
    saved_microusd: int


@dataclass(frozen=True, slots=True)
class Savings:
    """A period's savings. `baselines` are the models compared with; more than one when the setting was changed.

    `saved_microusd` is None when no call could be compared and nothing was paid: unknown, which is not zero.
    """

    period: Period
    baselines: tuple[str, ...]
    verified: Figure
    estimated: Figure
    answers: Figure
    overhead: tuple[tuple[str, Figure], ...]
    left_out: Figure
    top: tuple[TopLine, ...]
    points: tuple[Points, ...]

    @property
    def overhead_microusd(self) -> int:
        """All overhead."""
        return sum(figure.microusd for _, figure in self.overhead)

    @property
    def compared_calls(self) -> int:
        """The calls with a counterfactual."""
        return self.verified.n + self.estimated.n

    @property
    def saved_microusd(self) -> int | None:
        """Verified and estimated together, minus answers and overhead; a loss when only overhead was paid."""
        if not self.compared_calls and not self.answers.microusd and not self.overhead_microusd:
            return None
        total = self.verified.microusd + self.estimated.microusd
        return total - self.answers.microusd - self.overhead_microusd

    @property
    def actual_microusd(self) -> int:
        """All that was spent: answers, overhead, and what was left out of the comparison."""
        return self.answers.microusd + self.overhead_microusd + self.left_out.microusd


@dataclass(frozen=True, slots=True)
class Gain:
    """Answered calls and their tokens, by whether the premium model (the baseline) answered them."""

    period: Period
    premium_model: str
    calls_off: int
    tokens_off: int
    calls_on: int
    tokens_on: int
    by_model: tuple[tuple[str, int, int], ...]


def load_savings(conn: Connection, period: Period) -> Savings:
    """The savings of a period, read in one transaction."""
    days = period.first_day, period.last_day
    return summarise(
        period,
        reports.cells(conn, *days),
        counterfactuals.sums(conn, *days),
        counterfactuals.points(conn, *days),
    )


def summarise(period: Period, cells: Sequence[Cell], sums: Sequence[Sums], points: Sequence[Points] = ()) -> Savings:
    """The savings that ledger sums and counterfactual sums add up to."""
    overhead: dict[str, Figure] = {}
    paid_answers = answered = 0
    for cell in cells:
        kind = _overhead_kind(cell)
        if kind:
            known = overhead.get(kind, Figure(0, 0))
            overhead[kind] = Figure(known.microusd + cell.cost_microusd, known.n + cell.attempts)
        elif cell.verdict == "answered":
            paid_answers, answered = paid_answers + cell.cost_microusd, answered + cell.attempts
    left_out = Figure(sum(row.unpriced_answer_microusd for row in sums), sum(row.unpriced_calls for row in sums))
    overhead_microusd = sum(figure.microusd for figure in overhead.values())
    return Savings(
        period,
        tuple(dict.fromkeys(row.baseline_model for row in sums)),
        Figure(sum(row.verified_microusd for row in sums), sum(row.verified_calls for row in sums)),
        Figure(sum(row.estimated_microusd for row in sums), sum(row.estimated_calls for row in sums)),
        Figure(paid_answers - left_out.microusd, max(0, answered - left_out.n)),
        tuple(sorted(overhead.items())),
        left_out,
        _top_lines(sums, paid_answers + overhead_microusd),
        tuple(points),
    )


def _overhead_kind(cell: Cell) -> str:
    if cell.purpose in OVERHEAD_PURPOSES:
        return cell.purpose
    return FAILED if cell.verdict == "failed" else ""


def _top_lines(sums: Sequence[Sums], paid_microusd: int) -> tuple[TopLine, ...]:
    """One line a top model. With several, each one's share of the cost is what its own calls cost."""
    models = dict.fromkeys(row.top_model for row in sums if row.top_calls)
    lines = []
    for model in models:
        rows = [row for row in sums if row.top_model == model]
        whole = Figure(sum(row.top_microusd for row in rows), sum(row.top_calls for row in rows))
        cost = paid_microusd if len(models) == 1 else sum(row.top_answer_microusd for row in rows)
        lines.append(TopLine(model, whole, whole.microusd - cost))
    return tuple(lines)


def load_gain(conn: Connection, period: Period, *, premium_model: str) -> Gain:
    """Calls and tokens answered elsewhere than on `premium_model`, over a period."""
    off: dict[str, tuple[int, int]] = {}
    calls_on = tokens_on = 0
    for cell in reports.cells(conn, period.first_day, period.last_day):
        if cell.verdict != "answered" or cell.purpose in {"judge", "classifier"}:
            continue
        if _is_same_model(cell, premium_model, period):
            calls_on, tokens_on = calls_on + cell.attempts, tokens_on + cell.tokens
        else:
            calls, tokens = off.get(f"{cell.provider}/{cell.model}", (0, 0))
            off[f"{cell.provider}/{cell.model}"] = calls + cell.attempts, tokens + cell.tokens
    by_model = tuple(sorted(((name, *counts) for name, counts in off.items()), key=lambda row: (-row[1], row[0])))
    calls_off, tokens_off = (sum(counts[place] for counts in off.values()) for place in (0, 1))
    return Gain(period, premium_model, calls_off, tokens_off, calls_on, tokens_on, by_model)


def _is_same_model(cell: Cell, premium_model: str, period: Period) -> bool:
    """By name, or by price row where a provider's release name (`-20260101`) is meant."""
    if f"{cell.provider}/{cell.model}" == premium_model:
        return True
    provider, _, name = premium_model.partition("/")
    price = price_of(cell.provider, cell.model, period.ends_at)
    return price is not None and price is price_of(provider, name, period.ends_at)
