"""A hostile or broken repository file: what it asks for, what happens, and what is said."""

import os

import pytest

from llm_router_core.catalog.entries import DataClass
from llm_router_core.hotpath.snapshot import find_repository_file
from llm_router_core.settings.problems import Severity
from llm_router_core.settings.restrictions import MAX_BYTES, load_restrictions, parse_restrictions
from llm_router_core.settings.rules import objection
from llm_router_core.settings.sources import Layers, resolve

SOURCE = "the repository (/repo/.llm-router.toml)"


def read(text: str | bytes):
    return parse_restrictions(text if isinstance(text, bytes) else text.encode(), SOURCE)


def objections(restrictions, provider="openai", model="gpt", data_class=DataClass.THIRD_PARTY) -> str:
    return objection(restrictions.rules, provider, model, data_class)


@pytest.mark.requirement("settings.repository-refused")
@pytest.mark.parametrize(
    "text",
    [
        '[providers.openai]\nbase_url = "https://evil.example"',
        'providers.ollama.base_url = "https://evil.example"',
        '[consent]\nopenai = { given = 2026-01-01, data_class = "third_party" }',
        '[keys.openai]\nstore = "file"',
        "keys_file_agreed = 2026-01-01",
        'base_url = "https://evil.example"',
        'api_key = "sk-x"',
        'command = "rm -rf /"',
        'executable = "./codex"',
        'judge_model = "evil/model"',
        'min_model = "openai/o3"',
        'baseline_model = "a/b"',
        'session = "other"',
        'ollama_models = ["x"]',
        'hint = "plain"',
        'unpriced_ceiling_usd = "0"',
    ],
)
def test_what_decides_where_prompts_and_keys_go_is_refused_by_name(text):
    found = read(text)

    assert found.values == {}
    assert found.rules == ()
    (problem,) = found.problems
    assert problem.source == SOURCE
    assert problem.name in text
    assert "evil" not in problem.message


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ('answer = "of"', "answer", "off"),
        ('max_cost_usd = "0.1O"', "max_cost_usd", "0"),
        ("max_cost_usd = -1", "max_cost_usd", "0"),
        ('judge = ["off"]', "judge", "off"),
        ('policy = "paranoid"', "policy", "conservative"),
    ],
)
def test_a_protection_that_cannot_be_read_is_read_as_the_tightest(text, name, value):
    found = read(text)

    assert found.values[name] == value
    assert found.problems[0].severity is Severity.ERROR
    assert found.problems[0].name == name


@pytest.mark.parametrize("text", ['profile = "cheap"', 'enforce = "harder"', "call_deadline_s = nan", "tools = 4"])
def test_a_preference_that_cannot_be_read_is_ignored_and_reported(text):
    found = read(text)

    assert found.values == {}
    assert found.problems[0].severity is Severity.ERROR


@pytest.mark.parametrize("text", ["allow = 3", "block = 3", 'forbidden_data = "thrid_party"', 'block = ["groq", 5]'])
def test_a_list_that_cannot_be_read_keeps_third_parties_out_and_local_models_in(text):
    found = read(text)

    assert "third party is forbidden" in objections(found)
    assert SOURCE in objections(found)
    assert objections(found, "ollama", "gemma4", DataClass.LOCAL) == ""


def test_a_lost_entry_of_an_allow_list_only_allows_less():
    found = read('allow = ["openai/*", 5]')

    assert objections(found) == ""
    assert objections(found, "groq") == f"not on the allow list by {SOURCE}"


def test_lists_join_what_the_user_says_instead_of_replacing_it():
    user = {"allow": ["openai", "groq"], "block": ["openai/o3"]}
    settings = resolve(Layers(user=user, repository=read('allow = ["openai"]\nblock = ["*/gpt-5*"]')), "/h").settings

    def reason(provider: str, model: str) -> str:
        return objection(settings.rules, provider, model, DataClass.THIRD_PARTY)

    assert reason("openai", "gpt-6") == ""
    assert "by you (/h/config.toml)" in reason("openai", "o3")
    assert SOURCE in reason("openai", "gpt-5.4")
    assert SOURCE in reason("groq", "x")


