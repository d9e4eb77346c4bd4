"""Which key is taken: by source, by order, and only for the origin it belongs to."""

import pytest

from llm_router_core.catalog.entries import DataClass, Provider
from llm_router_core.credentials import Destination, StoredKeys, find, masked, origin_of
from llm_router_core.keystore import StoredKey

OWN = "https://api.openai.com"
PROVIDER = Provider(
    "openai",
    "OpenAI",
    "http",
    "openai_chat",
    f"{OWN}/v1",
    DataClass.THIRD_PARTY,
    key_env=("OPENAI_API_KEY", "OTHER_KEY"),
)
ENV = {"LLM_ROUTER_OPENAI_API_KEY": "k-ours", "OPENAI_API_KEY": "k-vendor", "OTHER_KEY": "k-other"}
STORED = StoredKeys(
    keyring={"openai": StoredKey("keyring", OWN, "k-ring")}, file={"openai": StoredKey("file", OWN, "k-file")}
)
ORDER = ["LLM_ROUTER_OPENAI_API_KEY", "OPENAI_API_KEY", "OTHER_KEY", "keyring", "file"]


@pytest.mark.requirement("keys.precedence")
@pytest.mark.parametrize("first", range(len(ORDER)))
def test_the_first_place_in_order_that_has_a_key_is_taken(first):
    present = ORDER[first:]
    env = {name: value for name, value in ENV.items() if name in present}
    keyring = STORED.keyring if "keyring" in present else {}
    found = find(PROVIDER, env, stored=StoredKeys(keyring, STORED.file)).credential

    assert found is not None
    assert found.source == present[0]
    assert "k-" not in repr(found)


@pytest.mark.parametrize(
    ("source", "key"),
    [("keyring", "k-ring"), ("file", "k-file"), ("environment", "k-ours"), ("OTHER_KEY", "k-other"), ("HOME", None)],
)
def test_an_argument_names_the_source_and_nothing_else_is_looked_at(source, key):
    found = find(PROVIDER, ENV, stored=STORED, source=source).credential

    assert (found.key if found else None) == key


def test_an_empty_variable_is_no_key():
    assert find(PROVIDER, {"OPENAI_API_KEY": "  "}).credential is None


@pytest.mark.requirement("keys.origin")
def test_a_variable_follows_a_base_url_only_where_the_environment_names_it():
    elsewhere = "https://proxy.example/v1"

    beside = find(PROVIDER, ENV, Destination(elsewhere, is_from_environment=True))
    assert beside.credential is not None
    assert beside.credential.origin == "https://proxy.example"
    alone = find(PROVIDER, ENV, Destination(elsewhere), stored=STORED)
    assert alone.credential is None
    assert "is for https://api.openai.com and is not sent to https://proxy.example" in alone.refused
    assert "LLM_ROUTER_OPENAI_BASE_URL" in alone.refused
    assert "k-" not in alone.refused


def test_a_stored_key_goes_where_it_was_stored_for_even_when_others_do_not():
    stored = StoredKeys(file={"openai": StoredKey("file", "https://proxy.example", "k-proxy")})
    found = find(PROVIDER, ENV, Destination("https://proxy.example/v1"), stored=stored)

    assert found.credential is not None
    assert found.credential.key == "k-proxy"


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://API.OpenAI.com/v1", OWN),
        ("https://api.openai.com:443/", OWN),
        ("https://api.openai.com:8443", f"{OWN}:8443"),
        ("http://api.openai.com", "http://api.openai.com"),
        ("http://[::1]:80/v1", "http://[::1]"),
        ("https://api.openai.com.evil.example/v1", "https://api.openai.com.evil.example"),
        ("https://api.openai.com@evil.example/", "https://evil.example"),
        ("", ""),
        ("http://x:y", ""),
        ("no url", ""),
    ],
)
def test_an_origin_is_scheme_host_and_port(url, origin):
    assert origin_of(url) == origin


def test_at_most_four_characters_of_a_long_key_are_shown():
    assert masked("sk-0123456789abcdef-wxyz") == "...wxyz"
    assert masked("short-key") == "..."
