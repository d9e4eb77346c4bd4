"""config.toml edited in place: comments stay, nothing else moves, and a broken file is never touched."""

import tomllib
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llm_router_core.catalog.entries import DataClass
from llm_router_core.errors import ConfigError
from llm_router_core.settings import edit, records
from llm_router_core.settings.consent import Offer
from llm_router_core.settings.sources import load
from llm_router_core.settings.table import SETTINGS

OURS = """# mine, by hand
profile   = 'budget'   # cheap is fine

ollama_models = [
  "gemma4", # the big one
]

[providers.lab]   # behind the router
base_url = "http://127.0.0.1:1/v1"
"""


@pytest.fixture
def home(tmp_path: Path) -> str:
    folder = tmp_path / "home"
    folder.mkdir()
    return str(folder)


def put(home: str, text: str | bytes) -> Path:
    path = Path(home, "config.toml")
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_change_leaves_every_other_byte_alone(home):
    path = put(home, OURS)
    edit.set_value(home, "profile", "premium")

    assert path.read_text() == OURS.replace("'budget'", '"premium"')


def test_setting_and_unsetting_gives_the_file_back(home):
    path = put(home, OURS)
    edit.set_value(home, "providers.far.base_url", "https://far.example/v1")
    edit.set_value(home, "enforce", "hard")
    edit.unset_value(home, "enforce")
    edit.unset_value(home, "providers.far.base_url")

    assert tomllib.loads(path.read_text()) == tomllib.loads(OURS)
    assert path.read_text().rstrip("\n") == OURS.rstrip("\n")


def test_the_first_setting_makes_a_private_file(home):
    edited = edit.set_value(home, "enforce", "soft")

    assert edited.is_changed
    assert Path(edited.path).stat().st_mode & 0o777 == 0o600
    assert Path(edited.path).read_text() == 'enforce = "soft"\n'
    assert not edit.set_value(home, "enforce", "soft").is_changed


def test_a_file_others_could_read_is_private_after_a_change(home):
    path = put(home, OURS)
    path.chmod(0o644)
    edit.set_value(home, "enforce", "soft")

    assert path.stat().st_mode & 0o777 == 0o600


def test_line_ends_stay_what_they_were(home):
    path = put(home, OURS.replace("\n", "\r\n"))
    edit.set_value(home, "enforce", "soft")
    raw = path.read_bytes()

    assert raw.count(b"\r\n") == raw.count(b"\n") > 8


def test_a_linked_config_stays_a_link(home, tmp_path):
    real = tmp_path / "dotfiles.toml"
    real.write_text(OURS)
    Path(home, "config.toml").symlink_to(real)
    edit.set_value(home, "profile", "premium")

    assert Path(home, "config.toml").is_symlink()
    assert "premium" in real.read_text()


@pytest.mark.requirement("settings.bad-config")
@pytest.mark.parametrize("text", ["profile = ", "a = 1\na = 2", b"x = '\xff'", "[" * 3000, "profile = 1 2"])
def test_a_file_that_cannot_be_parsed_is_refused_untouched_with_its_place(home, text):
    path = put(home, text)
    before = path.read_bytes(), path.stat().st_mtime_ns
    with pytest.raises(ConfigError) as refused:
        edit.set_value(home, "enforce", "soft")

    assert str(path) in refused.value.message
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert not Path(home, "backups").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("profile", "cheap"),
        ("call_deadline_s", "soon"),
        ("call_deadline_s", "-1"),
        ("call_deadline_s", "nan"),
        ("max_cost_usd", "much"),
        ("min_model", "opus"),
        ("forbidden_data", "local"),
        ("compress_response", "perhaps"),
        ("demotion_samples", "0"),
        ("abstain_below", "2"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_before_anything_is_written(home, name, value):
    path = put(home, OURS)
    with pytest.raises(ConfigError, match=f"(?s)nothing was changed.*{name}"):
        edit.set_value(home, name, value)

    assert path.read_text() == OURS


@pytest.mark.parametrize(
    "name", ["proflie", "consent.openai", "keys.openai", "rules", "providers.lab", "providers.lab.api_key", "providers"]
)
def test_what_is_no_setting_cannot_be_set(home, name):
    with pytest.raises(ConfigError, match="there is no setting"):
        edit.set_value(home, name, "x")


def test_a_wrong_value_can_be_repaired_by_setting_it(home):
    path = put(home, 'profile = "cheap"\n')
    edit.set_value(home, "profile", "budget")

    assert path.read_text() == 'profile = "budget"\n'


def test_the_texts_before_are_kept_newest_first_and_five_at_most(home):
    for number in range(1, 9):
        edit.set_value(home, "call_deadline_s", str(number))
    kept = sorted(Path(home, "backups").iterdir())

    assert [path.name for path in kept] == [f"config.toml.{number}" for number in range(1, 6)]
    assert kept[0].read_text() == "call_deadline_s = 7\n"
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}


