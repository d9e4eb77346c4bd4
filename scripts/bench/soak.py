"""Ten thousand routed calls in one process: memory slope and open descriptors. Bound: < 1 kB a call, no new descriptor.

Every hundredth call is given up by its caller.
"""

import argparse
import gc
import os
import sys
import tempfile
from contextlib import aclosing
from pathlib import Path

import anyio

from llm_router_core.assembly import open_router
from llm_router_core.budgets.caps import set_cap
from llm_router_core.chains.plan import Overrides
from llm_router_core.conversation import prompt_request
from llm_router_core.router import RouteContext
from llm_router_core.settings.sources import load
from llm_router_core.simulate.server import SimulatedServer

BOUND_BYTES = 1024
PAGE = os.sysconf("SC_PAGE_SIZE")


def rss_bytes() -> int:
    """Resident bytes of this process."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE


def descriptors() -> int:
    """Open descriptors of this process."""
    return len(list(Path("/proc/self/fd").iterdir()))


async def one(router, model: str, *, cancel: bool) -> None:
    """One routed call, or one that is given up at once."""
    request = prompt_request("What does HTTP 418 mean?")
    context = RouteContext("soak", "", Overrides(model=model))
    with anyio.move_on_after(0.0005 if cancel else 60):
        async with aclosing(router.route(request, context)) as events:
            async for _ in events:
                pass


async def soak(calls: int) -> tuple[float, int, int]:
    """(slope in bytes a call over the second half, descriptors at half time, descriptors at the end)."""
    samples: list[tuple[int, int]] = []
    half = 0
    with tempfile.TemporaryDirectory() as home, SimulatedServer("fine") as server:
        env = {"OPENAI_BASE_URL": server.base_url("openai"), "OPENAI_API_KEY": "k", "OLLAMA_HOST": "127.0.0.1:9"}
        async with open_router(load(env, home).settings, env, home) as router:
            for scope in ("session", "day", "month"):
                set_cap(router.db, scope, 1_000_000_000_000)
            for place in range(calls):
                await one(router, "openai/gpt-6-luna", cancel=place % 100 == 50)
                if place % max(calls // 40, 1) == 0:
                    server._requests.clear()  # the recorder of the simulated server grows by design
                    gc.collect()
                    samples.append((place, rss_bytes()))
                if place == calls // 2:
                    half = descriptors()
            return _slope(samples[len(samples) // 2 :]), half, descriptors()


def _slope(samples: list[tuple[int, int]]) -> float:
    count = len(samples)
    middle_x = sum(x for x, _ in samples) / count
    middle_y = sum(y for _, y in samples) / count
    over = sum((x - middle_x) * (y - middle_y) for x, y in samples)
    return over / sum((x - middle_x) ** 2 for x, _ in samples)


def main() -> int:
    """Prints the slope and the descriptors; exits 1 when a bound is broken."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=10_000)
    slope, half, end = anyio.run(soak, parser.parse_args().calls)
    is_held = slope < BOUND_BYTES and end <= half
    print(f"soak: memory {slope:+.0f} bytes a call, descriptors {half} at half time and {end} at the end")
    print(f"soak bound {BOUND_BYTES} bytes a call and no new descriptor: {'held' if is_held else 'BROKEN'}")
    return not is_held


if __name__ == "__main__":
    sys.exit(main())
