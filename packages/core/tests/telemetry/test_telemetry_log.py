"""Log lines: one JSON object each, bounded, redacted, private, and never on stdout."""

import base64
import json
import logging
import os
import stat
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llm_router_core import log
from llm_router_core.errors import ConfigError
from llm_router_core.log import LOG_FILE, MAX_FIELD, MAX_MESSAGE, PrivateFile, configure
from llm_router_core.redact import KEYS, Redactor, register

LIVE_KEY = "tst-live-key-0815/not+a known format"
KNOWN_KEY = "sk-ant-" + "api03-Zk9vQ2xW7rT4mB8nL3pD6sF1gH5jK0aYcUeXiO-qwRtyUiPlKjHgFdS"


@pytest.fixture
def logs(tmp_path, monkeypatch):
    """Configured logging; calling it gives the lines written so far."""
    monkeypatch.setattr(KEYS, "_forms", ())
    root = logging.getLogger()
    before, level = [*root.handlers], root.level
    assert configure(str(tmp_path), "info") == ""
    yield lambda: [json.loads(line) for line in (tmp_path / "logs" / LOG_FILE).read_text("ascii").splitlines()]
    for handler in [*root.handlers]:
        if handler not in before:
            root.removeHandler(handler)
            handler.close()
    root.setLevel(level)


OURS = logging.getLogger("llm_router_core.some_module")


def test_a_record_is_one_object_with_its_allowed_fields(logs):
    OURS.info("an attempt failed", extra={"provider": "groq", "elapsed_ms": 12, "prompt": "never", "kind": None})
    line = logs()[-1]
    assert {key: line[key] for key in ("level", "logger", "message", "provider", "elapsed_ms", "kind")} == {
        "level": "info",
        "logger": "llm_router_core.some_module",
        "message": "an attempt failed",
        "provider": "groq",
        "elapsed_ms": 12,
        "kind": None,
    }
    assert "prompt" not in line
    assert line["at"].endswith("+00:00")


@pytest.mark.requirement("log.injection")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80)
@given(st.text(), st.text())
def test_no_value_starts_a_line_of_its_own_or_moves_a_cursor(logs, message, session):
    before = len(logs())
    OURS.warning("%s", message, extra={"session": session})
    lines = logs()
    assert len(lines) == before + 1
    assert len(lines[-1]["message"]) <= MAX_MESSAGE


def test_newlines_escape_codes_and_direction_marks_are_written_as_escapes(logs, tmp_path):
    OURS.error("a\nb\x1b[31m\u202ec", extra={"session": "x\r\ny"})
    raw = (tmp_path / "logs" / LOG_FILE).read_bytes()
    assert raw.count(b"\n") == 1
    assert all(32 <= byte < 127 for byte in raw.rstrip(b"\n"))
    assert logs()[-1]["message"] == "a\nb\x1b[31m\u202ec"


def test_texts_are_cut(logs):
    OURS.info("x" * 100_000, extra={"path": "y" * 100_000})
    assert (len(logs()[-1]["message"]), len(logs()[-1]["path"])) == (MAX_MESSAGE, MAX_FIELD)


@pytest.mark.requirement("log.redaction")
@pytest.mark.parametrize(
    "shape",
    [
        "{key}",
        "authorization: Bearer {key}",
        "https://api.example/v1?key={quoted}",
        'body {{"k": {json}}}',
        "basic {base64}",
        "basic {base64_user}",
        "basic {base64_other}",
        "x" * 990 + " {key}",
        "x" * 65_530 + "{key}",
    ],
)
@pytest.mark.parametrize("key", [LIVE_KEY, KNOWN_KEY])
def test_no_credential_reaches_the_file(logs, tmp_path, key, shape):
    register(key)
    shapes = {
        "key": key,
        "quoted": quote(key, safe=""),
        "json": json.dumps(key),
        "base64": base64.b64encode(key.encode()).decode(),
        "base64_user": base64.b64encode(f"user:{key}".encode()).decode(),
        "base64_other": base64.b64encode(f"abcd:{key}!".encode()).decode(),
    }
    text = shape.format(**shapes)
    OURS.info(text, extra={"session": text[-150:]})
    OURS.info("as an argument: %s", text)
    raw = (tmp_path / "logs" / LOG_FILE).read_text()
    for form in (key, shapes["quoted"], shapes["json"], shapes["base64"][:40], shapes["base64_user"][8:48]):
        assert form not in raw
    assert key[:24] not in raw


def test_a_short_key_is_no_reason_to_redact_ordinary_words():
    redactor = Redactor()
    redactor.register("ollama")
    assert redactor.redact("ollama is up") == "ollama is up"


def test_the_longer_of_two_keys_goes_first():
    redactor = Redactor()
    redactor.register("abcdefgh")
    redactor.register("abcdefghijkl")
    assert redactor.redact("k=abcdefghijkl") == "k=[redacted:live_key]"


