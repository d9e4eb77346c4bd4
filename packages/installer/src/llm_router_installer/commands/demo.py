"""`llm-router demo`: the whole pipeline for somebody with nothing configured."""

from __future__ import annotations

import time
from dataclasses import asdict

import anyio
import click

from llm_router_core.clock import SystemClock
from llm_router_core.errors import NoRouteError, Rejection
from llm_router_core.hotpath import secret_scan
from llm_router_core.pricing.baseline import TOP_BASELINE, baseline_microusd
from llm_router_core.units import format_usd
from llm_router_installer import ui
from llm_router_installer.demo.run import Shown, Told, run_demo
from llm_router_installer.receipt import receipt_line, saving
from llm_router_installer.result import Lines, Result

LABEL = "[simulated]"
WIDTH = 100
MOST_SHOWN = 2_000


@click.command("demo")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(as_json: bool) -> int:
    """Route a dozen prompts through simulated providers, from end to end.

    The providers are small servers on 127.0.0.1 that speak the real wire formats; one rate-limits, one dies in the
    middle of an answer. Nothing leaves this machine, no key is used, and your own state is not touched.
    """
    started = time.monotonic()
    shown = anyio.run(run_demo)
    lines = _report(shown, time.monotonic() - started)
    return ui.show(
        Result("demo", _data(shown), [Lines([f"{LABEL} {line}".rstrip() for line in lines])]), as_json=as_json
    )


def _report(shown: Shown, took_s: float) -> list[str]:
    lines = ["Every provider below is a small server on 127.0.0.1; every answer and every cost is made up by it.", ""]
    for place, told in enumerate(shown.told, 1):
        lines += [*_story(place, len(shown.told), told), ""]
    return lines + _summary(shown, took_s)


def _story(place: int, count: int, told: Told) -> list[str]:
    wanted = told.plan.wanted
    secret = ", holds a secret" if wanted.secret else ""
    chain = " -> ".join(candidate.id for candidate in told.plan.chain.candidates) or "nobody"
    lines = [
        f"{place:2}/{count} {told.ask.shows}",
        f"      prompt    {_short(told.ask.prompt)}",
        f"      decision  {wanted.task_type}, {wanted.complexity}, {wanted.profile}{secret}",
        f"      chain     {chain}",
    ]
    lines += [f"      failed    {f.provider}/{f.model}: {f.kind}: {_short(f.message)}" for f in told.failed]
    if told.refusal is not None:
        lines.append(f"      refused   {told.refusal.message}")
        lines += [f"                {item.candidate}: {_short(item.reason)}" for item in _reasons(told)]
    if told.receipt is not None:
        lines.append(f"      answer    {_short(told.answer)}")
        if told.broken_off is not None:
            lines.append(f"      partial   {told.broken_off.kind}: {told.broken_off.message}")
        lines.append(f"      receipt   {receipt_line(told.receipt)}")
    return lines


def _reasons(told: Told) -> list[Rejection]:
    """Why those candidates that could be reached were dropped."""
    rejected = told.refusal.rejected if isinstance(told.refusal, NoRouteError) else ()
    return [item for item in rejected if item.stage != "reach"]


def _summary(shown: Shown, took_s: float) -> list[str]:
    receipts = [told.receipt for told in shown.told if told.receipt]
    known = [receipt.cost_microusd for receipt in receipts if receipt.cost_microusd is not None]
    compared = [receipt for receipt in receipts if saving(receipt) is not None]
    saved = [saving(receipt) or 0 for receipt in compared]
    now = SystemClock().now()
    opus = [baseline_microusd(receipt.usage, now, model=TOP_BASELINE) or 0 for receipt in compared]
    overhead = shown.ledger_microusd - sum(receipt.cost_microusd or 0 for receipt in compared)
    day = next(row for row in shown.status if row.scope == "day")
    count, failed = len(shown.told), sum(len(told.failed) for told in shown.told)
    baseline = receipts[0].baseline_model
    sums = f"{format_usd(shown.ledger_microusd)} = spent today {format_usd(day.spent_microusd)}"
    caps = f"held {format_usd(day.held_microusd)}, cap {format_usd(day.cap_microusd or 0)}"
    refused, unpriced = count - len(receipts), len(receipts) - len(known)
    parts = sum(told.broken_off is not None for told in shown.told)
    story = f"{len(receipts) - parts} answered, {parts} broken off, {refused} refused, {failed} failed attempts"
    return [
        f"{count} prompts in {took_s:.1f} s: {story}",
        f"ledger    {shown.attempts} attempts, one row each; the servers saw {shown.requests} requests",
        f"          sum of all rows {sums}, {caps}",
        f"          {format_usd(sum(known))} at known prices, {unpriced} unpriced call at its ceiling",
        f"savings   estimated {format_usd(sum(saved))} against {baseline} for the same tokens (n={len(saved)})",
        f"          for those {len(compared)}, everything on Opus would have cost {format_usd(sum(opus))}",
        f"          not compared: {format_usd(overhead)} for the broken-off and the unpriced call",
        "Your own state folder, keys and settings were not read or written.",
    ]


def _short(text: str) -> str:
    flat = " ".join(secret_scan.redact(text[:MOST_SHOWN]).split())
    return flat if len(flat) <= WIDTH else f"{flat[: WIDTH - 3]}..."


def _data(shown: Shown) -> dict[str, object]:
    return {
        "simulated": True,
        "prompts": [_told(told) for told in shown.told],
        "ledger": {
            "attempts": shown.attempts,
            "requests": shown.requests,
            "cost_microusd": shown.ledger_microusd,
            "scopes": [asdict(row) for row in shown.status],
        },
    }


def _told(told: Told) -> dict[str, object]:
    return {
        "shows": told.ask.shows,
        "task_type": told.plan.wanted.task_type,
        "complexity": told.plan.wanted.complexity,
        "chain": [candidate.id for candidate in told.plan.chain.candidates],
        "failed_attempts": [asdict(failed) for failed in told.failed],
        "answer": told.answer,
        "complete": told.receipt is not None and told.broken_off is None,
        "receipt": asdict(told.receipt) if told.receipt else None,
        "refused": told.refusal.message if told.refusal else None,
    }
