"""The real command in a clean environment: its own home, no variable of the machine, only loopback."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

PROGRAM = [sys.executable, "-m", "llm_router_installer"]


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> dict:
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def run(tmp_path: Path, home: Path) -> Run:
    """`run("route", "hi", env={...}, stdin=b"...")` runs `llm-router route hi`."""
    work = tmp_path / "work"
    work.mkdir()

    def call(*words: str, env: dict[str, str] | None = None, stdin: bytes = b"", timeout_s: float = 60) -> Ran:
        clean = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "LLM_ROUTER_HOME": str(home),
            "LLM_ROUTER_SESSION": "test",
            "OLLAMA_HOST": "127.0.0.1:9",
            **{f"{name}_BASE_URL": "http://127.0.0.1:9/v1" for name in ("LMSTUDIO", "LLAMACPP", "VLLM")},
            "LANG": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
            **(env or {}),
        }
        done = subprocess.run(
            [*PROGRAM, *words], env=clean, cwd=work, input=stdin, capture_output=True, timeout=timeout_s, check=False
        )
        out, err = done.stdout.decode(), done.stderr.decode()
        assert "Traceback" not in err
        return Ran(done.returncode, out, err)

    return call
