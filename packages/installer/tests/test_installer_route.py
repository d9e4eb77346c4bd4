"""`llm-router route` and its neighbours, as programs against simulated providers."""

import json
import os
import pty
import signal
import subprocess
import sys
import threading

import pytest

from llm_router_core.simulate.behaviour import Answer, Fault, failing, rate_limited
from llm_router_core.simulate.server import SimulatedServer

QUESTION = "What does HTTP 418 mean?"
# A shell makes its background jobs deaf to Ctrl-C, and CI may be such a job.
HEARS_CTRL_C = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from llm_router_installer.cli import main; main()"
)


def openai(server: SimulatedServer) -> dict[str, str]:
    return {"OPENAI_BASE_URL": server.base_url("openai"), "OPENAI_API_KEY": "canary-key-5150"}


def chats(server: SimulatedServer) -> list:
    return [request for request in server.requests if request.method == "POST"]


@pytest.mark.requirement("receipt.one-line")
@pytest.mark.requirement("savings.estimate")
@pytest.mark.requirement("cli.route")
def test_the_answer_goes_to_stdout_and_the_receipt_to_stderr(run):
    with SimulatedServer("I'm a teapot") as server:
        done = run("route", QUESTION, env=openai(server))
    assert (done.code, done.out) == (0, "I'm a teapot\n")
    receipt = done.err.strip().splitlines()[-1]
    for part in ("openai/gpt-6-luna", "its place in the table", "$0.0", " ms", "anthropic/claude-sonnet-5-5"):
        assert part in receipt


def test_a_local_model_is_found_and_used_without_any_setting_but_its_address(run):
    with SimulatedServer("local answer", models=("gemma4",)) as server:
        done = run("route", QUESTION, env={"OLLAMA_HOST": server.base_url("ollama")})
    assert (done.code, done.out) == (0, "local answer\n")
    assert "ollama/gemma4 · local and free · $0.00" in done.err


@pytest.mark.requirement("cli.json-envelope")
def test_json_gives_one_envelope_with_answer_receipt_and_failed_attempts(run):
    with SimulatedServer([rate_limited("1"), "never"]) as limited, SimulatedServer("from opus") as good:
        env = openai(limited) | {"ANTHROPIC_BASE_URL": good.base_url("anthropic"), "ANTHROPIC_API_KEY": "k"}
        done = run("route", QUESTION, "--complexity", "complex", "--json", env=env)
    envelope = done.json
    assert (done.code, envelope["ok"], envelope["command"]) == (0, True, "route")
    data = envelope["data"]
    assert (data["answer"], data["complete"]) == ("from opus", True)
    assert [failed["kind"] for failed in data["failed_attempts"]] == ["rate_limited"]
    assert data["receipt"]["provider"] == "anthropic"
    assert data["receipt"]["attempts"] == 2


@pytest.mark.requirement("cli.stream")
def test_streaming_prints_the_text_as_it_comes_and_json_streaming_one_event_a_line(run):
    with SimulatedServer(Answer("one two three", pieces=3)) as server:
        plain = run("route", QUESTION, "--stream", env=openai(server))
        lines = run("route", QUESTION, "--stream", "--json", env=openai(server)).out.splitlines()
    assert plain.out == "one two three\n"
    events = [json.loads(line) for line in lines]
    assert "".join(event["text"] for event in events if event["event"] == "text") == "one two three"
    assert events[-1]["event"] == "done"
    assert events[-1]["receipt"]["model"] == "gpt-6-luna"


@pytest.mark.requirement("cli.exit-codes")
def test_a_partial_answer_is_shown_marked_and_has_an_exit_code_of_its_own(run):
    broken = Answer("one two three four five six", pieces=6, fault=Fault(cut_after=450, has_length=False))
    with SimulatedServer(broken) as server:
        done = run("route", QUESTION, "--stream", env=openai(server))
        as_json = run("route", QUESTION, "--stream", "--json", env=openai(server))
    assert done.code == 8
    assert done.out.startswith("one")
    assert "broke off and is not complete" in done.err
    assert json.loads(as_json.out.splitlines()[-1])["event"] == "partial"


