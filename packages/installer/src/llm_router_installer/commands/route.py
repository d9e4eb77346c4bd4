"""`llm-router route`: one prompt in, one answer out, with a receipt."""

from __future__ import annotations

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
    StopReason,
    TextDelta,
    ToolCallEvent,
    UsageEvent,
    prompt_request,
)
from llm_router_core.errors import NoRouteError
from llm_router_core.router import RouteContext, Router
from llm_router_installer import ui
from llm_router_installer.agreeing import ask_consent
from llm_router_installer.options import overrides_of, routing_options
from llm_router_installer.receipt import receipt_line
from llm_router_installer.result import ENVELOPE_VERSION, Exit, Lines, Result
from llm_router_installer.runtime import check_text, ending_on_signals, read_prompt, start
from llm_router_installer.waiting import Waiting

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
    check_text(system, "--system")
    runtime = start()
    request = prompt_request(text, system=system, stream=stream)
    context = RouteContext(runtime.session, runtime.project, overrides_of(options))

    async def run() -> Result:
        async with open_router(runtime.settings, runtime.env, runtime.home) as router:
            is_dumb = runtime.env.get("TERM") == "dumb"
            with ending_on_signals(), Waiting("... waiting for an answer", is_dumb=is_dumb) as waiting:
                async with aclosing(router.route(request, context)) as events:
                    return await _answer(events, router, waiting, stream=stream, as_json=as_json)

    try:
        result = anyio.run(run)
    except NoRouteError:
        if as_json or not ask_consent(runtime):
            raise
        runtime = start()
        result = anyio.run(run)
    if as_json and stream:
        return int(result.exit_code)
    return ui.show(result, as_json=as_json)


async def _answer(
    events: AsyncIterator[Event], router: Router, waiting: Waiting, *, stream: bool, as_json: bool
) -> Result:
    answer = _Answer()
    async for event in events:
        if stream or isinstance(event, AttemptFailed | Done | Partial):
            waiting.stop()
        if as_json and stream:
            ui.json_line({"llm_router": ENVELOPE_VERSION, "event": EVENT_NAMES[type(event)], **asdict(event)})
        _take(event, answer, live=stream and not as_json, quiet=as_json)
    return _result(answer, router, printed=stream)


def _take(event: Event, answer: _Answer, *, live: bool, quiet: bool) -> None:
    if isinstance(event, TextDelta):
        answer.text.append(event.text)
        if live:
            ui.write(event.text)
    elif isinstance(event, AttemptFailed):
        answer.failed.append(event)
        if not quiet:
            ui.note(f"· {event.provider}/{event.model}: {event.kind}: {event.message}")
    elif isinstance(event, Citation):
        answer.citations.append(event)
    elif isinstance(event, Done | Partial):
        answer.end = event


def _result(answer: _Answer, router: Router, *, printed: bool) -> Result:
    text = "".join(answer.text)
    receipt = answer.end.receipt if answer.end else None
    warnings = [*router.problems, *router.gate.warnings, *(router.db.warnings if router.db else ())]
    if isinstance(answer.end, Done) and answer.end.stop_reason is StopReason.MAX_TOKENS:
        warnings.append("the answer was cut at its output limit")
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
