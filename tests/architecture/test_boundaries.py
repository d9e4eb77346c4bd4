"""One door for each thing that reaches outside: environment, terminal, network, database, unforeseen errors.

import-linter (root pyproject) holds who imports whom; these tests hold what import graphs cannot see.
"""

import ast
import sys
from collections.abc import Iterator

import pytest

ENVIRONMENT_READERS = {
    "llm_router_core.hotpath.env",
    "llm_router_core.settings.sources",
    "llm_router_core.credentials",
}
PRINTERS = {
    "llm_router_installer.ui",
    "llm_router_core.hotpath.run",  # owns a hook's stdout
    "llm_router_core.log",  # keeps handlers off stdout, and writes to stderr when a person asks for it
    "llm_router_core.keyring_child",  # a process of its own; stdout is the pipe its parent reads
}
# tables.py lets rich draw into a string, with `capture`; what comes out is printed by ui.py.
RICH_CONSOLES = {"llm_router_installer.ui", "llm_router_installer.tables"}
CATCH_ALL = {
    "llm_router_installer.cli": {"main"},
    "llm_router_core.hotpath.run": {"main"},
    "llm_router_core.hosts": {"_load"},  # runs somebody else's package: discovery must survive any of them
}
BROAD = {"Exception", "BaseException"}
# Between the wire and dispatch/faults.py, which turns both into a ProviderError: no caller of the library meets them.
INTERNAL_ERRORS = {"TransportFailure", "HttpFailure"}


def dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def uses(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every dotted name in the code, and every `from a import b` as `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name):
            yield dotted(node), node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def offenders(sources, wanted: set[str], allowed: set[str]) -> list[str]:
    return [
        f"{source.name}:{line} {name}"
        for source in sources
        if source.module not in allowed
        for name, line in uses(source.tree)
        if name in wanted
    ]


def importers(sources, package: str, allowed: str) -> list[str]:
    return [
        f"{source.name}:{line}"
        for source in sources
        if not (source.module == allowed or source.module.startswith(f"{allowed}."))
        for name, line in source.imported()
        if name.split(".")[0] == package
    ]


def test_the_environment_is_read_in_three_modules_only(sources):
    wanted = {f"os.{name}" for name in ("environ", "environb", "getenv", "getenvb", "putenv", "unsetenv")}

    assert offenders(sources, wanted, ENVIRONMENT_READERS) == []


@pytest.mark.requirement("never.print")
def test_only_the_terminal_module_prints(sources):
    wanted = {"print", "click.echo", "click.secho", "rich.print"}
    wanted |= {f"sys.{name}" for name in ("stdout", "stderr", "__stdout__", "__stderr__")}

    assert offenders(sources, wanted, PRINTERS) == []
    assert offenders(sources, {"rich.console.Console"}, RICH_CONSOLES) == []


def test_only_the_http_module_imports_the_http_client(sources):
    assert importers(sources, "httpx2", "llm_router_core.http_client") == []


def test_only_storage_imports_the_database(sources):
    assert importers(sources, "sqlite3", "llm_router_core.storage") == []


def test_only_the_server_imports_mcp(sources):
    assert importers(sources, "mcp", "llm_router_mcp_server") == []


def test_the_simulation_imports_the_standard_library_only(sources):
    ours = [source for source in sources if source.module.startswith("llm_router_core.simulate")]
    foreign = [
        f"{source.name}:{line} {name}"
        for source in ours
        for name, line in source.imported()
        if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith("llm_router_core.simulate")
    ]

    assert ours
    assert foreign == []


def test_the_core_package_itself_holds_a_docstring_and_nothing_else(sources):
    (init,) = [source for source in sources if source.module == "llm_router_core"]

    assert ast.get_docstring(init.tree)
    assert len(init.tree.body) == 1


def test_any_exception_is_caught_in_the_mains_only(sources):
    broad = []
    for source in sources:
        for function, node in handlers(source.tree):
            if function not in CATCH_ALL.get(source.module, set()) and not cleans_up(node):
                broad.append(f"{source.name}:{node.lineno} in {function or 'the module'}")
        broad += [
            f"{source.name}:{node.lineno} suppress"
            for node in ast.walk(source.tree)
            if isinstance(node, ast.Call)
            and dotted(node.func).split(".")[-1] == "suppress"
            and BROAD & {dotted(argument) for argument in node.args}
        ]

    assert broad == []


def handlers(tree: ast.AST, function: str = "") -> Iterator[tuple[str, ast.ExceptHandler]]:
    """Every handler of any exception with the outermost function it stands in."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ExceptHandler):
            types = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            if any(kind is None or dotted(kind) in BROAD for kind in types):
                yield function, node
        inner = node.name if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else ""
        yield from handlers(node, function or inner)


def cleans_up(handler: ast.ExceptHandler) -> bool:
    """A handler that undoes something and passes the exception on catches nothing."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def test_every_public_error_stands_in_the_tree_at_the_top_of_its_module(sources):
    (errors,) = [source for source in sources if source.module == "llm_router_core.errors"]
    drawn = (ast.get_docstring(errors.tree) or "").replace("│", " ").replace("├──", " ").replace("└──", " ").split()
    classes = {node.name: {dotted(base) for base in node.bases} for node in errors.tree.body if is_class(node)}
    ours = {"LLMRouterError"}
    while grown := {name for name, bases in classes.items() if bases & ours} - ours:
        ours |= grown

    assert ours - set(drawn) == set()
    elsewhere = [
        f"{source.name}: {node.name}"
        for source in sources
        if source.module != "llm_router_core.errors"
        for node in ast.walk(source.tree)
        if is_class(node) and not node.name.startswith("_") and node.name not in INTERNAL_ERRORS
        if {dotted(base) for base in node.bases} & ours
    ]
    assert elsewhere == []


def is_class(node: ast.AST) -> bool:
    return isinstance(node, ast.ClassDef)
