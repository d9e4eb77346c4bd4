"""What a prompt asks for, decided locally and deterministically: task, complexity, whether it may leave the host.

Policy: the default is local. `needs_local` is false only where the prompt earned it; an unsure prompt stays with the host,
because sending hard or context-bound work to a weak model is the worse error.
"""

import math

from llm_router_core.hotpath import normalise, secret_scan

TASKS = ("query", "research", "generate", "analyze", "code", "image", "video", "audio")
# A prompt may leave the host only below this chance of needing it: the strict threshold of the routing-quality study.
LOCAL_THRESHOLD = 0.2
COMPLEXITIES = ("simple", "moderate", "complex", "deep_reasoning")


class Evidence:
    """What the session knows beyond the text; every default means "nothing known"."""

    __slots__ = (
        "has_pasted_material",
        "host_mode",
        "last_tool",
        "named_path_exists",
        "previous_complexity",
        "previous_task",
        "turn",
    )

    def __init__(  # noqa: PLR0913 - a record: one parameter a field
        self,
        *,
        previous_task: str = "",
        previous_complexity: str = "",
        turn: int = 0,
        last_tool: str = "",
        named_path_exists: bool | None = None,
        has_pasted_material: bool | None = None,
        host_mode: str = "",
    ) -> None:
        self.previous_task = previous_task
        self.previous_complexity = previous_complexity
        self.turn = turn
        self.last_tool = last_tool
        self.named_path_exists = named_path_exists
        self.has_pasted_material = has_pasted_material
        self.host_mode = host_mode


class Classification:
    """The verdict on one prompt, immutable. It holds labels and figures, never text of the prompt."""

    __slots__ = (
        "complexity",
        "complexity_confidence",
        "confidence",
        "followup",
        "needs_local",
        "needs_local_p",
        "rules",
        "secret",
        "secret_kinds",
        "task_type",
        "writes_content",
    )

    task_type: str
    complexity: str
    needs_local: bool
    needs_local_p: float
    followup: bool
    secret: bool
    secret_kinds: tuple[str, ...]
    confidence: float
    complexity_confidence: float
    writes_content: bool
    rules: tuple[str, ...]

    def __init__(  # noqa: PLR0913 - a record: one parameter a field
        self,
        *,
        task_type: str,
        complexity: str,
        needs_local: bool,
        needs_local_p: float,
        followup: bool = False,
        secret: bool = False,
        secret_kinds: tuple[str, ...] = (),
        confidence: float = 0.0,
        complexity_confidence: float = 0.0,
        writes_content: bool = False,
        rules: tuple[str, ...] = (),
    ) -> None:
        put = object.__setattr__
        put(self, "task_type", task_type)
        put(self, "complexity", complexity)
        put(self, "needs_local", needs_local)
        put(self, "needs_local_p", needs_local_p)
        put(self, "followup", followup)
        put(self, "secret", secret)
        put(self, "secret_kinds", secret_kinds)
        put(self, "confidence", confidence)
        put(self, "complexity_confidence", complexity_confidence)
        put(self, "writes_content", writes_content)
        put(self, "rules", rules)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Classification is immutable: cannot set {name!r}; build a new one")

    def as_dict(self) -> dict[str, object]:
        """The fields by name, ready for JSON."""
        return {name: getattr(self, name) for name in self.__slots__}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Classification) and self.as_dict() == other.as_dict()

    def __hash__(self) -> int:
        return hash(tuple(self.as_dict().values()))

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self.as_dict().items())
        return f"Classification({fields})"



