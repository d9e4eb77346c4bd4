# ruff: noqa: RUF001, SIM905 - word tables read better as text; accents, dashes and full-width signs are meant
"""A prompt as the classifier reads it: bounded, folded, split into instruction and pasted material, with cues counted.

Policy: harmless differences (politeness, greetings, spacing, case, accents, a swapped pair of letters) disappear here,
before any decision, so that they cannot change one. At most `HEAD` + `TAIL` characters of a prompt are read.
"""

from llm_router_core.hotpath import lexicon

HEAD = 4000
TAIL = 2000
MAX_TOKENS = 400
MAX_REPAIRS = 40

_FOLD = str.maketrans(
    "áàâãäåāąćčçďéèêëēęěíìîïīıłľñńňóòôõöøōőŕřśšșťțúùûüūůűýÿźžżё-–—_",
    "aaaaaaaacccdeeeeeeeiiiiiillnnnoooooooorrssstt" + "uuuuuuuyyzzzе    ",
)
_DROP = str.maketrans("", "", "'’‘`´¿¡\u200b\u200c\u200d\ufeff\u00ad")
_GAPS = str.maketrans(dict.fromkeys('!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~', " "))
_CODE_ENDS = ("{", "}", ";", "};", ");", "})", "],", "},")
_CODE_STARTS = tuple(
    (
        "def |class |import |from |const |let |var |function |func |fn |public |private |return |if (|for (|while "
        '|else|elif |try:|except|#include|package |@@|+++|---|diff --git|at |File "|Traceback|goroutine|SELECT '
        "|INSERT |UPDATE |CREATE |EXPLAIN|$ |> |<|//|/*|* |panic:|error:|Error:|ERROR|WARN|INFO|FAILED|Caused by"
        "|Exception"
    ).split("|")
)
_TRACE_MARKS = tuple(
    (
        "traceback (most recent|exception in thread|goroutine |panic:|stack trace|nullpointerexception|typeerror:"
        "|valueerror:|keyerror:|referenceerror:|syntaxerror:|\n\tat |\n    at |segmentation fault|exit status"
        "|exit code|npm err!|error[e|modulenotfounderror|importerror:|unhandled|undefined is not|assertionerror"
        "|runtimeerror|attributeerror|compilation failed|build failed|oomkilled|caused by:"
    ).split("|")
)
_EXTENSIONS = frozenset(
    "py js ts tsx jsx go rs rb java kt swift c h cpp hpp cs php sh sql md mdx rst adoc tex json"
    " yaml yml toml ini cfg html css scss vue lua ex exs scala tf lock txt log env proto xml gradle"
    " ipynb".split()
)
_PROSE_FILES = (".md", ".mdx", ".txt", ".rst", ".adoc", ".tex")
_FILES = frozenset(("Dockerfile", "Makefile", "Jenkinsfile", "Procfile", "Gemfile", "Cargo.toml", ".env", ".gitignore"))


class View:
    """What one prompt shows: its instruction words, its cues, and the structure around them."""

    __slots__ = (
        "asks",
        "assent",
        "block",
        "closing_fix",
        "content",
        "cues",
        "definite",
        "greeting",
        "mention",
        "opening",
        "pasted",
        "path",
        "pointers",
        "praise",
        "prose_file",
        "slash",
        "text",
        "tokens",
        "trace",
        "words",
    )

    def __init__(self) -> None:
        self.text = ""  # the instruction, folded
        self.tokens: list[str] = []
        self.words = 0
        self.cues: dict[str, float] = {}  # cue -> how often, anywhere
        self.opening: dict[str, float] = {}  # cue -> position-weighted, in the first words
        self.pasted = 0  # characters of fenced or pasted material
        self.trace = False
        self.path = False
        self.mention = False
        self.prose_file = False  # a named file that holds prose
        self.slash = ""
        self.asks = False  # a question mark
        self.greeting = False  # nothing but politeness
        self.praise = False  # thanks and compliments only
        self.assent = False  # starts with assent, refusal or a pointer to what was said
        self.content = 0  # words that are neither assent nor politeness nor pronouns
        self.definite = 0  # how often "the" names something the reader must already know
        self.pointers = 0  # "this", "these" with nothing pasted to point at
        self.closing_fix = False  # ends by asking for the fix or the code
        self.block = False  # a "given this:" shape: text after a colon or on quoted lines


