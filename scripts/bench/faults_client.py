"""The side of faults.py that is measured: a process with routers in it that reads jobs as lines and answers as lines.

Alone it is of no use; `python scripts/bench/faults.py` starts it.
"""

import json
import resource
import sys
import tempfile
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from pathlib import Path

import anyio

from llm_router_core.assembly import open_router
from llm_router_core.budgets.caps import set_cap
from llm_router_core.catalog.entries import Complexity
from llm_router_core.chains.plan import Overrides
from llm_router_core.conversation import Done, Partial, UsageEvent, prompt_request
from llm_router_core.dispatch.attempt import BROKE_OFF
from llm_router_core.dispatch.health import HealthBoard
from llm_router_core.errors import LLMRouterError, NoRouteError
from llm_router_core.recording import RouteContext
from llm_router_core.settings.sources import load
from llm_router_core.storage import decisions

PROMPT = "What does HTTP 418 mean?"


def peak_bytes() -> int:
    """The most this process ever had in memory."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


async def route(router, job: dict) -> dict:
    """One route, and what came of it in words; its text is thrown away as it comes."""
    overrides = Overrides(model=job.get("model", ""), complexity=Complexity(job.get("complexity", "simple")))
    outcome, is_estimated = "cancelled", False
    try:
        request = prompt_request(PROMPT, stream=job["stream"])
        async with aclosing(router.route(request, RouteContext("bench", "", overrides))) as events:
            async for event in events:
                if isinstance(event, UsageEvent):
                    is_estimated = event.usage.is_estimated
                elif isinstance(event, Done):
                    outcome = "done"
                elif isinstance(event, Partial):
                    outcome = str(event.kind)
    except NoRouteError as failed:
        outcome = str(failed.rejected[-1].stage) if failed.rejected else failed.code
    except LLMRouterError as failed:
        outcome = failed.code
    return {"outcome": outcome, "is_estimated": is_estimated}


def free_rows(router) -> int:
    """Attempts of the last decision that were paid for and stand in the ledger at nothing."""
    (last, *_) = decisions.last(router.db, 1) or [None]
    if last is None:
        return 0
    billed = [row for row in last.attempts if not row.error_kind or row.error_kind in BROKE_OFF]
    return sum(row.provider != "ollama" and not row.cost_microusd for row in billed)


async def serve(worlds: dict[str, dict[str, str]]) -> None:
    """Answers each job until standard input ends."""
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        routers = {}
        for name, env in worlds.items():
            folder = str(home / name)
            router = await stack.enter_async_context(open_router(load(env, folder).settings, env, folder))
            for scope in ("session", "day", "month"):
                set_cap(router.db, scope, 1_000_000_000_000)
            routers[name] = router
        baseline = 0
        while line := await anyio.to_thread.run_sync(sys.stdin.readline):
            job = json.loads(line)
            plain = routers[job["world"]]
            if job.get("forgets"):
                plain.db.write(lambda connection: connection.execute("DELETE FROM breakers"))
                router = plain
            else:
                board = HealthBoard(None, plain.clock)
                router = replace(plain, board=board, walker=replace(plain.walker, board=board))
            began = anyio.current_time()
            answer = await route(router, job)
            answer["elapsed_s"] = anyio.current_time() - began
            baseline = baseline or peak_bytes()
            answer |= {"free_rows": free_rows(plain), "grown_bytes": peak_bytes() - baseline}
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    anyio.run(serve, json.loads(sys.argv[1]))
