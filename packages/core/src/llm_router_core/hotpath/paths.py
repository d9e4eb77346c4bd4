"""Every file under the state folder, named once. `LLM_ROUTER_HOME` moves the folder; the default is `~/.llm-router`."""

import os
from collections.abc import Mapping

CONFIG = "config.toml"
CREDENTIALS = "credentials.toml"
STATE_DB = "state.db"
SNAPSHOT = "snapshot.json"
REPOSITORIES = "repositories.json"
FIGURES = "figures.json"
MANIFEST = "manifest.json"
BACKUPS = "backups"
SPOOL = "spool"
SESSIONS = "sessions"
RUN = "run"
LOCKS = "locks"
LOGS = "logs"
ENFORCEMENT_LOG = "enforcement.log"
RETROSPECTIVES = "retrospectives"
MODEL_LISTS = "model-lists"
PAUSED = "PAUSED"


def state_home(env: "Mapping[str, str]") -> str:
    """The state folder, absolute: `LLM_ROUTER_HOME`, else `~/.llm-router` of `HOME`, else of the account."""
    chosen = env.get("LLM_ROUTER_HOME", "").strip()
    if chosen:
        return os.path.abspath(os.path.expanduser(chosen))
    home = env.get("HOME", "").strip() or os.path.expanduser("~")
    return os.path.join(os.path.abspath(home), ".llm-router")


def in_home(home: str, *parts: str) -> str:
    """A path inside the state folder."""
    return os.path.join(home, *parts)