# cue -> class -> (weight when among the first words, weight of each occurrence, at most two)
_TASK: dict[str, dict[str, tuple[float, float]]] = {
    "ask": {"query": (2.2, 0.4)},
    "inter": {"query": (1.3, 0.2), "analyze": (0.4, 0.0), "research": (0.3, 0.0)},
    "where": {"query": (1.6, 0.3)},
    "why": {"analyze": (2.0, 0.6), "query": (0.4, 0.2)},
    "fresh": {"research": (1.0, 1.4)},
    "prose_n": {"generate": (0.7, 0.6)},
    "doc_n": {"generate": (1.3, 0.8)},
    "prose_v": {"generate": (2.6, 0.7)},
    "judge": {"analyze": (2.3, 0.9)},
    "design": {"analyze": (1.6, 0.4)},
    "code_v": {"code": (2.2, 0.4)},
    "code_n": {"code": (0.4, 0.5)},
    "solo_n": {"code": (0.5, 0.3)},
    "op": {"code": (0.6, 0.1)},
    "make": {"generate": (0.4, 0.0), "code": (0.7, 0.0)},
    "image_n": {"image": (2.0, 0.9)},
    "image_v": {"image": (2.5, 0.5)},
    "video_n": {"video": (2.4, 1.1)},
    "audio_n": {"audio": (2.4, 1.1)},
    "deep": {"analyze": (0.9, 0.6)},
    "local": {"code": (0.1, 0.1), "analyze": (0.1, 0.1)},
}
_MEDIA = ("image", "video", "audio")
_BIAS = {
    "query": 0.3, "code": 0.5, "analyze": 0.1, "generate": 0.0, "research": -0.3, "image": -0.8, "video": -0.8, "audio": -0.8,
}  # fmt: skip
_SLASH = {"review": "analyze", "explain": "query", "docs": "generate", "compact": "code", "fix": "code", "test": "code"}


def _task_scores(view: normalise.View) -> dict[str, float]:
    scores = dict(_BIAS)
    for cue, classes in _TASK.items():
        count = min(view.cues.get(cue, 0.0), 2.0)
        if count:
            first = view.opening.get(cue, 0.0)
            for task, (open_weight, weight) in classes.items():
                scores[task] += first * open_weight + count * weight
    cues, opening = view.cues, view.opening
    asking = opening.get("ask") or opening.get("inter") or opening.get("where") or opening.get("why")
    if asking and not opening.get("code_v"):
        scores["code"] -= 0.3 * min(cues.get("code_n", 0.0), 2.0) + 0.2 * min(cues.get("solo_n", 0.0), 2.0) + 0.4
    if opening.get("inter") and not opening.get("where") and (cues.get("local") or view.pointers or view.pasted):
        scores["analyze"] += 1.0
    if view.asks:
        scores["query"] += 0.4
        scores["analyze"] += 0.4
        scores["research"] += 0.2
        scores["code"] -= 0.5
    if view.pasted:
        scores["analyze"] += 0.5
    if view.trace:
        scores["analyze"] += 1.2
    if view.path or view.mention:
        scores["code"] += 0.2
    if cues.get("fresh") and (opening.get("ask") or opening.get("inter")):
        scores["research"] += 1.0
    if cues.get("fixit") and view.closing_fix:
        scores["code"] += 2.5
    if opening.get("doc_n") and opening.get("code_v"):
        scores["code"] -= 0.8
        scores["generate"] += 0.4
    if opening.get("make") or opening.get("image_v"):
        made = [task for task in _MEDIA if cues.get(task + "_n")]
        for task in made:
            scores[task] += 1.6
    if cues.get("code_n", 0) + cues.get("solo_n", 0) > 1 or view.pasted:
        for task in _MEDIA:
            scores[task] -= 0.9
    return scores


def _softmax(scores: dict[str, float]) -> dict[str, float]:
    top = max(scores.values())
    powers = {task: math.exp(score - top) for task, score in scores.items()}
    total = sum(powers.values())
    return {task: power / total for task, power in powers.items()}


def _complexity(view: normalise.View, task: str) -> str:
    """The level that the cues of the task speak for; the middle is the default of work, the lowest that of a question."""
    cues = view.cues
    deep, big, small, mid = (cues.get(name, 0.0) for name in ("deep", "big", "small", "mid"))
    if deep >= 2 and task in ("analyze", "code", "query"):
        return "deep_reasoning"
    if view.words > 150 and task not in ("image", "audio", "query"):
        return "complex"
    if task in ("image", "audio"):
        return "simple" if view.words < 14 else "moderate"
    if task == "video":
        return "complex" if big else "moderate" if view.words > 9 else "simple"
    if task == "query":
        return "moderate" if mid > small or mid >= 2 or big else "simple"
    if task == "research":
        return _research_level(view)
    if big >= 2 or (big and task != "generate" and view.words > 6):
        return "complex"
    if task == "analyze":
        brief = view.words < 12 and 0 < view.pasted < 150
        return "simple" if brief or (small > mid and view.words < 12) else "moderate"
    if small > mid and view.words < 24:
        return "simple"
    return "simple" if view.words < 6 and cues.get("op") else "moderate"