def test_consents_keys_and_agreements_are_added_and_taken_back_beside_the_users_own_lines(home):
    path = put(home, OURS)
    today = date(2026, 11, 24)
    offers = [Offer(name, name, DataClass.THIRD_PARTY, f"https://{name}.example") for name in ("openai", "groq")]
    for offer in offers:
        records.agree(home, offer, today)
        records.note_key(home, offer.provider, "file", offer.origin, today)
    records.agree_to_key_file(home, today)
    loaded = load({}, home).settings

    assert loaded.consent["groq"].given == loaded.keys["groq"].saved == loaded.keys_file_agreed == today
    assert loaded.providers["lab"].base_url
    for offer in offers:
        records.revoke(home, offer.provider)
        records.forget_key(home, offer.provider)
    assert tomllib.loads(path.read_text()) == {**tomllib.loads(OURS), "keys_file_agreed": today}
    assert "# the big one" in path.read_text()
    assert "# behind the router" in path.read_text()


LINES = st.lists(
    st.sampled_from(
        ["# a comment", "", 'profile = "budget"', "call_deadline_s = 1_0.5 # x", "block = [ 'a' , ]", "[consent]",
         "openai = {given=2026-01-01,data_class='third_party'}", "[providers.lab]", 'base_url = """https://a/v1"""',
         "[providers]", 'lab.models = "a,b"', '"enforce" = "off"', "[providers.'x']"]
    ),
    max_size=8,
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(
    LINES, st.sampled_from([("profile", "premium"), ("block", "a,b"), ("providers.lab.models", "z"), ("tools", "core")])
)
def test_an_edit_says_exactly_what_was_asked_or_leaves_the_file_as_it_was(home, lines, change):
    path = put(home, "\n".join(lines))
    before = path.read_bytes()
    try:
        edit.set_value(home, *change)
    except ConfigError:
        assert path.read_bytes() == before
        return
    wanted, now = tomllib.loads(before.decode()), tomllib.loads(path.read_text())
    target, *_, key = (now, *change[0].split("."))
    for part in change[0].split(".")[:-1]:
        target = target[part]
    assert target[key] == (change[1].split(",") if key in {"block", "models"} else change[1])
    assert wanted.keys() <= now.keys()
    assert before.count(b"# a comment") == path.read_bytes().count(b"# a comment")


def test_every_setting_of_the_table_can_be_set_to_its_own_default(home):
    for row in SETTINGS:
        edit.set_value(home, row.name, row.default)

    assert load({}, home).settings.model_dump() == load({}, f"{home}/other").settings.model_dump()


def test_changes_at_the_same_time_are_all_kept(home):
    names = ["call_deadline_s", "attempt_deadline_s", "answer_deadline_s", "demotion_samples"]
    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(lambda name: [edit.set_value(home, name, str(number)) for number in range(1, 6)], names))

    assert tomllib.loads(Path(home, "config.toml").read_text()) == dict.fromkeys(names, 5)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "home").write_text("a file")
    with pytest.raises(ConfigError, match="cannot be"):
        edit.set_value(str(tmp_path / "home"), "enforce", "off")
