"""Takes out of a text what speaks to a judge: verdicts spelled out, instructions, turns of a chat template.

The judge never sees such a line, so it cannot raise a score; what is left is judged as it stands. An honest answer
about such matters loses a line, not its score. The patterns are data (`data/asides.toml`).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from llm_router_core.catalog.load import load_data

LEFT_OUT = "[a line was left out here]"

_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]"
)
_ANSI = re.compile("\x1b\\[[0-?]*[ -/]*[@-~]|\x1b\\][^\x07\x1b]*(?:\x07|\x1b\\\\)?|\x1b.")
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_SPACE = re.compile(r"\s+")
_SPREAD = re.compile(r"(?<!\w)(?:\w[ .*_-]){3,}\w(?!\w)")  # s c o r e
_DIGIT_LETTERS = str.maketrans("013457@$", "oieastas")
_MIXED = re.compile(r"(?<![\w.])[a-z]+[013457@$][a-z0-9@$]*(?![\w.])|(?<![\w.])[013457@$][a-z@$]+(?![\w.])")


@dataclass(frozen=True, slots=True)
class Patterns:
    """What to look for: `verdict` also across two lines, `address` in one."""

    verdict: re.Pattern[str]
    address: re.Pattern[str]
    look_alikes: dict[int, int]


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A text without what spoke to a judge. `is_mostly_gone`: more than half of it did."""

    text: str
    is_mostly_gone: bool


@lru_cache(maxsize=1)
def load_patterns() -> Patterns:
    """The packaged patterns."""
    raw = load_data(__package__, "asides.toml")

    look_alikes = str.maketrans(raw["look_alikes"]["from"], raw["look_alikes"]["to"])

    def compiled(section: str) -> re.Pattern[str]:
        filled = []
        for pattern in raw[section]["patterns"]:
            for name, words in raw["words"].items():
                pattern = pattern.replace(f"{{{name}}}", words)  # noqa: PLW2901 - filled step by step
            filled.append(pattern.translate(look_alikes))  # as the lines are
        return re.compile("|".join(filled))

    return Patterns(compiled("verdict"), compiled("address"), look_alikes)


def without_asides(text: str) -> Cleaned:
    """The text without lines that speak to a judge, and without invisible characters."""
    patterns = load_patterns()
    lines = _INVISIBLE.sub("", _ANSI.sub("", _LINE_ENDS.sub("\n", text))).split("\n")
    folded = [fold(line) for line in lines]
    hit = [bool(patterns.verdict.search(line) or patterns.address.search(line)) for line in folded]
    for place, pair in enumerate(pairwise(folded)):
        if not (hit[place] or hit[place + 1]) and patterns.verdict.search(" ".join(pair)):
            hit[place] = hit[place + 1] = True
    kept = [LEFT_OUT if is_hit else line for line, is_hit in zip(lines, hit, strict=True)]
    gone = sum(len(line) for line, is_hit in zip(lines, hit, strict=True) if is_hit)
    return Cleaned("\n".join(kept), gone * 2 > sum(map(len, lines)))


def fold(line: str) -> str:
    """The line as the patterns see it: one alphabet, one case, no letters spread out or replaced by digits."""
    unified = unicodedata.normalize("NFKC", line).casefold().translate(load_patterns().look_alikes)
    joined = _SPREAD.sub(lambda found: re.sub(r"[ .*_-]", "", found[0]), _SPACE.sub(" ", unified))
    return _MIXED.sub(lambda found: found[0].translate(_DIGIT_LETTERS), joined)