@pytest.mark.requirement("security.key-not-in-url")
def test_a_key_travels_in_a_header_and_nowhere_else(run):
    with SimulatedServer("ok") as server:
        done = run("route", QUESTION, "--json", env=openai(server))
        (request,) = chats(server)
    assert request.headers["authorization"] == "Bearer canary-key-5150"
    assert "canary-key-5150" not in request.path + str(request.body) + done.out + done.err


def test_a_system_prompt_a_model_and_a_bound_are_passed_on(run):
    with SimulatedServer("ok") as server:
        run("route", QUESTION, "--system", "Answer in French.", "--model", "openai/gpt-6.1-sol", env=openai(server))
        body = chats(server)[0].body
    assert body["model"] == "gpt-6.1-sol"
    assert body["messages"][0] == {"role": "system", "content": "Answer in French."}


def test_the_prompt_comes_from_stdin_for_a_dash(run):
    with SimulatedServer("ok") as server:
        done = run("route", "-", env=openai(server), stdin="Was heißt HTTP 418?".encode())
        assert chats(server)[0].prompt == "Was heißt HTTP 418?"
    assert done.code == 0


def test_text_that_could_drive_a_terminal_is_taken_out_of_answers_and_errors(run):
    evil = "safe\x1b[2J\x1b]0;owned\x07 \u202eevil\u202c\x00 text"
    with SimulatedServer(evil) as server:
        assert run("route", QUESTION, env=openai(server)).out == "safe evil text\n"
        assert "\x1b" not in run("route", QUESTION, "--stream", env=openai(server)).out


@pytest.mark.requirement("cli.bad-input")
@pytest.mark.parametrize(
    ("words", "stdin", "code", "says"),
    [
        (["route", ""], b"", 2, "the prompt is empty"),
        (["route", "   \n"], b"", 2, "the prompt is empty"),
        (["route", "-"], b"", 2, "the prompt is empty"),
        (["route", "-"], b"caf\xe9", 2, "not valid UTF-8 at byte 3"),
        (["route"], b"", 2, "Missing argument"),
        (["route", QUESTION, "--model", "gpt"], b"", 2, "is not PROVIDER/MODEL"),
        (["route", QUESTION, "--model", "nobody/gpt"], b"", 4, "there is no provider 'nobody'"),
        (["route", QUESTION, "--model", "codex/gpt"], b"", 4, "not part of this version"),
        (["route", QUESTION, "--max-cost", "lots"], b"", 2, "is not an amount in US dollars"),
        (["route", QUESTION, "--task", "cooking"], b"", 2, "'cooking' is not one of"),
        (["route", QUESTION], b"", 4, "three quick ways to get one"),
        (["nonsense"], b"", 2, "No such command"),
        (["budget", "set", "week", "3"], b"", 3, "'week' is not a budget scope"),
        (["budget", "set", "day", "-3"], b"", 2, "option"),
        (["budget", "set", "day", "free"], b"", 2, "is not an amount"),
        (["last", "--count", "0"], b"", 2, "0 is not in the range"),
    ],
)
def test_what_cannot_be_done_says_why_and_what_to_do_with_nothing_on_stdout(run, words, stdin, code, says):
    done = run(*words, stdin=stdin)
    assert says.lower() in done.err.lower()
    assert done.code == code
    assert done.out == ""


def test_errors_come_in_the_envelope_too_when_json_is_asked_for(run):
    for words, code in ((["route", "", "--json"], 2), (["route", QUESTION, "--json"], 4), (["nonsense", "--json"], 2)):
        envelope = run(*words).json
        assert (envelope["ok"], envelope["exit_code"]) == (False, code)
        assert envelope["error"]["message"]


