"""Which providers can be reached as things are: the catalogue, the user's settings and the keys brought together.

A provider that cannot be used is kept with the sentence that says why, because `explain` shows it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from llm_router_core import credentials
from llm_router_core.catalog.entries import DataClass, Provider
from llm_router_core.catalog.load import Catalog
from llm_router_core.errors import ConfigError
from llm_router_core.providers.endpoint import Endpoint
from llm_router_core.settings.model import Settings

_OLLAMA_PORT = 11434


@dataclass(frozen=True, slots=True)
class Registry:
    """Usable endpoints by provider id, and the reason for every provider that is not usable."""

    endpoints: Mapping[str, Endpoint]
    unusable: Mapping[str, str]
    named_models: Mapping[str, tuple[str, ...]]


def build_registry(catalog: Catalog, settings: Settings, env: Mapping[str, str]) -> Registry:
    """The providers of the table plus those the user named by a base URL.

    Raises:
        ConfigError: a base URL is not https, nor http on loopback; names the setting.
    """
    endpoints: dict[str, Endpoint] = {}
    unusable: dict[str, str] = {}
    rows = {**catalog.providers, **_user_named(catalog, settings)}
    for provider in rows.values():
        named_url, named_by = _named_url(provider, settings, env)
        if provider.planned:
            unusable[provider.id] = provider.planned
            continue
        base_url = check_base_url(named_url, named_by) if named_url else provider.base_url
        key = credentials.find(provider, env)
        if key is None and provider.key_env and not is_loopback(base_url):
            unusable[provider.id] = f"no key: set {provider.key_env[0]}"
            continue
        endpoints[provider.id] = Endpoint(
            provider.id,
            provider.dialect,
            base_url,
            _who_sees(provider, base_url),
            auth=provider.auth if key else "none",
            key=key.key if key else None,
        )
    models = {name: entry.models for name, entry in settings.providers.items() if entry.models}
    return Registry(endpoints, unusable, models)


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


def _named_url(provider: Provider, settings: Settings, env: Mapping[str, str]) -> tuple[str, str]:
    """The base URL the user chose and the place they chose it, or two empty texts."""
    entry = settings.providers.get(provider.id)
    if entry and entry.base_url:
        return entry.base_url, f"the base URL of provider {provider.id!r}"
    for variable in provider.base_url_env:
        value = env.get(variable, "").strip()
        if value:
            return (_ollama_host(value) if variable == "OLLAMA_HOST" else value), variable
    return "", ""


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
        raise ConfigError(f"{named_by} is {_shown(url)!r}, which is not an http(s) URL", remedy=remedy)
    if "@" in parts.netloc or parts.query or parts.fragment or "#" in url or "?" in url:
        raise ConfigError(f"{named_by} must hold no user name, query or fragment", remedy=remedy)
    if parts.scheme == "http" and not is_loopback(url):
        raise ConfigError(f"{named_by} is {_shown(url)!r}: plain http to another machine is refused", remedy=remedy)
    return url.rstrip("/")


def _shown(url: str) -> str:
    """The URL without what could hold a secret."""
    return url.split("?", 1)[0].split("#", 1)[0].rpartition("@")[2][:200]
