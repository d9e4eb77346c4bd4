"""`llm-router profile`: for good in config.toml, for a session in the state database."""

import pytest


def test_the_profile_is_shown_with_its_source_and_the_others(run):
    ran = run("profile")

    assert ran.out.startswith("balanced (default)")
    assert "premium" in ran.out


def test_a_chosen_profile_stands_in_the_config(run, home):
    assert run("profile", "budget", "--json").json["data"]["profile"] == "budget"
    assert 'profile = "budget"' in (home / "config.toml").read_text()


@pytest.mark.requirement("settings.session")
def test_a_session_override_beats_the_environment_for_that_session_only(run, home):
    env = {"LLM_ROUTER_PROFILE": "budget"}
    ran = run("profile", "premium", "--session", "--json", env=env)

    assert (ran.json["data"]["profile"], ran.json["data"]["source"]) == ("premium", "this session's override")
    assert not (home / "config.toml").exists()
    assert run("profile", "--json", env={**env, "LLM_ROUTER_SESSION": "other"}).json["data"]["profile"] == "budget"
    assert run("profile", "--session", "--clear", "--json", env=env).json["data"]["profile"] == "budget"


def test_a_choice_that_loses_says_so(run):
    ran = run("profile", "premium", env={"LLM_ROUTER_PROFILE": "budget"})

    assert "LLM_ROUTER_PROFILE decides" in ran.err


@pytest.mark.parametrize("words", [("cheap",), ("--clear",), ("budget", "--session", "--clear")])
def test_a_wrong_call_is_refused(run, home, words):
    assert run("profile", *words).code == 2
    assert not home.exists()