@pytest.mark.requirement("settings.bad-config")
def test_a_malformed_config_names_file_line_and_column_and_is_left_as_it_was(run, home):
    home.mkdir()
    (home / "config.toml").write_text('profile = "budget"\nquality_mode = \n')
    done = run("route", QUESTION)
    assert done.code == 3
    assert f"{home / 'config.toml'}" in done.err
    assert "line 2, column 16" in done.err
    assert (home / "config.toml").read_text() == 'profile = "budget"\nquality_mode = \n'


def test_an_unknown_model_of_a_known_provider_is_reported_in_the_providers_words(run):

    gone = failing(404, {"error": {"message": "The model `gpt-0` does not exist", "code": "model_not_found"}})
    with SimulatedServer(gone) as server:
        done = run("route", QUESTION, "--model", "openai/gpt-0", env=openai(server))
    assert done.code == 6
    assert "does not exist" in done.err


@pytest.mark.requirement("cli.big-prompt")
def test_a_ten_megabyte_prompt_is_refused_or_answered_but_never_breaks(run):
    big = ("Summarise this text. " + "lorem ipsum dolor sit amet " * 400_000).encode()
    assert len(big) > 10_000_000
    with SimulatedServer("never") as server:
        done = run("route", "-", env=openai(server), stdin=big, timeout_s=60)
    assert done.code == 4
    assert "do not fit its window" in done.err


def test_a_prompt_over_the_limit_of_stdin_is_refused_before_anything_is_read_into_a_model(run):
    done = run("route", "-", stdin=b"x" * (33 * 1024 * 1024))
    assert done.code == 2
    assert "larger than 32 MiB" in done.err


@pytest.mark.requirement("ledger.unwritable-home")
def test_with_an_unwritable_home_a_free_model_answers_with_a_warning_and_a_paid_one_refuses(run, home):
    home.write_text("not a folder")
    with SimulatedServer("free", models=("gemma4",)) as local, SimulatedServer("paid") as paid:
        env = openai(paid) | {"OLLAMA_HOST": local.base_url("ollama")}
        free = run("route", QUESTION, env=env)
        refused = run("route", QUESTION, "--model", "openai/o3", env=env)
    assert (free.code, free.out) == (0, "free\n")
    assert "warning" in free.err
    assert refused.code == 5
    assert "cannot be recorded" in refused.err
    assert not chats(paid)
    assert home.read_text() == "not a folder"


@pytest.mark.requirement("cli.explain")
def test_explain_shows_the_chain_and_every_reason_and_asks_no_model(run):
    with SimulatedServer("never") as server:
        done = run("explain", QUESTION, env=openai(server))
        data = run("explain", QUESTION, "--json", env=openai(server)).json["data"]
        assert not chats(server)
    assert "openai/gpt-6-luna" in done.out
    assert "no key: set ANTHROPIC_API_KEY" in done.out
    assert data["candidates"][0]["candidate"] == "openai/gpt-6-luna"
    assert {row["stage"] for row in data["rejected"]} == {"reach"}
    assert data["classification"]["task_type"] == data["task_type"]


@pytest.mark.requirement("cli.test")
def test_test_is_a_dry_route(run):
    with SimulatedServer("never") as server:
        assert "openai/gpt-6-luna" in run("test", QUESTION, env=openai(server)).out
        assert not chats(server)


@pytest.mark.requirement("cli.budget")
def test_a_cap_is_set_held_listed_and_removed(run):
    with SimulatedServer("never") as server:
        assert run("budget", "set", "day", "0").out == "day: $0.00\n"
        refused = run("route", QUESTION, env=openai(server))
        assert not chats(server)
        assert refused.code == 5
        assert "day cap" in refused.err
        scopes = {row["scope"]: row for row in run("budget", "list", "--json").json["data"]["scopes"]}
        assert scopes["day"]["cap_microusd"] == 0
        assert run("budget", "remove", "day").out == "day: $10.00 (the default)\n"
        assert run("route", QUESTION, env=openai(server)).code == 0


