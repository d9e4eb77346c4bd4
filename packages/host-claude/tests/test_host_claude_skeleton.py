from pathlib import Path

import pytest

from llm_router_core.errors import HostError
from llm_router_core.hosts import HostEnv, Support, discover
from llm_router_host_claude.host import HOST


@pytest.fixture
def env(tmp_path: Path) -> HostEnv:
    return HostEnv(home=tmp_path, platform="linux", cwd=tmp_path, interpreter=Path("/usr/bin/python3"))


def test_the_host_is_found_by_its_entry_point_under_its_own_id():
    discovery = discover()

    assert HOST.id == "claude"
    assert [host for host in discovery.hosts if host.id == "claude"] == [HOST]
    assert not discovery.findings


def test_installing_it_is_refused_because_it_is_not_part_of_this_version(env: HostEnv):
    assert HOST.support is Support.PLANNED
    with pytest.raises(HostError, match="is not part of this version") as refused:
        HOST.plan(env, {"mcp"})
    assert refused.value.remedy


def test_taking_it_back_changes_no_file_because_none_was_written(env: HostEnv):
    assert HOST.plan(env, set()) == []
    assert list(env.home.iterdir()) == []


def test_it_claims_nothing_about_the_machine(env: HostEnv):
    assert HOST.detect(env).is_present is None
    assert [finding.message for finding in HOST.verify(env)] == [f"{HOST.title} is not part of this version"]
