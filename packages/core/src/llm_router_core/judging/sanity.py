"""Our own look at an answer: what no judge may exceed.

A judge can be talked into a score, so the score gets a ceiling from what can be seen without any model: an empty
answer is worth nothing, an echo of the question or a refusal little, and one that mostly spoke to its judge is no use.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from llm_router_core.judging.asides import LEFT_OUT, fold, without_asides

FULL = 1000
EMPTY_CEILING = 0
ECHO_CEILING = 300
REPEATED_CEILING = 300
REFUSAL_CEILING = 400
MOSTLY_LEFT_OUT_CEILING = 500
SPOKEN_TO_CEILING = 500  # the judge says that it was spoken to: never enough to be usable
_REFUSAL_LONGEST = 600  # characters: a long answer that begins with a caveat is an answer
_REFUSAL = re.compile(
    r"\b(?:i\s?(?:'m|am) (?:very |really )?sorry\b.{0,40}\b(?:can(?:no|')t|cannot|unable|not able)|"
    r"i (?:can(?:no|')t|cannot|won't|will not|am unable to|'m unable to|am not able to) "
    r"(?:help|assist|provide|answer|comply|do that|fulfil|continue|create|write|share)|as an ai(?: language)? model)\b"
)


@dataclass(frozen=True, slots=True)
class Inspected:
    """A text for the judge's eyes, and the most its score may be, in thousandths. `findings` are codes."""

    text: str
    ceiling: int
    findings: tuple[str, ...] = ()


def inspect(question: str, answer: str) -> Inspected:
    """The answer as the judge may see it, with its ceiling."""
    cleaned = without_asides(answer)
    text = cleaned.text
    found = {
        "empty": (not _words(text), EMPTY_CEILING),
        "echo": (_is_echo(question, text), ECHO_CEILING),
        "repeated": (_is_repeated(text), REPEATED_CEILING),
        "refusal": (_is_refusal(text), REFUSAL_CEILING),
        "mostly_to_the_judge": (cleaned.is_mostly_gone, MOSTLY_LEFT_OUT_CEILING),
    }
    findings = tuple(name for name, (applies, _) in found.items() if applies)
    if LEFT_OUT in text:
        findings = (*findings, "to_the_judge")
    return Inspected(text, min((found[name][1] for name in findings if name in found), default=FULL), findings)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.replace(LEFT_OUT, " ").casefold())


def _is_echo(question: str, text: str) -> bool:
    asked, said = _words(question), _words(text)
    return bool(asked) and asked == said


def _is_repeated(text: str) -> bool:
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    words = _words(text)
    return (len(lines) >= 20 and len(set(lines)) * 10 <= len(lines)) or (
        len(words) >= 100 and len(set(words)) * 25 <= len(words)
    )


def _is_refusal(text: str) -> bool:
    return len(text) <= _REFUSAL_LONGEST and _REFUSAL.search(fold(text)) is not None
