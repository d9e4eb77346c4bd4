"""The price table and the arithmetic on it."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_router_core.conversation import Usage
from llm_router_core.errors import ConfigError
from llm_router_core.pricing.baseline import baseline_lines, baseline_microusd
from llm_router_core.pricing.cost import cost_microusd, worst_case_microusd
from llm_router_core.pricing.table import Price, load_table, parse_table, price_of

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
SCRIPT = Path(__file__).parents[4] / "scripts" / "refresh_prices.py"
ROW = """
[[price]]
provider = "p"
model = "m"
as_of = 2026-01-01
source = "https://example.com"
input = 1000000
output = 2000000
"""
HEAD = 'schema = 1\nversion = "v"\n'

prices = st.sampled_from(sorted(load_table().prices.values(), key=lambda price: (price.provider, price.model)))
counts = st.integers(0, 2_000_000)
instants = st.datetimes(datetime(2026, 11, 1), datetime(2027, 3, 1)).map(lambda at: at.replace(tzinfo=UTC))


def usage_of(fresh: int, read: int, write: int, share: float, out: int) -> Usage:
    return Usage(fresh, read, write, out, 0, int(write * share))


usages = st.builds(usage_of, counts, counts, counts, st.floats(0, 1), counts)


def shipped(provider: str, model: str, at: datetime = AT) -> Price:
    price = price_of(provider, model, at)
    assert price is not None
    return price


@given(price=prices, usage=usages, at=instants, spare=st.integers(0, 10), delay_h=st.integers(0, 12))
def test_no_cost_passes_the_worst_case(price: Price, usage: Usage, at: datetime, spare: int, delay_h: int) -> None:
    worst = worst_case_microusd(price, usage.prompt_tokens + spare, usage.output_tokens + spare, at)
    assert 0 <= cost_microusd(price, usage, at + timedelta(hours=delay_h)) <= worst


@given(
    price=prices, usage=usages, at=instants, bucket=st.sampled_from(["input", "cache_read", "cache_write", "output"])
)
def test_more_tokens_never_cost_less(price: Price, usage: Usage, at: datetime, bucket: str) -> None:
    more = Usage(
        usage.input_tokens + (bucket == "input"),
        usage.cache_read_tokens + (bucket == "cache_read"),
        usage.cache_write_tokens + (bucket == "cache_write"),
        usage.output_tokens + (bucket == "output"),
        0,
        usage.cache_write_1h_tokens,
    )
    assert cost_microusd(price, more, at) >= cost_microusd(price, usage, at)


@given(price=prices, small=st.integers(0, 20_000), out=counts)
def test_the_buckets_are_disjoint(price: Price, small: int, out: int) -> None:
    """Below every tier the whole costs what its parts cost, up to one rounding and one request fee for each part."""
    whole = cost_microusd(price, Usage(small, small, small, out), AT)
    parts = [Usage(small), Usage(0, small), Usage(0, 0, small), Usage(0, 0, 0, out)]
    fee = cost_microusd(price, Usage(), AT)
    assert 0 <= sum(cost_microusd(price, part, AT) for part in parts) - 3 * fee - whole <= 4


@pytest.mark.parametrize(
    ("provider", "name", "model"),
    [
        ("anthropic", "claude-haiku-4-5-20251001", "claude-haiku-4-5"),
        ("anthropic", "claude-haiku-4-5@20251001", "claude-haiku-4-5"),
        ("openai", "gpt-5.4-2026-03-05", "gpt-5.4"),
        ("openai", "gpt-5.4-mini-2026-03-17", "gpt-5.4-mini"),
        ("OpenAI", " GPT-5-mini ", "gpt-5-mini"),
        ("google", "models/gemini-2.5-flash-001", "gemini-2.5-flash"),
        ("google", "gemini-flash-latest", "gemini-3.8-flash"),
        ("mistral", "codestral-latest", "codestral"),
        ("fireworks", "accounts/fireworks/models/kimi-k3", "kimi-k3"),
        ("zai", "glm-5.3", "GLM-5.3"),
        ("groq", "openai/gpt-oss-120b", "openai/gpt-oss-120b"),
        ("xai", "grok-4.7", "grok-4.7"),
    ],
)
def test_names_resolve_as_providers_return_them(provider: str, name: str, model: str) -> None:
    assert shipped(provider, name).model == model


@pytest.mark.parametrize("name", ["gpt-7", "", "gpt-5.4-turbo", "gpt-5.4-2026", "2026-03-05"])
def test_an_unknown_model_has_no_price(name: str) -> None:
    assert price_of("openai", name, AT) is None
    assert baseline_microusd(Usage(1), AT, model=f"openai/{name}") is None


def test_a_cost_is_exact_and_rounded_up_once() -> None:
    haiku = shipped("anthropic", "claude-haiku-4-5")
    assert cost_microusd(haiku, Usage(1_000_000, 1_000_000, 1_000_000, 1_000_000, 0, 400_000), AT) == (
        1_000_000 + 100_000 + 750_000 + 800_000 + 5_000_000
    )
    assert cost_microusd(haiku, Usage(cache_read_tokens=1), AT) == 1
    assert cost_microusd(haiku, Usage(cache_read_tokens=11), AT) == 2
    assert cost_microusd(haiku, Usage(), AT) == 0
    assert cost_microusd(haiku, Usage(), AT, searches=2) == 20_000


def test_reasoning_tokens_are_part_of_the_output_and_cost_nothing_more() -> None:
    o3 = shipped("openai", "o3")
    assert cost_microusd(o3, Usage(0, 0, 0, 100, 90), AT) == cost_microusd(o3, Usage(0, 0, 0, 100), AT)


def test_a_long_prompt_pays_the_higher_rate_for_all_its_tokens() -> None:
    gpt = shipped("openai", "gpt-5.4")
    assert cost_microusd(gpt, Usage(272_000), AT) == 680_000
    assert cost_microusd(gpt, Usage(272_001), AT) == 1_360_005
    assert cost_microusd(gpt, Usage(1, 272_000), AT) == 136_005


def test_a_row_starts_on_its_day_in_utc() -> None:
    argon = shipped("google", "gemini-4-argon")
    assert cost_microusd(argon, Usage(1_000_000), datetime(2026, 11, 30, 23, 59, tzinfo=UTC)) == 2_000_000
    assert cost_microusd(argon, Usage(1_000_000), datetime(2026, 12, 1, tzinfo=UTC)) == 4_000_000


def test_hours_are_utc_and_the_worst_case_knows_them_all() -> None:
    flash = shipped("deepseek", "deepseek-flash")
    assert cost_microusd(flash, Usage(1_000_000), AT.replace(hour=2)) == 300_000
    assert cost_microusd(flash, Usage(1_000_000), AT.replace(hour=4)) == 150_000
    assert worst_case_microusd(flash, 1_000_000, 0, AT.replace(hour=12)) == 300_000


def test_a_request_fee_is_part_of_cost_and_worst_case() -> None:
    sonar = shipped("perplexity", "sonar")
    assert cost_microusd(sonar, Usage(), AT) == worst_case_microusd(sonar, 0, 0, AT) == 12_000


def test_negative_counts_are_a_programmers_mistake() -> None:
    haiku = shipped("anthropic", "claude-haiku-4-5")
    for usage in (Usage(-1), Usage(output_tokens=-1), Usage(cache_write_1h_tokens=-1)):
        with pytest.raises(ValueError, match="negative"):
            cost_microusd(haiku, usage, AT)
    with pytest.raises(ValueError, match="negative"):
        worst_case_microusd(haiku, -1, 0, AT)


def test_the_baseline_is_sonnet_and_everything_on_opus_is_a_second_line() -> None:
    lines = baseline_lines(Usage(1_000_000), AT)
    assert [(line.model, line.cost_microusd) for line in lines] == [
        ("anthropic/claude-sonnet-5-5", 2_000_000),
        ("anthropic/claude-opus-5-5", 4_000_000),
    ]
    assert baseline_lines(Usage(1), AT, host_model="x/y")[0].cost_microusd is None


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("schema = \nversion = 1", "line 1"),
        ("schema = 2", "schema 2"),
        (HEAD + "price = 1", r"\[\[price\]\]"),
        (HEAD + ROW.replace("1000000", "-1"), r"row 1 \(.m.\): input"),
        (HEAD + ROW.replace("1000000", "1.5"), "input = 1.5"),
        (HEAD + ROW + ROW.replace('model = "m"', ""), "row 2"),
        (HEAD + ROW + "inputs = 3", "'inputs' is no key"),
        (HEAD + ROW + 'hours = "25:00-26:00"', "hours"),
        (HEAD + ROW + 'from = "tomorrow"', "from"),
        (HEAD + ROW + "tiers = 3", "tiers"),
        (HEAD + ROW + "tiers = [{ above = 9, input = 1, output = 1 }, { above = 9, input = 1, output = 1 }]", "rise"),
        (HEAD + ROW.replace("as_of = 2026-01-01", ""), "as_of"),
        (HEAD + ROW.replace('source = "https://example.com"', ""), "source"),
    ],
)
def test_a_malformed_table_is_refused_with_the_place(tmp_path: Path, text: str, part: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=part) as caught:
        load_table(str(path))
    assert caught.value.remedy


def test_a_users_own_row_wins_and_the_other_models_stay(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(HEAD + ROW.replace('"p"', '"openai"').replace('"m"', '"gpt-5.4"') + ROW + "aliases = ['n']\n")
    table = load_table(str(path))
    own = price_of("openai", "gpt-5.4", AT, table=table)
    assert own is not None
    assert cost_microusd(own, Usage(1_000_000), AT) == 1_000_000
    assert price_of("p", "n", AT, table=table) is not None
    assert price_of("openai", "o3", AT, table=table) == shipped("openai", "o3")


def test_a_price_in_the_wrong_unit_is_refused(tmp_path: Path) -> None:
    for wrong in ("1", "9000000000000"):
        path = tmp_path / f"own{wrong}.toml"
        path.write_text(HEAD + ROW.replace("1000000", wrong))
        with pytest.raises(ConfigError, match="times the median"):
            load_table(str(path))


def test_a_missing_or_binary_price_file_is_a_config_error(tmp_path: Path) -> None:
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    for name in ("missing.toml", "binary.toml"):
        with pytest.raises(ConfigError, match=name):
            load_table(str(tmp_path / name))


def test_a_model_has_no_price_before_its_first_row() -> None:
    table = parse_table(HEAD + ROW + "from = 2026-06-01", "t")
    assert price_of("p", "m", datetime(2026, 5, 31, tzinfo=UTC), table=table) is None
    price = price_of("p", "m", datetime(2026, 6, 1, tzinfo=UTC), table=table)
    assert price is not None
    with pytest.raises(ValueError, match="no price"):
        cost_microusd(price, Usage(1), datetime(2026, 5, 31, tzinfo=UTC))


def test_the_shipped_table_passes_its_own_check() -> None:
    done = subprocess.run([sys.executable, str(SCRIPT), "--check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "prices.toml: ok\n")
