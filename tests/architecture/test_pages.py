"""The hand-written pages: links that lead somewhere, commands that exist, and the two of the first screen."""

import re

import pytest

from llm_router_installer.cli import cli

FIRST_SCREEN_LINES = 45


@pytest.fixture(scope="module")
def pages(root):
    found = [*root.glob("*.md"), *root.glob("docs/**/*.md"), *root.glob("packages/*/*.md")]
    return {page: page.read_text(encoding="utf-8") for page in found}


def test_every_relative_link_leads_to_a_file(pages):
    broken = [
        f"{page.name}: {target}"
        for page, text in pages.items()
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text)
        if "://" not in target and not (page.parent / target).exists()
    ]

    assert broken == []


def test_every_command_that_a_page_shows_exists(pages):
    names = set(cli.list_commands(None))
    shown = {
        name
        for page, text in pages.items()
        if page.name in {"README.md", "AGENTS.md", "CONTRIBUTING.md"}
        for name in re.findall(r"run llm-router ([a-z]+)", text)
    }

    assert shown
    assert shown <= names


def test_the_first_screen_holds_the_two_commands(root):
    lines = (root / "README.md").read_text(encoding="utf-8").splitlines()
    screen = lines[:FIRST_SCREEN_LINES]

    assert "./scripts/uv run llm-router demo" in screen
    assert "./scripts/uv run pytest -q" in screen


def test_claude_code_reads_the_page_that_all_agents_read(root):
    assert (root / "CLAUDE.md").read_text(encoding="utf-8") == "@AGENTS.md\n"
