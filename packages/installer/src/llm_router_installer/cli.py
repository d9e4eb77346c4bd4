"""The `llm-router` command. It loads a sub-command's module only when that one is run, so `--help` stays cheap.

Built-in commands are named here with their help; packages add more under the entry-point group `llm_router.commands`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import click

from llm_router_core.errors import LLMRouterError
from llm_router_installer import VERSION, ui
from llm_router_installer.result import Exit, Failure, SignalledError, failure_of

if TYPE_CHECKING:
    from importlib.metadata import EntryPoints

COMMANDS: Mapping[str, str] = {
    "route": "Send a prompt to the cheapest able model and print its answer.",
    "explain": "Show where a prompt would go, and why, without sending it.",
    "test": "A dry `route`: the same as `explain`.",
    "classify": "Show what a prompt is taken for.",
    "last": "Show the latest routing decisions.",
    "rate": "Say whether an answer was good or bad.",
    "memory": "List, teach, forget, export and import corrections.",
    "quality": "Show how the judge rated the models, and the trend.",
    "budget": "List, set and remove spending caps.",
    "models": "Show which models can be used now, and at what price.",
    "keys": "Store, list, test and remove API keys, and agree to send prompts to a provider.",
    "config": "Show every setting with its source, check them, and change them.",
    "profile": "Show or choose the profile: budget, balanced or premium.",
    "policy": "Choose a preset, and allow or block providers and models.",
    "status": "Show today's spending, caps, savings, quotas, the last route, and problems.",
    "usage": "Show attempts, tokens and cost by day, provider, model, task, session or project.",
    "savings": "Show what was saved: verified, estimated, minus overhead.",
    "gain": "Show the calls and tokens kept off the premium model.",
    "digest": "Show a period in a page, and whether today's spending stands out.",
    "replay": "Show past decisions in order: what was tried, why, and what it cost.",
    "quota": "Show subscription quotas: how much is used, and how old the reading is.",
    "demo": "Route a dozen prompts through simulated providers, from end to end.",
}
# Where a command's module cannot have its name, because the standard library has one of that name.
MODULES: Mapping[str, str] = {"profile": "profiles", "test": "explain"}
ENTRY_POINTS = "llm_router.commands"


class LazyGroup(click.Group):
    """A group whose sub-commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the built-in commands and of those other packages bring."""
        del ctx
        return [*COMMANDS, *sorted(point.name for point in _from_packages())]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command by its name, or None."""
        del ctx
        if cmd_name in COMMANDS:
            module = importlib.import_module(f"llm_router_installer.commands.{MODULES.get(cmd_name, cmd_name)}")
            command = module.command
        else:
            command = next((point.load() for point in _from_packages() if point.name == cmd_name), None)
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing any of the built-in ones."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))
        formatter.write_paragraph()
        formatter.write_text("Packages you install can add commands under the entry-point group llm_router.commands.")


def _from_packages() -> EntryPoints:
    # Deferred: reading the metadata of every installed package costs more than all the rest of a short command.
    from importlib.metadata import entry_points  # noqa: PLC0415

    return entry_points(group=ENTRY_POINTS)


def _print_version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        ui.line(f"llm-router {VERSION}")
        ctx.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Show the version."
)
def cli() -> None:
    """Send each piece of AI work to the cheapest model that can do it well."""


def main() -> None:
    """The console script: runs a command, turns every error into a message and an exit code."""
    try:
        code = _run(cli.main, standalone_mode=False)
    except (ui.OutputGoneError, SignalledError) as ended:
        code = ended.exit_code
    except Exception as error:  # noqa: BLE001 - one of the three mains: a user gets a sentence, never a traceback
        code = _show(Failure(_command(), "internal", _bug(error), "please report this line"))
    sys.exit(code if isinstance(code, int) else 0)


def _run(command: Callable[..., object], **options: object) -> object:
    """What the command returns, or the exit code of the failure that was shown."""
    try:
        return command(**options)
    except click.ClickException as wrong:
        # click's own wording for a wrong call, in the envelope when JSON was asked for.
        exit_code = Exit(min(wrong.exit_code, Exit.USAGE))
        failure = Failure(_command(), "usage", wrong.format_message(), _usage_hint(wrong), exit_code)
    except (click.Abort, KeyboardInterrupt):
        failure = Failure(_command(), "interrupted", "interrupted", "", Exit.INTERRUPTED)
    except LLMRouterError as error:
        failure = failure_of(_command(), error)
    return _show(failure)


def _command() -> str:
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    return " ".join(words[:2] if words[:1] == ["budget"] else words[:1])


def _show(failure: Failure) -> int:
    return ui.show(failure, as_json="--json" in sys.argv[1:], on_one_line="--stream" in sys.argv[1:])


def _bug(error: Exception) -> str:
    """Where an unforeseen error came from, in one line and without what it was about."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else "an unknown place"
    return f"internal error: {type(error).__name__} at {where}"


def _usage_hint(wrong: click.ClickException) -> str:
    context = wrong.ctx if isinstance(wrong, click.UsageError) else None
    return f"see `{context.command_path} --help`" if context else ""
