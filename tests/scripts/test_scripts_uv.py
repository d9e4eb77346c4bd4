"""scripts/uv on machines that lack something, with a PATH made by hand."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "uv"
TOOLS = ("sh", "dirname", "rm", "mkdir")


@dataclass(frozen=True)
class Machine:
    """A checkout with nothing but the script, and a PATH with nothing but a few tools."""

    checkout: Path
    bin: Path

    def has(self, name: str, script: str) -> None:
        program = self.bin / name
        program.write_text(f"#!{self.bin}/sh\n{script}\n", encoding="utf-8")
        program.chmod(0o755)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        argv = [str(self.checkout / "scripts" / "uv"), *words]
        env = {"PATH": str(self.bin)}
        return subprocess.run(argv, capture_output=True, text=True, env=env, timeout=30, check=False)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path / "check out", tmp_path / "bin")
    (made.checkout / "scripts").mkdir(parents=True)
    made.bin.mkdir()
    shutil.copy(SCRIPT, made.checkout / "scripts" / "uv")
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found
        (made.bin / tool).symlink_to(found)
    return made


# A python3 whose `-m venv FOLDER` makes a folder with a uv and a python that does as asked.
VENV = """
folder=$3
mkdir -p "$folder/bin"
printf '#!/bin/sh\\necho "private uv: $*"\\n' > "$folder/bin/uv"
printf '#!/bin/sh\\nexit %s\\n' "$PIP_ENDS_WITH" > "$folder/bin/python"
/bin/chmod +x "$folder/bin/uv" "$folder/bin/python"
"""


def test_a_uv_on_the_path_is_used_with_the_words_as_they_are(machine: Machine):
    machine.has("uv", 'echo "uv on PATH: $#: $*"')

    done = machine.run("run", "two words")

    assert (done.returncode, done.stdout) == (0, "uv on PATH: 2: run two words\n")
    assert not (machine.checkout / ".uv").exists()


def test_a_uv_that_does_not_start_is_as_good_as_none(machine: Machine):
    machine.has("uv", "exit 127")
    machine.has("python3", f"PIP_ENDS_WITH=0{VENV}")

    assert machine.run("sync").stdout == "private uv: sync\n"


def test_without_uv_a_private_one_is_installed_once(machine: Machine):
    machine.has("python3", f"PIP_ENDS_WITH=0{VENV}")

    first, second = machine.run("--version"), machine.run("--version")

    assert first.stdout == second.stdout == "private uv: --version\n"
    assert "once" in first.stderr
    assert second.stderr == ""


def test_without_python_it_says_what_to_install(machine: Machine):
    done = machine.run("--version")

    assert done.returncode == 1
    assert "no python3" in done.stderr
    assert "Install Python" in done.stderr


def test_a_python_that_makes_no_environments_names_the_package_that_is_missing(machine: Machine):
    machine.has("python3", "exit 1")

    done = machine.run("--version")

    assert done.returncode == 1
    assert "python3-venv" in done.stderr
    assert not (machine.checkout / ".uv").exists()


def test_an_index_that_cannot_be_reached_leaves_nothing_behind(machine: Machine):
    machine.has("python3", f"PIP_ENDS_WITH=1{VENV}")

    done = machine.run("--version")

    assert done.returncode == 1
    assert "could not install uv" in done.stderr
    assert not (machine.checkout / ".uv").exists()
