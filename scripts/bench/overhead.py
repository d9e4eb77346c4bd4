"""What the router adds to a call: routed calls against bare httpx2 calls to the same simulated server, in one run.

Both send the same prompt over one warm connection. The routed call classifies, plans, reserves, calls, settles and
records its decision. Bound: 3 ms at the median (LiteLLM adds 3.2 ms, its Router 4.6 ms, without a ledger).
"""

import argparse
import json
import sys
import tempfile
import time
from contextlib import aclosing

import anyio
import httpx2

from llm_router_core.assembly import open_router
from llm_router_core.chains.plan import Overrides
from llm_router_core.conversation import Done, prompt_request
from llm_router_core.router import RouteContext
from llm_router_core.settings.sources import load
from llm_router_core.simulate.server import SimulatedServer

BOUND_MS = 3.0
MODEL = "gpt-6-luna"
PROMPT = "Explain in two sentences what a write-ahead log is for."


async def bare(client: httpx2.AsyncClient, url: str) -> None:
    """The call as a program without a router makes it."""
    body = {"model": MODEL, "messages": [{"role": "user", "content": PROMPT}], "max_completion_tokens": 4096}
    reply = await client.post(f"{url}/chat/completions", json=body, headers={"authorization": "Bearer k"})
    json.loads(reply.content)


async def measure(calls: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each bare and each routed call, made in turn so that noise meets both alike."""
    bare_ms, routed_ms = [], []
    with (
        tempfile.TemporaryDirectory() as home,
        SimulatedServer("It makes a crash survivable.") as server,
    ):
        url = server.base_url("openai")
        env = {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "k", "OLLAMA_HOST": "127.0.0.1:9"}
        settings = load(env, home).settings
        context = RouteContext("bench", "", Overrides(model=f"openai/{MODEL}"))
        request = prompt_request(PROMPT)
        async with httpx2.AsyncClient(trust_env=False) as client, open_router(settings, env, home) as router:
            for place in range(calls + 20):
                started = time.perf_counter()
                await bare(client, url)
                between = time.perf_counter()
                async with aclosing(router.route(request, context)) as events:
                    last = [event async for event in events][-1]
                ended = time.perf_counter()
                if not isinstance(last, Done):
                    raise SystemExit(f"a call was not answered: {last}")
                if place >= 20:
                    bare_ms.append((between - started) * 1000)
                    routed_ms.append((ended - between) * 1000)
    return bare_ms, routed_ms


def main() -> int:
    """Prints the medians and the difference; exits 1 when the bound is broken."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=1000)
    bare_ms, routed_ms = (sorted(values) for values in anyio.run(measure, parser.parse_args().calls))
    middle, late = len(bare_ms) // 2, len(bare_ms) * 95 // 100
    added = routed_ms[middle] - bare_ms[middle]
    print(f"overhead p50: bare {bare_ms[middle]:.2f} ms, routed {routed_ms[middle]:.2f} ms, added {added:.2f} ms")
    print(f"overhead p95: bare {bare_ms[late]:.2f} ms, routed {routed_ms[late]:.2f} ms")
    print(f"overhead ratio at p50: {routed_ms[middle] / bare_ms[middle]:.2f}x")
    print(f"overhead bound {BOUND_MS:g} ms added: {'held' if added <= BOUND_MS else 'BROKEN'}")
    return added > BOUND_MS


if __name__ == "__main__":
    sys.exit(main())
