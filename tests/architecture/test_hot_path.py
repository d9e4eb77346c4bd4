"""What a hook may load: the standard library without its slow parts, and hotpath. By reading and by running."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOTPATH = ROOT / "packages/core/src/llm_router_core/hotpath"
BANNED = {
    "pathlib",
    "subprocess",
    "urllib",
    "logging",
    "asyncio",
    "dataclasses",
    "tempfile",
    "importlib.metadata",
    "tomllib",
}
MODULES = [f"llm_router_core.hotpath.{path.stem}" for path in sorted(HOTPATH.glob("*.py")) if path.stem != "__init__"]
HOOKS = sorted(path for path in ROOT.glob("packages/host-*/src/*/hooks/*.py") if path.stem != "__init__")

# The launch of contracts: no site-packages, no .pth, our folders appended behind the standard library.
PROBE = """
import sys
before = set(sys.modules)
sys.path += sys.argv[2:]
__import__(sys.argv[1])
after = set(sys.modules) - before
import json
print(json.dumps(sorted(after)))
"""


def is_banned(name: str) -> bool:
    return any(name == banned or name.startswith(f"{banned}.") for banned in BANNED)


def loaded_by(module: str, *folders: Path) -> set[str]:
    argv = [sys.executable, "-I", "-S", "-c", PROBE, module, *map(str, folders)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def foreign(names: set[str], *ours: str) -> set[str]:
    prefixes = ("llm_router_core.hotpath", *ours)
    return {
        name
        for name in names - {"llm_router_core"}
        if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith(prefixes)
    }


@pytest.mark.requirement("classify.offline")
@pytest.mark.parametrize("module", MODULES)
def test_a_hotpath_module_loads_nothing_but_the_quick_part_of_the_standard_library(module):
    loaded = loaded_by(module, HOTPATH.parents[1])

    assert module in loaded
    assert foreign(loaded) == set()
    assert {name for name in loaded if is_banned(name)} == set()


def test_no_hook_loads_anything_but_hotpath_and_its_own_package():
    for hook in HOOKS:
        loaded = loaded_by(f"hooks.{hook.stem}", HOTPATH.parents[1], hook.parents[1])

        assert foreign(loaded, "hooks") == set(), hook
        assert {name for name in loaded if is_banned(name)} == set(), hook


def test_no_hot_module_names_a_banned_one_even_where_it_is_not_executed(sources):
    hot = [source for source in sources if ".hotpath" in source.module or ".hooks" in source.module]
    named = [
        f"{source.name}:{line} {name}"
        for source in hot
        for name, line in source.imported()
        if is_banned(name) or is_banned(name.rpartition(".")[0])
    ]
    outside = [
        f"{source.name}:{line} {name}"
        for source in hot
        for name, line in source.imported()
        if name.split(".")[0] not in sys.stdlib_module_names
        and not name.startswith("llm_router_core.hotpath")
        and f"{source.module.split('.')[0]}.hooks" not in name
    ]

    assert hot
    assert named == []
    assert outside == []
