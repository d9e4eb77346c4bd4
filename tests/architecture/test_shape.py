"""Sizes and names: what keeps a file small enough to read and a folder honest about what it decides."""

import ast
import sys

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc"}


def test_no_file_is_longer_than_four_hundred_lines(sources, scripts):
    sizes = {source.name: len(source.path.read_text(encoding="utf-8").splitlines()) for source in [*sources, *scripts]}

    assert {name: size for name, size in sizes.items() if size > MAX_FILE_LINES} == {}


def test_no_function_is_longer_than_a_screen(sources, scripts):
    too_long = []
    for source in [*sources, *scripts]:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
                length = node.end_lineno - node.lineno + 1
                if length > MAX_FUNCTION_LINES:
                    too_long.append(f"{source.name}:{node.lineno} {node.name}: {length} lines")

    assert too_long == []


def test_no_module_has_a_name_that_says_nothing(sources, scripts):
    vague = [
        source.name
        for source in [*sources, *scripts]
        if VAGUE_NAMES & {*source.path.relative_to(source.path.anchor).parent.parts[-2:], source.path.stem}
    ]

    assert vague == []


def test_no_module_is_named_like_one_of_the_standard_library(sources):
    clashing = [source.name for source in sources if source.path.stem in sys.stdlib_module_names - {"__main__"}]
    packages = {
        parent.name for source in sources for parent in source.path.parents if (parent / "__init__.py").exists()
    }

    assert clashing == []
    assert packages & sys.stdlib_module_names == set()


def test_test_files_have_names_of_their_own(test_files):
    names = [source.path.name for source in test_files if source.path.name.startswith("test_")]

    assert sorted(name for name in set(names) if names.count(name) > 1) == []


def test_nothing_depends_on_files_outside_the_repository(root):
    # The two strings are put together here so that this file does not contain them.
    outside = ["../" + "shared", "/wo" + "rk/"]
    folders = ["packages", "tests", "scripts", "docs", ".ci"]
    files = [path for folder in folders for path in (root / folder).rglob("*") if path.is_file()]
    files += [path for path in root.iterdir() if path.suffix in {".md", ".toml"}]

    mentions = [
        path.relative_to(root).as_posix()
        for path in files
        if not {"__pycache__", "node_modules"} & set(path.parts)
        and any(text in path.read_text(encoding="utf-8", errors="replace") for text in outside)
    ]

    assert mentions == []