@pytest.mark.requirement("cli.last")
def test_last_lists_decisions_with_their_attempts_and_says_so_when_there_are_none(run):
    assert "Nothing was routed yet" in run("last").out
    with SimulatedServer("ok") as server:
        run("route", QUESTION, env=openai(server))
    (record,) = run("last", "--json").json["data"]["decisions"]
    assert record["decision"]["chosen"] == "openai/gpt-6-luna"
    assert record["attempts"][0]["cost_microusd"] > 0
    assert "openai/gpt-6-luna" in run("last").out


@pytest.mark.requirement("cli.models")
def test_models_lists_what_can_be_used_and_what_keeps_the_rest_away(run):
    with SimulatedServer("x", models=("gemma4", "nomic-embed-text")) as server:
        data = run("models", "--json", env={"OLLAMA_HOST": server.base_url("ollama")}).json["data"]
    assert [row["model"] for row in data["usable"]] == ["ollama/gemma4"]
    assert {row["provider"] for row in data["unusable"]} >= {"openai", "anthropic", "codex"}


def test_models_fetches_a_list_on_demand_and_shows_it_again_from_disk(run):
    with SimulatedServer("x", models=("one", "two")) as server:
        env = {"LLM_ROUTER_GROQ_BASE_URL": server.base_url("openai"), "GROQ_API_KEY": "k"}
        fetched = run("models", "--fetch", "groq", "--json", env=env).json["data"]["listed"]
        asked = len(server.requests)
        again = run("models", "--json", env=env).json["data"]["listed"]
        assert len(server.requests) == asked == 1
    assert fetched[0]["models"] == ["one", "two"]
    assert again == fetched
    assert "no key" in run("models", "--fetch", "groq").err


