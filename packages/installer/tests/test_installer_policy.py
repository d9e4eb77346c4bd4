"""`llm-router policy`: presets, allow and block lists, and who is kept out by whom."""

import pytest


@pytest.mark.requirement("policy.presets")
def test_each_preset_has_effects_of_its_own(run):
    shown = [
        run("policy", "set", preset, "--json").json["data"]["effects"] for preset in ("aggressive", "conservative")
    ]

    assert shown[0]["quality_mode"] == {"value": "conserve", "source": "the policy 'aggressive'"}
    assert shown[1]["quality_mode"] == {"value": "best", "source": "the policy 'conservative'"}
    assert shown[1]["forbidden_data"]["value"] == "third_party_may_train"


def test_blocking_shows_whom_it_keeps_out_and_unblocking_lets_them_in(run, home):
    blocked = run("policy", "block", "deepseek", "*/o3", "--json").json["data"]
    assert {"deepseek/deepseek-v4-pro", "openai/o3"} <= {row["model"] for row in blocked["kept_out"]}
    assert all(str(home) in row["reason"] for row in blocked["kept_out"])
    assert run("policy", "unblock", "deepseek", "--json").json["data"]["rules"][0]["block"] == ["*/o3"]
    assert run("policy", "unblock", "*/o3", "--json").json["data"]["rules"] == []
    assert (home / "config.toml").read_text().strip() == ""


def test_an_allow_list_keeps_everybody_else_out_until_it_is_empty(run):
    allowed = run("policy", "allow", "openai/*", "--json").json["data"]
    assert "groq/openai/gpt-oss-120b" in {row["model"] for row in allowed["kept_out"]}
    assert run("policy", "unallow", "openai/*", "--json").json["data"]["kept_out"] == []
    assert "No model of the catalogue is kept out" in run("policy", "show").out


def test_a_pattern_that_matches_nobody_is_questioned(run):
    assert "opnai" in run("policy", "block", "opnai").err
    assert run("policy", "block", "gemini-cli", "ollama/x").err == ""


def test_what_a_repository_blocks_cannot_be_unblocked_by_command(run, tmp_path):
    (tmp_path / "work/.git").mkdir()
    (tmp_path / "work/.llm-router.toml").write_text('block = ["groq"]\n[caps]\nday = "2.50"\n')
    ran = run("policy", "unblock", "groq")

    assert "still blocked by the repository" in ran.err
    assert "$2.50 a day" in ran.out


@pytest.mark.parametrize("words", [("block",), ("block", "a b"), ("set", "reckless"), ("allow", "")])
def test_a_wrong_call_is_refused(run, home, words):
    assert run("policy", *words).code == 2
    assert not (home / "config.toml").exists()
