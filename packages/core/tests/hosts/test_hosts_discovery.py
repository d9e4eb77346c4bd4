"""Discovery over entry points made by hand: what a package registers, good or broken."""

import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

import pytest

from llm_router_core.errors import HostError
from llm_router_core.hosts import ENTRY_POINTS, Host, HostEnv, PlannedHost, Severity, discover


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = ModuleType("a_host_plugin")
    monkeypatch.setitem(sys.modules, "a_host_plugin", module)
    return module


def point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name=name, value=value, group=ENTRY_POINTS)


def test_hosts_come_back_in_the_order_of_their_ids(plugin: ModuleType):
    plugin.ONE = PlannedHost("zed", "Zed")
    plugin.TWO = PlannedHost("acme", "Acme")

    found = discover([point("zed", "a_host_plugin:ONE"), point("acme", "a_host_plugin:TWO")])

    assert [host.id for host in found.hosts] == ["acme", "zed"]
    assert found.findings == ()
    assert all(isinstance(host, Host) for host in found.hosts)


@pytest.mark.parametrize("value", ["no_such_package_at_all:HOST", "a_host_plugin:MISSING"])
def test_a_package_that_cannot_be_loaded_is_a_finding_and_the_others_stay(plugin: ModuleType, value: str):
    plugin.HOST = PlannedHost("acme", "Acme")

    found = discover([point("broken", value), point("acme", "a_host_plugin:HOST")])

    assert [host.id for host in found.hosts] == ["acme"]
    (finding,) = found.findings
    assert finding.severity is Severity.ERROR
    assert "'broken' cannot be loaded" in finding.message
    assert finding.remedy


@pytest.mark.parametrize("text", ["raise KeyError('x')", "this is not python", "1 / 0", "assert False"])
def test_code_that_fails_while_it_is_imported_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str):
    (tmp_path / "a_failing_plugin.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))

    found = discover([point("failing", "a_failing_plugin:HOST")])

    assert found.hosts == ()
    assert len(found.findings) == 1


def test_an_object_that_is_no_host_is_a_finding(plugin: ModuleType):
    plugin.HOST = object()

    (finding,) = discover([point("odd", "a_host_plugin:HOST")]).findings

    assert "not a host" in finding.message


def test_the_second_package_with_the_same_host_is_a_finding(plugin: ModuleType):
    plugin.HOST = PlannedHost("acme", "Acme")

    found = discover([point("acme", "a_host_plugin:HOST"), point("acme", "a_host_plugin:HOST")])

    assert len(found.hosts) == 1
    assert "already registered" in found.findings[0].message


def test_a_planned_host_refuses_to_plan_and_has_nothing_to_take_back(tmp_path: Path):
    env = HostEnv(home=tmp_path, platform="darwin", cwd=tmp_path, interpreter=tmp_path / "python")
    host = PlannedHost("acme", "Acme")

    with pytest.raises(HostError, match="not part of this version"):
        host.plan(env, {"hooks"})
    assert host.plan(env, frozenset()) == []
