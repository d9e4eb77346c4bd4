"""The fault table over every wire: each fault, streaming and not, through a router with a real ledger in a child.

    python scripts/bench/faults.py            all of it: some minutes, because a deadline has to pass for many rows
    python scripts/bench/faults.py --tenth    each fault on each wire once, a tenth of the cut points

One line a wire and fault. Bounds: the outcome is one of those the table allows; the route ends within its deadline and
0.5 s (`--margin` for a busy machine); the child grows by at most 64 MiB; no answer that was cut is complete; no
paid row stands at zero; the request after a 429 arrives at the next candidate within 50 ms (at the 95th percentile).
"""

import argparse
import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from llm_router_core.simulate.behaviour import Answer, rate_limited
from llm_router_core.simulate.fault_table import WIRES, FaultRow, cut, rows
from llm_router_core.simulate.server import SimulatedServer

CLIENT = Path(__file__).with_name("faults_client.py")
MODELS = {
    "openai_chat": "openai/gpt-6-luna",
    "openai_responses": "openai/gpt-5.3-codex",
    "anthropic": "anthropic/claude-haiku-5-5",
    "gemini": "google/gemini-3.8-flash",
    "ollama": "ollama/simulated",
}
PROVIDERS = {"openai": "openai_chat", "anthropic": "anthropic", "google": "gemini", "ollama": "ollama"}
ATTEMPT_S, CALL_S = 1.0, 1.2
BOUND_S, BOUND_BYTES, BOUND_GAP_MS = 0.5, 64 << 20, 50.0
CUTS = 200
TRANSPORT = {
    "tls": ("an untrusted certificate", {"unreachable"}),
    "dns": ("a name that does not exist", {"unreachable", "timed_out"}),
    "refused": ("a refused connection", {"unreachable"}),
    "full": ("a connection nobody accepts", {"timed_out", "unreachable"}),
}


