"""The breakers of this machine: read before a call, fed after it, shared between processes through the database.

Without a database (unwritable home) they live in this process only. The claim of the one probe is a write transaction,
so of many processes that see an expired breaker exactly one goes through.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from llm_router_core.clock import Clock
from llm_router_core.dispatch import breaker as machine
from llm_router_core.dispatch.breaker import Breaker
from llm_router_core.errors import ProviderError, StorageError
from llm_router_core.providers.endpoint import Endpoint
from llm_router_core.storage import breakers as rows
from llm_router_core.storage.database import Connection, Database

Step = Callable[[Breaker], Breaker]


class HealthBoard:
    """Whether a model may be called now, and what each outcome teaches."""

    def __init__(self, db: Database | None, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._memory: dict[rows.Key, Breaker] = {}

    def is_untroubled(self, endpoint: Endpoint, model: str) -> bool:
        """True when nothing is held against a model. One short read that waits for nobody, so no thread is needed."""
        return self._load(_key(endpoint, model)) == Breaker()

    def admit(self, endpoint: Endpoint, model: str) -> bool:
        """True when a call may be made; a probe is claimed by asking."""
        key = _key(endpoint, model)
        verdict = machine.verdict(self._load(key), self._clock.now())
        if verdict == "probe":
            return self._claim(key)
        return verdict == "closed"

    def failed(self, endpoint: Endpoint, model: str, error: ProviderError) -> None:
        """Feeds a failure."""
        key, now = _key(endpoint, model), self._clock.now()

        def feed(before: Breaker) -> Breaker:
            return machine.after_failure(before, error.kind, now, retry_after_s=error.retry_after_s)

        self._change(key, feed)

    def succeeded(self, endpoint: Endpoint, model: str) -> None:
        """Feeds a success: the breaker is forgotten. Costs a read where there is none."""
        key = _key(endpoint, model)
        if self._load(key) != Breaker():
            self._change(key, lambda _: Breaker())

    def open_now(self, endpoints: Iterable[Endpoint]) -> dict[tuple[str, str], str]:
        """(provider, model) with the sentence that says why it is left alone and until when."""
        accounts = {(endpoint.provider, _account(endpoint)) for endpoint in endpoints}
        now = self._clock.now()
        found = {}
        for (provider, account, model), state in self._all().items():
            if (provider, account) in accounts and machine.verdict(state, now) == "open":
                until = state.open_until or now
                left_s = max((until - now).total_seconds(), 1)
                found[provider, model] = f"left alone for {left_s:.0f} s after: {state.kind}"
        return found

    def _load(self, key: rows.Key) -> Breaker:
        if self._db is None:
            return self._memory.get(key, Breaker())
        try:
            return _breaker(rows.load(self._db, key))
        except StorageError:
            return self._memory.get(key, Breaker())

    def _all(self) -> dict[rows.Key, Breaker]:
        if self._db is None:
            return dict(self._memory)
        try:
            return {key: _breaker(row) for key, row in rows.load_all(self._db).items()}
        except StorageError:
            return dict(self._memory)

    def _claim(self, key: rows.Key) -> bool:
        now = self._clock.now()

        def claim(before: Breaker) -> Breaker:
            return machine.probing(before, now) if machine.verdict(before, now) == "probe" else before

        before, after = self._change(key, claim)
        return before != after or machine.verdict(before, now) == "closed"

    def _change(self, key: rows.Key, step: Step) -> tuple[Breaker, Breaker]:
        if self._db is None:
            before = self._memory.get(key, Breaker())
            self._memory[key] = step(before)
            return before, self._memory[key]
        changed_at = _millis(self._clock.now()) or 0

        def transaction(connection: Connection) -> tuple[Breaker, Breaker]:
            before = _breaker(rows.select(connection, key))
            after = step(before)
            if after == Breaker():
                rows.drop(connection, key)
            elif after != before:
                rows.put(connection, key, _row(after), changed_at=changed_at)
            return before, after

        try:
            return self._db.write(transaction)
        except StorageError:
            # A full disk must not turn a provider's failure into ours; the breaker then lives in memory only.
            before = self._memory.get(key, Breaker())
            self._memory[key] = step(before)
            return before, self._memory[key]


def _key(endpoint: Endpoint, model: str) -> rows.Key:
    return endpoint.provider, _account(endpoint), model


def _account(endpoint: Endpoint) -> str:
    """Which account at which place, without the key: a digest of both."""
    text = f"{endpoint.base_url}\0{endpoint.key or ''}"
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _breaker(row: rows.Row | None) -> Breaker:
    if row is None:
        return Breaker()
    failures, open_until, probe_until, kind = row
    return Breaker(failures, _instant(open_until), _instant(probe_until), kind)


def _row(state: Breaker) -> rows.Row:
    return state.failures, _millis(state.open_until), _millis(state.probe_until), state.kind


def _instant(millis: int | None) -> datetime | None:
    return None if millis is None else datetime.fromtimestamp(millis / 1000, UTC)


def _millis(instant: datetime | None) -> int | None:
    return None if instant is None else int(instant.timestamp() * 1000)