@pytest.mark.requirement("log.no-text")
def test_an_exception_is_its_type_and_places_and_only_our_own_words(logs):
    def fails(prompt: str) -> None:
        raise ValueError(f"cannot read {prompt}")

    try:
        fails("QUITE-UNUSUAL-PROMPT-TEXT")
    except ValueError:
        OURS.exception("reading failed")
    line = logs()[-1]
    assert line["error"]["type"] == "builtins.ValueError"
    assert line["error"]["places"][-1].endswith(":fails")
    assert "QUITE-UNUSUAL" not in json.dumps(line)
    try:
        raise ConfigError("a setting is wrong")
    except ConfigError:
        OURS.exception("no")
    assert logs()[-1]["error"]["message"] == "a setting is wrong"


def test_other_libraries_are_heard_from_warning_on(logs):
    logging.getLogger("httpx2").info("GET https://example.test/?q=prompt")
    logging.getLogger("httpx2").warning("odd")
    assert [line["message"] for line in logs()] == ["odd"]


def test_a_message_whose_arguments_do_not_fit_is_still_one_line(logs):
    OURS.info("%d and %s", "x")
    assert logs()[-1]["message"] == "%d and %s"


def test_file_and_folder_are_private(logs, tmp_path):
    OURS.info("x")
    assert stat.S_IMODE((tmp_path / "logs").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "logs" / LOG_FILE).stat().st_mode) == 0o600


def test_a_symbolic_link_in_the_place_of_the_log_is_refused(tmp_path):
    (tmp_path / "logs").mkdir()
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "logs" / LOG_FILE).symlink_to(victim)
    with pytest.raises(OSError, match=r"symbolic|loop|Too many"):
        PrivateFile(str(tmp_path / "logs" / LOG_FILE))
    assert victim.read_text() == "mine"


def record(text: str) -> logging.LogRecord:
    return logging.LogRecord("llm_router_core.x", logging.INFO, "", 0, text, None, None)


def test_the_file_moves_aside_when_it_is_full_and_the_oldest_goes(tmp_path, monkeypatch):
    monkeypatch.setattr(log, "MAX_FILE_BYTES", 1_000)
    path = tmp_path / "logs" / LOG_FILE
    handler = PrivateFile(str(path))
    for number in range(200):
        handler.handle(record(f"line {number}"))
    handler.close()
    files = sorted(path.parent.iterdir())
    assert [file.name for file in files] == [LOG_FILE, f"{LOG_FILE}.1", f"{LOG_FILE}.2"]
    assert all(file.stat().st_size <= 1_000 and stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
    assert '"line 199"' in path.read_text()


def test_two_writers_lose_no_line_when_one_of_them_moves_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(log, "MAX_FILE_BYTES", 4_000)
    monkeypatch.setattr(log, "KEPT_FILES", 50)
    path = tmp_path / "logs" / LOG_FILE
    one, other = PrivateFile(str(path)), PrivateFile(str(path))
    for number in range(100):
        one.handle(record(f"one {number}"))
        other.handle(record(f"other {number}"))
    one.close()
    other.close()
    text = "".join(file.read_text() for file in path.parent.iterdir())
    messages = [json.loads(line)["message"] for line in text.splitlines()]
    assert sorted(messages) == sorted([f"{who} {number}" for who in ("one", "other") for number in range(100)])


def test_a_full_disk_loses_the_line_and_nothing_else(tmp_path, monkeypatch, capfd):
    handler = PrivateFile(str(tmp_path / "logs" / LOG_FILE))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    handler.handle(record("x"))
    monkeypatch.undo()
    handler.close()
    assert capfd.readouterr() == ("", "")


PROGRAM = """
import logging, sys
from llm_router_core import log
logging.basicConfig(stream=sys.stdout, level=logging.DEBUG)
problem = log.configure(sys.argv[1], "info", to_stderr=sys.argv[2] == "loud")
log.configure(sys.argv[1], "info", to_stderr=sys.argv[2] == "loud")
logging.getLogger("llm_router_core.x").warning("one \\x1b[31m\\nproblem")
sys.stderr.write(problem)
"""


@pytest.mark.parametrize(("mode", "err"), [("quiet", ""), ("loud", "warning: one  [31m problem\n")])
def test_nothing_is_ever_on_stdout_and_stderr_only_on_request(tmp_path, mode, err):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path), mode], capture_output=True, text=True, check=True, timeout=60
    )
    assert (done.stdout, done.stderr) == ("", err)
    assert len((tmp_path / "logs" / LOG_FILE).read_text().splitlines()) == 1


def test_a_folder_that_cannot_be_used_is_said_and_stops_nothing(tmp_path):
    (tmp_path / "logs").write_text("a file")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path), "quiet"], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == ""
    assert done.stderr.startswith("there is no log file")


def test_the_hot_path_knows_no_logging():
    folder = Path(log.__file__).parent / "hotpath"
    for file in folder.rglob("*.py"):
        text = file.read_text("utf-8")
        assert "import logging" not in text
        assert "llm_router_core.log" not in text
        assert "import log" not in text