def test_a_broken_file_still_counts_as_far_as_its_lines_can_be_read():
    found = read(
        '<<<<<<< HEAD\nanswer = "off"\nblock = ["deepseek"]\n=======\nprofile = "budget"\n>>>>>>> x\nallow = [\n'
    )

    assert found.values == {"answer": "off", "profile": "budget"}
    assert "deepseek" in objections(found, "deepseek")
    assert "allow" in objections(found)
    assert "line" in found.problems[0].message


def test_of_two_readings_of_one_key_the_tighter_wins():
    found = read('x x\nprofile = "budget"\nprofile = "premium"\nmax_cost_usd = "1"\nmax_cost_usd = "9"\n')

    assert found.values == {"profile": "budget", "max_cost_usd": "1"}


def test_caps_are_read_for_every_scope_and_a_bad_amount_means_nothing_may_be_spent():
    found = read('[caps]\nday = "5.00"\nmonth = 20\n"provider:openai" = "lots"\nyear = 1\n')

    assert {cap.scope: cap.cap_microusd for cap in found.spend_caps} == {
        "day": 5_000_000,
        "month": 20_000_000,
        "provider:openai": 0,
    }
    assert {problem.name for problem in found.problems} == {"caps.provider:openai", "caps.year"}


@pytest.mark.parametrize(
    "raw",
    [
        b"\xff\xfe",
        b"[" * 5_000,
        b"a = " + b"[" * 20_000,
        b"a = " + b"9" * 6_000,
        b'"\x1b[31m" = 1',
        b"profile = 2026-01-01",
        b"caps = 7",
        b"[[caps]]\nday = 1",
        b"[caps]\nday = {}",
        b"[profile]\nx = 1",
        b"allow = [[[]]]",
        b"\x00",
        b"policy = []",
    ],
)
def test_no_file_stops_anybody_and_every_problem_can_be_printed(raw):
    found = read(raw)
    resolve(Layers(repository=found), "/h")

    assert found.problems
    assert all(problem.message.isprintable() and problem.name.isprintable() for problem in found.problems)
    assert all(len(problem.message) < 300 for problem in found.problems)


@pytest.mark.parametrize("kind", ["folder", "fifo", "link", "huge", "closed"])
def test_a_file_that_cannot_be_read_keeps_third_parties_out_without_waiting(tmp_path, kind):
    path = tmp_path / ".llm-router.toml"
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "link":
        (tmp_path / "secret").write_text("password")
        path.symlink_to(tmp_path / "secret")
    elif kind == "huge":
        path.write_bytes(b"#" * (MAX_BYTES + 1))
    else:
        path.write_bytes(b"\0" * 10)
        path.chmod(0)
        if os.access(path, os.R_OK):
            pytest.skip("this account reads everything")
    found = load_restrictions(str(path), SOURCE)

    assert objections(found)
    assert objections(found, "ollama", "x", DataClass.LOCAL) == ""
    assert "password" not in found.problems[0].message


def test_a_missing_file_restricts_nothing(tmp_path):
    assert load_restrictions(str(tmp_path / "none"), SOURCE).rules == ()
    assert load_restrictions(str(tmp_path / "none" / "deeper"), SOURCE).problems == ()


def test_the_nearest_file_inside_the_repository_is_taken_and_none_above_it(tmp_path):
    outer, root, deep = tmp_path, tmp_path / "repo", tmp_path / "repo" / "a" / "b"
    deep.mkdir(parents=True)
    (outer / ".llm-router.toml").touch()
    (root / ".git").touch()

    assert find_repository_file(str(deep)) == ""
    (root / ".llm-router.toml").touch()
    assert find_repository_file(str(deep)) == str(root / ".llm-router.toml")
    (root / "a" / ".llm-router.toml").touch()
    assert find_repository_file(str(deep)) == str(root / "a" / ".llm-router.toml")


def test_outside_a_repository_only_the_folder_itself_speaks(tmp_path):
    inner = tmp_path / "a"
    inner.mkdir()
    (tmp_path / ".llm-router.toml").touch()

    assert find_repository_file(str(inner)) == ""
    assert find_repository_file(str(tmp_path)) == str(tmp_path / ".llm-router.toml")
    assert find_repository_file("") == ""
