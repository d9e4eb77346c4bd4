"""Where settings come from, and what happens to those that cannot be used."""

import os
from pathlib import Path

import pytest

from llm_router_core.catalog.entries import Profile
from llm_router_core.errors import ConfigError
from llm_router_core.settings.sources import load


def write(home: Path, text: str | bytes) -> None:
    data = text if isinstance(text, bytes) else text.encode()
    (home / "config.toml").write_bytes(data)


def test_without_anything_every_setting_has_its_default(tmp_path):
    loaded = load({}, str(tmp_path))
    assert loaded.settings.profile is Profile.BALANCED
    assert loaded.sources == {}


@pytest.mark.requirement("settings.layers")
def test_an_argument_beats_the_environment_which_beats_the_file(tmp_path):
    write(tmp_path, 'profile = "budget"\nquality_mode = "best"\nmin_model = "openai/o3"\n')
    loaded = load(
        {"LLM_ROUTER_PROFILE": "premium", "LLM_ROUTER_QUALITY_MODE": "conserve"},
        str(tmp_path),
        {"profile": "balanced"},
    )
    settings = loaded.settings
    assert (settings.profile, settings.quality_mode, settings.min_model) == ("balanced", "conserve", "openai/o3")
    assert loaded.sources == {
        "profile": "argument",
        "quality_mode": "LLM_ROUTER_QUALITY_MODE",
        "min_model": str(tmp_path / "config.toml"),
    }


def test_a_provider_can_be_named_in_the_environment_and_in_the_file(tmp_path):
    write(tmp_path, '[providers.lab]\nbase_url = "http://127.0.0.1:1/v1"\nmodels = ["a"]\n')
    loaded = load({"LLM_ROUTER_LAB_MODELS": "b, c", "LLM_ROUTER_MY_PROXY_BASE_URL": "http://[::1]:2/v1"}, str(tmp_path))
    assert loaded.settings.providers["lab"].models == ("b", "c")
    assert loaded.settings.providers["lab"].base_url == "http://127.0.0.1:1/v1"
    assert loaded.settings.providers["my-proxy"].base_url == "http://[::1]:2/v1"
    assert loaded.sources["providers.lab.models"] == "LLM_ROUTER_LAB_MODELS"


@pytest.mark.requirement("settings.bad-config")
@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ('profile = "cheap"\n', "line 1, column 1", "profile"),
        ('\n\n  proflie = "budget"\n', "line 3, column 3", "proflie"),
        ("profile = \n", "line 1, column 11", "Invalid value"),
        ("call_deadline_s = -1\n", "line 1, column 1", "call_deadline_s"),
        ("call_deadline_s = nan\n", "line 1, column 1", "call_deadline_s"),
        ('max_cost_usd = "many"\n', "line 1, column 1", "max_cost_usd"),
        ('[providers.x]\nurl = "y"\n', "line 2, column 1", "url"),
        ("a = " + "[" * 5000, "config.toml", "nested too deeply"),
        ('unpriced_ceiling_usd = ""', "line 1, column 1", "unpriced_ceiling_usd"),
        ("unpriced_ceiling_usd = 0", "line 1, column 1", "unpriced_ceiling_usd"),
        (b"profile = '\xff'\n", "line 1", "UTF-8"),
    ],
)
def test_a_config_that_cannot_be_used_is_refused_with_file_line_and_remedy(tmp_path, text, where, what):
    write(tmp_path, text)
    with pytest.raises(ConfigError) as refused:
        load({}, str(tmp_path))
    assert str(tmp_path / "config.toml") in refused.value.message
    assert where in refused.value.message
    assert what in refused.value.message
    assert refused.value.remedy
    assert (tmp_path / "config.toml").read_bytes() == (text if isinstance(text, bytes) else text.encode())


@pytest.mark.requirement("settings.profile")
def test_a_wrong_variable_is_refused_by_its_name(tmp_path):
    with pytest.raises(ConfigError, match="LLM_ROUTER_PROFILE"):
        load({"LLM_ROUTER_PROFILE": "cheap"}, str(tmp_path))


def test_a_config_that_is_a_folder_is_refused_not_ignored(tmp_path):
    (tmp_path / "config.toml").mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        load({}, str(tmp_path))


@pytest.mark.parametrize("text", ["providers = 3\n", "[providers]\nopenai = 3\n"])
def test_providers_that_are_no_tables_are_refused_whatever_the_environment_says(tmp_path, text):
    write(tmp_path, text)
    with pytest.raises(ConfigError, match="is not a table"):
        load({"LLM_ROUTER_OPENAI_BASE_URL": "https://x.example/v1"}, str(tmp_path))


def test_a_config_that_is_a_pipe_is_refused_instead_of_waited_for(tmp_path):
    os.mkfifo(tmp_path / "config.toml")
    with pytest.raises(ConfigError, match="not a regular file"):
        load({}, str(tmp_path))


def test_a_huge_config_is_refused(tmp_path):
    write(tmp_path, b"#" * (1 << 20) + b"#")
    with pytest.raises(ConfigError, match="larger than 1 MiB"):
        load({}, str(tmp_path))


def test_an_empty_variable_counts_as_not_set(tmp_path):
    assert load({"LLM_ROUTER_PROFILE": "  "}, str(tmp_path)).settings.profile is Profile.BALANCED
