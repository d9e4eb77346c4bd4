"""`llm-router route`: one prompt in, one answer out, with a receipt."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import asdict, dataclass, field

import anyio
import click

from llm_router_core.assembly import open_router
from llm_router_core.conversation import (
    AttemptFailed,
    Citation,
    Done,
    Event,
    Partial,
    ReasoningDelta,
    Receipt,
    TextDelta,
    ToolCallEvent,
    UsageEvent,
    prompt_request,
)
from llm_router_core.errors import LLMRouterError
from llm_router_core.router import RouteContext, Router
from llm_router_installer import ui
from llm_router_installer.options import overrides_of, routing_options
from llm_router_installer.receipt import receipt_line
from llm_router_installer.result import Exit, Lines, Result
from llm_router_installer.runtime import read_prompt, start

PROGRESS_AFTER_S = 1.0
EVENT_NAMES = {
    TextDelta: "text",
    ReasoningDelta: "reasoning",
    ToolCallEvent: "tool_call",
    Citation: "citation",
    UsageEvent: "usage",
    AttemptFailed: "attempt_failed",
    Done: "done",
    Partial: "partial",
}


@dataclass(slots=True)
class _Answer:
    """What came back, gathered for the end."""

    text: list[str] = field(default_factory=list)
    failed: list[AttemptFailed] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)
    end: Done | Partial | None = None


@click.command("route")
@click.argument("prompt")
@routing_options
@click.option("--system", "-s", default="", help="A system prompt.")
@click.option("--stream", is_flag=True, help="Print the answer as it arrives; with --json one JSON line an event.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(prompt: str, system: str, stream: bool, as_json: bool, **options: str | None) -> int:
    """Send PROMPT to the cheapest able model and print its answer. PROMPT `-` reads stdin.

    The answer goes to stdout; the receipt and what happened on the way go to stderr.
    """
    text = read_prompt(prompt)
    runtime = start()
    request = prompt_request(text, system=system, stream=stream)
    context = RouteContext(runtime.session, runtime.project, overrides_of(options))

    async def run() -> Result:
        async with open_router(runtime.settings, runtime.env, runtime.home) as router:
            for problem in router.problems:
                ui.note(f"warning: {problem}")
            async with aclosing(router.route(request, context)) as events:
                return await _answer(events, router, stream=stream, as_json=as_json)

    result = anyio.run(run)
    if as_json and stream:
        return int(result.exit_code)
    return ui.show(result, as_json=as_json)


async def _answer(events: AsyncIterator[Event], router: Router, *, stream: bool, as_json: bool) -> Result:
    answer = _Answer()
    failed: LLMRouterError | None = None
    async with anyio.create_task_group() as group:
        group.start_soon(_tick, answer, stream)
        try:
            async for event in events:
                if as_json and stream:
                    ui.json_line({"event": EVENT_NAMES[type(event)], **asdict(event)})
                _take(event, answer, live=stream and not as_json, quiet=as_json)
        except LLMRouterError as error:
            failed = error  # raised outside the task group, which would wrap it
        group.cancel_scope.cancel()
    ui.progress("")
    if failed is not None:
        raise failed
    return _result(answer, router, printed=stream)


async def _tick(answer: _Answer, stream: bool) -> None:
    """A line that shows a person that something is going on, until streamed text shows it better."""
    started = time.monotonic()
    await anyio.sleep(PROGRESS_AFTER_S)
    while not (stream and answer.text):
        ui.progress(f"... waiting for an answer, {time.monotonic() - started:.0f} s (Ctrl-C stops)")
        await anyio.sleep(1)


def _take(event: Event, answer: _Answer, *, live: bool, quiet: bool) -> None:
    if isinstance(event, TextDelta):
        answer.text.append(event.text)
        if live:
            ui.progress("")
            ui.write(event.text)
    elif isinstance(event, AttemptFailed):
        answer.failed.append(event)
        if not quiet:
            ui.progress("")
            ui.note(f"· {event.provider}/{event.model}: {event.kind}: {event.message}")
    elif isinstance(event, Citation):
        answer.citations.append(event)
    elif isinstance(event, Done | Partial):
        answer.end = event


def _result(answer: _Answer, router: Router, *, printed: bool) -> Result:
    text = "".join(answer.text)
    receipt = answer.end.receipt if answer.end else None
    warnings = [*router.gate.warnings, *(router.db.warnings if router.db else ())]
    exit_code = Exit.OK
    if isinstance(answer.end, Partial):
        exit_code = Exit.PARTIAL
        warnings.append(f"the answer broke off and is not complete: {answer.end.message}")
    data: dict[str, object] = {
        "answer": text,
        "complete": isinstance(answer.end, Done),
        "stop_reason": answer.end.stop_reason if isinstance(answer.end, Done) else None,
        "citations": [asdict(citation) for citation in answer.citations],
        "failed_attempts": [asdict(failed) for failed in answer.failed],
        "receipt": asdict(receipt) if receipt else None,
    }
    shown = "" if printed else text.rstrip("\n")
    views = [Lines((shown,))] if shown or printed else []
    notes = []
    if isinstance(receipt, Receipt):
        data["receipt_line"] = receipt_line(receipt)
        notes = [f"-- {receipt_line(receipt)}"]
    return Result("route", data, views, warnings, exit_code, notes)
