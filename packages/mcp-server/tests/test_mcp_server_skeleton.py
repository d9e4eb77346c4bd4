from importlib.metadata import entry_points, version

from click.testing import CliRunner


def test_the_command_is_registered_and_says_that_there_is_no_server_yet():
    (point,) = entry_points(group="llm_router.commands", name="mcp")

    result = CliRunner().invoke(point.load(), [])

    assert result.exit_code == 1
    assert f"the MCP server is not part of version {version('llm-router-mcp-server')}" in result.output
