"""Which providers can be reached as things are: the catalogue, the user's settings and the keys brought together.

A provider that cannot be used is kept with the sentence that says why, because `explain` shows it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from llm_router_core.catalog.entries import DataClass, Provider
from llm_router_core.catalog.load import Catalog
from llm_router_core.credentials import NO_KEYS, Destination, Found, StoredKeys, find, origin_of
from llm_router_core.errors import ConfigError
from llm_router_core.providers.endpoint import Endpoint
from llm_router_core.settings.consent import Offer, missing
from llm_router_core.settings.model import Settings

_OLLAMA_PORT = 11434


@dataclass(frozen=True, slots=True)
class Registry:
    """Usable endpoints by provider id, and the reason for every provider that is not usable.

    `offers` are third parties that only wait for the user to agree; `notes` say of a provider that can be used what was
    not taken as it stands, such as a key for another origin; `key_sources` where each key came from.
    """

    endpoints: Mapping[str, Endpoint]
    unusable: Mapping[str, str]
    named_models: Mapping[str, tuple[str, ...]]
    offers: tuple[Offer, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)
    key_sources: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Site:
    """A provider with the place it is at now: `named_by` is the setting or variable that named it, if any did."""

    provider: Provider
    base_url: str
    named_by: str
    is_from_environment: bool

    @property
    def is_own_machine(self) -> bool:
        return is_loopback(self.base_url)

    @property
    def data_class(self) -> DataClass:
        """Who sees the prompt. What is local in the table is a third party once its address is another machine's."""
        if self.provider.data_class is DataClass.LOCAL and self.base_url and not self.is_own_machine:
            return DataClass.THIRD_PARTY
        return self.provider.data_class


def build_registry(
    catalog: Catalog,
    settings: Settings,
    env: Mapping[str, str],
    *,
    stored: StoredKeys = NO_KEYS,
    key_source: str = "",
) -> Registry:
    """The providers of the table plus those the user named by a base URL. A third party needs the user's consent.

    Raises:
        ConfigError: a base URL is not https, nor http on loopback; names the setting.
    """
    endpoints: dict[str, Endpoint] = {}
    unusable: dict[str, str] = {}
    offers: list[Offer] = []
    notes: dict[str, str] = {}
    sources: dict[str, str] = {}
    for provider in known_providers(catalog, settings).values():
        site = _site(provider, settings, env)
        if provider.planned:
            unusable[provider.id] = provider.planned
            continue
        if not site.base_url and provider.transport == "http":
            unusable[provider.id] = f"no base URL: set {provider.base_url_env[0]}"
            continue
        found = find(
            provider, env, Destination(site.base_url, site.is_from_environment), stored=stored, source=key_source
        )
        if found.credential is None and provider.key_env and not site.is_own_machine:
            unusable[provider.id] = found.refused or _no_key(provider)
            continue
        if found.credential:
            sources[provider.id] = found.credential.source
        offer = Offer(
            provider.id, provider.title, site.data_class, origin_of(site.base_url), sources.get(provider.id, "")
        )
        objection = consent_missing(offer, settings, env) if _needs_consent(site) else ""
        if objection:
            unusable[provider.id] = objection
            offers.append(offer)
            continue
        if found.refused:
            notes[provider.id] = found.refused
        endpoints[provider.id] = _endpoint(site, found)
    models = {name: entry.models for name, entry in settings.providers.items() if entry.models}
    return Registry(endpoints, unusable, models, tuple(offers), notes, sources)


def pending_consents(registry: Registry) -> tuple[Offer, ...]:
    """The third parties that could be used at once if the user agreed: what a wizard lists and `route` asks about."""
    return registry.offers


def offer_of(provider: Provider, settings: Settings, env: Mapping[str, str]) -> Offer:
    """What agreeing to a provider would mean as things are, whether or not it has a key.

    Raises:
        ConfigError: its base URL cannot be used.
    """
    site = _site(provider, settings, env)
    return Offer(provider.id, provider.title, site.data_class, origin_of(site.base_url))


def _needs_consent(site: _Site) -> bool:
    """Whether the user has to agree: not for a local server, nor for one the user named on this machine."""
    return site.data_class is not DataClass.LOCAL and not (site.named_by and site.is_own_machine)


def consent_missing(offer: Offer, settings: Settings, env: Mapping[str, str]) -> str:
    """Why nothing may be sent to a provider; empty where the user agreed."""
    return missing(offer, settings.consent, env)


def known_providers(catalog: Catalog, settings: Settings) -> dict[str, Provider]:
    """Every provider of the table and every one the user named, by id."""
    return {**catalog.providers, **_user_named(catalog, settings)}


