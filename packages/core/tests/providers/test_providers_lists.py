"""The smallest call and its verdicts, kept model lists, and what counts as a local model server."""

from __future__ import annotations

import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from llm_router_core.catalog.entries import DataClass
from llm_router_core.catalog.load import load_catalog
from llm_router_core.errors import ErrorKind
from llm_router_core.providers import smallest
from llm_router_core.providers.discovery import PROBE, discover
from llm_router_core.providers.endpoint import Endpoint, Limits
from llm_router_core.providers.model_lists import MAX_AGE, ModelList, fetch_list, load_list, load_lists, save_list
from llm_router_core.providers.nearest import did_you_mean
from llm_router_core.providers.remote_models import RemoteModel
from llm_router_core.simulate.behaviour import (
    Answer,
    Fault,
    bad_key,
    failing,
    out_of_quota,
    rate_limited,
    server_error,
)
from llm_router_core.simulate.ollama_wire import OllamaServer
from llm_router_core.simulate.server import SimulatedServer

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DIALECTS = ("openai_chat", "openai_responses", "anthropic", "gemini", "ollama")
QUICK = Limits(deadline_s=2.0, connect_s=1.0, gap_s=1.0)
LISTED = ModelList("groq", "https://g.example", NOW, (RemoteModel("one", 8192), RemoteModel("two")))


@pytest.mark.anyio
@pytest.mark.requirement("providers.smallest-call")
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_the_smallest_call_proves_a_key_with_a_few_tokens(client, target, dialect):
    with SimulatedServer("ok") as server:
        outcome = await smallest.test_provider(client, target(server, dialect).endpoint, "simulated", QUICK)
        asked = [request.body for request in server.requests if request.method == "POST" and request.prompt]
    assert (outcome.verdict, outcome.kind, outcome.is_key_good) == (smallest.Verdict.VALID, None, True)
    assert 0 < outcome.usage.prompt_tokens < 30
    assert outcome.latency_ms >= 0
    assert "16" in str(asked[0])


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("script", "verdict", "is_key_good"),
    [
        (bad_key(), "wrong_key", False),
        (rate_limited(), "rate_limited", True),
        (out_of_quota(), "no_quota", True),
        (failing(404, {"error": {"code": "model_not_found", "message": "no such model"}}), "unknown_model", True),
        (server_error(503), "failed", False),
        (Answer(fault=Fault(hangs="before_reply")), "unreachable", False),
    ],
)
async def test_each_way_to_fail_has_its_verdict(client, target, script, verdict, is_key_good):
    limits = Limits(deadline_s=0.3, connect_s=0.3, gap_s=0.3)
    with SimulatedServer(script) as server:
        outcome = await smallest.test_provider(client, target(server, "openai_chat").endpoint, "m", limits)
    assert (outcome.verdict, outcome.is_key_good) == (verdict, is_key_good)
    assert outcome.message


@pytest.mark.anyio
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_fetched_list_is_kept_privately_and_read_back(client, target, tmp_path, dialect):
    home = str(tmp_path / "state")
    with SimulatedServer(models=("one", "two")) as server:
        listed = await fetch_list(client, target(server, dialect).endpoint, NOW, QUICK)
    save_list(home, listed)
    assert load_list(home, "somebody", NOW + timedelta(hours=1)) == listed
    assert [model.name for model in listed.models] == ["one", "two"]
    (file,) = Path(home, "model-lists").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_list_that_is_old_damaged_or_from_the_future_is_not_believed(tmp_path):
    home = str(tmp_path)
    save_list(home, LISTED)
    assert load_list(home, "groq", NOW + MAX_AGE + timedelta(seconds=1)) is None
    assert load_list(home, "groq", NOW - timedelta(days=1)) is None
    for content in ("", "[]", "{}", '{"fetched_at": 7}', "[" * 9_000, '{"fetched_at": "2026-11-24T12:00:00"}'):
        Path(home, "model-lists", "groq.json").write_text(content)
        assert load_list(home, "groq", NOW) is None


def test_writing_a_list_drops_those_that_grew_too_old(tmp_path):
    home = str(tmp_path)
    save_list(home, LISTED)
    later = ModelList("xai", "https://x.example", NOW + MAX_AGE * 2, (RemoteModel("three"),))
    save_list(home, later)
    assert load_lists(home, later.fetched_at) == [later]
    assert [file.name for file in Path(home, "model-lists").iterdir()] == ["xai.json"]