def read(prompt: str) -> View:
    """The view of a prompt. Never raises; the work does not grow with the prompt."""
    view = View()
    sampled = prompt if len(prompt) <= HEAD + TAIL else prompt[:HEAD] + "\n" + prompt[-TAIL:]
    if not sampled.isascii():
        sampled = _compose(sampled)
    sampled = sampled.replace("\0", " ")
    stripped = sampled.strip()
    _structure(view, stripped)
    prose = _split(view, stripped)
    folded = fold(prose)
    view.asks = "?" in prose or "？" in prose
    words = _words(folded)[:MAX_TOKENS]
    view.words = len(words)
    table = lexicon.tables()
    tokens = _trim(words, table.polite)
    view.greeting = bool(words) and not tokens
    view.tokens = tokens
    view.text = folded
    _count(view, table)
    _follow(view, words, table)
    return view


def fold(text: str) -> str:
    """Lower case, without accents, apostrophes or zero-width characters; hyphens become spaces."""
    return text.lower().translate(_DROP).translate(_FOLD).replace("ß", "ss")


def _words(folded: str) -> list[str]:
    if folded.isascii():
        return folded.translate(_GAPS).split()
    return "".join([char if char.isalnum() else " " for char in folded]).split()


def _compose(text: str) -> str:
    import unicodedata  # noqa: PLC0415 - only prompts outside ASCII pay for it

    return unicodedata.normalize("NFKC", text)[: 2 * (HEAD + TAIL)]


def _structure(view: View, text: str) -> None:
    low = text.lower()
    view.trace = any(mark in low for mark in _TRACE_MARKS)
    if text.startswith("/"):
        head = text.split(None, 1)[0]
        if head[1:].replace("-", "").replace("_", "").replace(":", "").isalpha():
            view.slash = head[1:].lower()
    for word in text.split()[:MAX_TOKENS]:
        if word[0] == "@" and len(word) > 2:
            view.mention = True
            continue
        bare = word.strip("`'\"(),:;?!").rstrip(".")
        if not bare.isascii():
            bare = bare[: next(i for i, char in enumerate(bare) if char > "\x7f")]
        if bare in _FILES or _is_path(bare) or _is_commit(bare):
            view.path = True
            view.prose_file = view.prose_file or bare.lower().endswith(_PROSE_FILES)


def _is_commit(word: str) -> bool:
    return len(word) == 40 and not word.strip("0123456789abcdef")


def _is_path(word: str) -> bool:
    if len(word) > 200 or "://" in word:
        return False
    stem, dot, extension = word.rpartition(".")
    if dot and stem and extension.lower() in _EXTENSIONS and not stem[-1].isdigit():
        return True
    return "/" in word[1:-1] and (word[0] in "./~" or word.count("/") > 1) and any(c.isalpha() for c in word)


def _split(view: View, text: str) -> str:
    """The instruction: the lines outside fences that do not look pasted."""
    prose: list[str] = []
    pasted = 0
    fenced = False
    for line in text.split("\n"):
        bare = line.strip()
        if bare.startswith(("```", "~~~")):
            fenced = not fenced and not (len(bare) > 6 and bare.endswith("```"))
            continue
        if fenced or _looks_pasted(line, bare):
            pasted += len(bare)
            continue
        prose.append(bare)
    view.pasted = pasted
    joined = "\n".join(prose)
    if not joined.strip() and not fenced:
        return text[:600]
    head, colon, tail = joined.partition(":")
    view.block = pasted > 0 or (bool(colon) and len(tail.strip()) > 20 and len(head) < 200)
    return joined


