"""The system's keyring through its child process, with real backends of every unpleasant kind."""

import os
import select
import time
from pathlib import Path

import pytest

from llm_router_core import keystore
from llm_router_core.errors import ConfigError
from llm_router_core.keystore import Keyring

CANARY = "sk-canary-7f3a9b2c4d5e6f70"
PATIENT_S = 60.0  # a busy machine must not make a working keyring look late
BACKENDS = """
import json, os, sys, time
from pathlib import Path
from keyring.backend import KeyringBackend
from keyring.errors import KeyringError, PasswordDeleteError

HOME = Path(os.environ["HOME"])

class Working(KeyringBackend):
    priority = 5
    def _all(self):
        path = HOME / "ring.json"
        return json.loads(path.read_text()) if path.exists() else {}
    def get_password(self, service, username):
        (HOME / "seen.txt").write_bytes(
            Path("/proc/self/cmdline").read_bytes() + b"|" + Path("/proc/self/environ").read_bytes())
        with (HOME / "asked.txt").open("a") as log:
            log.write("x")
        print("a backend that talks on stdout")
        return self._all().get(f"{service}/{username}")
    def set_password(self, service, username, password):
        (HOME / "ring.json").write_text(json.dumps({**self._all(), f"{service}/{username}": password}))
    def delete_password(self, service, username):
        kept = self._all()
        if kept.pop(f"{service}/{username}", None) is None:
            raise PasswordDeleteError("not there")
        (HOME / "ring.json").write_text(json.dumps(kept))

class Forgetting(Working):
    def set_password(self, service, username, password):
        pass

class Hanging(Working):
    def get_password(self, service, username):
        if os.fork() == 0:
            (HOME / "grandchild.pid").write_text(str(os.getpid()))
        time.sleep(600)
    set_password = get_password

class Failing(Working):
    def get_password(self, service, username):
        raise KeyringError("-".join(["the password was sk", "canary", "7f3a9b2c4d5e6f70"]))
    def set_password(self, service, username, password):
        raise KeyringError(f"cannot store {password}")

class Crashing(Working):
    def get_password(self, service, username):
        raise SystemExit(3)

class PlaintextKeyring(Working):
    pass
"""
ALT = "from backends_for_tests import Working\nclass EncryptedKeyring(Working):\n    pass\n"
CHAINED = """
from keyring.backends.chainer import ChainerBackend
from backends_for_tests import Working
from keyrings.alt.file import EncryptedKeyring
class Chain(ChainerBackend):
    priority = 5
    backends = [Working(), EncryptedKeyring()]
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A user whose keyring configuration names a backend of ours, the way a user names one of theirs."""
    folder = tmp_path / "backends"
    (folder / "keyrings/alt").mkdir(parents=True)
    (folder / "backends_for_tests.py").write_text(BACKENDS)
    (folder / "keyrings/alt/__init__.py").touch()
    (folder / "keyrings/alt/file.py").write_text(ALT)
    (folder / "chained_for_tests.py").write_text(CHAINED)
    return tmp_path


def keyring(home: Path, backend: str, limit_s: float = PATIENT_S, **more: str) -> Keyring:
    config = home / "config/python_keyring/keyringrc.cfg"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(f"[backend]\ndefault-keyring={backend}\nkeyring-path={home / 'backends'}\n")
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "XDG_CONFIG_HOME": str(home / "config"), **more}
    return Keyring(env, limit_s=limit_s)


@pytest.mark.requirement("keys.keyring")
def test_a_key_is_kept_with_its_origin_and_comes_back(home):
    ring = keyring(home, "backends_for_tests.Working")
    ring.save("openai", CANARY, "https://api.openai.com")
    found = keyring(home, "backends_for_tests.Working").load(["openai", "groq"])

    assert ring.backend == "backends_for_tests.Working"
    assert set(found) == {"openai"}
    assert (found["openai"].key, found["openai"].origin) == (CANARY, "https://api.openai.com")
    assert CANARY not in repr(found)
    ring.remove("openai")
    ring.remove("openai")
    assert keyring(home, "backends_for_tests.Working").load(["openai"]) == {}


@pytest.mark.requirement("keys.canary")
def test_the_child_gets_the_key_by_neither_argv_nor_environment_and_no_variable_it_does_not_need(home):
    other = {"OPENAI_API_KEY": CANARY, "AWS_SECRET_ACCESS_KEY": CANARY, "PYTHONPATH": "/evil", "LLM_ROUTER_HOME": "/x"}
    keyring(home, "backends_for_tests.Working", **other).save("openai", CANARY, "https://api.openai.com")
    argv, _, environ = (home / "seen.txt").read_bytes().partition(b"|")
    names = {item.partition(b"=")[0].decode() for item in environ.split(b"\0") if item}

    assert CANARY.encode() not in argv + environ
    assert b"-I\0" in argv
    assert names - {"LC_CTYPE"} == {"PATH", "HOME", "XDG_CONFIG_HOME"}
    holding = [path for path in home.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]
    assert [path.name for path in holding] == ["ring.json"]


