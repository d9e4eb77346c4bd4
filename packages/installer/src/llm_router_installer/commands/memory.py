"""`llm-router memory`: what you taught the router, teaching more, forgetting, and moving it to another machine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import click

from llm_router_core.catalog.entries import Complexity, TaskType
from llm_router_core.clock import SystemClock
from llm_router_core.errors import ConfigError
from llm_router_core.memory import book
from llm_router_core.memory.exchange import MAX_FILE_BYTES, exported
from llm_router_core.memory.rules import Action, MemoryRule
from llm_router_core.storage.database import Database
from llm_router_core.storage.files import replace_file
from llm_router_installer import ui
from llm_router_installer.result import Lines, Result, Table, View
from llm_router_installer.runtime import Runtime, start

Command = TypeVar("Command", bound=Callable[..., object])

_NOTHING = (
    "Nothing is remembered yet. `llm-router memory correct --prefer PROVIDER/MODEL` teaches from the latest decision, "
    "`llm-router rate bad` rates its answer."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.group("memory")
def command() -> None:
    """List, teach, forget, export and import what the router remembers of your corrections.

    A rule says where a kind of prompt goes: a task type with a complexity. It holds from the next route on. The
    project's rules win over those for everywhere, and the newest wins among equals. A rule never brings in a model that
    policy, privacy, budget or health rules out.
    """


@contextmanager
def _state(runtime: Runtime) -> Iterator[Database]:
    with Database.open(runtime.home, SystemClock()) as db:
        yield db


def _targets(function: Command) -> Command:
    """`--prefer --avoid --treat-as --here`."""
    for option in (
        click.option("--here", is_flag=True, help="Only in this project; otherwise everywhere."),
        click.option("--treat-as", metavar="TASK[/COMPLEXITY]", help="Take such prompts for this instead."),
        click.option("--avoid", metavar="PROVIDER[/MODEL]", help="Never send such prompts there."),
        click.option("--prefer", metavar="PROVIDER[/MODEL]", help="Try this first for such prompts."),
    ):
        function = option(function)
    return function


@command.command("list")
@click.option("--all", "everything", is_flag=True, help="Also the rules of other projects.")
@_json
def list_all(everything: bool, as_json: bool) -> int:
    """Show the rules that hold here, in the order in which they win."""
    runtime = start()
    with _state(runtime) as db:
        rules = book.list_rules(db, None if everything else runtime.project)
        warnings = tuple(db.warnings)
    views: list[View] = [Lines([_NOTHING])]
    if rules:
        rows = [_row(rule, runtime.project) for rule in rules]
        views = [Table(("id", "prompts", "where", "rule", "because", "since"), rows)]
    return ui.show(Result("memory list", {"rules": [_plain(rule) for rule in rules]}, views, warnings), as_json=as_json)


@command.command("add")
@click.option("--task", required=True, type=click.Choice([str(task) for task in TaskType]), help="The kind's task.")
@click.option("--complexity", type=click.Choice([str(level) for level in Complexity]), help="Otherwise every one.")
@_targets
@_json
def add(task: str, complexity: str | None, here: bool, as_json: bool, **targets: str | None) -> int:
    """Teach a rule for a kind of prompt."""
    runtime = start()
    action, target = _taught(targets)
    kind = (runtime.project if here else "", task, complexity or "")
    with _state(runtime) as db:
        rule = book.add_rule(db, kind, action, target, now=datetime.now(UTC))
    return _show_rule("memory add", rule, runtime.project, as_json=as_json)


@command.command("correct")
@click.argument("decision", default="last")
@_targets
@_json
def correct(decision: str, here: bool, as_json: bool, **targets: str | None) -> int:
    """Teach a rule from DECISION, the id of one or `last`: prompts of its kind go elsewhere from now on."""
    runtime = start()
    action, target = _taught(targets)
    with _state(runtime) as db:
        seen = book.find_answered(db, "" if decision == "last" else decision)
        kind = (seen.project if here else "", seen.task_type, seen.complexity)
        rule = book.add_rule(db, kind, action, target, now=datetime.now(UTC))
    return _show_rule("memory correct", rule, runtime.project, as_json=as_json)


@command.command("reset")
@click.argument("rule_ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "everything", is_flag=True, help="Forget every rule and every rating.")
@_json
def reset(rule_ids: tuple[str, ...], everything: bool, as_json: bool) -> int:
    """Forget the rules with these ids, or all of them with --all. Ratings go with the rules they made."""
    if bool(rule_ids) == everything:
        raise click.UsageError("name the rules to forget, or use --all; `llm-router memory list` shows their ids")
    with _state(start()) as db:
        if everything:
            rules, ratings = book.forget_all(db)
            data: dict[str, object] = {"rules": rules, "ratings": ratings}
            text = f"Forgotten: {_count(rules, 'rule')}, {_count(ratings, 'rating')}."
        else:
            forgotten = [book.forget(db, rule_id) for rule_id in rule_ids]
            data = {"forgotten": [_plain(rule) for rule in forgotten], "rules": len(forgotten)}
            text = f"Forgotten: {', '.join(rule.rule_id for rule in forgotten)}."
    return ui.show(Result("memory reset", data, [Lines([text])]), as_json=as_json)


@command.command("export")
@click.argument("file", default="-")
@click.option("--all", "everything", is_flag=True, help="Also the rules of single projects.")
@_json
def export(file: str, everything: bool, as_json: bool) -> int:
    """Write the rules to FILE, or to stdout as JSON. Project rules name a folder's hash and stay out unless --all."""
    with _state(start()) as db:
        rules = book.list_rules(db)
    chosen = [rule for rule in rules if everything or not rule.project]
    # `list_rules` puts the projects' rules first; the file goes by date.
    text = exported(sorted(chosen, key=lambda rule: rule.created_at, reverse=True), at=datetime.now(UTC))
    data: dict[str, object] = {"rules": len(chosen), "left_out": len(rules) - len(chosen), "file": file}
    notes = [f"{_count(len(chosen), 'rule')} written to {file}"]
    views: list[View] = []
    if file == "-":
        data["export"] = json.loads(text)
        views, notes = [Lines(text.splitlines())], []
    else:
        _write(file, text)
    if len(chosen) < len(rules):
        notes.append(f"{_count(len(rules) - len(chosen), 'rule')} of single projects left out; --all takes them too")
    return ui.show(Result("memory export", data, views, notes=notes), as_json=as_json)


