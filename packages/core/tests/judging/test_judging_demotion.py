"""A model steps back when its answers are surely bad, and comes back by better answers or by time."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_router_core.judging.demotion import demoted, standing, trend
from llm_router_core.storage.quality import Sample

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MODEL = "ollama/gemma4"


def samples(*scores: int, first_hours_ago: float = 0.0) -> list[Sample]:
    """The newest first, an hour apart."""
    return [Sample(MODEL, NOW - timedelta(hours=first_hours_ago + n), score) for n, score in enumerate(scores)]


@pytest.mark.requirement("judging.demotion")
def test_a_mean_below_the_threshold_with_enough_samples_demotes_and_says_why():
    found = demoted(samples(*[520] * 11), NOW)
    assert found == {MODEL: "demoted: mean 0.52 over 11 judged answers"}


def test_seven_bad_answers_are_not_enough():
    assert demoted(samples(*[100] * 7), NOW) == {}
    assert MODEL in demoted(samples(*[100] * 8), NOW)


def test_a_mean_just_below_the_threshold_is_not_shown_as_the_threshold():
    assert demoted(samples(*[599] * 20), NOW) == {MODEL: "demoted: mean 0.59 over 20 judged answers"}


def test_a_mean_that_may_as_well_be_chance_does_not_demote():
    found = standing(MODEL, samples(*[900, 250] * 5), NOW)
    assert found.mean == 575
    assert not found.is_demoted


@given(st.lists(st.integers(0, 1000), min_size=7, max_size=39), st.integers(0, 1000), st.data())
def test_one_bad_answer_never_demotes_a_model_whose_other_answers_are_good_enough(others, bad, data):
    if sum(others) / len(others) < 600:
        others = [1000 - score for score in others]
    if sum(others) / len(others) < 600:
        return
    place = data.draw(st.integers(0, len(others)))
    assert demoted(samples(*others[:place], bad, *others[place:]), NOW) == {}


@given(st.lists(st.integers(0, 1000), min_size=0, max_size=60))
def test_whoever_is_demoted_has_a_mean_below_the_threshold_and_enough_samples(scores):
    found = standing(MODEL, samples(*scores), NOW)
    assert not found.is_demoted or (found.mean < 600 and found.count >= 8)
    assert found.count <= 40


@pytest.mark.requirement("judging.recovery")
def test_good_answers_bring_a_model_back():
    bad = [300] * 20
    assert MODEL in demoted(samples(*bad), NOW)
    assert demoted(samples(*[950] * 20, *bad), NOW) == {}


def test_forty_good_answers_outweigh_any_number_of_bad_ones_before():
    assert demoted(samples(*[900] * 40, *[0] * 200), NOW) == {}


@pytest.mark.requirement("judging.recovery")
def test_time_brings_a_model_back():
    bad = samples(*[300] * 20)
    assert MODEL in demoted(bad, NOW)
    assert MODEL in demoted(bad, NOW + timedelta(days=13))
    assert demoted(bad, NOW + timedelta(days=15)) == {}


def test_samples_from_the_future_do_not_count():
    bad = samples(*[300] * 20)
    assert demoted(bad, NOW - timedelta(days=2)) == {}


def test_another_models_answers_do_not_count():
    other = [Sample("groq/llama-4", NOW, 0) for _ in range(30)]
    assert demoted([*other, *samples(*[900] * 10)], NOW) == {
        "groq/llama-4": "demoted: mean 0.00 over 30 judged answers"
    }


def test_a_trend_names_both_windows_with_their_numbers():
    found = trend(MODEL, [*samples(*[800] * 10), *samples(*[500] * 10, first_hours_ago=8 * 24)], NOW)
    assert (found.direction, found.count, found.mean) == ("better", 10, 800)
    assert (found.count_before, found.mean_before) == (10, 500)


def test_a_difference_smaller_than_its_error_is_no_trend():
    late, early = samples(*[800, 500] * 5), samples(*[800, 480] * 5, first_hours_ago=8 * 24)
    assert trend(MODEL, [*late, *early], NOW).direction == "steady"


def test_four_answers_make_no_trend():
    found = trend(MODEL, [*samples(*[900] * 4), *samples(*[100] * 9, first_hours_ago=8 * 24)], NOW)
    assert (found.direction, found.count, found.count_before) == ("too few", 4, 9)
