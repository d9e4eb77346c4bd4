"""`llm-router classify`, as a program."""

import json

import pytest

FIELDS = {
    "id", "task_type", "complexity", "needs_local", "needs_local_p", "followup", "secret", "confidence",
    "complexity_confidence", "latency_ms",
}  # fmt: skip


@pytest.mark.requirement("classify.jsonl")
def test_every_json_line_in_gives_one_json_line_out_with_exactly_the_promised_fields(run):
    rows = [
        {"id": "a", "prompt": "What does HTTP 418 mean?"},
        {"id": 2, "prompt": "fix the failing test in src/app.py", "session": {"turn": 3, "previous_task": "code"}},
        {"id": "c", "prompt": ""},
    ]
    done = run("classify", "--jsonl", "-", stdin=b"\n".join(json.dumps(row).encode() for row in rows))
    assert done.code == 0
    answers = [json.loads(line) for line in done.out.splitlines()]
    assert [answer["id"] for answer in answers] == ["a", 2, "c"]
    assert all(set(answer) == FIELDS for answer in answers)
    assert [answer["needs_local"] for answer in answers] == [False, True, True]


def test_a_file_is_read_as_well_as_stdin(run, tmp_path):
    (tmp_path / "rows.jsonl").write_text('{"id": 1, "prompt": "hi"}\n\n')
    assert len(run("classify", "--jsonl", str(tmp_path / "rows.jsonl")).out.splitlines()) == 1


@pytest.mark.requirement("cli.json-envelope")
def test_one_prompt_gives_a_table_or_one_versioned_envelope(run):
    assert "task        query" in run("classify", "What is the capital of France?").out
    envelope = run("classify", "What is the capital of France?", "--json").json
    assert (envelope["llm_router"], envelope["command"], envelope["ok"]) == (1, "classify", True)
    assert envelope["data"]["task_type"] == "query"


@pytest.mark.requirement("cli.bad-input")
@pytest.mark.parametrize(
    ("words", "stdin", "says"),
    [
        (["classify"], b"", "either a PROMPT or --jsonl"),
        (["classify", ""], b"", "the prompt is empty"),
        (["classify", "-"], b"\xff\xfe", "not valid UTF-8 at byte 0"),
        (["classify", "--jsonl", "-"], b"{nonsense", "stdin, line 1 is not JSON"),
        (["classify", "--jsonl", "-"], b"\xff\n", "stdin, line 1 is not JSON"),
        (["classify", "--jsonl", "-"], b'{"id": 1}\n', 'stdin, line 1 is not an object with a "prompt" text'),
        (["classify", "--jsonl", "-"], b'{"prompt": "x", "session": 3}', '"session" is not an object'),
        (["classify", "--jsonl", "/nowhere/at/all"], b"", "cannot be read"),
    ],
)
def test_input_that_cannot_be_used_is_named_and_ends_with_a_usage_error(run, words, stdin, says):
    done = run(*words, stdin=stdin)
    assert done.code == 2
    assert says in done.err
    assert done.out == ""


@pytest.mark.parametrize(("name", "value"), [("turn", "many"), ("turn", True), ("previous_task", 5), ("host_mode", [])])
def test_a_session_field_of_the_wrong_type_is_named(run, name, value):
    done = run("classify", "--jsonl", "-", stdin=json.dumps({"prompt": "go on", "session": {name: value}}).encode())
    assert done.code == 2
    assert name in done.err


def test_session_fields_of_a_later_version_and_nulls_are_ignored(run):
    row = {"prompt": "go on", "session": {"from_the_future": [1], "turn": None}}
    done = run("classify", "--jsonl", "-", stdin=json.dumps(row).encode())
    assert (done.code, len(done.out.splitlines())) == (0, 1)
