"""What a prompt asks for, decided locally and deterministically: task, complexity, whether it may leave the host.

Policy: the default is local. `needs_local` is false only where the prompt earned it; an unsure prompt stays with the
host, because sending hard or context-bound work to a weak model is the worse error.
The inside is plain weighted cues (`lexicon` the words, `normalise` the reading, here the weights).
"""

import math

from llm_router_core.hotpath import normalise, secret_scan

TASKS = ("query", "research", "generate", "analyze", "code", "image", "video", "audio")
# A prompt may leave the host only below this chance of needing it. Strict: the false-routable share stays under 2 %.
LOCAL_THRESHOLD = 0.12
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
_BIAS = {"query": 0.3, "code": 0.5, "analyze": 0.1, "generate": 0.0, "research": -0.3} | dict.fromkeys(_MEDIA, -0.8)
_SLASH = {"review": "analyze", "explain": "query", "docs": "generate", "compact": "code", "fix": "code", "test": "code"}


def _task_scores(view: normalise.View) -> dict[str, float]:
    scores = dict(_BIAS)
    for cue, classes in _TASK.items():
        count = min(view.cues.get(cue, 0.0), 2.0)
        if count:
            first = view.opening.get(cue, 0.0)
            for task, (open_weight, weight) in classes.items():
                scores[task] += first * open_weight + count * weight
    _adjust_for_questions(view, scores)
    _adjust_for_media(view, scores)
    if view.pasted:
        scores["analyze"] += 0.5
    if view.trace:
        scores["analyze"] += 1.2
    if view.path or view.mention:
        scores["code"] += 0.2
    if view.prose_file and view.opening.get("make") and not (view.cues.get("code_n") or view.cues.get("solo_n")):
        scores["generate"] += 1.5
    if view.closing_fix:
        scores["code"] += 2.5
    if view.opening.get("doc_n") and view.opening.get("code_v"):
        scores["code"] -= 0.8
        scores["generate"] += 0.4
    return scores


def _adjust_for_questions(view: normalise.View, scores: dict[str, float]) -> None:
    cues, opening = view.cues, view.opening
    asking = opening.get("ask") or opening.get("inter") or opening.get("where") or opening.get("why")
    if asking and not opening.get("code_v"):
        scores["code"] -= 0.3 * min(cues.get("code_n", 0.0), 2.0) + 0.2 * min(cues.get("solo_n", 0.0), 2.0) + 0.4
    if opening.get("inter") and not opening.get("where") and (cues.get("local") or view.pointers or view.pasted):
        scores["analyze"] += 1.0
    if cues.get("fresh") and (opening.get("ask") or opening.get("inter")):
        scores["research"] += 1.6
    if view.asks:
        scores["query"] += 0.4
        scores["analyze"] += 0.4
        scores["research"] += 0.2
        scores["code"] -= 0.5


def _adjust_for_media(view: normalise.View, scores: dict[str, float]) -> None:
    cues, opening = view.cues, view.opening
    if opening.get("make") or opening.get("image_v"):
        for task in _MEDIA:
            if cues.get(task + "_n"):
                scores[task] += 1.6
    if cues.get("code_n", 0.0) + cues.get("solo_n", 0.0) > 1 or view.pasted:
        for task in _MEDIA:
            scores[task] -= 0.9


def _softmax(scores: dict[str, float]) -> dict[str, float]:
    top = max(scores.values())
    powers = {task: math.exp(score - top) for task, score in scores.items()}
    total = sum(powers.values())
    return {task: power / total for task, power in powers.items()}


def _complexity(view: normalise.View, task: str) -> str:
    """The level the cues speak for; by default work is in the middle and a question at the bottom."""
    deep, big = view.cues.get("deep", 0.0), view.cues.get("big", 0.0)
    if task in ("analyze", "code", "query") and deep >= 2:
        return "deep_reasoning"
    if task in _MEDIA:
        small_scene = view.words < (10 if task == "video" else 14)
        return "complex" if task == "video" and big else "simple" if small_scene else "moderate"
    if task != "query" and view.words > 150:
        return "complex"
    return _question_level(view, task) if task in ("query", "research") else _work_level(view, task)


def _work_level(view: normalise.View, task: str) -> str:
    big, small, mid = (view.cues.get(name, 0.0) for name in ("big", "small", "mid"))
    if big >= 2 or (big and task != "generate" and view.words > 6):
        return "complex"
    if task == "analyze":
        brief = view.words < 12 and (0 < view.pasted < 150 or small > mid)
        return "simple" if brief else "moderate"
    brief = (small > mid and view.words < 24) or (view.words < 6 and bool(view.cues.get("op")))
    return "simple" if brief else "moderate"