def test_a_provider_name_cannot_leave_the_folder(tmp_path):
    home = str(tmp_path / "state")
    save_list(home, ModelList("../../evil", "https://x.example", NOW, ()))
    assert [file.parent.name for file in tmp_path.rglob("*.json")] == ["model-lists"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("gpt-6-lunar", "'gpt-6-luna'"), ("GPT-6-LUNA", "'gpt-6-luna'"), ("qqqq", ""), ("o3", "")],
)
def test_an_unknown_name_is_answered_with_the_nearest_known_ones(name, expected):
    assert expected in did_you_mean(name, ["gpt-6-luna", "claude-haiku-4-5", "o3"])
    assert bool(did_you_mean(name, ["gpt-6-luna", "o3"])) == bool(expected)


class SomethingElse(BaseHTTPRequestHandler):
    """A web server that is no model server, whatever is asked of it."""

    body = b"<html>It works!</html>"
    kind = "text/html"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", self.kind)
        self.send_header("content-length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(params=[("text/html", b"<html>"), ("application/json", b'{"status": "ok"}'), ("text/plain", b"[]")])
def other_server(request):
    handler = type("Handler", (SomethingElse,), {"kind": request.param[0], "body": request.param[1]})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
    thread.join(2)


def local(provider: str, dialect: str, url: str) -> Endpoint:
    return Endpoint(provider, dialect, url, DataClass.LOCAL, auth="none")


@pytest.mark.anyio
@pytest.mark.requirement("providers.local-servers")
@pytest.mark.parametrize("dialect", ["openai_chat", "ollama"])
async def test_a_server_that_is_no_model_server_is_not_taken_for_one(client, other_server, dialect):
    found = await discover(client, [local("llamacpp", dialect, other_server)], load_catalog())
    assert not found.models
    assert "not a model server" in found.unusable["llamacpp"]


@pytest.mark.anyio
@pytest.mark.requirement("providers.local-servers")
async def test_local_servers_are_found_all_at_once_and_a_silent_one_costs_no_more_than_its_limit(client):
    catalog = load_catalog()
    with (
        SimulatedServer(models=("qwen3-30b",)) as studio,
        SimulatedServer(models=("gemma4",), ollama=OllamaServer(remote_models=("big:cloud",))) as ollama,
    ):
        endpoints = [
            local("lmstudio", "openai_chat", studio.base_url("openai")),
            local("ollama", "ollama", ollama.base_url("ollama")),
            local("vllm", "openai_chat", "http://127.0.0.1:9/v1"),
        ]
        found = await discover(client, endpoints, catalog, named={"ollama": ("gemma4", "big:cloud")})
    assert {name: [model.name for model in models] for name, models in found.models.items()} == {
        "lmstudio": ["qwen3-30b"],
        "ollama": ["gemma4"],
    }
    assert found.unusable == {"vllm": "not answering at http://127.0.0.1:9/v1"}
    assert PROBE.deadline_s == 0.3


@pytest.mark.anyio
async def test_a_local_server_that_wants_a_key_says_which_variable_holds_it(client):
    with SimulatedServer() as server:
        base_url = server.base_url("openai")
        server._look_up = _refusing(server._look_up)  # type: ignore[method-assign]
        found = await discover(client, [local("vllm", "openai_chat", base_url)], load_catalog())
    assert "LLM_ROUTER_VLLM_API_KEY" in found.unusable["vllm"]


def _refusing(plain: Callable) -> Callable:
    def answer(request):
        reply = plain(request)
        return type(reply)([b'{"error": "Unauthorized"}'], status=401)

    return answer


@pytest.mark.requirement("providers.twenty")
def test_every_text_provider_of_the_product_page_is_reachable():
    rows = load_catalog().providers
    wanted = [
        "ollama",
        "lmstudio",
        "llamacpp",
        "vllm",
        "openai",
        "anthropic",
        "google",
        "groq",
        "deepseek",
        "mistral",
        "xai",
        "together",
        "fireworks",
        "cerebras",
        "openrouter",
        "perplexity",
        "cohere",
        "huggingface",
        "azure",
        "moonshot",
        "zai",
    ]
    assert {name for name in wanted if name in rows and not rows[name].planned} == set(wanted)
    assert all(rows[name].source.startswith("https://") for name in wanted)
    for name in wanted:
        row = rows[name]
        assert bool(row.key_env) == (row.data_class is not DataClass.LOCAL), name
        assert row.test_model or row.data_class is DataClass.LOCAL or name == "azure", name


def test_the_kinds_a_test_can_end_in_are_all_error_kinds():
    assert set(smallest._VERDICTS) <= set(ErrorKind)