def _looks_pasted(line: str, bare: str) -> bool:
    if not bare:
        return False
    if bare.endswith(_CODE_ENDS) or bare.startswith(_CODE_STARTS):
        return len(bare) > 1
    if line[:1] in " \t" and any(mark in bare for mark in ("(", "=", "{", "->", "::")):
        return True
    return bare[:2].isdigit() and bare[2:3] == ":" and bare[3:5].isdigit()


def _trim(words: list[str], polite: frozenset[str]) -> list[str]:
    """The words without greetings and politeness at either end."""
    start, end = 0, len(words)
    while start < end:
        for size in (6, 5, 4, 3, 2, 1):
            if start + size <= end and " ".join(words[start : start + size]) in polite:
                start += size
                break
        else:
            break
    while end > start:
        for size in (3, 2, 1):
            if end - size >= start and " ".join(words[end - size : end]) in polite:
                end -= size
                break
        else:
            break
    return words[start:end]


def _follow(view: View, words: list[str], table: "lexicon.Tables") -> None:
    """Whether the turn only answers the one before: counted on the words as typed, politeness included."""
    if not words:
        return
    tail = " ".join(view.tokens[-4:])
    view.closing_fix = any(mark in tail for mark in table.fixes)
    view.definite = view.tokens.count("the")
    if not view.pasted and not view.block:
        view.pointers = sum(
            view.tokens.count(word) for word in ("this", "these", "those", "attached", "diese", "este", "cette")
        )
    if len(words) > 12:
        return
    view.praise = (
        words[0] in ("thanks", "thank", "thx", "gracias", "danke", "merci") and len(words) > 1 and not view.asks
    )
    head = [" ".join(words[:size]) for size in (3, 2, 1)]
    body = [" ".join(view.tokens[:size]) for size in (3, 2, 1)]
    if view.greeting:
        view.assent = any(word in table.assent for word in words)
        return
    view.assent = any(phrase in table.assent for phrase in (*head, *body)) or any(
        view.text.strip().startswith(mark) for mark in table.glued["follow"]
    )
    known = table.follow | table.polite
    view.content = sum(1 for word in words if word not in known)
    if not view.text.isascii() and view.assent and len(view.text) < 14:
        view.content = 0


def _repair(token: str, table: "lexicon.Tables") -> str:
    """A known word that differs by one swapped pair of neighbours, else the token."""
    for i in range(len(token) - 1):
        swapped = token[:i] + token[i + 1] + token[i] + token[i + 2 :]
        if swapped in table.words:
            return swapped
    return token


def _count(view: View, table: "lexicon.Tables") -> None:
    tokens = view.tokens
    repairs = 0
    for i, token in enumerate(tokens):
        if token in table.words or len(token) < 4 or not token.isascii() or repairs >= MAX_REPAIRS:
            continue
        repairs += 1
        tokens[i] = _repair(token, table)
    for i in range(len(tokens)):
        for cue in _cues_at(tokens, i, table):
            view.cues[cue] = view.cues.get(cue, 0.0) + 1.0
            if i < 5:
                view.opening.setdefault(cue, 1.0 if i < 2 else 0.6)
    if max(view.text, default="") >= "\u0590":  # Hebrew and above: no Latin, Greek or Cyrillic
        _count_glued(view, table)


def _cues_at(tokens: list[str], i: int, table: "lexicon.Tables") -> set[str]:
    """The cues of the phrases that begin at a token, up to three words long, and of its stem."""
    token = tokens[i]
    found = set(table.phrases.get(token, ()))
    if i + 1 < len(tokens):
        pair = token + " " + tokens[i + 1]
        found.update(table.phrases.get(pair, ()))
        if i + 2 < len(tokens):
            found.update(table.phrases.get(pair + " " + tokens[i + 2], ()))
    for size in range(3, min(len(token), 12) + 1):
        found.update(table.stems.get(token[:size], ()))
    return found


def _count_glued(view: View, table: "lexicon.Tables") -> None:
    for cue, marks in table.glued.items():
        hits = [view.text.find(mark) for mark in marks if mark in view.text]
        if hits:
            view.cues[cue] = view.cues.get(cue, 0.0) + float(len(hits))
            view.opening.setdefault(cue, 1.0 if min(hits) < 4 else 0.6)
