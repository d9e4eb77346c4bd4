"""Which endpoints exist for given settings and environment, and which base URLs are refused."""

import pytest

from llm_router_core.catalog.entries import DataClass
from llm_router_core.catalog.load import load_catalog
from llm_router_core.errors import ConfigError
from llm_router_core.providers.registry import Registry, build_registry, check_base_url
from llm_router_core.settings.model import ProviderSettings, Settings

CATALOG = load_catalog()


def registry(env: dict[str, str] | None = None, **providers: ProviderSettings) -> Registry:
    return build_registry(CATALOG, Settings(providers=providers), env or {})


def test_with_nothing_configured_only_ollama_can_be_asked():
    found = registry()
    assert {point.data_class for point in found.endpoints.values()} == {DataClass.LOCAL}
    assert set(found.endpoints) == {"ollama", "lmstudio", "llamacpp", "vllm"}
    assert found.unusable["openai"] == "no key: set OPENAI_API_KEY"
    assert found.unusable["google"] == "no key: set GEMINI_API_KEY"


@pytest.mark.requirement("settings.keys-env")
def test_a_key_in_the_environment_makes_its_provider_usable_and_our_own_variable_wins():
    found = registry({"OPENAI_API_KEY": "vendor", "LLM_ROUTER_OPENAI_API_KEY": "ours"})
    assert found.endpoints["openai"].key == "ours"
    assert "ours" not in repr(found)


@pytest.mark.requirement("providers.base-url")
@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("OPENAI_BASE_URL", "http://127.0.0.1:8080/v1/", "http://127.0.0.1:8080/v1"),
        ("LLM_ROUTER_OPENAI_BASE_URL", "https://proxy.example/v1", "https://proxy.example/v1"),
    ],
)
def test_a_base_url_from_the_environment_is_used(variable, value, expected):
    settings = Settings(providers={"openai": ProviderSettings(base_url=value)} if "LLM_ROUTER" in variable else {})
    found = build_registry(CATALOG, settings, {variable: value, "OPENAI_API_KEY": "k"})
    assert found.endpoints["openai"].base_url == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("127.0.0.1", "http://127.0.0.1:11434"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        (":8080", "http://127.0.0.1:8080"),
        ("localhost:9", "http://localhost:9"),
        ("http://127.0.0.1:7", "http://127.0.0.1:7"),
        ("[::1]", "http://[::1]:11434"),
        ("[::1]:5", "http://[::1]:5"),
    ],
)
def test_ollama_host_is_read_the_way_ollama_reads_it(value, expected):
    assert registry({"OLLAMA_HOST": value}).endpoints["ollama"].base_url == expected


def test_a_local_server_needs_no_key():
    found = registry({"OPENAI_BASE_URL": "http://127.0.0.1:1234/v1"})
    assert found.endpoints["openai"].auth == "none"


def test_a_name_that_is_not_in_the_table_becomes_an_openai_compatible_provider():
    found = registry(
        lab=ProviderSettings(base_url="http://localhost:1/v1"), far=ProviderSettings(base_url="https://far.example/v1")
    )
    assert (found.endpoints["lab"].dialect, found.endpoints["lab"].data_class) == ("openai_chat", DataClass.LOCAL)
    assert found.endpoints["far"].data_class is DataClass.THIRD_PARTY


@pytest.mark.requirement("consent.data-classes")
def test_a_third_party_on_a_loopback_address_is_still_a_third_party():
    found = registry({"OPENAI_BASE_URL": "http://127.0.0.1:1/v1", "OPENAI_API_KEY": "k"})
    assert found.endpoints["openai"].data_class is DataClass.THIRD_PARTY


@pytest.mark.requirement("security.base-url")
@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest",
        "http://example.com/v1",
        "http://[::ffff:10.0.0.1]/v1",
        "http://2130706433/v1",
        "http://0x7f.1/v1",
        "http://localhost.evil.example/v1",
        "http://127.0.0.1.nip.example/v1",
        "https://user:secret@host.example/v1",
        "https://host.example/v1?key=secret",
        "https://host.example/v1#x",
        "https://host.example/v1#@127.0.0.1",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "127.0.0.1:80",
        "https://",
        "http://127.0.0.1:notaport/",
        "",
    ],
)
def test_a_base_url_that_could_lead_elsewhere_is_refused_without_showing_a_secret(url):
    with pytest.raises(ConfigError) as refused:
        check_base_url(url, "OPENAI_BASE_URL")
    assert "OPENAI_BASE_URL" in refused.value.message
    assert "secret" not in refused.value.message
    assert refused.value.remedy