@command.command("import")
@click.argument("file")
@click.option("--replace", "replaces", is_flag=True, help="Forget the rules there are first.")
@_json
def import_file(file: str, replaces: bool, as_json: bool) -> int:
    """Take in the rules of FILE, or of stdin for `-`. Of two for the same thing the newer one stays."""
    data = _read(file)
    with _state(start()) as db:
        merge = book.import_rules(db, data, now=datetime.now(UTC), replaces=replaces)
    counts: dict[str, object] = {"added": merge.added, "replaced": merge.replaced, "unchanged": merge.kept}
    text = f"{_count(merge.added, 'rule')} added, {merge.replaced} replaced, {merge.kept} unchanged or older."
    return ui.show(Result("memory import", {**counts, "rules": len(merge.rules)}, [Lines([text])]), as_json=as_json)


def _write(file: str, text: str) -> None:
    try:
        replace_file(str(Path(file).absolute()), text.encode())
    except (OSError, ValueError) as wrong:
        reason = wrong.strerror if isinstance(wrong, OSError) else "not a file name"
        remedy = "name a file in a folder you may write to"
        raise ConfigError(f"{file!r} cannot be written: {reason}", remedy=remedy) from None


def _read(file: str) -> bytes:
    if file == "-":
        return ui.stdin().read(MAX_FILE_BYTES + 1)
    try:
        with Path(file).open("rb") as source:
            return source.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as wrong:
        reason = wrong.strerror if isinstance(wrong, OSError) else "not a file name"
        raise ConfigError(
            f"{file!r} cannot be read: {reason}", remedy="name an exported file, or - for stdin"
        ) from None


def _taught(targets: dict[str, str | None]) -> tuple[Action, str]:
    """The one thing that was asked for.

    Raises:
        click.UsageError: none, or more than one.
    """
    actions: dict[str, Action] = {"prefer": "prefer", "avoid": "avoid", "treat_as": "treat_as"}
    given = [(actions[name], value) for name, value in targets.items() if value]
    if len(given) != 1:
        raise click.UsageError("say one of --prefer, --avoid and --treat-as")
    return given[0]


def _show_rule(name: str, rule: MemoryRule, project: str, *, as_json: bool) -> int:
    _, prompts, where, what, *_ = _row(rule, project)
    text = f"From the next route on: {prompts}, {where}: {what}. Undo with `llm-router memory reset {rule.rule_id}`."
    return ui.show(Result(name, {"rule": _plain(rule)}, [Lines([text])]), as_json=as_json)


def _row(rule: MemoryRule, project: str) -> tuple[str, ...]:
    where = "everywhere" if not rule.project else "this project" if rule.project == project else "another project"
    what = f"{rule.action.replace('_', ' ')} {rule.target}"
    because = {"correction": "you said so", "rating": "you rated it bad twice", "import": "imported"}[rule.source]
    prompts = f"{rule.task_type}, {rule.complexity or 'any complexity'}"
    return rule.rule_id, prompts, where, what, because, rule.created_at.date().isoformat()


def _plain(rule: MemoryRule) -> dict[str, object]:
    return {
        "id": rule.rule_id,
        "created_at": rule.created_at.isoformat(),
        "project": rule.project,
        "task_type": rule.task_type,
        "complexity": rule.complexity,
        "action": rule.action,
        "target": rule.target,
        "source": rule.source,
    }


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
