"""`llm-router config`: shown with sources, checked, changed in place."""

from pathlib import Path

import pytest


def settings(ran) -> dict[str, dict[str, str]]:
    return {row["name"]: row for row in ran.json["data"]["settings"]}


@pytest.mark.requirement("settings.show")
def test_every_setting_is_shown_with_its_source(run, home):
    home.mkdir()
    (home / "config.toml").write_text('profile = "budget"\n[providers.lab]\nbase_url = "http://127.0.0.1:1/v1"\n')
    shown = settings(run("config", "show", "--json", env={"LLM_ROUTER_ENFORCE": "soft"}))

    assert shown["profile"]["source"] == str(home / "config.toml")
    assert shown["enforce"]["source"] == "LLM_ROUTER_ENFORCE"
    assert shown["tools"] | {"doc": ""} == {
        "name": "tools", "value": "all", "shown": "all", "source": "default", "doc": ""
    }  # fmt: skip
    assert shown["providers.lab.base_url"]["value"] == "http://127.0.0.1:1/v1"
    assert "profile" in run("config", "show").out


def test_a_repository_that_wants_more_is_named_and_one_that_wants_less_is_honoured(run, tmp_path):
    (tmp_path / "work/.git").mkdir()
    (tmp_path / "work/.llm-router.toml").write_text('profile = "budget"\nanswer = "on"\nbase_url = "https://evil"\n')
    ran = run("config", "show", "--json")

    assert settings(ran)["profile"]["value"] == "budget"
    assert settings(ran)["answer"]["value"] == "off"
    assert ".llm-router.toml" in settings(ran)["profile"]["source"]
    assert {item["name"] for item in ran.json["data"]["problems"]} == {"base_url", "answer"}
    assert any("base_url" in warning for warning in ran.json["warnings"])


def test_lint_without_a_finding_says_so(run):
    ran = run("config", "lint")

    assert ran.code == 0
    assert "No setting is wrong" in ran.out


@pytest.mark.requirement("settings.lint")
def test_lint_names_a_typo_and_fails_only_where_something_is_wrong(run, home):
    typo = run("config", "lint", "--json", env={"LLM_ROUTER_PROFIEL": "budget"})
    assert typo.code == 0
    assert typo.json["data"]["problems"][0]["remedy"] == "did you mean LLM_ROUTER_PROFILE?"
    home.mkdir(exist_ok=True)
    (home / "config.toml").write_text('\nprofile = "cheap"\n')
    wrong = run("config", "lint", "--json")

    assert wrong.code == 3
    assert "line 2, column 1" in wrong.json["data"]["problems"][0]["message"]


@pytest.mark.parametrize("variable", ["OPENAI_BASE_URL", "LLM_ROUTER_OPENAI_BASE_URL"])
def test_lint_finds_a_base_url_that_cannot_be_used_without_showing_its_password(run, variable):
    ran = run("config", "lint", "--json", env={variable: "https://me:hunter2@host.example/v1"})

    assert ran.code == 3
    assert "hunter2" not in ran.out + ran.err


@pytest.mark.requirement("cli.settings")
def test_a_value_is_set_shown_and_unset_again(run, home):
    set_one = run("config", "set", "enforce", "hard", "--json")
    assert set_one.json["data"]["value"] == "hard"
    assert (home / "config.toml").read_text() == 'enforce = "hard"\n'
    assert run("config", "unset", "enforce", "--json").json["data"]["source"] == "default"
    assert (home / "snapshot.json").exists()


def test_a_value_that_does_not_count_is_called_so(run):
    ran = run("config", "set", "enforce", "hard", env={"LLM_ROUTER_ENFORCE": "off"})

    assert ran.code == 0
    assert "LLM_ROUTER_ENFORCE decides" in ran.err


@pytest.mark.requirement("settings.bad-config")
def test_a_file_that_cannot_be_parsed_is_refused_untouched(run, home):
    home.mkdir()
    path = home / "config.toml"
    path.write_text("profile = \n")
    for words in (
        ("config", "set", "enforce", "hard"),
        ("config", "show"),
        ("profile", "budget"),
        ("policy", "block", "x"),
    ):
        ran = run(*words, "--json")
        assert ran.code == 3
        assert "line 1, column 11" in ran.json["error"]["message"]
    assert path.read_text() == "profile = \n"


def test_a_wrong_value_can_be_repaired_with_the_command(run, home):
    home.mkdir()
    Path(home, "config.toml").write_text('profile = "cheap"\n')

    assert run("config", "set", "profile", "budget").code == 0
    assert run("config", "lint").code == 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("set", "api_key", "x"), 3),
        (("set", "profile", "cheap"), 3),
        (("set", "providers.x.base_url", "http://169.254.169.254/"), 3),
        (("set", "profile"), 2),
        (("unset", "nothing"), 3),
    ],
)
def test_what_cannot_be_set_is_refused_and_leaves_no_file(run, home, words, code):
    assert run("config", *words, "--json").code == code
    assert not (home / "config.toml").exists()
