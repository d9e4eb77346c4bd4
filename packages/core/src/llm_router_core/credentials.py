"""API keys: which one is sent to which origin, and why not another. One of the modules that know the environment.

Order: the source an argument names, the environment (our variable, then the vendor's), the keyring, the file. A key
goes only to the origin it belongs to. One in a variable belongs to the provider's own origin, or to the base URL that
the environment names beside it; one that was stored belongs to the origin it was stored for. So a base URL that
somebody managed to slip into a configuration receives no key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from llm_router_core.catalog.entries import Provider
from llm_router_core.errors import ConfigError
from llm_router_core.keystore import Keyring, StoredKey, StoreProblem, load_file
from llm_router_core.settings.model import Settings
from llm_router_core.settings.table import PROVIDER_KEY_ENV

SOURCES = ("environment", "keyring", "file")
_DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Credential:
    """A key, the place it came from and the origin it is for. The key is kept out of every repr."""

    source: str
    key: str = field(repr=False)
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """The key to use, or none; `refused` says why a key that is there was not taken."""

    credential: Credential | None = None
    refused: str = ""


@dataclass(frozen=True, slots=True)
class StoredKeys:
    """What the stores gave, by provider, and what kept a store from being used."""

    keyring: Mapping[str, StoredKey] = field(default_factory=dict)
    file: Mapping[str, StoredKey] = field(default_factory=dict)
    problems: tuple[StoreProblem, ...] = ()


NO_KEYS = StoredKeys()


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a key would go: the provider's base URL as it stands, and whether the environment named it."""

    base_url: str
    is_from_environment: bool = False


def origin_of(url: str) -> str:
    """`scheme://host[:port]`, lower case, without a default port; empty for what is no URL."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if not host:
        return ""
    shown = f"[{host}]" if ":" in host else host
    suffix = f":{port}" if port is not None and port != _DEFAULT_PORTS.get(parts.scheme) else ""
    return f"{parts.scheme}://{shown}{suffix}"


def load_stored(settings: Settings, home: str, keyring: Keyring) -> StoredKeys:
    """The stored keys. The keyring is asked once for all, and only if a key was ever put there; at most 2 s."""
    noted = [name for name, note in settings.keys.items() if note.store == "keyring"]
    kept = keyring.load(noted) if noted else {}
    problems = [keyring.problem] if noted and keyring.problem else []
    in_file: Mapping[str, StoredKey] = {}
    if settings.keys_file_agreed is not None:
        try:
            in_file = load_file(home)
        except ConfigError as unusable:
            problems.append(StoreProblem(unusable.message, unusable.remedy))
    return StoredKeys(kept, in_file, tuple(problems))


def find(
    provider: Provider,
    env: Mapping[str, str],
    to: Destination | None = None,
    *,
    stored: StoredKeys = NO_KEYS,
    source: str = "",
) -> Found:
    """The provider's key for a destination, by default its own base URL. `source` names the one place to look."""
    to = to or Destination(provider.base_url)
    wanted = origin_of(to.base_url)
    refused = ""
    for credential in _candidates(provider, env, to, stored):
        if source and source not in {credential.source, _kind(credential.source)}:
            continue
        if credential.origin == wanted:
            return Found(credential)
        refused = refused or _mismatch(provider, credential, wanted)
    return Found(refused=refused)


def _candidates(provider: Provider, env: Mapping[str, str], to: Destination, stored: StoredKeys) -> list[Credential]:
    found = []
    for variable in variables(provider):
        key = env.get(variable, "").strip()
        if key:
            base = to.base_url if to.is_from_environment else provider.base_url
            found.append(Credential(variable, key, origin_of(base)))
    for keys in (stored.keyring, stored.file):
        if provider.id in keys:
            entry = keys[provider.id]
            found.append(Credential(entry.store, entry.key, entry.origin))
    return found


def variables(provider: Provider) -> tuple[str, ...]:
    """The variables that may hold the provider's key, ours first."""
    return (PROVIDER_KEY_ENV.format(provider.id.upper().replace("-", "_")), *provider.key_env)


def _kind(source: str) -> str:
    return source if source in SOURCES else "environment"


def _mismatch(provider: Provider, credential: Credential, wanted: str) -> str:
    own = variables(provider)[0].replace("_API_KEY", "_BASE_URL")
    if _kind(credential.source) == "environment":
        mend = f"name the base URL beside it in {own}, or store a key for it with `llm-router keys set {provider.id}`"
    else:
        mend = f"store one for it with `llm-router keys set {provider.id}`"
    return f"the key from {credential.source} is for {credential.origin} and is not sent to {wanted}: {mend}"


def masked(key: str) -> str:
    """What may be shown of a key: its last four characters if it is long, else nothing of it."""
    return f"...{key[-4:]}" if len(key) >= 20 else "..."
