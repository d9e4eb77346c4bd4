"""Several processes share one breaker: nobody calls what is left alone, and of those who see it expire one probes."""

import json
import subprocess
import sys

import pytest

from llm_router_core.simulate.behaviour import rate_limited
from llm_router_core.simulate.server import SimulatedServer

PROCESSES = 4
CHILD = """
import json, sys
from contextlib import aclosing
from datetime import timedelta
import anyio
from llm_router_core.assembly import open_router
from llm_router_core.catalog.entries import Complexity
from llm_router_core.chains.plan import Overrides
from llm_router_core.clock import SystemClock
from llm_router_core.conversation import Done, prompt_request
from llm_router_core.recording import RouteContext
from llm_router_core.settings.sources import load

class Later(SystemClock):
    def now(self):
        return super().now() + timedelta(seconds=float(sys.argv[3]))

async def main():
    env, home = json.loads(sys.argv[1]), sys.argv[2]
    context = RouteContext("s", "p", Overrides(complexity=Complexity.COMPLEX))
    async with open_router(load(env, home).settings, env, home, Later()) as router:
        print("ready", flush=True)
        sys.stdin.readline()
        for _ in range(3):
            async with aclosing(router.route(prompt_request("What does HTTP 418 mean?"), context)) as events:
                last = [event async for event in events][-1]
            assert isinstance(last, Done), last

anyio.run(main)
"""


def route_in_processes(env: dict[str, str], home: str, seconds_later: float) -> None:
    """Three routes in each of the processes, all let go at the same moment."""
    command = [sys.executable, "-c", CHILD, json.dumps(env), home, str(seconds_later)]
    children = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(PROCESSES)
    ]
    for child in children:
        assert child.stdout.readline() == "ready\n"
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    for child in children:
        child.communicate(timeout=60)
        assert child.returncode == 0


@pytest.mark.requirement("dispatch.breaker-shared")
def test_an_open_breaker_is_called_by_no_process_and_probed_by_exactly_one(tmp_path, providers):
    home = str(tmp_path / "state")
    with SimulatedServer(rate_limited("300")) as bad, SimulatedServer("fine") as good:
        nowhere = {f"{name}_BASE_URL": "http://127.0.0.1:9/v1" for name in ("LMSTUDIO", "LLAMACPP", "VLLM")}
        env = {"OLLAMA_HOST": "127.0.0.1:9", **nowhere, **providers(openai=bad, anthropic=good)}
        route_in_processes(env, home, 0)
        first = len(bad.requests)
        assert 1 <= first <= PROCESSES  # those that had asked before the first failure was known
        route_in_processes(env, home, 60)
        assert len(bad.requests) == first
        route_in_processes(env, home, 400)
        assert len(bad.requests) == first + 1
        assert len(good.requests) == 3 * 3 * PROCESSES