def _question_level(view: normalise.View, task: str) -> str:
    if task == "query":
        small, mid = view.cues.get("small", 0.0), view.cues.get("mid", 0.0)
        return "moderate" if mid > small or mid >= 2 or view.cues.get("big") else "simple"
    if view.cues.get("big"):
        return "complex"
    asking = view.asks or view.opening.get("ask") or view.opening.get("inter") or view.words < 7
    return "simple" if view.words < 14 and asking and not view.cues.get("mid") else "moderate"


_START = {"query": -1.2, "research": -2.2, "generate": -0.6, "analyze": 1.2, "code": 1.6}


def _local_points(view: normalise.View, task: str) -> float:
    """The log odds that the prompt needs the host; every task starts where its typical prompt stands."""
    cues = view.cues
    points = _START.get(task, -2.4)
    points += 1.3 * min(cues.get("local", 0.0), 3.0)
    points += 1.2 * min(view.pointers, 2)
    points += 1.8 * min(cues.get("where", 0.0), 1.0)
    if task in _START and task != "research":
        points += 0.5 * min(view.definite, 3)
    if view.path or view.mention:
        points += 2.0
    if view.pasted > 20:
        points -= 2.4
    elif view.block:
        points -= 1.0
    return points + _earned(view, task)


def _earned(view: normalise.View, task: str) -> float:
    """What a self-contained shape of the task takes off the log odds."""
    cues, opening = view.cues, view.opening
    points = 0.0
    if task == "query":
        points = -1.0 if opening.get("ask") else 0.4
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
    """What the session adds to the text's points: later turns lean on the conversation, a plan on the repository."""
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


def _writes_content(view: normalise.View, task: str) -> bool:
    """Text to be written into a named file: generate first, let the host write the file second."""
    making = view.opening.get("make") or view.opening.get("prose_v") or view.opening.get("doc_n")
    return task == "generate" and view.prose_file and bool(making)


def _complexity_confidence(view: normalise.View, complexity: str) -> float:
    """How often a level so reached was right, roughly; one cue against none is little."""
    cues = view.cues
    if complexity == "deep_reasoning":
        return 0.85 if cues.get("deep", 0.0) >= 3 else 0.7
    if complexity == "complex":
        return 0.75 if cues.get("big", 0.0) >= 2 else 0.6
    return 0.75 if abs(cues.get("small", 0.0) - cues.get("mid", 0.0)) >= 1 else 0.6


def classify(prompt: str, evidence: Evidence | None = None) -> Classification:
    """The labels of one prompt. Never raises; the time does not grow with the prompt beyond `secret_scan.MAX_SCAN`."""
    session = evidence if evidence is not None else Evidence()
    kinds = tuple(dict.fromkeys(kind for kind, _, _ in secret_scan.scan(prompt)))
    view = normalise.read(prompt)
    chances = _softmax(_task_scores(view))
    task = max(chances, key=lambda name: chances[name])
    confidence = chances[task]
    points = _local_points(view, task) + _session_points(session)
    followup = _followup(view)
    rules = [f"open:{cue}" for cue in sorted(view.opening) if cue in _TASK]
    if view.slash:
        task, confidence, points = _SLASH.get(view.slash, task), 0.8, 3.0
        rules = ["slash"]
    elif not followup and (view.greeting or view.praise or not view.words):
        task, confidence, points = "query", 0.8, -3.0 if view.words else 3.0
        rules = ["greeting" if view.words else "no-words"]
    complexity = _complexity(view, task)
    if followup:
        rules.append("followup")
        points = max(points, 3.5)
        task = session.previous_task if session.previous_task in TASKS else task
        complexity = session.previous_complexity if session.previous_complexity in COMPLEXITIES else complexity
    p = 1.0 / (1.0 + math.exp(-points))
    if kinds:
        rules.append("secret")
    if len(prompt) > secret_scan.MAX_SCAN:
        rules.append("not-scanned-whole")
    return Classification(
        task_type=task,
        complexity=complexity,
        needs_local=p >= LOCAL_THRESHOLD or bool(kinds) or len(prompt) > secret_scan.MAX_SCAN,
        needs_local_p=round(p, 4),
        followup=followup,
        confidence=round(confidence, 4),
        complexity_confidence=_complexity_confidence(view, complexity),
        secret=bool(kinds),
        secret_kinds=kinds,
        writes_content=_writes_content(view, task),
        rules=tuple(rules),
    )
