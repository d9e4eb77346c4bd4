# ruff: noqa: RUF001, SIM905 - prompts in other scripts; a word list reads better as text
import random
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import llm_router_core
from llm_router_core.hotpath import classifier, secret_scan
from llm_router_core.hotpath.classifier import Evidence, classify

SRC = str(Path(llm_router_core.__file__).parent.parent)
BANNED = frozenset(  # "re" and "enum" only because they are dear; json brings them anyway
    "pathlib subprocess urllib logging asyncio dataclasses tempfile importlib.metadata tomllib typing enum re".split(
        " "
    )
)

TASK_EXAMPLES = [
    ("what is a bloom filter?", "query"),
    ("how does TLS resumption work", "query"),
    ("¿qué es un índice parcial?", "query"),
    ("was ist ein Semaphor?", "query"),
    ("什么是尾递归？", "query"),
    ("what's the latest version of Elixir", "research"),
    ("find recent papers on learned indexes and cite sources", "research"),
    ("write an email that declines a meeting", "generate"),
    ("summarise these notes in two sentences: we met, we talked, we left", "generate"),
    ("escribe un correo para pedir vacaciones", "generate"),
    ("compare Nomad and Kubernetes for a team of three", "analyze"),
    ("prove that this scheduler never starves a task", "analyze"),
    ("review the changes on my branch", "analyze"),
    ("fix the crash in the importer", "code"),
    ("write a python function that flattens a dict", "code"),
    ("füge einen Test für den Parser hinzu", "code"),
    ("исправь ошибку в модуле отчетов", "code"),
    ("תקן את הבאג בטופס", "code"),
    ("draw a picture of a heron at dawn", "image"),
    ("make a 6 second video of falling leaves", "video"),
    ("generate a sound effect of a creaking gate", "audio"),
    ("write the ffmpeg command that trims a clip", "code"),
]


@pytest.mark.requirement("classify.task-type")
@pytest.mark.parametrize(("prompt", "task"), TASK_EXAMPLES)
def test_the_task_is_what_the_user_wants_back(prompt: str, task: str) -> None:
    assert classify(prompt).task_type == task


@pytest.mark.requirement("classify.complexity")
@pytest.mark.parametrize(
    ("prompt", "complexity"),
    [
        ("what is a heap?", "simple"),
        ("run the tests", "simple"),
        ("write a tutorial about generators", "moderate"),
        ("migrate the whole app to another framework and update all callers", "complex"),
        ("prove a lower bound for this protocol and give a counterexample for the naive one", "deep_reasoning"),
    ],
)
def test_complexity_is_the_weakest_tier_that_should_do(prompt: str, complexity: str) -> None:
    assert classify(prompt).complexity == complexity


@pytest.mark.requirement("classify.routability")
@pytest.mark.parametrize(
    "prompt",
    [
        "fix the login page",
        "where is the retry limit defined?",
        "explain src/app/main.py",
        "@config.yaml what is this for",
        "review the diff on this branch",
        "rename fetchAll to fetchMany everywhere",
        "why is the build red",
        "これを直して",
        "qwzx plmk vbnt",
        "",
    ],
)
def test_a_prompt_that_leans_on_the_host_or_cannot_be_read_stays_local(prompt: str) -> None:
    assert classify(prompt).needs_local


@pytest.mark.parametrize(
    "prompt", ["what is a bloom filter?", "draw a picture of a heron at dawn", "find recent papers on learned indexes"]
)
def test_a_self_contained_prompt_earns_routability(prompt: str) -> None:
    verdict = classify(prompt)
    assert not verdict.needs_local
    assert verdict.needs_local_p < classifier.LOCAL_THRESHOLD


@pytest.mark.parametrize(
    "prompt", ["yes", "ok", "go on", "continue", "no, the other one", "sí, hazlo", "はい", "继续", "да"]
)
def test_a_bare_followup_needs_the_conversation(prompt: str) -> None:
    verdict = classify(prompt)
    assert verdict.followup
    assert verdict.needs_local


@pytest.mark.requirement("classify.continuation")
def test_a_followup_takes_the_labels_of_the_turn_before() -> None:
    verdict = classify("yes please", Evidence(previous_task="analyze", previous_complexity="complex", turn=4))
    assert (verdict.task_type, verdict.complexity, verdict.followup) == ("analyze", "complex", True)


def test_unknown_labels_of_the_turn_before_are_ignored() -> None:
    verdict = classify("go on", Evidence(previous_task="poetry", previous_complexity="huge"))
    assert verdict.task_type in classifier.TASKS
    assert verdict.complexity in classifier.COMPLEXITIES


@pytest.mark.parametrize("prompt", ["hi", "thanks, that was great!", "hello there"])
def test_small_talk_is_a_simple_question_and_no_followup(prompt: str) -> None:
    verdict = classify(prompt)
    assert (verdict.task_type, verdict.complexity, verdict.followup) == ("query", "simple", False)


def test_session_evidence_only_ever_raises_the_need_for_the_host_when_it_points_there() -> None:
    prompt = "what is a bloom filter?"
    plain = classify(prompt).needs_local_p
    for evidence in (Evidence(turn=9), Evidence(named_path_exists=True), Evidence(host_mode="plan")):
        assert classify(prompt, evidence).needs_local_p > plain
    assert classify(prompt, Evidence(host_mode="plan")).needs_local


