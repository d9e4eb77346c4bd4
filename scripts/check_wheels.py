"""Builds the seven wheels, installs them into an empty environment and runs the command from there.

    uv run scripts/check_wheels.py [--keep FOLDER]

Fails on a file outside the packages, on a start-up file (`.pth`), on a second console script, and where the installed
command does not do what the checkout's does: a data file left out of a wheel shows here and nowhere else.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COMMAND = "llm-router"
TIMEOUT_S = 300
# What a child gets of our environment: no settings, no keys, no PYTHONPATH.
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, help="copy the wheels there")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="llm-router-wheels-") as folder:
        scratch = Path(folder)
        wheels = build(scratch / "dist")
        problems = [problem for wheel in wheels for problem in look_into(wheel)]
        problems += [] if len(wheels) == packages() else [f"{packages()} packages, but {len(wheels)} wheels"]
        python = install(scratch / "venv", wheels, problems)
        try_out(python, scratch / "home", wheels, problems)
        if arguments.keep:
            arguments.keep.mkdir(parents=True, exist_ok=True)
            for wheel in wheels:
                shutil.copy(wheel, arguments.keep)
    for problem in problems:
        print(f"wheels: {problem}")
    print(f"wheels: {len(wheels)} built, installed and run: {'FAILED' if problems else 'ok'}")
    return 1 if problems else 0


def packages() -> int:
    return len(list(ROOT.glob("packages/*/pyproject.toml")))


def build(into: Path) -> list[Path]:
    run([uv(), "build", "--all-packages", "--wheel", "--quiet", "--out-dir", str(into)])
    return sorted(into.glob("*.whl"))


def look_into(wheel: Path) -> list[str]:
    """What a wheel holds beside its package and its metadata."""
    name, version = wheel.name.split("-")[:2]
    own = (f"{name}/", f"{name}-{version}.dist-info/")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        entry_points = f"{own[1]}entry_points.txt"
        declared = archive.read(entry_points).decode() if entry_points in names else ""
    problems = [f"{wheel.name} holds {entry!r} outside its package" for entry in names if not entry.startswith(own)]
    problems += [f"{wheel.name} holds the start-up file {entry!r}" for entry in names if entry.endswith(".pth")]
    problems += [f"{wheel.name} is not marked as typed"] if f"{name}/py.typed" not in names else []
    section = declared.partition("[console_scripts]")[2].partition("[")[0].split("\n")
    scripts = {line.split("=")[0].strip() for line in section if "=" in line}
    expected = {COMMAND} if name == "llm_router_installer" else set()
    return [*problems, *([f"{wheel.name} brings the commands {sorted(scripts)}"] if scripts != expected else [])]


def install(venv: Path, wheels: Sequence[Path], problems: list[str]) -> Path:
    """The interpreter of a new environment that holds the wheels and what they need from PyPI."""
    run([uv(), "venv", "--quiet", "--python", sys.executable, str(venv)])
    python = venv / "bin" / "python"
    before = set(venv.rglob("*.pth"))
    run([uv(), "pip", "install", "--quiet", "--python", str(python), *map(str, wheels)])
    problems += [f"the installation added the start-up file {path.name}" for path in set(venv.rglob("*.pth")) - before]
    return python


def try_out(python: Path, home: Path, wheels: Sequence[Path], problems: list[str]) -> None:
    """Imports every package and runs the command, with a home of its own that must stay empty."""
    home.mkdir()
    env = {name: os.environ[name] for name in PASSED_ON if name in os.environ} | {"HOME": str(home)}
    names = ", ".join(wheel.name.split("-")[0] for wheel in wheels)
    command = str(python.with_name(COMMAND))
    for argv in ([str(python), "-I", "-c", f"import {names}"], [command, "--version"], [command, "demo"]):
        done = subprocess.run(argv, capture_output=True, text=True, env=env, cwd=home, timeout=TIMEOUT_S, check=False)
        if done.returncode:
            problems.append(
                f"{' '.join(argv[1:])} ended with {done.returncode}: {(done.stderr or done.stdout)[-2000:]}"
            )
    problems += [f"the demo left {path.name!r} in the home folder" for path in home.iterdir()]


def uv() -> str:
    return os.environ.get("UV") or str(ROOT / "scripts" / "uv")


def run(argv: Sequence[str]) -> None:
    subprocess.run(argv, check=True, cwd=ROOT, timeout=TIMEOUT_S)


if __name__ == "__main__":
    sys.exit(main())
