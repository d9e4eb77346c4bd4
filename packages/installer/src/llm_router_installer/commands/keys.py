"""`llm-router keys`: where keys are, storing them, trying them, and agreeing to send prompts to a provider.

A key never stands on the command line: other users of the machine could read it there, and the shell would keep it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime

import anyio
import click

from llm_router_core.catalog.entries import DataClass, Provider
from llm_router_core.catalog.load import Catalog, load_catalog
from llm_router_core.credentials import (
    Destination,
    StoredKeys,
    find,
    load_stored,
    masked,
    origin_of,
    variables,
)
from llm_router_core.errors import ConfigError
from llm_router_core.keystore import MAX_KEY_CHARACTERS, process_keyring, save_file
from llm_router_core.providers.registry import (
    Registry,
    base_url_of,
    build_registry,
    consent_missing,
    known_providers,
    offer_of,
)
from llm_router_core.settings import records
from llm_router_core.settings.consent import VARIABLE, Offer, named_in_environment
from llm_router_core.settings.sources import Loaded
from llm_router_installer import key_check, ui
from llm_router_installer.layered import load_here
from llm_router_installer.result import Exit, Lines, Result, Table, View
from llm_router_installer.runtime import Runtime, start

_KEY = re.compile(rf"[\x21-\x7e]{{1,{MAX_KEY_CHARACTERS}}}")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
# Extra words are taken and refused by us: click would repeat them, and one of them may be a key.
_SILENT = {"ignore_unknown_options": True, "allow_extra_args": True}
FILE_WARNING = (
    "the key will stand readable in credentials.toml (mode 0600): whoever reads your files, a backup among them, has it"
)


@dataclass(frozen=True, slots=True)
class _View:
    """What every sub-command looks at."""

    runtime: Runtime
    loaded: Loaded
    catalog: Catalog
    stored: StoredKeys

    def provider(self, name: str) -> Provider:
        known = known_providers(self.catalog, self.loaded.settings)
        if name not in known:
            # The word is not repeated: it may be a key that was typed in the wrong place.
            raise click.UsageError(f"that is no provider; known are {', '.join(sorted(known))}")
        return known[name]

    def base_url(self, provider: Provider) -> str:
        return base_url_of(provider, self.loaded.settings, self.runtime.env)

    def registry(self, source: str = "") -> Registry:
        return build_registry(
            self.catalog, self.loaded.settings, self.runtime.env, stored=self.stored, key_source=source
        )


def _open() -> _View:
    runtime = start()
    loaded = load_here(runtime)
    stored = load_stored(loaded.settings, runtime.home, process_keyring(runtime.env))
    return _View(runtime, loaded, load_catalog(), stored)


@click.group("keys")
def command() -> None:
    """Store, list, test and remove API keys, and agree to send prompts to a provider."""


@command.command("set", context_settings=_SILENT)
@click.argument("provider")
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[-]")
@click.option("--file", "is_file", is_flag=True, help="Keep it in credentials.toml (0600) instead of the keyring.")
@click.option("--yes", is_flag=True, help="Agree to the file without being asked.")
@_JSON
def set_one(provider: str, words: Sequence[str], is_file: bool, yes: bool, as_json: bool) -> int:
    """Store the key of PROVIDER: typed at a hidden prompt, or `-` to read it from stdin. Never as an argument."""
    if list(words) not in ([], ["-"]):
        raise click.UsageError(
            "a key never goes on the command line, where other programs can read it and the shell keeps it; run "
            "`llm-router keys set PROVIDER` and type it, or send it on stdin with -. Replace the key if you typed it"
        )
    view = _open()
    row = view.provider(provider)
    origin = origin_of(view.base_url(row))
    if is_file:
        _agree_to_file(view, yes=yes)
    key = _read_key(provider, from_stdin=bool(words))
    where = _store(view, provider, key, origin, is_file=is_file)
    env = view.runtime.env
    notes = [f"{name} is set in your environment and wins over it" for name in variables(row) if env.get(name)]
    offer = offer_of(row, view.loaded.settings, env)
    objection = consent_missing(offer, view.loaded.settings, env)
    if objection and offer.data_class is not DataClass.LOCAL:
        notes.append(f"nothing is sent there yet: {objection}")
    data = {"provider": provider, "store": "file" if is_file else "keyring", "origin": origin, "masked": masked(key)}
    lines = [f"the key of {row.title} ({masked(key)}) is in {where}, for {origin} only"]
    return ui.show(Result("keys set", data, [Lines(lines)], notes), as_json=as_json)


def _store(view: _View, provider: str, key: str, origin: str, *, is_file: bool) -> str:
    """Where the key is now. One that the other store had before is deleted there."""
    home = view.runtime.home
    before = view.loaded.settings.keys.get(provider)
    if is_file:
        save_file(home, provider, key, origin)
        records.note_key(home, provider, "file", origin, _today())
        return "credentials.toml"
    keyring = process_keyring(view.runtime.env)
    keyring.save(provider, key, origin)
    records.note_key(home, provider, "keyring", origin, _today())
    if before is not None and before.store == "file":
        save_file(home, provider, None)
    return f"the keyring {keyring.backend}"


@command.command("list")
@_JSON
def list_all(as_json: bool) -> int:
    """Show each provider's key: where it is, which origin it is for, and whether prompts may go there."""
    view = _open()
    registry = view.registry()
    rows = []
    for provider in known_providers(view.catalog, view.loaded.settings).values():
        to = Destination(registry.endpoints[provider.id].base_url) if provider.id in registry.endpoints else None
        rows += _listed(provider, view, registry, to)
    views: list[View] = [Lines(["No key was found. `llm-router keys set PROVIDER` stores one."])]
    if rows:
        columns = ("provider", "key", "source", "for", "state")
        views = [
            Table(
                columns,
                [tuple(row[name] for name in ("provider", "masked", "source", "origin", "state")) for row in rows],
            )
        ]
    warnings = [f"{problem.message}: {problem.remedy}" for problem in view.stored.problems]
    return ui.show(Result("keys list", {"keys": rows}, views, warnings), as_json=as_json)


