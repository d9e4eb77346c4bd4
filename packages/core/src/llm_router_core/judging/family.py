"""Who made a model, whatever provider serves it: a judge says nothing about its own family.

Judges favour answers in their own style, so a score from the same family is worth less than none. The family comes from
the model's name, because the same weights are sold under many providers; an unknown name counts as a family of its own.
"""

from __future__ import annotations

import re

_FAMILIES: tuple[tuple[str, str], ...] = (
    ("openai", r"gpt|chatgpt|codex|davinci|o[1-9](?![a-z0-9])"),
    ("anthropic", r"claude"),
    ("google", r"gemini|gemma|palm"),
    ("meta", r"(?:meta-)?llama|codellama"),
    ("alibaba", r"qwen|qwq|qvq"),
    ("mistral", r"mistral|mixtral|ministral|codestral|devstral|magistral|pixtral"),
    ("deepseek", r"deepseek"),
    ("xai", r"grok"),
    ("cohere", r"command|aya"),
    ("perplexity", r"sonar|pplx"),
    ("moonshot", r"kimi|moonshot"),
    ("zai", r"glm|chatglm"),
    ("microsoft", r"phi(?![a-z])"),
    ("nvidia", r"nemotron"),
)
_PATTERNS = tuple((family, re.compile(rf"(?:{names})")) for family, names in _FAMILIES)
_ROOT = re.compile(r"[a-z]+")


def family_of(model_id: str) -> str:
    """The family of `provider/model`; the beginning of its name where nobody is known to have made it."""
    name = model_id.casefold().rpartition("/")[2]
    for family, pattern in _PATTERNS:
        if pattern.match(name):
            return family
    root = _ROOT.match(name)
    return root[0] if root else name


def may_judge(judge_id: str, model_id: str) -> bool:
    """Whether the judge is a stranger to the model: another model, of another family."""
    return judge_id.casefold() != model_id.casefold() and family_of(judge_id) != family_of(model_id)
