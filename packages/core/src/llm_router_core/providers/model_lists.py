"""What models each third party says it has, kept on disk with the day it said so.

Fetched on demand only, because asking tells the provider that somebody with this key is here. One file a provider in
the state folder, mode 0600, at most `MAX_MODELS` names; one older than `MAX_AGE` is not believed, and is deleted when
the next one is written. Local servers are asked afresh and never stand here. A damaged file counts as missing.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from llm_router_core.hotpath import paths
from llm_router_core.http_client import HttpClient
from llm_router_core.providers.endpoint import Endpoint, Limits
from llm_router_core.providers.remote_models import RemoteModel, fetch_models
from llm_router_core.storage import files

MAX_AGE = timedelta(days=7)
MAX_MODELS = 1_000
MAX_NAME = 200
MAX_BYTES = 1 << 20
FETCH = Limits(deadline_s=15.0, connect_s=5.0, gap_s=10.0, max_body_bytes=8 * 1024 * 1024)


@dataclass(frozen=True, slots=True)
class ModelList:
    """What one provider listed, where and when."""

    provider: str
    base_url: str
    fetched_at: datetime
    models: tuple[RemoteModel, ...]


async def fetch_list(client: HttpClient, endpoint: Endpoint, now: datetime, limits: Limits = FETCH) -> ModelList:
    """The provider's list as of now, cut to `MAX_MODELS`. Raises as `fetch_models`."""
    found = await fetch_models(client, endpoint, limits)
    kept = tuple(model for model in found if 0 < len(model.name) <= MAX_NAME and model.name.isprintable())
    return ModelList(endpoint.provider, endpoint.base_url, now, kept[:MAX_MODELS])


def save_list(home: str, listed: ModelList) -> None:
    """Keeps the list, and drops what has grown too old.

    Raises:
        OSError: the state folder cannot be written.
    """
    folder = paths.in_home(home, paths.MODEL_LISTS)
    files.ensure_folder(home)
    files.ensure_folder(folder)
    content = asdict(listed) | {"fetched_at": listed.fetched_at.isoformat()}
    files.replace_file(str(_file(home, listed.provider)), json.dumps(content, ensure_ascii=False).encode())
    for file in Path(folder).glob("*.json"):
        if _load(file, listed.fetched_at) is None:
            file.unlink(missing_ok=True)


def load_list(home: str, provider: str, now: datetime) -> ModelList | None:
    """The kept list, None where there is none that can be believed."""
    return _load(_file(home, provider), now)


def load_lists(home: str, now: datetime) -> list[ModelList]:
    """Every kept list that can be believed, by provider."""
    found = [_load(file, now) for file in sorted(Path(paths.in_home(home, paths.MODEL_LISTS)).glob("*.json"))]
    return [listed for listed in found if listed is not None]


def _file(home: str, provider: str) -> Path:
    return Path(paths.in_home(home, paths.MODEL_LISTS), f"{quote(provider, safe='')}.json")


def _load(file: Path, now: datetime) -> ModelList | None:
    try:
        with file.open("rb") as opened:
            raw = json.loads(opened.read(MAX_BYTES))
        fetched_at = datetime.fromisoformat(raw["fetched_at"])
        if not timedelta() <= now - fetched_at <= MAX_AGE:
            return None
        models = tuple(RemoteModel(str(row["name"]), _size(row.get("context_tokens"))) for row in raw["models"])
        return ModelList(str(raw["provider"]), str(raw["base_url"]), fetched_at, models)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _size(value: object) -> int | None:
    return value if type(value) is int and value > 0 else None
