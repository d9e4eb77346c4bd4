"""The source tree as the architecture tests read it: every module parsed once, every package with its pyproject."""

import ast
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Source:
    """One Python file. `name` is its path from the root, `module` the name it is imported by (empty for a script)."""

    path: Path
    name: str
    module: str
    tree: ast.Module

    def imported(self) -> Iterator[tuple[str, int]]:
        """Every module it imports anywhere, lazily or for typing included, with the line."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((alias.name, node.lineno) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


@dataclass(frozen=True)
class Package:
    """One distribution of the workspace."""

    folder: Path
    project: dict[str, Any]

    @property
    def name(self) -> str:
        return self.project["name"]

    @property
    def source(self) -> Path:
        return self.folder / "src" / self.name.replace("-", "_")


def read(path: Path, base: Path | None = None) -> Source:
    module = ""
    if base:
        parts = path.relative_to(base).with_suffix("").parts
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    tree = ast.parse(path.read_bytes(), filename=str(path))
    return Source(path, path.relative_to(ROOT).as_posix(), module, tree)


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def packages() -> list[Package]:
    files = sorted(ROOT.glob("packages/*/pyproject.toml"))
    return [Package(file.parent, tomllib.loads(file.read_text(encoding="utf-8"))["project"]) for file in files]


@pytest.fixture(scope="session")
def sources(packages: list[Package]) -> list[Source]:
    """Everything that is shipped."""
    bases = [package.folder / "src" for package in packages]
    return [read(path, base) for base in bases for path in sorted(base.rglob("*.py"))]


@pytest.fixture(scope="session")
def scripts() -> list[Source]:
    return [read(path) for path in sorted((ROOT / "scripts").rglob("*.py"))]


@pytest.fixture(scope="session")
def test_files() -> list[Source]:
    folders = [ROOT / "tests", *ROOT.glob("packages/*/tests")]
    return [read(path) for folder in folders for path in sorted(folder.rglob("*.py"))]