@pytest.mark.requirement("demo.pipeline")
def test_the_demo_runs_the_whole_pipeline_labels_every_line_and_leaves_no_trace(run, home, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    done = run("demo", env={"OPENAI_API_KEY": "canary-key-5150", "OPENAI_BASE_URL": "https://real.example/v1"})
    assert done.code == 0
    assert all(line.startswith("[simulated]") for line in done.out.splitlines())
    for part in ("rate_limited", "partial   interrupted", "refused", "sum of all rows", "savings"):
        assert part in done.out
    assert sorted(tmp_path.rglob("*")) == before
    data = run("demo", "--json").json["data"]
    assert data["simulated"] is True
    assert len(data["prompts"]) == 12
    day = next(row for row in data["ledger"]["scopes"] if row["scope"] == "day")
    assert (data["ledger"]["cost_microusd"], 0) == (day["spent_microusd"], day["held_microusd"])
    assert data["ledger"]["attempts"] == data["ledger"]["requests"]


@pytest.mark.requirement("cli.version")
def test_version_and_help_need_neither_server_nor_pydantic_nor_http(run):
    assert run("--version").out.startswith("llm-router ")
    code = (
        "import sys; sys.argv=['llm-router', %r]\n"
        "from llm_router_installer.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "bad=[m for m in sys.modules if m.split('.')[0] in {'pydantic','httpx2','mcp','starlette','rich','anyio'}]\n"
        "print('BAD', bad)"
    )
    for word in ("--version", "--help"):
        out = subprocess.run([sys.executable, "-c", code % word], capture_output=True, text=True, check=True).stdout
        assert "BAD []" in out


@pytest.mark.requirement("cli.interrupt")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_during_a_call_ends_it_at_once_and_leaves_no_hold(tmp_path, home, run, number):
    asked = threading.Event()

    def hang(_):
        asked.set()
        return Answer(fault=Fault(hangs="before_reply"))

    with SimulatedServer(hang) as server:
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "LLM_ROUTER_HOME": str(home),
            "LLM_ROUTER_SESSION": "test",
            "OLLAMA_HOST": "127.0.0.1:9",
            **openai(server),
        }
        child = subprocess.Popen(
            [sys.executable, "-c", HEARS_CTRL_C, "route", QUESTION],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            assert asked.wait(30)
            child.send_signal(number)
            out, err = child.communicate(timeout=20)
        finally:
            child.kill()
    assert child.returncode == 128 + number
    assert (out, b"Traceback" in err) == (b"", False)
    scopes = run("budget", "list", "--json").json["data"]["scopes"]
    assert all(row["held_microusd"] == 0 for row in scopes)


@pytest.mark.parametrize("flag", ["", "--stream"])
def test_a_reader_that_closes_early_does_not_cause_a_traceback(tmp_path, home, flag):
    with SimulatedServer("word " * 200_000) as server:
        env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LLM_ROUTER_HOME": str(home), **openai(server)}
        shell = (
            f"{sys.executable} -m llm_router_installer route '{QUESTION}' {flag} | head -c 10; exit ${{PIPESTATUS[0]}}"
        )
        done = subprocess.run(["bash", "-c", shell], env=env, capture_output=True, timeout=60, check=False)
    assert done.stdout == b"word word "
    assert done.returncode == 141
    assert b"Traceback" not in done.stderr


@pytest.mark.requirement("cli.exit-codes")
@pytest.mark.parametrize("stop", ["content_filter", "max_tokens", "end"])
def test_an_answer_without_a_word_is_a_failure_not_a_success(run, stop):
    with SimulatedServer(Answer("", stop=stop)) as server:
        done = run("route", QUESTION, "--model", "openai/gpt-6-luna", env=openai(server))
    assert (done.code, done.out) == (6, "")


def test_an_answer_cut_at_its_output_limit_says_so(run):
    with SimulatedServer(Answer("one two", stop="max_tokens")) as server:
        done = run("route", QUESTION, env=openai(server))
    assert (done.code, done.out) == (0, "one two\n")
    assert "cut at its output limit" in done.err


@pytest.mark.parametrize("closing", ["2>&-", "<&-"])
def test_a_closed_stream_costs_nothing_but_what_would_have_gone_there(tmp_path, home, closing):
    with SimulatedServer("the answer") as server:
        env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LLM_ROUTER_HOME": str(home), **openai(server)}
        shell = f"{sys.executable} -m llm_router_installer route '{QUESTION}' {closing}"
        done = subprocess.run(["bash", "-c", shell], env=env, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, b"the answer\n")


@pytest.mark.parametrize("target", [">&-", ">/dev/full"])
def test_an_output_that_cannot_be_written_is_not_a_success_and_no_traceback(tmp_path, home, target):
    with SimulatedServer("the answer") as server:
        env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LLM_ROUTER_HOME": str(home), **openai(server)}
        shell = f"{sys.executable} -m llm_router_installer route '{QUESTION}' --json {target}"
        done = subprocess.run(["bash", "-c", shell], env=env, capture_output=True, timeout=60, check=False)
    assert done.returncode in {74, 141}
    assert b"Traceback" not in done.stderr


@pytest.mark.requirement("cli.stream")
def test_on_a_terminal_streamed_text_appears_piece_by_piece_and_stays(tmp_path, home):
    pieces = Answer("alpha beta gamma delta", pieces=4, fault=Fault(delay_s=1.3))
    with SimulatedServer(pieces) as server:
        env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LLM_ROUTER_HOME": str(home), "TERM": "xterm"}
        seen = on_a_terminal(
            [sys.executable, "-m", "llm_router_installer", "route", QUESTION, "--stream"], env | openai(server)
        )
    assert "... waiting for an answer" in seen
    answer = seen[seen.rindex("\x1b[K") :]
    assert "alpha beta gamma delta" in answer
    assert "openai/gpt-6-luna" in answer


def on_a_terminal(argv: list[str], env: dict[str, str]) -> str:
    """Everything a terminal was sent by a program that ran on it."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(argv, env=env, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True)
    os.close(theirs)
    seen = b""
    try:
        while piece := os.read(ours, 4096):
            seen += piece
    except OSError:
        pass  # the program is gone, and its terminal with it
    finally:
        os.close(ours)
        assert child.wait(30) == 0
    return seen.decode()
