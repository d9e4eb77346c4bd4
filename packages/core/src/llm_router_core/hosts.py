"""What a host package is to the rest: one object that says what it found and which files it would change.

A host never writes. `plan` is a pure function from the state of the machine to a list of edits; whoever installs shows
them, applies them in one transaction and can take them back. Hosts are found through the entry-point group
`llm_router.hosts`, so nobody here knows one by name, and a package that cannot be loaded becomes a finding: one broken
plugin must not take the others with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Protocol, runtime_checkable

from llm_router_core.errors import HostError

ENTRY_POINTS = "llm_router.hosts"


class Support(StrEnum):
    """How much of a host is served."""

    FULL = "full"  # hooks and MCP
    MCP = "mcp"  # MCP tools only: the host has no hooks
    PLANNED = "planned"  # nothing yet


class EditAction(StrEnum):
    """What happens to a file."""

    CREATE = "create"
    EDIT = "edit"
    REMOVE = "remove"


class Severity(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class HostEnv:
    """The machine as a host sees it, given as values so that a test can give another one."""

    home: Path
    platform: str  # as in sys.platform
    cwd: Path
    interpreter: Path  # absolute


@dataclass(frozen=True, slots=True)
class FileEdit:
    """One file to change. `content` is the whole file afterwards; None removes it.

    `before_sha256` is the file this edit was made for: when the file on disk is another one, it must not be applied.
    """

    path: Path
    action: EditAction
    reason: str
    content: bytes | None = None
    before_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Detection:
    """Whether the host is on this machine. `is_present` None means that nobody looked."""

    is_present: bool | None
    version: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a check: what it is about, what was found, and what to do where something is to be done."""

    severity: Severity
    subject: str
    message: str
    remedy: str = ""


@runtime_checkable
class Host(Protocol):
    """What a package registers under `llm_router.hosts`, as an object named `HOST`."""

    @property
    def id(self) -> str:
        """The name a user types: `claude`, `codex`."""

    @property
    def title(self) -> str:
        """The name a user reads: `Claude Code`."""

    @property
    def support(self) -> Support:
        """How much of it is served."""

    def detect(self, env: HostEnv) -> Detection:
        """Whether the host is on this machine."""

    def plan(self, env: HostEnv, wanted: Set[str]) -> list[FileEdit]:
        """The edits that lead from the files as they are to exactly the wanted parts. Nothing wanted is uninstall.

        Raises:
            HostError: a file cannot be read, or the parts are not available.
        """

    def verify(self, env: HostEnv) -> list[Finding]:
        """What works and what does not, by looking."""


@dataclass(frozen=True, slots=True)
class PlannedHost:
    """A host whose package exists and whose content does not: it says so instead of pretending."""

    id: str
    title: str
    support: Support = Support.PLANNED

    def detect(self, env: HostEnv) -> Detection:
        """Nobody looked: there is nothing yet that would use the answer."""
        del env
        return Detection(is_present=None)

    def plan(self, env: HostEnv, wanted: Set[str]) -> list[FileEdit]:
        """No edits where nothing is wanted: there is nothing to take back.

        Raises:
            HostError: something is wanted.
        """
        del env
        if not wanted:
            return []
        raise HostError(
            f"{self.title} ({self.id!r}) is not part of this version",
            remedy="`llm-router route` works without a host; the CHANGELOG says when one is added",
        )

    def verify(self, env: HostEnv) -> list[Finding]:
        """One finding that says there is nothing to verify."""
        del env
        return [Finding(Severity.INFO, self.id, f"{self.title} is not part of this version")]


@dataclass(frozen=True, slots=True)
class Discovery:
    """The hosts that could be loaded, by id, and what was wrong with the others."""

    hosts: tuple[Host, ...]
    findings: tuple[Finding, ...]


def discover(points: Iterable[EntryPoint] | None = None) -> Discovery:
    """Every host that an installed package registers. Reading the metadata costs tens of ms: never in a hook."""
    found: dict[str, Host] = {}
    findings: list[Finding] = []
    for point in entry_points(group=ENTRY_POINTS) if points is None else points:
        loaded = _load(point)
        if isinstance(loaded, Finding):
            findings.append(loaded)
        elif loaded.id in found:
            findings.append(_broken(point, f"another package has already registered the host {loaded.id!r}"))
        else:
            found[loaded.id] = loaded
    return Discovery(tuple(found[name] for name in sorted(found)), tuple(findings))


def _load(point: EntryPoint) -> Host | Finding:
    try:
        host = point.load()
    except Exception as error:  # noqa: BLE001 - code of somebody else runs here; it may fail in any way
        return _broken(point, f"{type(error).__name__}: {error}")
    if not isinstance(host, Host):
        return _broken(point, f"{point.value!r} is a {type(host).__name__}, not a host")
    return host


def _broken(point: EntryPoint, why: str) -> Finding:
    package = point.dist.name if point.dist else point.value
    remedy = f"update or uninstall the package {package!r}"
    return Finding(Severity.ERROR, point.name, f"the host {point.name!r} cannot be loaded: {why}", remedy)
