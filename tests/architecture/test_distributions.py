"""Seven distributions, each with its own version, that fit together and say what they are."""

import importlib
import re
import tomllib

import pytest
from packaging.requirements import Requirement

from llm_router_core.hosts import Support

MAX_CORE_DEPENDENCIES = 8


def requirements(package):
    extras = package.project.get("optional-dependencies", {}).values()
    listed = [*package.project.get("dependencies", []), *(text for extra in extras for text in extra)]
    return [Requirement(text) for text in listed]


def test_there_are_seven_and_their_names_follow_their_folders(packages):
    assert len(packages) == 7
    for package in packages:
        assert package.name == f"llm-router-{package.folder.name}"
        assert (package.source / "__init__.py").is_file()


def test_every_sibling_range_includes_the_sibling_as_it_is(packages):
    versions = {package.name: package.project["version"] for package in packages}
    wrong = [
        f"{package.name} wants {needed}, but it is {versions[needed.name]}"
        for package in packages
        for needed in requirements(package)
        if needed.name in versions and versions[needed.name] not in needed.specifier
    ]
    unbounded = [
        f"{package.name}: {needed}"
        for package in packages
        for needed in requirements(package)
        if needed.name in versions and {item.operator for item in needed.specifier} != {">=", "<"}
    ]

    assert wrong == []
    assert unbounded == []


def test_core_has_at_most_eight_direct_dependencies(packages):
    (core,) = [package for package in packages if package.name == "llm-router-core"]

    assert len(core.project["dependencies"]) <= MAX_CORE_DEPENDENCIES


def test_each_package_is_typed_licensed_and_explains_itself(packages):
    for package in packages:
        assert (package.source / "py.typed").is_file(), package.name
        assert package.project["license"] == "MIT"
        assert package.project["requires-python"] == ">=3.11"
        readme = (package.folder / "README.md").read_text(encoding="utf-8")
        assert readme.startswith(f"# {package.name}\n"), package.name
        assert len(readme.splitlines()) > 3, f"{package.name}: the README says nothing"


def test_each_changelog_has_an_entry_for_the_current_version(packages):
    for package in packages:
        text = (package.folder / "CHANGELOG.md").read_text(encoding="utf-8")
        heading = rf"^## {re.escape(package.project['version'])} - \d{{4}}-\d\d-\d\d$"
        assert re.search(heading, text, re.MULTILINE), f"{package.name}: no entry for {package.project['version']}"


def test_the_repository_has_its_licence(root):
    assert (root / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")


def test_the_command_prints_the_version_of_its_package(packages):
    (installer,) = [package for package in packages if package.name == "llm-router-installer"]

    version = importlib.import_module("llm_router_installer").VERSION

    assert version == installer.project["version"]


def test_every_entry_point_leads_somewhere(packages):
    for package in packages:
        groups = [*package.project.get("entry-points", {}).values(), package.project.get("scripts", {})]
        for value in (value for group in groups for value in group.values()):
            module, _, attribute = value.partition(":")
            assert hasattr(importlib.import_module(module), attribute), f"{package.name}: {value}"


def test_the_extra_all_brings_every_host(packages):
    (installer,) = [package for package in packages if package.name == "llm-router-installer"]
    hosts = {package.name for package in packages if "-host-" in package.name}
    extras = installer.project["optional-dependencies"]

    assert {Requirement(text).name for text in extras["all"]} == hosts


@pytest.mark.requirement("catalog.dated")
def test_every_data_file_says_of_when_it_is_and_where_it_comes_from(packages, root):
    undated = []
    for file in (file for package in packages for file in package.source.rglob("*.toml")):
        data = tomllib.loads(file.read_text(encoding="utf-8"))
        tables = [value for value in data.values() if isinstance(value, list)]
        rows = [row for table in tables for row in table if isinstance(row, dict)]
        everywhere = {"as_of", "source"} <= data.keys()
        if not everywhere and not (rows and all({"as_of", "source"} <= row.keys() for row in rows)):
            undated.append(file.relative_to(root).as_posix())

    assert undated == []


@pytest.mark.requirement("never.claim-untested-host")
def test_a_host_claims_to_work_only_where_a_test_runs_the_real_program(packages, root):
    for package in (package for package in packages if "-host-" in package.name):
        host = importlib.import_module(f"{package.source.name}.host").HOST
        readme = (package.folder / "README.md").read_text(encoding="utf-8")
        proved_by = re.findall(r"tests/e2e/[\w./-]+", readme)

        if host.support is Support.PLANNED:
            assert "Proved against: nothing yet." in readme, package.name
        else:
            assert proved_by, f"{package.name}: the README names no test of the real program"
        assert [path for path in proved_by if not (root / path).exists()] == []
