"""The counterfactual of a call, computed once, when its decision is recorded.

Stored, not recomputed: which baseline the user had configured, and which rows of the price table were in force, are
facts of that moment; a later report with today's settings would rewrite the past. The row keeps the baseline's name and
its price version beside the amount, and the ledger keeps the token buckets, so anyone can check the product.

The tokens are those of the attempt that answered, as its provider counted them. Another model would have counted and
written others: the amount says "these tokens at that price" and nothing more. Failed attempts have no counterfactual:
the baseline would not have made them. They, judges, classifiers and retries are overhead (see `report`).

If the process dies between the settlement and this record, the call's cost counts and its counterfactual does not:
savings are then understated, never overstated.
"""

from __future__ import annotations

from llm_router_core.conversation import Usage
from llm_router_core.pricing.baseline import TOP_BASELINE, baseline_microusd
from llm_router_core.pricing.table import price_of
from llm_router_core.quotas.reading import from_ms
from llm_router_core.storage import counterfactuals
from llm_router_core.storage.counterfactuals import Answer, Counterfactual
from llm_router_core.storage.database import Database


def record_counterfactual(db: Database, decision_id: str, *, baseline_model: str) -> bool:
    """Write what the decision's answer would have cost on `baseline_model` and on the top model.

    False when the call had no answer, or its row is there already.

    Raises:
        StorageError: it could not be read or written.
    """
    found = db.read(lambda conn: counterfactuals.answers(conn, decision_id))
    if not found:
        return False
    row = counterfactual_of(decision_id, found[-1], baseline_model=baseline_model)
    return db.write(lambda conn: counterfactuals.insert(conn, row))


def counterfactual_of(decision_id: str, answer: Answer, *, baseline_model: str) -> Counterfactual:
    """The row for an answer. A baseline without a price has no amount: unknown, never zero."""
    fresh, read, written, written_1h, output, reasoning = answer.tokens
    usage = Usage(
        input_tokens=fresh,
        cache_read_tokens=read,
        cache_write_tokens=written,
        cache_write_1h_tokens=written_1h,
        output_tokens=output,
        reasoning_tokens=reasoning,
    )
    at = from_ms(answer.started_ms)
    assert at is not None  # noqa: S101 - the column is NOT NULL
    provider, _, name = baseline_model.partition("/")
    price = price_of(provider, name, at)
    has_tokens = usage.prompt_tokens + usage.output_tokens > 0
    return Counterfactual(
        *(decision_id, answer.started_ms, answer.day),
        # A retry that answered is booked as overhead, so it must not count a second time as the answer's cost.
        answer_microusd=0 if answer.purpose == "retry" else answer.cost_microusd or 0,
        baseline_model=baseline_model,
        price_version=price.version if price else "",
        baseline_microusd=baseline_microusd(usage, at, model=baseline_model) if has_tokens else None,
        top_model=TOP_BASELINE,
        top_microusd=baseline_microusd(usage, at, model=TOP_BASELINE) if has_tokens else None,
    )
