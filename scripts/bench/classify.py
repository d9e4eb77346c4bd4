"""Cost of the local classifier, as ratios taken in one run: `uv run python scripts/bench/classify.py [PROMPTS.jsonl]`.

Rows of the optional file need a `prompt`. CPU time throughout: milliseconds are this machine's, ratios travel.
"""

import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import llm_router_core
from llm_router_core.hotpath.classifier import classify
from llm_router_core.hotpath.secret_scan import scan

VERBS = ("explain", "fix", "write", "compare", "summarise", "what is", "why does", "add", "review", "draw")
NOUNS = ("parser", "login page", "letter", "index", "heron", "queue", "retry policy", "release note", "proof", "form")
SRC = str(Path(llm_router_core.__file__).parent.parent)
COLD = (
    f"import sys; sys.path.append({SRC!r}); from llm_router_core.hotpath.classifier import classify; classify('fix it')"
)


def synthetic(count: int) -> list[str]:
    pick = random.Random(11)
    prompts = []
    for _ in range(count):
        clauses = [f"{pick.choice(VERBS)} the {pick.choice(NOUNS)}" for _ in range(pick.choice((1, 1, 2, 3, 40)))]
        prompts.append(" and then ".join(clauses) + pick.choice(("", "?", "\n```\nx = 1\n```")))
    return prompts


def timed(work: Callable[[], object]) -> float:
    """The best of three, in milliseconds of CPU."""
    best = float("inf")
    for _ in range(3):
        begin = time.process_time_ns()
        work()
        best = min(best, (time.process_time_ns() - begin) / 1e6)
    return best


def at(values: list[float], share: float) -> float:
    return sorted(values)[int(share * (len(values) - 1))]


def process_cpu_ms(code: str) -> float:
    best = float("inf")
    for _ in range(9):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        best = min(best, spent * 1000)
    return best


def main() -> None:
    prompts = synthetic(400)
    if len(sys.argv) > 1:
        lines = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
        prompts = [json.loads(line)["prompt"] for line in lines if line.strip()]
    classify("warm up")
    ours, parse = [], []
    for prompt in prompts:
        text = json.dumps({"prompt": prompt})
        ours.append(timed(lambda prompt=prompt: classify(prompt)))
        parse.append(timed(lambda text=text: json.loads(text)))
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        mine, theirs = at(ours, share), at(parse, share)
        print(f"classify {name:10} {mine:9.3f} ms   {mine / max(theirs, 1e-6):8.1f} x json.loads of the same prompts")
    paste = "the parser drops the last line = 12, see it; " * 23_302
    ratio = timed(lambda: classify(paste)) / timed(lambda: json.loads(json.dumps(paste)))
    print(
        f"classify 1 MB paste  {timed(lambda: classify(paste)):8.3f} ms   {ratio:8.2f} x dumping and loading it as JSON"
    )
    part = paste[:100_000]
    ratio = timed(lambda: scan(part)) / timed(part.lower().split)
    print(f"secrets 100 kB       {timed(lambda: scan(part)):8.3f} ms   {ratio:8.1f} x splitting it into words")
    bare, cold = process_cpu_ms("pass"), process_cpu_ms(COLD)
    print(f"cold process         {cold:8.1f} ms   {cold / bare:8.2f} x python -I -S -c pass ({bare:.1f} ms)")


if __name__ == "__main__":
    main()
