"""`llm-router classify`: what prompts are taken for, one by one or as JSON lines."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import click

from llm_router_core.hotpath.classifier import Classification, Evidence, classify
from llm_router_installer import ui
from llm_router_installer.result import Lines, Result
from llm_router_installer.runtime import read_prompt

SESSION_FIELDS: dict[str, tuple[type, str]] = {
    "previous_task": (str, "a text"),
    "previous_complexity": (str, "a text"),
    "turn": (int, "a whole number"),
    "last_tool": (str, "a text"),
    "named_path_exists": (bool, "true or false"),
    "has_pasted_material": (bool, "true or false"),
    "host_mode": (str, "a text"),
}


@click.command("classify")
@click.argument("prompt", required=False)
@click.option("--jsonl", metavar="FILE", help="Read {id, prompt, session?} lines from FILE, or from stdin for -.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(prompt: str | None, jsonl: str | None, as_json: bool) -> int:
    """Show what PROMPT is taken for. PROMPT `-` reads stdin.

    With --jsonl every line gives one line {id, task_type, complexity, needs_local, needs_local_p, followup, secret,
    confidence, complexity_confidence, latency_ms}; needs_local is false only where the prompt may leave the host.
    """
    if (prompt is None) == (jsonl is None):
        raise click.UsageError("give either a PROMPT or --jsonl FILE")
    if jsonl is not None:
        for answer in _rows(jsonl):
            ui.json_line(answer)
        return 0
    text = read_prompt(prompt or "")
    seen, latency_ms = _timed(text, None)
    data = {**seen.as_dict(), "latency_ms": latency_ms}
    return ui.show(Result("classify", data, [Lines(_lines(seen, latency_ms))]), as_json=as_json)


def _timed(prompt: str, evidence: Evidence | None) -> tuple[Classification, float]:
    started = time.perf_counter()
    seen = classify(prompt, evidence)
    return seen, round((time.perf_counter() - started) * 1000, 4)


def _rows(name: str) -> Iterator[dict[str, Any]]:
    if name == "-":
        yield from _answers(ui.stdin(), "stdin")
        return
    try:
        with Path(name).open("rb") as file:
            yield from _answers(file, name)
    except OSError as failed:
        raise click.UsageError(f"--jsonl {name!r} cannot be read: {failed.strerror}") from None


def _answers(lines: BinaryIO, name: str) -> Iterator[dict[str, Any]]:
    for number, raw in enumerate(lines, 1):
        if raw.strip():
            identity, prompt, evidence = _parsed(raw, f"{name}, line {number}")
            seen, latency_ms = _timed(prompt, evidence)
            yield {
                "id": identity,
                "task_type": seen.task_type,
                "complexity": seen.complexity,
                "needs_local": seen.needs_local,
                "needs_local_p": seen.needs_local_p,
                "followup": seen.followup,
                "secret": seen.secret,
                "confidence": seen.confidence,
                "complexity_confidence": seen.complexity_confidence,
                "latency_ms": latency_ms,
            }


def _parsed(raw: bytes, where: str) -> tuple[object, str, Evidence | None]:
    try:
        row = json.loads(raw, parse_constant=_no_constant)
    except (ValueError, RecursionError) as wrong:
        raise click.UsageError(f"{where} is not JSON: {wrong}") from None
    if not isinstance(row, dict) or not isinstance(row.get("prompt"), str):
        raise click.UsageError(f'{where} is not an object with a "prompt" text')
    session = row.get("session")
    if session is None:
        return row.get("id"), row["prompt"], None
    if not isinstance(session, dict):
        raise click.UsageError(f'{where}: "session" is not an object')
    return row.get("id"), row["prompt"], _evidence(session, where)


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON value")


def _evidence(session: dict[str, Any], where: str) -> Evidence:
    """The fields we know; others are left for later versions, null means "not known"."""
    known: dict[str, Any] = {}
    for name, (kind, wanted) in SESSION_FIELDS.items():
        value = session.get(name)
        if value is None:
            continue
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise click.UsageError(f'{where}: "session" has {name} = {value!r}, which is not {wanted}')
        known[name] = value
    return Evidence(**known)


def _lines(seen: Classification, latency_ms: float) -> list[str]:
    stays = "stays with the host" if seen.needs_local else "may leave the host"
    return [
        f"task        {seen.task_type} ({seen.confidence:.0%} sure)",
        f"complexity  {seen.complexity} ({seen.complexity_confidence:.0%} sure)",
        f"locality    {stays} ({seen.needs_local_p:.0%} chance that it needs files, tools or conversation)",
        f"follow-up   {'yes' if seen.followup else 'no'}",
        f"secret      {', '.join(seen.secret_kinds) or 'yes' if seen.secret else 'none found'}",
        f"decided by  {', '.join(seen.rules) or 'default'}, in {latency_ms:.2f} ms",
    ]