class Client:
    """The child process."""

    def __init__(self, worlds: dict[str, dict[str, str]]) -> None:
        env = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        self._process = subprocess.Popen(
            [sys.executable, str(CLIENT), json.dumps(worlds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=env,
        )

    def ask(self, **job: object) -> dict:
        """One job's answer."""
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("the client died")
        return json.loads(line)

    def close(self) -> None:
        """Ends the process."""
        self._process.stdin.close()
        self._process.wait(10)


class Table:
    """What was seen, and which bounds it broke."""

    def __init__(self, margin: float) -> None:
        self.broken: list[str] = []
        self.grown_bytes = 0
        self._margin = margin

    def judge(self, label: str, allowed: frozenset[str], answers: list[dict]) -> None:
        """Prints the line of one wire and fault."""
        outcomes = sorted({answer["outcome"] for answer in answers})
        slowest = max(answer["elapsed_s"] for answer in answers)
        free = sum(answer["free_rows"] for answer in answers)
        grown = max(answer["grown_bytes"] for answer in answers)
        added, self.grown_bytes = max(grown - self.grown_bytes, 0), max(grown, self.grown_bytes)
        wrong = [outcome for outcome in outcomes if outcome not in allowed]
        broken = [f"ended as {outcome}" for outcome in wrong]
        broken += ["took too long"] * (slowest > CALL_S + BOUND_S * self._margin)
        broken += [f"{free} paid rows at zero"] * bool(free)
        if "done" in allowed and not all(answer["is_estimated"] for answer in answers):
            broken.append("a usage that is no estimate")
        self.broken += [f"{label}: {problem}" for problem in broken]
        verdict = "; ".join(broken).upper() or "ok"
        seen = f"{len(answers):>4}x {'/'.join(outcomes):<24}"
        print(f"{label:<48} {seen} {slowest:6.2f} s  +{added / (1 << 20):5.1f} MiB  {verdict}")


def env_of(urls: dict[str, str]) -> dict[str, str]:
    """The variables that lead a router to these places."""
    env = {"LLM_ROUTER_ATTEMPT_DEADLINE": str(ATTEMPT_S), "LLM_ROUTER_CALL_DEADLINE": str(CALL_S)}
    env["LLM_ROUTER_CONSENT"] = ",".join(f"{name}:may-train" for name in urls)
    env |= {f"{name}_BASE_URL": "http://127.0.0.1:9/v1" for name in ("LMSTUDIO", "LLAMACPP", "VLLM")}
    for provider, url in urls.items():
        env |= {f"LLM_ROUTER_{provider.upper()}_BASE_URL": url, f"LLM_ROUTER_{provider.upper()}_API_KEY": "dummy"}
    return env


@contextmanager
def certificate() -> Iterator[ssl.SSLContext]:
    """A server's TLS with a certificate that nobody vouches for."""
    with tempfile.TemporaryDirectory() as folder:
        key, cert = f"{folder}/key.pem", f"{folder}/cert.pem"
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert]
        command += ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
        subprocess.run(command, check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        yield context


@contextmanager
def deaf_port() -> Iterator[int]:
    """A port whose queue is full, so that connecting to it waits."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)  # noqa: FBT003 - the socket module takes no keyword
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@contextmanager
def worlds(server: SimulatedServer, second: SimulatedServer) -> Iterator[dict[str, dict[str, str]]]:
    """The routers' environments: the simulated server, and every way not to get a connection."""
    with certificate() as tls, SimulatedServer(tls=tls) as sealed, deaf_port() as deaf, SimulatedServer() as closed:
        refused = closed.port
        closed.__exit__(None, None, None)
        plain = {name: server.base_url(dialect) for name, dialect in PROVIDERS.items()}
        yield {
            "plain": env_of(plain),
            "tls": env_of({name: sealed.base_url(dialect) for name, dialect in PROVIDERS.items()}),
            "dns": env_of(dict.fromkeys(PROVIDERS, "https://nobody.invalid")),
            "refused": env_of(dict.fromkeys(PROVIDERS, f"http://127.0.0.1:{refused}")),
            "full": env_of(dict.fromkeys(PROVIDERS, f"http://127.0.0.1:{deaf}")),
            "gap": env_of({"openai": plain["openai"], "anthropic": second.base_url("anthropic")})
            | {"LLM_ROUTER_CALL_DEADLINE": "30", "OLLAMA_HOST": "127.0.0.1:9"},
        }


def gaps_ms(client: Client, server: "Switched", second: "Switched", count: int) -> list[float]:
    """Milliseconds from the 429 leaving one server to the next request arriving at the other."""
    found = []
    for place in range(count + 5):
        server.answer, second.answer = rate_limited("60"), Answer("ok")
        answer = client.ask(world="gap", stream=bool(place % 2), complexity="complex", forgets=True)
        if answer["outcome"] != "done":
            raise SystemExit(f"nobody took over: {answer}")
        found.append((second.asked_s - server.asked_s) * 1000)
    return sorted(found[5:])


class Switched:
    """A script whose answer is switched between calls; remembers when it was last asked."""

    def __init__(self) -> None:
        self.answer = Answer("ok")
        self.asked_s = 0.0

    def __call__(self, _request: object) -> Answer:
        """The answer of the moment."""
        self.asked_s = time.monotonic()
        return self.answer


def run_table(client: Client, script: Switched, table: Table, *, is_tenth: bool) -> None:
    """Every fault on every wire."""

    def ask(row: FaultRow, wire: str, modes: tuple[bool, ...]) -> list[dict]:
        answers = []
        for is_stream in modes:
            script.answer = row.answer(wire, is_stream)
            answers.append(client.ask(world="plain", model=MODELS[wire], stream=is_stream))
        return answers

    for number, row in enumerate(rows()):
        for place, wire in enumerate(WIRES):
            modes = ((number + place) % 2 == 0,) if is_tenth else (False, True)
            table.judge(f"{wire}: {row.name}", row.allowed, ask(row, wire, modes))
    count = CUTS // 10 if is_tenth else CUTS
    for wire in WIRES:
        cuts = [cut(place / count) for place in range(count)]
        answers = [answer for row in cuts for answer in ask(row, wire, (False, True))]
        table.judge(f"{wire}: cut at {count} places, both ways", cuts[0].allowed, answers)
    for world, (name, allowed) in TRANSPORT.items():
        for wire in WIRES[:1] if is_tenth else WIRES:
            answers = [client.ask(world=world, model=MODELS[wire], stream=is_stream) for is_stream in (False, True)]
            # A local server that does not answer is dropped before it is tried.
            table.judge(f"{wire}: {name}", frozenset(allowed | ({"reach"} if wire == "ollama" else set())), answers)


def main() -> int:
    """Prints the table and the figures; exits 1 when a bound is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tenth", action="store_true", help="a tenth of the table")
    parser.add_argument("--margin", type=float, default=1.0, help="allow so many times the bounds on time")
    arguments = parser.parse_args()
    table, script, second = Table(arguments.margin), Switched(), Switched()
    with SimulatedServer(script) as server, SimulatedServer(second) as other, worlds(server, other) as environments:
        client = Client(environments)
        client.ask(world="plain", model=MODELS["openai_chat"], stream=True)  # warms up: memory is counted from here
        run_table(client, script, table, is_tenth=arguments.tenth)
        gaps = gaps_ms(client, script, second, 30 if arguments.tenth else 300)
        client.close()
    late = gaps[len(gaps) * 95 // 100]
    print(f"faults: next request after a 429: p50 {gaps[len(gaps) // 2]:.1f} ms, p95 {late:.1f} ms")
    print(f"faults: memory grew by {table.grown_bytes / (1 << 20):.1f} MiB at most")
    if late > BOUND_GAP_MS * arguments.margin:
        table.broken.append(f"the next candidate was asked after {late:.1f} ms")
    if table.grown_bytes > BOUND_BYTES:
        table.broken.append(f"memory grew by {table.grown_bytes >> 20} MiB")
    print(f"faults: {'all bounds held' if not table.broken else 'BROKEN'}", *table.broken, sep="\n  ")
    return bool(table.broken)


if __name__ == "__main__":
    sys.exit(main())