@command.command("test")
@click.argument("provider", required=False)
@click.option("--source", type=click.Choice(["environment", "keyring", "file"]), help="Use the key from there.")
@_JSON
def test_keys(provider: str | None, source: str | None, as_json: bool) -> int:
    """Make the smallest possible call with each key, or with that of PROVIDER."""
    view = _open()
    if provider:
        view.provider(provider)
    registry = view.registry(source or "")
    if provider and provider not in registry.endpoints:
        raise ConfigError(f"{provider} cannot be used: {registry.unusable[provider]}", remedy="mend that first")
    chosen = [point for name, point in registry.endpoints.items() if name == provider or (not provider and point.key)]
    if not chosen:
        lines = [Lines(["No key can be tried: `llm-router keys list` says why."])]
        return ui.show(Result("keys test", {"checked": []}, lines), as_json=as_json)
    # Deferred: calling providers loads the HTTP client, which no other sub-command needs.
    from llm_router_installer.smallest_call import with_probe  # noqa: PLC0415

    checked = anyio.run(with_probe, lambda probe: key_check.check(chosen, probe), view.runtime)
    rows = [(item.provider, "works" if item.is_working else "does not work", item.message) for item in checked]
    exit_code = Exit.OK if all(item.is_working for item in checked) else Exit.FAILED
    data = {"checked": [asdict(item) for item in checked]}
    return ui.show(
        Result("keys test", data, [Table(("provider", "key", "answer"), rows)], exit_code=exit_code), as_json=as_json
    )


@command.command("remove")
@click.argument("provider")
@_JSON
def remove_one(provider: str, as_json: bool) -> int:
    """Delete the stored key of PROVIDER."""
    view = _open()
    noted = view.loaded.settings.keys.get(provider)
    if noted is None and provider not in view.stored.file:
        view.provider(provider)
        lines = [Lines([f"No key of {provider} is stored."])]
        return ui.show(Result("keys remove", {"provider": provider, "is_removed": False}, lines), as_json=as_json)
    if noted is not None and noted.store == "keyring":
        process_keyring(view.runtime.env).remove(provider)
    save_file(view.runtime.home, provider, None)
    records.forget_key(view.runtime.home, provider)
    known = known_providers(view.catalog, view.loaded.settings).get(provider)
    left = [f"{name} is still set in your environment" for name in (variables(known) if known else ())
            if view.runtime.env.get(name)]  # fmt: skip
    data = {"provider": provider, "is_removed": True}
    return ui.show(
        Result("keys remove", data, [Lines([f"the stored key of {provider} is deleted"])], left), as_json=as_json
    )


@command.command("consent")
@click.argument("provider", required=False)
@click.option("--yes", is_flag=True, help="Agree to what is printed.")
@click.option("--may-train", is_flag=True, help="Agree that this provider may train on the prompts.")
@_JSON
def consent(provider: str | None, yes: bool, may_train: bool, as_json: bool) -> int:
    """Agree to send prompts to PROVIDER; without a name, show what is waiting for it."""
    view = _open()
    settings, env = view.loaded.settings, view.runtime.env
    if not provider:
        return ui.show(_waiting(view), as_json=as_json)
    offer = offer_of(view.provider(provider), settings, env)
    if offer.data_class is DataClass.LOCAL:
        lines = [Lines([f"{offer.title} runs on this machine and needs no consent."])]
        return ui.show(Result("keys consent", {"provider": provider, "is_given": True}, lines), as_json=as_json)
    _ask(offer, yes=yes, may_train=may_train)
    records.agree(view.runtime.home, offer, _today())
    data = {"provider": provider, "is_given": True, "data_class": offer.data_class, "origin": offer.origin}
    lines = [Lines([offer.question, f"agreed; `llm-router keys revoke {provider}` takes it back"])]
    return ui.show(Result("keys consent", data, lines), as_json=as_json)


