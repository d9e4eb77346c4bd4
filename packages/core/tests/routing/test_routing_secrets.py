"""No byte of a secret leaves for any third party, in whatever part of a conversation it stands."""

import random
import string
from collections.abc import Iterator

import pytest

from llm_router_core.catalog.entries import DataClass
from llm_router_core.catalog.load import load_catalog
from llm_router_core.conversation import Image, Message, Request, Text, Tool, ToolCall, ToolResult, prompt_request
from llm_router_core.errors import NoRouteError
from llm_router_core.hotpath import secret_scan
from llm_router_core.simulate.server import SimulatedServer

QUESTION = "What does HTTP 418 mean?"
THIRD_PARTIES = {
    row.id: row
    for row in load_catalog().providers.values()
    if row.data_class is not DataClass.LOCAL and row.transport == "http" and not row.planned
}
CHANCE = random.Random(20261124)


def secrets() -> Iterator[tuple[str, str]]:
    """(kind, secret) for each row of the scanner's own table of formats, made so that the scanner sees it."""
    for row in secret_scan._FORMATS.strip().replace("\n", "|").split("|"):
        kind, prefix, alphabet, low, high = row.split()
        for _ in range(50):
            size = CHANCE.randint(int(low), min(int(high), int(low) + 40))
            secret = prefix + "".join(CHANCE.choices(secret_scan._ALPHABETS[alphabet], k=size))
            if secret_scan.contains_secret(secret):
                yield kind, secret
                break
        else:
            raise AssertionError(f"no {kind} could be made that the scanner sees")


SECRETS = list(secrets())
TOOL = Tool("look", "Looks", {"type": "object"})


def conversations(secret: str) -> list[Request]:
    """The secret in each place where a text can stand."""
    question = Message("user", (Text(QUESTION),))
    call = ToolCall("c", "look", f'{{"q": "{secret}"}}')
    asked = Message("assistant", (ToolCall("c", "look", "{}"),))
    return [
        prompt_request(f"why does {secret} not work?"),
        prompt_request(QUESTION, system=f"use {secret} for the call"),
        Request((Message("user", (Text(f"it is {secret}"),)), Message("assistant", (Text("noted"),)), question)),
        Request((question, Message("assistant", (call,)), Message("user", (ToolResult("c", (Text("ok"),)),)))),
        Request((question, asked, Message("user", (ToolResult("c", (Text(f"found {secret}"),)),)))),
        Request((question,), tools=(Tool("look", f"Looks with {secret}", {"type": "object"}),)),
        Request((question,), tools=(Tool("look", "", {"properties": {"q": {"default": [secret]}}}),)),
        Request((question,), extras={"openai_chat": {"metadata": {"note": secret}}}),
        Request((Message("user", (Text(QUESTION), Image(url=f"https://a.example/{secret}"))),)),
    ]


def leaks(server: SimulatedServer) -> list[str]:
    arrived = "\n".join(f"{seen.path} {dict(seen.headers)} {seen.body}" for seen in server.requests)
    return [kind for kind, secret in SECRETS if secret in arrived]


def everyone(server: SimulatedServer) -> dict[str, str]:
    env = {}
    for name, row in THIRD_PARTIES.items():
        env[f"LLM_ROUTER_{name.upper()}_BASE_URL"] = server.base_url(row.dialect)
        env[f"LLM_ROUTER_{name.upper()}_API_KEY"] = "dummy-key"
    return env | {"LLM_ROUTER_AZURE_MODELS": "deployment"}


def model_of(name: str) -> str:
    return f"{name}/{THIRD_PARTIES[name].test_model or 'deployment'}"


@pytest.mark.anyio
async def test_every_third_party_of_the_table_can_be_reached_by_this_test(opened, ask):
    with SimulatedServer("ok") as server:
        async with opened(**everyone(server)) as router:
            for name in THIRD_PARTIES:
                assert (await ask(router, QUESTION, model=model_of(name))).end.receipt.provider == name
    assert len(server.requests) == len(THIRD_PARTIES) >= 17


@pytest.mark.anyio
@pytest.mark.requirement("privacy.secret-not-sent")
async def test_no_secret_of_any_known_format_reaches_any_third_party(opened, ask):
    names = sorted(THIRD_PARTIES)
    with SimulatedServer("never") as server:
        async with opened(**everyone(server)) as router:
            for place, (kind, secret) in enumerate(SECRETS):
                requests = conversations(secret)
                for number, overrides in enumerate(({}, {"model": model_of(names[place % len(names)])})):
                    request = requests[(place + number) % len(requests)]
                    with pytest.raises(NoRouteError) as refused:
                        await ask(router, request, **overrides)
                    assert {item.stage for item in refused.value.rejected} & {"privacy"}, kind
    assert leaks(server) == []
    assert server.requests == []


@pytest.mark.anyio
@pytest.mark.requirement("privacy.secret-not-sent")
@pytest.mark.parametrize("name", sorted(THIRD_PARTIES))
async def test_a_secret_anywhere_in_a_conversation_reaches_no_third_party(opened, ask, name):
    with SimulatedServer("never") as server:
        async with opened(**everyone(server)) as router:
            for _, secret in CHANCE.sample(SECRETS, 4):
                for request in conversations(secret):
                    with pytest.raises(NoRouteError):
                        await ask(router, request, model=model_of(name))
    assert server.requests == []


def test_the_corpus_covers_the_whole_table_of_formats():
    assert len(SECRETS) > 150
    assert all(set(secret) <= set(string.printable) for _, secret in SECRETS)