@pytest.mark.requirement("keys.keyring-refused")
@pytest.mark.parametrize(
    ("backend", "named"),
    [
        ("keyring.backends.null.Keyring", "keyring.backends.null.Keyring"),
        ("keyring.backends.fail.Keyring", "keyring.backends.fail.Keyring"),
        ("backends_for_tests.PlaintextKeyring", "backends_for_tests.PlaintextKeyring"),
        ("keyrings.alt.file.EncryptedKeyring", "keyrings.alt.file.EncryptedKeyring"),
        ("chained_for_tests.Chain", "keyrings.alt.file.EncryptedKeyring"),
    ],
)
def test_a_backend_that_keeps_no_secret_is_refused_by_name_and_gets_nothing(home, backend, named):
    ring = keyring(home, backend)
    with pytest.raises(ConfigError, match="is not used") as refused:
        ring.save("openai", CANARY, "https://api.openai.com")

    assert named in refused.value.message
    assert "--file" in refused.value.remedy
    assert not (home / "ring.json").exists()


def test_a_backend_that_forgets_is_found_out_by_reading_back(home):
    with pytest.raises(ConfigError, match="did not give it back"):
        keyring(home, "backends_for_tests.Forgetting").save("openai", CANARY, "https://api.openai.com")


def test_the_words_of_a_failing_backend_are_not_repeated_because_they_may_hold_a_key(home):
    ring = keyring(home, "backends_for_tests.Failing")
    with pytest.raises(ConfigError) as refused:
        ring.save("openai", CANARY, "https://api.openai.com")

    assert "KeyringError" in refused.value.message
    assert CANARY not in f"{refused.value!r} {refused.value.__cause__!r} {refused.value.__context__!r} {ring.__dict__}"


@pytest.mark.parametrize(
    "backend", ["missing_module.Keyring", "backends_for_tests.Missing", "nonsense", "backends_for_tests.Crashing"]
)
def test_a_backend_that_cannot_be_loaded_is_a_keyring_that_cannot_be_used(home, backend):
    ring = keyring(home, backend)

    assert ring.load(["openai"]) == {}
    assert ring.problem is not None


@pytest.mark.requirement("keys.keyring-bounded")
def test_a_hanging_keyring_costs_its_limit_once_and_leaves_nobody_behind(home):
    ring = keyring(home, "backends_for_tests.Hanging", limit_s=1.0)
    began = time.monotonic()
    for _ in range(5):
        assert ring.load(["openai", "groq"]) == {}
    took_s = time.monotonic() - began

    assert took_s < 4 * ring._limit_s  # not five times: it was asked once
    assert ring.problem is not None
    assert "within 1 s" in ring.problem.message
    pid = home / "grandchild.pid"
    assert not pid.exists() or is_gone(int(pid.read_text()))


def is_gone(pid: int) -> bool:
    """Killed, once the kernel has got round to it; its entry may still wait for its new parent."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    ended, _, _ = select.select([handle], [], [], 5)
    os.close(handle)
    return bool(ended)


def test_the_limit_in_force_is_two_seconds():
    assert Keyring({})._limit_s == keystore.LIMIT_S == 2.0


def test_all_keys_are_asked_for_in_one_child_and_none_is_started_for_no_name(home):
    ring = keyring(home, "backends_for_tests.Working")
    assert ring.load([]) == {}
    assert not (home / "seen.txt").exists()
    ring.load(["a", "b", "c"])
    assert (home / "asked.txt").read_text() == "xxx"


def test_one_process_has_one_keyring_for_one_environment(home):
    env = {"HOME": str(home), "OPENAI_API_KEY": "a"}

    assert keystore.process_keyring(env) is keystore.process_keyring({**env, "OPENAI_API_KEY": "b"})
    assert keystore.process_keyring(env) is not keystore.process_keyring({"HOME": "/elsewhere"})


@pytest.mark.parametrize(
    "text", ["sk-plain", "[]", '{"key": "x"}', '{"key": 1, "origin": "x"}', '{"origin": "x"}', "{"]
)
def test_an_entry_without_an_origin_is_no_key(home, text):
    import json  # noqa: PLC0415

    ring = keyring(home, "backends_for_tests.Working")
    (home / "ring.json").write_text(json.dumps({"llm-router/openai": text}))

    assert ring.load(["openai"]) == {}


def test_the_keyring_is_never_imported_in_our_own_process():
    import subprocess  # noqa: PLC0415
    import sys  # noqa: PLC0415

    code = (
        "import sys, llm_router_core.providers.registry, llm_router_core.keystore; "
        "print('keyring' in sys.modules, 'tomlkit' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

    assert done.stdout.split() == ["False", "False"]
