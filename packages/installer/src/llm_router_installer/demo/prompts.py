"""What the demo asks, and what its simulated models say. Every prompt is there to show one thing."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass, field, replace

from llm_router_core.catalog.entries import Complexity, Profile
from llm_router_core.chains.plan import Overrides


@dataclass(frozen=True, slots=True)
class Ask:
    """One prompt of the demo: `shows` says what to look for, `answer` is what whichever model is reached will say."""

    shows: str
    prompt: str
    answer: str
    overrides: Overrides = field(default_factory=Overrides)
    stream: bool = False


_LOG = "2026-11-24T10:00:00Z worker-7 retrying job 4411 after timeout of upstream billing-api (attempt 3 of 5)\n"
_COMMITS = "4f2a9c1 Read the new configuration format; the old one is converted once and kept beside it\n"
_PLACE = "TOKEN_HERE"
ASKS = (
    Ask(
        "a small question goes to a local model",
        "What does HTTP 418 mean?",
        "It is 'I'm a teapot': an April Fools' status code that some servers use to refuse a request.",
    ),
    Ask(
        "a local model that is marked capable takes routine code",
        "Write a Python function that merges two sorted lists into one, with a docstring and type hints.",
        'def merge(a: list[int], b: list[int]) -> list[int]:\n    """Both lists as one sorted list.""" ...',
    ),
    Ask(
        "a prompt too long for the local window goes past it",
        "Condense this log into two sentences:\n\n```\n" + _LOG * 1200 + "```",
        "Worker 7 keeps retrying job 4411 because the billing API times out. It gives up after five attempts.",
    ),
    Ask(
        "hard work goes to paid models; the first one rate-limits, the next one answers",
        "Design the data model and the locking strategy for a seat-booking service that must never sell a seat "
        "twice, must survive a database failover, and must answer within 50 ms at 2,000 requests a second. "
        "Compare optimistic and pessimistic locking under these constraints and recommend one.",
        "Use one row per seat with a conditional update (optimistic), a short reservation lease, and ...",
    ),
    Ask(
        "a rate-limited model is then left alone instead of being asked again",
        "Compare event sourcing with change data capture for keeping three services consistent across regions, "
        "including failure modes, ordering guarantees and operational cost, and recommend one.",
        "Change data capture fits when the database is already the source of truth; event sourcing when ...",
    ),
    Ask(
        "a proof asks for high effort",
        "Prove that the greedy algorithm that always picks the interval ending first is optimal for interval "
        "scheduling, and prove that no algorithm can do it in fewer than n log n comparisons.",
        "Exchange argument: take an optimal schedule and its first interval; replace it by the greedy choice ...",
    ),
    Ask(
        "premium starts with the strongest; it breaks off, and the next one answers instead",
        "Write the release notes for version 2.0 from these commits:\n\n```\n" + _COMMITS * 1200 + "```",
        "## 2.0.0\n\nFaster start. New configuration format. Python 3.11 or newer. Migration in three steps: ...",
        Overrides(profile=Profile.PREMIUM, complexity=Complexity.MODERATE),
    ),
    Ask(
        "a stream that dies after it has shown text ends as a marked part: no second model is glued to it",
        "Write the announcement of version 2.0 from these commits:\n\n```\n" + _COMMITS * 1200 + "```",
        "Version 2.0 is here. It starts faster, reads a new configuration format, needs Python 3.11 ..",
        Overrides(model="anthropic/claude-sonnet-5-5"),
        stream=True,
    ),
    Ask(
        "a prompt that holds a secret stays on this machine, whatever its complexity",
        "Why does this fail with 401?\n\ncurl -H 'Authorization: Bearer TOKEN_HERE' https://api.github.com/user",
        "The token is sent, so 401 means that it was revoked or never had the needed scope. Replace it now.",
    ),
    Ask(
        "research is asked of a model that can search; it names no source, so its answer does not count",
        "What are the latest CVEs in OpenSSL this month? Give sources.",
        "",
    ),
    Ask(
        "a call that could cost more than allowed is not made",
        "Derive the amortised cost of a Fibonacci heap's delete-min, step by step; where is the bound tight?",
        "",
        Overrides(max_cost_microusd=100),
    ),
    Ask(
        "a model without a known price is held at a ceiling and flagged, never counted as free",
        "List three names for a command that shows spending.",
        "1. tally 2. spend 3. ledger",
        Overrides(model="deepseek/deepseek-lab-preview"),
    ),
)


def asks() -> tuple[Ask, ...]:
    """The dozen. The secret in one is random and made here: no live-looking key stands in the source."""
    token = "ghp_" + "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(36))
    return tuple(replace(ask, prompt=ask.prompt.replace(_PLACE, token)) for ask in ASKS)
