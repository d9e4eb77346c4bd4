"""Which layer decides: argument, session, environment, repository (tighter only), user, default; organisation last."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_router_core.errors import ConfigError
from llm_router_core.hotpath.snapshot import tightened
from llm_router_core.settings.model import Settings
from llm_router_core.settings.problems import Severity
from llm_router_core.settings.restrictions import parse_restrictions
from llm_router_core.settings.sources import SESSION, Layers, load, resolve
from llm_router_core.settings.table import BY_NAME, PRESETS, SETTINGS, Setting

HOME = "/home/somebody/.llm-router"
CONFIG = f"{HOME}/config.toml"
# One value a layer, each different from its neighbours; the repository's is tighter than the user's.
PRECEDENCE = ("argument", "session", "environment", "repository", "user")
TIGHTENABLE = [row for row in SETTINGS if isinstance(row.tighten, tuple) or row.tighten == "lower"]


def restricted(text: str, source: str = "the repository"):
    return parse_restrictions(text.encode(), source)


@pytest.mark.requirement("settings.precedence")
@pytest.mark.parametrize("strongest", range(len(PRECEDENCE) + 1))
def test_the_strongest_layer_that_speaks_decides_and_is_named(strongest):
    present = PRECEDENCE[strongest:]
    values = {"argument": 11.0, "session": 12.0, "environment": 13.0, "user": 100.0}
    layers = Layers(
        **{name: {"call_deadline_s": values[name]} for name in present if name != "repository"},
        **({"repository": restricted("call_deadline_s = 50")} if "repository" in present else {}),
    )
    loaded = resolve(layers, HOME)

    named = {"argument": "argument", "session": SESSION, "environment": "LLM_ROUTER_CALL_DEADLINE",
             "repository": "the repository", "user": CONFIG}  # fmt: skip
    expected = {**values, "repository": 50.0}
    assert loaded.settings.call_deadline_s == (expected[present[0]] if present else 180.0)
    assert loaded.sources.get("call_deadline_s") == (named[present[0]] if present else None)


@pytest.mark.requirement("settings.organisation-last")
@pytest.mark.parametrize("layer", ["argument", "session", "environment", "user"])
def test_the_organisation_limits_every_layer_and_says_so(layer):
    limits = restricted('max_profile = "balanced"\nanswer = "off"', "the organisation")
    loaded = resolve(Layers(**{layer: {"profile": "premium", "answer": "on"}}, organisation=limits), HOME)

    assert (loaded.settings.profile, loaded.settings.answer) == ("balanced", "off")
    assert loaded.sources["profile"] == "the organisation"
    assert [problem.name for problem in loaded.problems] == ["profile", "answer"]
    assert "limited" in loaded.problems[0].message


def test_the_organisation_never_raises_what_the_user_lowered():
    limits = restricted('profile = "balanced"\nmax_cost_usd = "5"', "the organisation")
    loaded = resolve(Layers(user={"profile": "budget", "max_cost_usd": "1"}, organisation=limits), HOME)

    assert (loaded.settings.profile, loaded.settings.max_cost_usd) == ("budget", "1")


def written(row: Setting) -> st.SearchStrategy[str]:
    if isinstance(row.tighten, tuple):
        words = st.sampled_from(row.tighten)
        return words.map(lambda word: word if row.form == "flag" else f'"{word}"')
    if row.form == "usd":
        return st.integers(0, 10**6).map(lambda cents: f'"{cents / 100:.2f}"')
    return st.floats(0.01, 1.0).map(lambda share: f"{share:.4f}")


@st.composite
def two_files(draw: st.DrawFn) -> tuple[str, str]:
    files = []
    for _ in range(2):
        rows = draw(st.lists(st.sampled_from(TIGHTENABLE), unique=True))
        files.append("\n".join(f"{row.name} = {draw(written(row))}" for row in rows))
    return files[0], files[1]


def is_looser(row: Setting, now: object, before: object) -> bool:
    text = [str(value).lower() if isinstance(value, bool) else str(value) for value in (now, before)]
    if isinstance(row.tighten, tuple):
        return row.tighten.index(text[0]) < row.tighten.index(text[1])
    if text[1] == "":
        return False
    return text[0] == "" or float(text[0]) > float(text[1])


@pytest.mark.requirement("settings.repository-tightens")
@given(two_files())
def test_no_repository_file_loosens_any_setting_of_any_user(files):
    import tomllib  # noqa: PLC0415

    user = tomllib.loads(files[0])
    alone = resolve(Layers(user=user), HOME).settings
    together = resolve(Layers(user=user, repository=restricted(files[1])), HOME).settings

    for row in SETTINGS:
        now, before = getattr(together, row.name), getattr(alone, row.name)
        if row in TIGHTENABLE:
            assert not is_looser(row, now, before), row.name
        else:
            assert now == before, row.name
    assert set(alone.rules) <= set(together.rules)


@given(st.binary(max_size=400))
def test_no_repository_file_whatever_it_holds_loosens_or_stops_anything(raw):
    restrictions = parse_restrictions(raw, "the repository")
    together = resolve(Layers(repository=restrictions), HOME).settings
    alone = Settings()

    for row in SETTINGS:
        now, before = getattr(together, row.name), getattr(alone, row.name)
        assert now == before or not is_looser(row, now, before)


@given(st.sampled_from(TIGHTENABLE), st.data())
def test_tightening_takes_one_of_the_two_values_and_order_does_not_matter(row, data):
    values = st.sampled_from(row.tighten) if isinstance(row.tighten, tuple) else st.floats(0, 100) | st.just("")
    one, other = data.draw(values), data.draw(values)
    result = tightened(row.tighten, one, other)

    assert result in (one, other)
    assert tightened(row.tighten, other, one) == result
    assert tightened(row.tighten, result, one) == result


def test_every_row_says_how_a_repository_may_tighten_it_in_a_form_that_is_known():
    for row in SETTINGS:
        if isinstance(row.tighten, tuple):
            allowed = row.choices if row.form == "choice" else ("true", "false")
            assert set(row.tighten) == set(allowed), row.name
        else:
            assert row.tighten in {"lower", "add", "join", "refused"}, row.name


@pytest.mark.parametrize("row", SETTINGS, ids=lambda row: row.name)
def test_the_default_in_the_table_is_the_default_in_force(row):
    default = getattr(Settings(), row.name)
    shown = ",".join(default) if isinstance(default, tuple) else str(default)
    if row.form in {"number", "whole"}:
        assert float(row.default) == default
    else:
        assert row.default == (shown.lower() if row.form == "flag" else shown)


def test_the_table_and_the_model_hold_the_same_settings():
    not_in_the_table = {"providers", "consent", "keys", "keys_file_agreed", "rules", "spend_caps"}

    assert set(Settings.model_fields) - not_in_the_table == set(BY_NAME)
    assert {name for preset in PRESETS.values() for name in preset} <= set(BY_NAME)


def test_a_preset_is_a_default_that_your_own_value_beats():
    loaded = resolve(Layers(user={"policy": "conservative", "quality_mode": "balanced"}), HOME)

    assert loaded.settings.quality_mode == "balanced"
    assert loaded.settings.min_model == PRESETS["conservative"]["min_model"]
    assert loaded.sources["min_model"] == "the policy 'conservative'"


def test_a_repository_that_asks_for_the_conservative_preset_gets_its_restrictions_and_not_its_costs():
    loaded = resolve(Layers(repository=restricted('policy = "conservative"')), HOME)

    assert loaded.settings.policy == "conservative"
    assert loaded.settings.quality_mode == "balanced"
    assert loaded.settings.min_model == ""
    assert [rule.forbidden_data for rule in loaded.settings.rules] == [("third_party_may_train",)]


def test_a_repository_that_asks_for_less_is_told_so_by_name():
    loaded = resolve(Layers(repository=restricted('profile = "premium"')), HOME)

    assert loaded.settings.profile == "balanced"
    (problem,) = loaded.problems
    assert (problem.severity, problem.name, problem.source) == (Severity.WARNING, "profile", "the repository")
    assert "may only tighten" in problem.message


def test_what_a_layer_loses_against_a_stronger_one_is_named():
    loaded = resolve(Layers(user={"profile": "budget"}, environment={"profile": "premium"}), HOME)

    assert [(item.name, item.source) for item in loaded.problems] == [("profile", CONFIG)]
    assert "LLM_ROUTER_PROFILE" in loaded.problems[0].message


def test_rules_and_caps_cannot_be_written_by_name(tmp_path):
    (tmp_path / "config.toml").write_text("\nrules = []\n")

    with pytest.raises(ConfigError, match=r"line 2, column 1: there is no setting 'rules'"):
        load({}, str(tmp_path))


def test_a_loaded_process_finds_the_repository_from_where_it_works(tmp_path):
    root = tmp_path / "repo"
    deep = root / "a" / "b"
    deep.mkdir(parents=True)
    (root / ".git").mkdir()
    (root / ".llm-router.toml").write_text('profile = "budget"\nblock = ["deepseek"]\n')
    loaded = load({}, str(tmp_path / "home"), cwd=str(deep), organisation="/nonexistent")

    assert loaded.settings.profile == "budget"
    assert loaded.sources["profile"] == f"the repository ({root / '.llm-router.toml'})"
    assert loaded.settings.rules[0].block == ("deepseek",)


def test_an_unreadable_organisation_file_keeps_third_parties_out_and_local_models_in(tmp_path):
    path = tmp_path / "policy.toml"
    path.mkdir()
    loaded = load({}, str(tmp_path / "home"), organisation=str(path))

    assert loaded.settings.rules[0].forbidden_data == ("third_party", "third_party_may_train")
    assert str(path) in loaded.problems[0].source


def test_a_provider_table_that_is_no_table_is_refused_even_when_a_variable_adds_to_it(tmp_path):
    Path(tmp_path, "config.toml").write_text("providers = 3\n")

    with pytest.raises(ConfigError, match="providers"):
        load({"LLM_ROUTER_LAB_MODELS": "a"}, str(tmp_path))