@pytest.mark.requirement("classify.secret")
def test_a_prompt_with_a_secret_never_leaves_and_says_only_the_kind() -> None:
    value = "ghp_" + "".join(random.Random(7).choices("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789", k=36))
    verdict = classify(f"what is {value}?")
    assert verdict.secret
    assert verdict.needs_local
    assert verdict.secret_kinds == ("github_pat",)
    assert value not in repr(verdict)


@pytest.mark.requirement("classify.head-and-tail")
def test_a_prompt_too_long_to_scan_whole_stays_local() -> None:
    verdict = classify("what is a bloom filter? " + "x " * secret_scan.MAX_SCAN)
    assert verdict.needs_local
    assert "not-scanned-whole" in verdict.rules


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("write a card about herons to heron.md", True),
        ("draft a letter to the council and save it as letter.txt", True),
        ("write a letter to the council", False),
        ("fix the parser in parse.py", False),
    ],
)
def test_text_to_be_written_into_a_file_is_recognised(prompt: str, expected: bool) -> None:
    assert classify(prompt).writes_content is expected


@pytest.mark.parametrize(("prompt", "_task"), TASK_EXAMPLES)
def test_harmless_edits_keep_the_task(prompt: str, _task: str) -> None:
    expected = classify(prompt).task_type
    edits = [
        prompt.lower(), "please " + prompt, prompt + " thanks!", "Hey, " + prompt, prompt.rstrip("?.!"),
        prompt.replace(" ", "  ", 3), prompt + " (quickly)", "\n\n" + prompt + "\n", "could you please " + prompt,
    ]  # fmt: skip
    assert {edit: classify(edit).task_type for edit in edits} == dict.fromkeys(edits, expected)


def test_a_swapped_pair_of_letters_is_read_as_the_word() -> None:
    assert classify("wriet an email that declines a meeting").task_type == "generate"
    assert classify("comapre Nomad and Kubernetes for a team of three").task_type == "analyze"


def test_rules_name_cues_and_never_repeat_the_prompt() -> None:
    verdict = classify("explain zyxomorphic wumpus handling")
    assert all(
        rule.partition(":")[0] in ("open", "followup", "greeting", "slash", "no-words") for rule in verdict.rules
    )
    assert "wumpus" not in repr(verdict)


def test_a_classification_is_immutable_comparable_and_serialisable() -> None:
    verdict = classify("run the tests")
    with pytest.raises(AttributeError, match="immutable"):
        verdict.task_type = "query"
    assert verdict == classify("run the tests")
    assert hash(verdict) == hash(classify("run the tests"))
    assert set(verdict.as_dict()) == set(verdict.__slots__)


def _valid(verdict: classifier.Classification) -> bool:
    return (
        verdict.task_type in classifier.TASKS
        and verdict.complexity in classifier.COMPLEXITIES
        and 0 <= verdict.needs_local_p <= 1
        and 0 <= verdict.confidence <= 1
        and 0 <= verdict.complexity_confidence <= 1
    )


@pytest.mark.requirement("classify.deterministic")
@pytest.mark.requirement("classify.confidence")
@pytest.mark.requirement("classify.any-language")
@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=300))
def test_any_text_gets_a_valid_answer_and_always_the_same(prompt: str) -> None:
    verdict = classify(prompt)
    assert _valid(verdict)
    assert verdict == classify(prompt)


@pytest.mark.parametrize(
    "prompt",
    [
        "", " \n\t ", "\0" * 500, "\ud800\udfff\ud912 fix it", bytes(range(256)).decode("latin-1") * 20, "```\n" * 5000,
        "```" * 20_000, "~~~\n```\n" * 3000, "a" * 1_000_000, "/" * 100_000, "@" * 5000, "." * 300_000, "eyJ" * 100_000,
        "://" * 100_000, "password=" * 50_000, "-----BEGIN " * 20_000, "İ" * 50_000, "\ufdfa" * 10_000, "?" * 9000,
    ],
    ids=range(19),
)  # fmt: skip
def test_hostile_input_gets_an_answer_in_bounded_time(prompt: str) -> None:
    before = time.process_time()
    assert _valid(classify(prompt))
    assert time.process_time() - before < 3


def _cpu_of(code: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


COLD = (
    f"import sys; sys.path.append({SRC!r}); from llm_router_core.hotpath.classifier import classify; classify('fix it')"
)


def test_the_classifier_pulls_in_the_standard_library_and_hotpath_only_and_nothing_banned() -> None:
    code = COLD + "; print('\\n'.join(sys.modules))"
    ran = subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True, capture_output=True, text=True)
    loaded = set(ran.stdout.split())
    ours = {name for name in loaded if name.startswith("llm_router")}
    assert all(name == "llm_router_core" or name.startswith("llm_router_core.hotpath") for name in ours)
    assert {name.split(".")[0] for name in loaded - ours} <= set(sys.stdlib_module_names) | {"__main__"}
    assert not loaded & BANNED


@pytest.mark.perf
def test_a_cold_classification_costs_less_than_another_bare_interpreter() -> None:
    bare = min(_cpu_of("pass") for _ in range(7))
    cold = min(_cpu_of(COLD) for _ in range(7))
    assert cold < 2 * bare


@pytest.mark.perf
def test_a_ten_megabyte_prompt_costs_no_more_than_a_few_times_its_scanned_part() -> None:
    part = "fix the parser, it drops the last line of the file. " * 5000
    classify(part)

    def cost(prompt: str) -> float:
        best = 9.0
        for _ in range(3):
            before = time.process_time()
            classify(prompt)
            best = min(best, time.process_time() - before)
        return best

    assert cost(part * 40) < 4 * cost(part) + 0.005
