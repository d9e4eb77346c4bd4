"""`llm-router keys`: a key goes in unseen, rests in one place, and comes out nowhere."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from llm_router_core.catalog.entries import DataClass
from llm_router_core.errors import ErrorKind, ProviderError
from llm_router_core.providers.endpoint import Endpoint
from llm_router_installer.key_check import check

CANARY = "sk-canary-0f9e8d7c6b5a4938-WXYZ"
RING = """
import json, os
from pathlib import Path
from keyring.backend import KeyringBackend

PATH = Path(os.environ["HOME"], "ring.json")

class Working(KeyringBackend):
    priority = 5
    def _all(self):
        return json.loads(PATH.read_text()) if PATH.exists() else {}
    def get_password(self, service, username):
        return self._all().get(f"{service}/{username}")
    def set_password(self, service, username, password):
        PATH.write_text(json.dumps({**self._all(), f"{service}/{username}": password}))
    def delete_password(self, service, username):
        PATH.write_text(json.dumps({k: v for k, v in self._all().items() if k != f"{service}/{username}"}))
"""


@pytest.fixture
def ring(tmp_path: Path) -> dict[str, str]:
    """The environment of a user with a working keyring."""
    (tmp_path / "backends").mkdir()
    (tmp_path / "backends/ring_for_tests.py").write_text(RING)
    config = tmp_path / "config/python_keyring/keyringrc.cfg"
    config.parent.mkdir(parents=True)
    config.write_text(f"[backend]\ndefault-keyring=ring_for_tests.Working\nkeyring-path={tmp_path / 'backends'}\n")
    return {"XDG_CONFIG_HOME": str(tmp_path / "config")}


def holding(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes())


def rows(ran) -> dict[str, dict[str, str]]:
    return {row["provider"]: row for row in ran.json["data"]["keys"]}


@pytest.mark.requirement("keys.canary")
def test_a_key_is_stored_listed_and_removed_and_stands_in_the_keyring_only(run, ring, tmp_path):
    stored = run("keys", "set", "openai", "-", "--json", env=ring, stdin=f"{CANARY}\n".encode())
    listed = run("keys", "list", "--json", env=ring)

    assert stored.code == 0
    assert stored.json["data"] == {
        "provider": "openai", "store": "keyring", "origin": "https://api.openai.com", "masked": "...WXYZ"
    }  # fmt: skip
    assert rows(listed)["openai"]["source"] == "keyring"
    assert "keys consent openai" in rows(listed)["openai"]["state"]
    assert holding(tmp_path) == ["ring.json"]
    assert all(CANARY not in ran.out + ran.err for ran in (stored, listed))
    assert run("keys", "remove", "openai", env=ring).code == 0
    assert holding(tmp_path) == []
    assert run("keys", "remove", "openai", env=ring).out == "No key of openai is stored.\n"


@pytest.mark.requirement("keys.origin")
def test_a_stored_key_is_refused_once_the_base_url_leads_elsewhere(run, ring):
    run("keys", "set", "openai", "-", env=ring, stdin=CANARY.encode())
    run("config", "set", "providers.openai.base_url", "https://proxy.example/v1")
    state = rows(run("keys", "list", "--json", env=ring))["openai"]["state"]

    assert "is for https://api.openai.com and is not sent to https://proxy.example" in state


@pytest.mark.requirement("keys.file-consent")
def test_the_file_needs_an_agreement_that_says_what_it_means(run, home):
    refused = run("keys", "set", "openai", "-", "--file", stdin=CANARY.encode())
    assert refused.code == 2
    assert "readable" in refused.err
    assert holding(home) == []
    agreed = run("keys", "set", "openai", "-", "--file", "--yes", stdin=CANARY.encode())

    assert agreed.code == 0
    assert holding(home) == ["credentials.toml"]
    assert (home / "credentials.toml").stat().st_mode & 0o777 == 0o600
    assert rows(run("keys", "list", "--json"))["openai"]["source"] == "file"


def test_without_a_keyring_the_command_says_which_one_it_found_and_what_to_do(run):
    ran = run(
        "keys",
        "set",
        "openai",
        "-",
        stdin=CANARY.encode(),
        env={"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"},
    )

    assert ran.code == 3
    assert "keyring.backends.null.Keyring" in ran.err
    assert "--file" in ran.err
    assert CANARY not in ran.err


@pytest.mark.requirement("keys.argv")
@pytest.mark.parametrize(
    "words",
    [
        ("openai", CANARY),
        ("openai", "-", CANARY),
        ("openai", f"--key={CANARY}"),
        ("openai", "--key", CANARY),
        (CANARY,),
        (CANARY, "-"),
        ("openai", "--", CANARY),
    ],
)
def test_a_key_on_the_command_line_is_refused_and_not_repeated(run, tmp_path, words):
    ran = run("keys", "set", *words, stdin=b"x")

    assert ran.code == 2
    assert CANARY not in ran.out + ran.err
    assert holding(tmp_path) == []


@pytest.mark.parametrize(
    "raw", [b"", b"  \n", b"two words", b"\xff\xfe", b"x" * 9000, b"a\x1b[31m", "schlüssel".encode()]
)
def test_what_is_no_key_is_refused(run, ring, raw):
    assert run("keys", "set", "openai", "-", env=ring, stdin=raw).code == 2


def test_a_typed_key_is_not_echoed(tmp_path, ring):
    """A real terminal: what is typed at the prompt does not come back."""
    leader, follower = pty.openpty()
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "LLM_ROUTER_HOME": str(tmp_path / "state"),
        "LANG": "C.UTF-8",
        **ring,
    }
    child = subprocess.Popen(
        [sys.executable, "-m", "llm_router_installer", "keys", "set", "openai"],
        stdin=follower, stdout=follower, stderr=follower, env=env, cwd=tmp_path, start_new_session=True,
    )  # fmt: skip
    os.close(follower)
    seen = b""
    typed = False
    while True:
        try:
            piece = os.read(leader, 4096)
        except OSError:
            break
        if not piece:
            break
        seen += piece
        if b"not shown" in seen and not typed:
            os.write(leader, CANARY.encode() + b"\n")
            typed = True
    child.wait(timeout=60)
    os.close(leader)

    assert child.returncode == 0, seen
    assert CANARY.encode() not in seen
    assert b"...WXYZ" in seen
    assert json.loads((tmp_path / "ring.json").read_text())


def test_a_variable_that_wins_over_the_stored_key_is_named(run, ring):
    ran = run("keys", "set", "openai", "-", env={**ring, "OPENAI_API_KEY": "other"}, stdin=CANARY.encode())

    assert "OPENAI_API_KEY is set in your environment and wins" in ran.err


@pytest.mark.requirement("consent.offer")
def test_a_key_in_the_environment_waits_for_a_consent_that_is_asked_for_once(run, home):
    env = {"OPENAI_API_KEY": CANARY}
    waiting = run("keys", "consent", "--json", env=env).json["data"]["pending"]
    assert [offer["provider"] for offer in waiting] == ["openai"]
    asked = run("keys", "consent", "openai", env=env)
    assert asked.code == 2
    assert "leave this machine" in asked.err
    given = run("keys", "consent", "openai", "--yes", "--json", env=env)

    assert given.json["data"]["is_given"]
    assert "[consent]" in (home / "config.toml").read_text()
    assert rows(run("keys", "list", "--json", env=env))["openai"]["state"] == "in use"
    assert run("keys", "consent", "--json", env=env).json["data"]["pending"] == []
    assert run("keys", "revoke", "openai", env=env).out == "nothing goes to openai any more\n"
    assert "consent" in rows(run("keys", "list", "--json", env=env))["openai"]["state"]
    assert holding(home) == []


@pytest.mark.requirement("consent.may-train")
def test_a_provider_that_may_train_is_agreed_to_separately(run):
    env = {"DEEPSEEK_API_KEY": CANARY}
    plain = run("keys", "consent", "deepseek", "--yes", env=env)
    assert plain.code == 2
    assert "may train" in plain.err
    assert run("keys", "consent", "deepseek", "--yes", "--may-train", env=env).code == 0
    assert rows(run("keys", "list", "--json", env=env))["deepseek"]["state"] == "in use"


def test_the_variable_counts_as_consent_for_its_process_and_a_repository_cannot_set_it(run, tmp_path):
    (tmp_path / "work/.git").mkdir()
    (tmp_path / "work/.llm-router.toml").write_text(
        '[consent]\nopenai = { given = 2026-01-01, data_class = "third_party" }\n'
    )
    env = {"OPENAI_API_KEY": CANARY}

    assert "not agreed" in rows(run("keys", "list", "--json", env=env))["openai"]["state"]
    env["LLM_ROUTER_CONSENT"] = "openai"
    assert rows(run("keys", "list", "--json", env=env))["openai"]["state"] == "in use"


def test_nothing_to_consent_to_and_nothing_stored_say_what_to_do(run):
    assert "keys set PROVIDER" in run("keys", "list").out
    assert "waiting" in run("keys", "consent").out
    assert "runs on this machine" in run("keys", "consent", "ollama").out


@pytest.mark.parametrize("words", [("consent", CANARY), ("remove", CANARY), ("revoke", CANARY), ("test", CANARY)])
def test_a_word_that_is_no_provider_is_not_repeated_because_it_may_be_a_key(run, words):
    ran = run("keys", *words)

    assert ran.code == 2
    assert CANARY not in ran.out + ran.err


def test_testing_a_key_reports_each_provider_and_never_the_key():
    async def probe(endpoint: Endpoint) -> str:
        if endpoint.provider == "slow":
            await anyio.sleep_forever()
        if endpoint.provider == "bad":
            raise ProviderError(ErrorKind.AUTH, f"invalid key {endpoint.key}")
        return "gpt answered"

    points = [
        Endpoint(name, "openai_chat", "https://x", DataClass.THIRD_PARTY, key=CANARY)
        for name in ("slow", "bad", "good")
    ]

    async def run_check() -> list:
        return await check(points, probe, limit_s=0.05)

    outcomes = {item.provider: (item.is_working, item.message) for item in anyio.run(run_check)}
    assert outcomes == {
        "bad": (False, "invalid key (the key)"),
        "good": (True, "gpt answered"),
        "slow": (False, "no answer within 0.05 s"),
    }
