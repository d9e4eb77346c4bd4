"""Every promise has a test, an owner or a refusal, and every mark names a promise."""

import ast
import importlib.util
import sys
from collections import defaultdict
from types import ModuleType

import pytest

OPEN_ISSUES = range(3, 9)


@pytest.fixture(scope="module")
def manifest(root) -> ModuleType:
    name = "llm_router_requirements"
    spec = importlib.util.spec_from_file_location(name, root / "tests" / "requirements.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their own module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def marks(test_files) -> dict[str, list[str]]:
    """Requirement id -> the tests that carry it, read off the files without importing them."""
    found = defaultdict(list)
    for source in test_files:
        for node in ast.walk(source.tree):
            if is_mark(node):
                (argument,) = node.args
                assert isinstance(argument, ast.Constant), f"{source.name}:{node.lineno}: the id must be a literal"
                found[argument.value].append(f"{source.name}:{node.lineno}")
    return dict(found)


def is_mark(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "requirement"


def test_ids_are_unique(manifest):
    ids = [row.id for row in manifest.REQUIREMENTS]

    assert sorted(name for name in set(ids) if ids.count(name) > 1) == []


def test_each_promise_has_exactly_one_of_test_owner_and_refusal(manifest):
    wrong = [
        row.id for row in manifest.REQUIREMENTS if [bool(row.test), bool(row.owner), bool(row.refused)].count(True) != 1
    ]

    assert wrong == []


def test_an_owner_is_an_open_issue_or_named_later_work(manifest):
    owners = {row.owner for row in manifest.REQUIREMENTS if row.owner}

    assert [owner for owner in owners if isinstance(owner, int) and owner not in OPEN_ISSUES] == []
    assert [owner for owner in owners if isinstance(owner, str) and not owner.startswith("later: ")] == []


def test_every_mark_names_a_promise_that_claims_a_test(manifest, marks):
    claimed = {row.id for row in manifest.REQUIREMENTS if row.test}

    assert {name: places for name, places in marks.items() if name not in claimed} == {}


def test_every_promise_that_claims_a_test_has_one(manifest, marks):
    assert sorted(row.id for row in manifest.REQUIREMENTS if row.test and row.id not in marks) == []


def test_every_section_of_the_product_page_is_covered(manifest):
    assert {row.section[0] for row in manifest.REQUIREMENTS} == set("0123456789")
