"""Reading what a server sent without trusting it: every wrong shape becomes a typed error, never a traceback."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NoReturn

from llm_router_core.conversation import Extras
from llm_router_core.errors import ErrorKind, ProviderError

Payload = dict[str, object]
MAX_TOKENS_OF_A_CALL = 20_000_000  # ten times the largest window on sale; anything above is not a count


class UnusableUsage(ValueError):
    """A token count that no provider can mean: negative, fractional, absurd. The usage counts as missing."""


def bad_reply(what: str) -> ProviderError:
    """The error for a payload the dialect does not allow; `what` is our own wording, never the payload's."""
    return ProviderError(ErrorKind.BAD_REPLY, f"the reply is not what the API describes: {what}")


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError("not a JSON number")


def _unique(pairs: list[tuple[str, object]]) -> Payload:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def parse_object(raw: bytes | str, where: str) -> Payload:
    """The JSON object in `raw`.

    Raises:
        ProviderError: no UTF-8, no JSON, no object, a key twice, NaN or infinity, nested beyond reason.
    """
    try:
        text = raw if isinstance(raw, str) else raw.decode("utf-8")
        value = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_unique)
    except UnicodeDecodeError:
        raise bad_reply(f"{where} is not UTF-8") from None
    except (ValueError, RecursionError):
        raise bad_reply(f"{where} is not valid JSON") from None
    if not isinstance(value, dict):
        raise bad_reply(f"{where} is not a JSON object")
    return value


def is_json(text: str) -> bool:
    """Whether the text is one whole JSON value."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def text_of(value: object, where: str) -> str:
    """A text; nothing counts as empty. Half a surrogate pair becomes the replacement character."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise bad_reply(f"{where} is not a text")
    if value.isascii():
        return value
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def object_of(value: object, where: str) -> Payload:
    """An object; nothing counts as empty."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise bad_reply(f"{where} is not an object")
    return value


def objects_of(value: object, where: str) -> list[Payload]:
    """A list of objects; nothing counts as empty."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise bad_reply(f"{where} is not a list")
    return [object_of(item, where) for item in value]


def tokens_of(usage: Mapping[str, object], *names: str, required: bool = False) -> int:
    """The first of the named counts that is there, else 0.

    Raises:
        UnusableUsage: it is no count, or it is required and missing.
    """
    for name in names:
        value = usage.get(name)
        if value is None:
            continue
        if type(value) is not int or not 0 <= value <= MAX_TOKENS_OF_A_CALL:
            raise UnusableUsage(name)
        return value
    if required:
        raise UnusableUsage(names[0])
    return 0


def with_extras(plain: Payload, extras: Extras, dialect: str, *, keep: frozenset[str] = frozenset()) -> Payload:
    """`plain` with the vendor fields kept for this dialect on top; those in `keep` stay ours."""
    own = extras.get(dialect)
    if not isinstance(own, Mapping):
        return plain
    return plain | {str(name): value for name, value in own.items() if name not in keep}
