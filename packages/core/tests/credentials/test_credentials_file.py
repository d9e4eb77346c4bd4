"""Keys in a file of our own: private, agreed to, and never quoted."""

import os
from datetime import date
from pathlib import Path

import pytest

from llm_router_core.credentials import load_stored
from llm_router_core.errors import ConfigError
from llm_router_core.keystore import Keyring, load_file, save_file
from llm_router_core.settings.model import KeyNote, Settings

CANARY = "sk-canary-'\"\\#=0123456789"
ORIGIN = "https://api.openai.com"
AGREED = Settings(keys_file_agreed=date(2026, 1, 2))


@pytest.fixture
def home(tmp_path: Path) -> str:
    return str(tmp_path / "home")


def test_a_key_comes_back_exactly_from_a_private_file(home):
    save_file(home, "openai", CANARY, ORIGIN)
    save_file(home, "my-lab", "other", "http://127.0.0.1:1")
    found = load_file(home)

    assert (found["openai"].key, found["openai"].origin) == (CANARY, ORIGIN)
    assert found["my-lab"].key == "other"
    assert Path(f"{home}/credentials.toml").stat().st_mode & 0o777 == 0o600
    assert CANARY not in repr(found)


def test_the_last_key_takes_the_file_with_it(home):
    save_file(home, "openai", CANARY, ORIGIN)
    save_file(home, "openai", None)

    assert load_file(home) == {}
    assert [path.name for path in Path(home).iterdir()] == ["locks"]


@pytest.mark.requirement("keys.file-consent")
def test_without_a_recorded_agreement_the_file_is_not_read(home):
    save_file(home, "openai", CANARY, ORIGIN)

    assert load_stored(Settings(), home, Keyring({})).file == {}
    assert set(load_stored(AGREED, home, Keyring({})).file) == {"openai"}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_file_that_others_can_read_is_not_used_and_says_so(home, mode):
    save_file(home, "openai", CANARY, ORIGIN)
    Path(home, "credentials.toml").chmod(mode)
    stored = load_stored(AGREED, home, Keyring({}))

    assert stored.file == {}
    assert "can be read by others" in stored.problems[0].message
    assert "chmod 600" in stored.problems[0].remedy


@pytest.mark.parametrize(
    "raw", [CANARY.encode(), b"[key.openai\n", b"\xff", b"[" * 9000, b"key = 3", b"[key]\nopenai = 3"]
)
def test_a_spoilt_file_holds_no_keys_and_is_never_quoted(home, raw):
    save_file(home, "openai", CANARY, ORIGIN)
    Path(home, "credentials.toml").write_bytes(raw)
    stored = load_stored(AGREED, home, Keyring({}))

    assert stored.file == {}
    assert "canary" not in repr(stored.problems)


@pytest.mark.parametrize("kind", ["folder", "fifo", "link"])
def test_what_is_no_file_holds_no_keys(home, tmp_path, kind):
    save_file(home, "x", "y", ORIGIN)
    path = Path(home, "credentials.toml")
    path.unlink()
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        (tmp_path / "real.toml").write_text("")
        path.symlink_to(tmp_path / "real.toml")

    with pytest.raises(ConfigError):
        load_file(home)


def test_the_keyring_is_not_asked_when_no_key_was_ever_put_there(home):
    settings = Settings(keys={"openai": KeyNote(store="file", origin=ORIGIN, saved=date(2026, 1, 2))})
    ring = Keyring({})

    assert load_stored(settings, home, ring).keyring == {}
    assert ring.backend == ""
    assert ring.problem is None
