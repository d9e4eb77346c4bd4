"""`llm-router explain`: the decision for a prompt, with nothing sent to any model."""

from __future__ import annotations

import anyio
import click

from llm_router_core.assembly import open_router
from llm_router_core.chains.candidates import Candidate
from llm_router_core.chains.plan import Plan, explanation
from llm_router_core.conversation import prompt_request
from llm_router_core.router import RouteContext
from llm_router_core.units import format_usd
from llm_router_installer import ui
from llm_router_installer.options import overrides_of, routing_options
from llm_router_installer.result import Exit, Lines, Result, Table, View
from llm_router_installer.runtime import read_prompt, start


@click.command("explain")
@click.argument("prompt")
@routing_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(prompt: str, as_json: bool, **options: str | None) -> int:
    """Show where PROMPT would go, and why, without sending it. PROMPT `-` reads stdin."""
    text = read_prompt(prompt)
    runtime = start()
    request = prompt_request(text)
    context = RouteContext(runtime.session, runtime.project, overrides_of(options))

    async def run() -> Result:
        async with open_router(runtime.settings, runtime.env, runtime.home) as router:
            plan = router.plan(request, context, await router.observe(context))
            return Result("explain", explanation(plan), plan_views(plan), router.problems, Exit.OK)

    return ui.show(anyio.run(run), as_json=as_json)


def plan_views(plan: Plan) -> list[View]:
    """A plan for a person: what it was taken for, who stands in line, who does not and why."""
    seen, wanted = plan.classification, plan.wanted
    task = plan.retasked or _origin(str(wanted.task_type), seen.task_type, seen.confidence)
    complexity = plan.retasked or _origin(str(wanted.complexity), seen.complexity, seen.complexity_confidence)
    lines = [
        f"task        {wanted.task_type} ({task})",
        f"complexity  {wanted.complexity} ({complexity})",
        f"locality    {_locality(seen.needs_local, seen.needs_local_p)}",
        f"secret      {'yes: ' + ', '.join(seen.secret_kinds) if seen.secret else 'none found'}",
        f"profile     {wanted.profile}, quality {wanted.quality_mode}",
        f"chain       {plan.chain.row}",
        "",
    ]
    views: list[View] = [Lines(lines)]
    if plan.chain.candidates:
        rows = [_row(place, candidate) for place, candidate in enumerate(plan.chain.candidates, 1)]
        views.append(Table(("#", "candidate", "worst case", "why here"), rows))
    else:
        views.append(Lines(["No candidate is left: `route` would refuse this prompt."]))
    if plan.chain.rejected:
        dropped = [(item.candidate, item.stage, item.reason) for item in plan.chain.rejected]
        views += [Lines([""]), Table(("not used", "stage", "reason"), dropped)]
    return views


def _origin(used: str, classified: str, confidence: float) -> str:
    return f"{confidence:.0%} sure" if used == classified else f"you set it; the classifier said {classified}"


def _locality(needs_local: bool, chance: float) -> str:
    verdict = "needs the host's files, tools or conversation" if needs_local else "self-contained"
    return f"{verdict} ({chance:.0%} chance of needing them)"


def _row(place: int, candidate: Candidate) -> tuple[str, ...]:
    cost = "free" if candidate.is_free else format_usd(candidate.worst_case_microusd)
    if not candidate.is_price_known:
        cost = f"price unknown, held at {cost}"
    effort = f", {candidate.effort} effort" if candidate.effort else ""
    return str(place), candidate.id, cost, candidate.why + effort