@command.command("revoke")
@click.argument("provider")
@_JSON
def revoke(provider: str, as_json: bool) -> int:
    """Take back the consent for PROVIDER; its key stays."""
    view = _open()
    if provider not in view.loaded.settings.consent:
        view.provider(provider)
    is_changed = records.revoke(view.runtime.home, provider).is_changed
    text = f"nothing goes to {provider} any more" if is_changed else f"you had not agreed to {provider}"
    still = (
        [f"{VARIABLE} in your environment still names it"] if provider in named_in_environment(view.runtime.env) else []
    )
    data = {"provider": provider, "is_changed": is_changed}
    return ui.show(Result("keys revoke", data, [Lines([text])], still), as_json=as_json)


def _listed(provider: Provider, view: _View, registry: Registry, to: Destination | None) -> list[dict[str, str]]:
    """The key in use, or each that is there and is not used, with the reason."""
    state = "in use" if provider.id in registry.endpoints else registry.unusable.get(provider.id, "")
    source = registry.key_sources.get(provider.id, "")
    found = find(provider, view.runtime.env, stored=view.stored, source=source)
    if to is not None and source:
        key = registry.endpoints[provider.id].key or ""
        return [_entry(provider.id, masked(key), source, origin_of(to.base_url), state)]
    if found.credential is not None:
        credential = found.credential
        reason = registry.notes.get(provider.id) or state
        return [_entry(provider.id, masked(credential.key), credential.source, credential.origin, reason)]
    noted = view.loaded.settings.keys.get(provider.id)
    if noted is not None:
        return [_entry(provider.id, "", noted.store, noted.origin, found.refused or "it could not be read")]
    return []


def _entry(provider: str, shown: str, source: str, origin: str, state: str) -> dict[str, str]:
    return {"provider": provider, "masked": shown, "source": source, "origin": origin, "state": state}


def _waiting(view: _View) -> Result:
    offers = view.registry().offers
    rows = [(offer.provider, offer.key_source or "needs none", offer.question) for offer in offers]
    views: list[View] = [Lines(["No provider with a key is waiting for your consent."])]
    if rows:
        views = [Table(("provider", "key", "what agreeing means"), rows),
                 Lines(["", "`llm-router keys consent PROVIDER` agrees."])]  # fmt: skip
    data = {"pending": [{**asdict(offer), "question": offer.question} for offer in offers]}
    return Result("keys consent", data, views)


def _ask(offer: Offer, *, yes: bool, may_train: bool) -> None:
    """Returns where the user agreed; that a provider may train on prompts is asked on its own.

    Raises:
        click.UsageError: nobody is there to ask, and not everything was agreed to in advance.
        click.Abort: the user said no.
    """
    is_training = offer.data_class is DataClass.TRAINS
    if not sys.stdin.isatty() and not (yes and (may_train or not is_training)):
        flags = "--yes --may-train" if is_training else "--yes"
        raise click.UsageError(f"{offer.question} Nobody is here to ask: add {flags} to agree")
    if not yes:
        click.confirm(f"{offer.question} Agree?", abort=True, err=True)
    if is_training and not may_train:
        click.confirm(f"{offer.title} may train its models on what you send. Agree to that too?", abort=True, err=True)


def _agree_to_file(view: _View, *, yes: bool) -> None:
    if view.loaded.settings.keys_file_agreed is not None:
        return
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError(f"{FILE_WARNING}; add --yes to agree")
        click.confirm(f"With --file {FILE_WARNING}. Agree?", abort=True, err=True)
    records.agree_to_key_file(view.runtime.home, _today())


def _read_key(provider: str, *, from_stdin: bool) -> str:
    if from_stdin:
        raw = sys.stdin.buffer.read(MAX_KEY_CHARACTERS + 2)
        key = raw.decode("ascii", "replace").strip()
    elif sys.stdin.isatty():
        key = str(click.prompt(f"Key of {provider} (not shown)", hide_input=True, err=True)).strip()
    else:
        raise click.UsageError("nobody is here to type the key; send it on stdin with -")
    if not _KEY.fullmatch(key):
        raise click.UsageError("that is no key: it is empty, too long, or holds spaces or other strange characters")
    return key


def _today() -> date:
    return datetime.now(UTC).date()
