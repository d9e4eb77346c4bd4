"""What an effort is called by each family of models, and what those families then refuse.

Sources: platform.openai.com/docs/guides/reasoning, ai.google.dev/gemini-api/docs/thinking, and the providers' own
parameter lists. A model we do not know gets the plain word, because leaving it out would silently change the answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from llm_router_core.conversation import Sampling
from llm_router_core.providers.dialects.payload import Payload

_O_SERIES = re.compile(r"o\d")
_FIRST_GPT_5 = re.compile(r"gpt-5(?:-(?:mini|nano|pro))?(?:-20\d\d-\d\d-\d\d)?\Z")
_GEMINI = re.compile(r"gemini-(\d+)(?:\.(\d+))?")
_SWITCHED = frozenset({"deepseek", "moonshot", "zai"})  # thinking is on or off there
_BUDGETS: Mapping[str, int] = {"low": 2_048, "medium": 8_192, "high": 24_576}
SMALLEST_PRO_BUDGET = 128


def openai_effort(model: str, effort: str) -> str:
    """OpenAI's word: the o-series cannot switch reasoning off, and the first GPT-5 calls its least `minimal`."""
    if effort == "none" and _O_SERIES.match(model):
        return "low"
    return "minimal" if effort == "none" and _FIRST_GPT_5.match(model) else effort


def openai_refuses_sampling(model: str, effort: str | None) -> bool:
    """Whether OpenAI answers 400 to a temperature: its models do while they reason."""
    return bool(_O_SERIES.match(model) or _FIRST_GPT_5.match(model)) or effort not in {None, "none"}


def chat_effort(provider: str, model: str, effort: str) -> Payload:
    """The fields of a chat completion that ask for this effort."""
    if provider in _SWITCHED:
        return {"thinking": {"type": "disabled" if effort == "none" else "enabled"}}
    return {"reasoning_effort": openai_effort(model, effort) if provider == "openai" else effort}


def gemini_thinking(model: str, sampling: Sampling, limit: int) -> Payload:
    """Gemini's `thinkingConfig`, empty where no effort is asked for.

    Models before 3 take a budget of tokens, later ones a level; a pro model cannot be switched off, only kept short.
    """
    effort = sampling.effort
    if effort is None:
        return {}
    version = _GEMINI.search(model)
    is_pro = "pro" in model
    if version is not None and int(version[1]) < 3:
        budget = min(_BUDGETS.get(effort, 0), limit // 2)
        if effort == "none":
            budget = SMALLEST_PRO_BUDGET if is_pro else 0
        return {"thinkingBudget": budget, "includeThoughts": effort != "none"}
    if effort == "none":
        return {"thinkingLevel": "low" if is_pro else "minimal", "includeThoughts": False}
    return {"thinkingLevel": effort, "includeThoughts": True}
