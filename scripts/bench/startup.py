"""CPU time of `llm-router --version` and `--help` against a bare `python -c pass`, in one run. Bound: 6x."""

import os
import resource
import subprocess
import sys
from pathlib import Path

RUNS = 15
BOUND = 6.0
COMMANDS = {"--version": ["--version"], "--help": ["--help"]}


def cpu_s(argv: list[str]) -> float:
    """User and system seconds of one child."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    """Runs the commands in turn with the baseline, so that noise meets both alike."""
    program = str(Path(sys.executable).with_name("llm-router"))
    argv = {"bare": [sys.executable, "-c", "pass"]}
    argv |= {name: [program, *words] for name, words in COMMANDS.items()}
    seen: dict[str, list[float]] = {name: [] for name in argv}
    os.environ.pop("PYTHONPATH", None)
    for _ in range(RUNS):
        for name, words in argv.items():
            seen[name].append(cpu_s(words))
    medians = {name: sorted(values)[RUNS // 2] for name, values in seen.items()}
    worst = 0.0
    for name in COMMANDS:
        ratio = medians[name] / medians["bare"]
        worst = max(worst, ratio)
        spent = f"{medians[name] * 1000:.0f} of {medians['bare'] * 1000:.0f} ms"
        print(f"startup {name}: {ratio:.2f}x bare python ({spent})")
    print(f"startup bound {BOUND:g}x: {'held' if worst <= BOUND else 'BROKEN'}")
    return worst > BOUND


if __name__ == "__main__":
    sys.exit(main())