def _research_level(view: normalise.View) -> str:
    if view.cues.get("big"):
        return "complex"
    asking = view.asks or view.opening.get("ask") or view.opening.get("inter") or view.words < 7
    return "simple" if view.words < 14 and asking and not view.cues.get("mid") else "moderate"


_START = {"query": -1.2, "research": -2.2, "generate": -0.6, "analyze": 1.2, "code": 1.6}


def _local_points(view: normalise.View, task: str) -> float:
    cues, opening = view.cues, view.opening
    points = _START.get(task, -2.4)
    points += 1.3 * min(cues.get("local", 0.0), 3.0)
    points += 1.2 * min(view.pointers, 2)
    points += 1.8 * min(cues.get("where", 0.0), 1.0)
    if task in ("query", "analyze", "code", "generate"):
        points += 0.5 * min(view.definite, 3)
    if view.path or view.mention:
        points += 2.0
    if view.pasted > 20:
        points -= 2.4
    elif view.block:
        points -= 1.0
    if task == "query":
        points += -1.0 if opening.get("ask") else 0.4
    elif task == "analyze":
        points -= 1.6 if cues.get("judge") and not view.definite and not cues.get("local") else 0.0
        points -= 0.8 if cues.get("deep") else 0.0
    elif task == "code":
        points -= 2.2 if cues.get("solo_n") and (opening.get("make") or opening.get("solo_n")) else 0.0
        points -= 1.0 if cues.get("solo_n", 0.0) > 1 and not cues.get("local") else 0.0
        points += 0.8 if opening.get("code_v") else 0.0
    elif task == "generate":
        points -= 0.8 if opening.get("make") or opening.get("prose_v") else 0.0
    return points


def _session_points(evidence: Evidence) -> float:
    """What the session adds to the text's own points: later turns lean on the conversation, a plan on the repository."""
    points = min(max(evidence.turn, 0), 6) * 0.15
    if evidence.named_path_exists:
        points += 2.5
    if evidence.has_pasted_material is not None:
        points += -0.8 if evidence.has_pasted_material else 0.4
    if evidence.host_mode == "plan":
        points += 2.5
    return points


def _followup(view: normalise.View) -> bool:
    """A turn that carries no request of its own: it starts with assent or a pointer, and little else is in it."""
    if view.words == 0 or view.words > 9 or view.pasted or view.path or view.praise:
        return False
    return view.assent and view.content <= (1 if view.words < 5 else 2)


def classify(prompt: str, evidence: Evidence | None = None) -> Classification:
    """The labels of one prompt. Never raises; bounded time for any length."""
    kinds = tuple(dict.fromkeys(kind for kind, _, _ in secret_scan.scan(prompt)))
    view = normalise.read(prompt)
    scores = _task_scores(view)
    chances = _softmax(scores)
    task = max(chances, key=lambda name: chances[name])
    confidence = chances[task]
    rules = ["score"]
    points = _local_points(view, task)
    followup = _followup(view)
    if view.slash:
        task, confidence, points = _SLASH.get(view.slash, task), 0.8, 3.0
        rules = ["slash"]
    elif (view.greeting or view.praise) and not followup:
        task, confidence, points = "query", 0.8, -3.0
        rules = ["greeting"]
    complexity = "simple" if rules == ["greeting"] else _complexity(view, task)
    if evidence is not None:
        points += _session_points(evidence)
    p = 1.0 / (1.0 + math.exp(-points))
    if followup:
        rules.append("followup")
        p = max(p, 0.97)
        if evidence is not None and evidence.previous_task in TASKS:
            task = evidence.previous_task
        if evidence is not None and evidence.previous_complexity in COMPLEXITIES:
            complexity = evidence.previous_complexity
    return Classification(
        task_type=task,
        complexity=complexity,
        needs_local=p >= LOCAL_THRESHOLD,
        needs_local_p=round(p, 4),
        followup=followup,
        confidence=round(confidence, 4),
        complexity_confidence=0.5,
        secret=bool(kinds),
        secret_kinds=kinds,
        rules=tuple(rules),
    )
