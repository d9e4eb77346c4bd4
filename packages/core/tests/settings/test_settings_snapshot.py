"""What hooks read: written from the user's file and the organisation only, read whatever state it is in."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import llm_router_core
from llm_router_core.hotpath import snapshot as reader
from llm_router_core.settings.edit import set_value
from llm_router_core.settings.model import Settings
from llm_router_core.settings.snapshot import compile_repository, write_snapshot
from llm_router_core.settings.table import BY_NAME

DEFAULTS = {name: row[1] for name, row in reader.HOOK_SETTINGS.items()}
NOWHERE = "/nonexistent/policy.toml"


@pytest.fixture
def home(tmp_path: Path) -> str:
    folder = tmp_path / "home"
    folder.mkdir()
    return str(folder)


def config(home: str, text: str) -> None:
    Path(home, "config.toml").write_text(text)


def repository(tmp_path: Path, text: str) -> str:
    root = tmp_path / "repo"
    (root / ".git").mkdir(parents=True)
    (root / ".llm-router.toml").write_text(text)
    return str(root)


def test_hooks_and_everybody_else_know_the_same_settings():
    for name, (variable, default, allowed, tighten) in reader.HOOK_SETTINGS.items():
        row = BY_NAME[name]
        assert (row.env, row.tighten) == (variable, tighten), name
        assert default == getattr(Settings(), name), name
        assert set(allowed) == set(row.choices or (("true", "false") if row.form == "flag" else ())), name


def test_what_is_written_is_what_is_read(home):
    config(home, 'enforce = "hard"\nanswer_deadline_s = 7\ncompress_response = true\npolicy = "conservative"\n')
    write_snapshot(home, organisation=NOWHERE)
    values = reader.read(home, {})

    changed = {"enforce": "hard", "answer_deadline_s": 7.0, "compress_response": True}
    preset = {"quality_mode": "best", "abstain_below": 0.65}
    assert values == {**DEFAULTS, **changed, **preset}
    assert Path(f"{home}/snapshot.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.requirement("settings.snapshot-sources")
def test_neither_environment_nor_repository_reach_the_snapshot(home, tmp_path, monkeypatch):
    monkeypatch.setenv("LLM_ROUTER_ENFORCE", "off")
    monkeypatch.chdir(repository(tmp_path, 'tools = "core"\n'))
    write_snapshot(home, organisation=NOWHERE)

    assert json.loads(Path(home, "snapshot.json").read_text())["settings"] == DEFAULTS


def test_a_hook_lays_its_own_variables_over_the_snapshot_and_ignores_those_it_cannot_read(home):
    config(home, 'enforce = "hard"\n')
    write_snapshot(home, organisation=NOWHERE)

    assert reader.read(home, {"LLM_ROUTER_ENFORCE": "soft"})["enforce"] == "soft"
    assert reader.read(home, {"LLM_ROUTER_ENFORCE": "brutal"})["enforce"] == "hard"
    assert reader.read(home, {"LLM_ROUTER_ANSWER_DEADLINE": "nan"})["answer_deadline_s"] == 20.0


@pytest.mark.requirement("settings.organisation-last")
def test_no_variable_of_a_hook_passes_the_organisation(home, tmp_path):
    policy = tmp_path / "policy.toml"
    policy.write_text('answer = "off"\nmax_profile = "budget"\nanswer_deadline_s = 5\n')
    write_snapshot(home, organisation=str(policy))
    values = reader.read(home, {"LLM_ROUTER_ANSWER": "on", "LLM_ROUTER_ANSWER_DEADLINE": "60"})

    assert (values["answer"], values["profile"], values["answer_deadline_s"]) == ("off", "budget", 5.0)


def test_a_repository_counts_once_compiled_and_only_while_it_is_the_same_file(home, tmp_path):
    root = repository(tmp_path, 'answer = "off"\nprofile = "premium"\n')
    config(home, 'answer = "on"\n')
    write_snapshot(home, organisation=NOWHERE)
    assert reader.read(home, {}, root)["answer"] == "on"

    compile_repository(home, root)
    assert reader.read(home, {}, root)["answer"] == "off"
    assert reader.read(home, {}, root)["profile"] == "balanced"
    assert reader.read(home, {}, str(tmp_path))["answer"] == "on"
    assert reader.read(home, {"LLM_ROUTER_ANSWER": "ask"}, root)["answer"] == "ask"

    Path(root, ".llm-router.toml").write_text('answer = "ask"\n')
    assert reader.read(home, {}, root)["answer"] == "on"


def test_compiled_repositories_are_bounded_and_an_unchanged_one_is_not_written_again(home, tmp_path, monkeypatch):
    monkeypatch.setattr("llm_router_core.settings.snapshot.MAX_REPOSITORIES", 3)
    for number in range(5):
        compile_repository(home, repository(tmp_path / str(number), 'answer = "off"\n'))
    stored = Path(home, "repositories.json")
    before = stored.stat().st_mtime_ns, stored.stat().st_ino
    compile_repository(home, str(tmp_path / "4" / "repo"))

    assert len(json.loads(stored.read_text())["files"]) == 3
    assert (stored.stat().st_mtime_ns, stored.stat().st_ino) == before


def test_every_change_of_the_configuration_reaches_the_hooks(home):
    set_value(home, "enforce", "off", organisation=NOWHERE)

    assert reader.read(home, {})["enforce"] == "off"


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*DEFAULTS, "x"]), inner, max_size=3),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60) | st.builds(lambda **parts: json.dumps(parts).encode(), settings=JSON, limits=JSON,
                                          version=st.sampled_from([1, 2, "1", None]), files=JSON))  # fmt: skip
def test_no_spoilt_file_stops_a_hook_or_gives_it_a_value_that_does_not_exist(home, raw):
    for name in ("snapshot.json", "repositories.json"):
        Path(home, name).write_bytes(raw)
    values = reader.read(home, {}, home)

    assert values.keys() == DEFAULTS.keys()
    for name, (_, default, allowed, _) in reader.HOOK_SETTINGS.items():
        assert type(values[name]) is type(default)
        assert not allowed or isinstance(default, bool) or values[name] in allowed


@pytest.mark.parametrize("kind", ["missing", "folder", "fifo", "link", "huge", "deep"])
def test_a_snapshot_that_is_no_file_means_defaults(home, kind):
    path = Path(home, "snapshot.json")
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to("/etc/passwd")
    elif kind == "huge":
        path.write_bytes(b"{" + b" " * reader.MAX_BYTES)
    elif kind == "deep":
        path.write_bytes(b"[" * 100_000)

    assert reader.read(home, {}) == DEFAULTS


def test_a_hook_loads_the_reader_without_a_slow_module():
    folder = str(Path(llm_router_core.__file__).parents[1])
    probe = (
        "import sys; before = set(sys.modules); sys.path.append(sys.argv[1]); import llm_router_core.hotpath.snapshot; "
        "print(' '.join(sorted(set(sys.modules) - before)))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", probe, folder], capture_output=True, text=True, check=True, timeout=30
    )

    slow = {"pathlib", "dataclasses", "typing", "tomllib", "subprocess", "logging"}
    loaded = set(done.stdout.split())
    assert "llm_router_core.hotpath.snapshot" in loaded
    assert loaded & slow == set()
