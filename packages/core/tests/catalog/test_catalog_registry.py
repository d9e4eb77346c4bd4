"""Which endpoints exist for given settings, keys and consents, and which base URLs are refused."""

from datetime import date

import pytest

from llm_router_core.catalog.entries import DataClass
from llm_router_core.catalog.load import load_catalog
from llm_router_core.credentials import StoredKeys
from llm_router_core.errors import ConfigError
from llm_router_core.keystore import StoredKey
from llm_router_core.providers.registry import Registry, build_registry, check_base_url, pending_consents
from llm_router_core.settings.model import Consent, ProviderSettings, Settings

CATALOG = load_catalog()
AGREED = {"LLM_ROUTER_CONSENT": "openai,far,ollama"}
OPENAI = "https://api.openai.com"


def registry(env: dict[str, str] | None = None, **providers: ProviderSettings) -> Registry:
    """With the user's consent, unless a test is about it."""
    return build_registry(CATALOG, Settings(providers=providers), {**AGREED, **(env or {})})


def test_with_nothing_configured_only_ollama_can_be_asked():
    found = registry()
    assert {point.data_class for point in found.endpoints.values()} == {DataClass.LOCAL}
    assert set(found.endpoints) == {"ollama", "lmstudio", "llamacpp", "vllm"}
    assert found.unusable["openai"] == "no key: set OPENAI_API_KEY, or store one with `llm-router keys set openai`"
    assert found.unusable["google"] == "no key: set GEMINI_API_KEY, or store one with `llm-router keys set google`"


@pytest.mark.requirement("settings.keys-env")
def test_a_key_in_the_environment_makes_its_provider_usable_and_our_own_variable_wins():
    found = registry({"OPENAI_API_KEY": "vendor", "LLM_ROUTER_OPENAI_API_KEY": "ours-canary"})
    assert found.endpoints["openai"].key == "ours-canary"
    assert found.key_sources["openai"] == "LLM_ROUTER_OPENAI_API_KEY"
    assert "canary" not in repr(found)


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
    found = build_registry(CATALOG, settings, {**AGREED, variable: value, "OPENAI_API_KEY": "k"})
    assert found.endpoints["openai"].base_url == expected
    assert found.endpoints["openai"].key == "k"


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


def consenting(data_class: str = "third_party", origin: str = OPENAI, provider: str = "openai") -> Settings:
    return Settings(consent={provider: Consent(given=date(2026, 1, 2), data_class=data_class, origin=origin)})


@pytest.mark.requirement("consent.offer")
def test_a_key_in_the_environment_alone_is_an_offer_and_not_a_consent():
    found = build_registry(CATALOG, Settings(), {"OPENAI_API_KEY": "k-canary", "ANTHROPIC_API_KEY": "k"})

    assert "openai" not in found.endpoints
    assert found.unusable["openai"].endswith(
        "you have not agreed to send prompts to OpenAI: `llm-router keys consent openai`"
    )
    assert [(offer.provider, offer.key_source) for offer in pending_consents(found)] == [
        ("openai", "OPENAI_API_KEY"),
        ("anthropic", "ANTHROPIC_API_KEY"),
    ]
    assert "canary" not in repr(found)


def test_a_recorded_consent_makes_it_usable():
    found = build_registry(CATALOG, consenting(), {"OPENAI_API_KEY": "k"})

    assert found.endpoints["openai"].key == "k"
    assert pending_consents(found) == ()


def test_a_consent_for_one_origin_is_none_for_another():
    env = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "https://proxy.example/v1"}
    found = build_registry(CATALOG, consenting(), env)

    assert "https://proxy.example" in found.unusable["openai"]


@pytest.mark.requirement("consent.may-train")
@pytest.mark.parametrize(
    ("settings", "env", "is_usable"),
    [
        (Settings(), {"LLM_ROUTER_CONSENT": "deepseek"}, False),
        (Settings(), {"LLM_ROUTER_CONSENT": "deepseek:may-train"}, True),
        (consenting("third_party", "https://api.deepseek.com", "deepseek"), {}, False),
        (consenting("third_party_may_train", "https://api.deepseek.com", "deepseek"), {}, True),
    ],
)
def test_a_provider_that_may_train_needs_a_consent_that_says_so(settings, env, is_usable):
    found = build_registry(CATALOG, settings, {"DEEPSEEK_API_KEY": "k", **env})

    assert ("deepseek" in found.endpoints) is is_usable
    assert is_usable or "train" in found.unusable["deepseek"]


def test_an_endpoint_the_user_named_on_this_machine_needs_no_consent_and_a_named_third_party_does():
    near, far = ProviderSettings(base_url="http://127.0.0.1:9/v1"), ProviderSettings(base_url="https://far.example/v1")
    found = build_registry(CATALOG, Settings(providers={"openai": near, "lab": near, "away": far}), {})

    assert {"openai", "lab"} <= found.endpoints.keys()
    assert "not agreed" in found.unusable["away"]


@pytest.mark.requirement("keys.origin")
def test_a_key_is_not_sent_to_an_origin_it_does_not_belong_to():
    moved = Settings(providers={"openai": ProviderSettings(base_url="https://evil.example/v1")})
    stored = StoredKeys(keyring={"openai": StoredKey("keyring", OPENAI, "kept-canary")})
    found = build_registry(CATALOG, moved, {**AGREED, "OPENAI_API_KEY": "env-canary"}, stored=stored)

    assert "openai" not in found.endpoints
    assert found.unusable["openai"].startswith(
        "the key from OPENAI_API_KEY is for https://api.openai.com and is not sent"
    )
    assert "canary" not in repr(found)


def test_a_local_server_gets_no_key_of_a_vendor_and_the_registry_says_so():
    near = Settings(providers={"openai": ProviderSettings(base_url="http://127.0.0.1:9/v1")})
    found = build_registry(CATALOG, near, {"OPENAI_API_KEY": "k"})

    assert found.endpoints["openai"].key is None
    assert "OPENAI_API_KEY" in found.notes["openai"]


def test_ollama_on_another_machine_is_a_third_party():
    env = {"OLLAMA_BASE_URL": "https://ollama.example"}

    assert "not agreed" in build_registry(CATALOG, Settings(), env).unusable["ollama"]
    assert registry(env).endpoints["ollama"].data_class is DataClass.THIRD_PARTY


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