def base_url_of(provider: Provider, settings: Settings, env: Mapping[str, str]) -> str:
    """Where the provider is now.

    Raises:
        ConfigError: its base URL cannot be used.
    """
    return _site(provider, settings, env).base_url


def _site(provider: Provider, settings: Settings, env: Mapping[str, str]) -> _Site:
    url, named_by, is_from_environment = _named_url(provider, settings, env)
    base_url = check_base_url(url, named_by) if url and not provider.planned else provider.base_url
    return _Site(provider, base_url, named_by, is_from_environment)


def _endpoint(site: _Site, found: Found) -> Endpoint:
    provider, credential = site.provider, found.credential
    return Endpoint(
        provider.id,
        provider.dialect,
        site.base_url,
        site.data_class,
        auth=provider.auth if credential else "none",
        key=credential.key if credential else None,
    )


def _no_key(provider: Provider) -> str:
    return f"no key: set {provider.key_env[0]}, or store one with `llm-router keys set {provider.id}`"


def _who_sees(provider: Provider, base_url: str) -> DataClass:
    """A local server is local only on this machine: on another one it is somebody else's, or at least elsewhere."""
    if provider.data_class is DataClass.LOCAL and not is_loopback(base_url):
        return DataClass.THIRD_PARTY
    return provider.data_class


def _user_named(catalog: Catalog, settings: Settings) -> dict[str, Provider]:
    """A base URL under a new name is an OpenAI-compatible server: local when it is on loopback, else a third party."""
    rows = {}
    for name, entry in settings.providers.items():
        if name in catalog.providers or not entry.base_url:
            continue
        data_class = DataClass.LOCAL if is_loopback(entry.base_url) else DataClass.THIRD_PARTY
        rows[name] = Provider(name, name, "http", "openai_chat", entry.base_url, data_class)
    return rows


def _named_url(provider: Provider, settings: Settings, env: Mapping[str, str]) -> tuple[str, str, bool]:
    """The base URL the user chose, the place they chose it, and whether that is the environment; else empty texts."""
    entry = settings.providers.get(provider.id)
    own = f"LLM_ROUTER_{provider.id.upper().replace('-', '_')}_BASE_URL"
    if entry and entry.base_url:
        is_from_environment = env.get(own, "").strip() == entry.base_url
        named_by = own if is_from_environment else f"the base URL of provider {provider.id!r}"
        return entry.base_url, named_by, is_from_environment
    for variable in provider.base_url_env:
        value = env.get(variable, "").strip()
        if value:
            return (_ollama_host(value) if variable == "OLLAMA_HOST" else value), variable, True
    return "", "", False


def _ollama_host(value: str) -> str:
    """Ollama's own variable is an address to listen on: `0.0.0.0`, `:8080` and bare hosts are normal in it."""
    scheme, _, rest = value.rpartition("://")
    host, colon, port = rest.rstrip("/").rpartition(":")
    if not colon or "]" in port:
        host, port = rest.rstrip("/"), ""
    if host in {"", "0.0.0.0", "[::]", "::"}:  # noqa: S104 - read as "any address here", never bound
        host = "127.0.0.1"
    return f"{scheme or 'http'}://{host}:{port or _OLLAMA_PORT}"


def is_loopback(url: str) -> bool:
    """Whether the URL's host is `localhost` or a literal loopback address. No name is looked up."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_base_url(url: str, named_by: str) -> str:
    """The URL without a trailing slash.

    Raises:
        ConfigError: not an absolute http(s) URL, plain http to another machine, or with user, query or fragment.
    """
    remedy = "write https://HOST/PATH, or http://127.0.0.1:PORT/PATH for a server on this machine"
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises on a port that is no number
    except ValueError as wrong:
        raise ConfigError(f"{named_by} is not a URL: {wrong}", remedy=remedy) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigError(f"{named_by} is {shown_url(url)!r}, which is not an http(s) URL", remedy=remedy)
    if "@" in parts.netloc or parts.query or parts.fragment or "#" in url or "?" in url:
        raise ConfigError(f"{named_by} must hold no user name, query or fragment", remedy=remedy)
    if parts.scheme == "http" and not is_loopback(url):
        raise ConfigError(f"{named_by} is {shown_url(url)!r}: plain http to another machine is refused", remedy=remedy)
    return url.rstrip("/")


def shown_url(url: str) -> str:
    """The URL without what could hold a secret."""
    return url.split("?", 1)[0].split("#", 1)[0].rpartition("@")[2][:200]
