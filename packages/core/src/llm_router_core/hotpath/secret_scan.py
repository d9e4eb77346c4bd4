# ruff: noqa: RUF001, SIM905 - word tables read better as text; full-width punctuation is meant
"""Finds credentials in a text by the public shape of vendor formats; never keeps or returns a value.

Policy: a live-looking credential must not leave the host, so a format that a vendor documents is matched by prefix,
alphabet and length; anything else needs a word for "password" or "token" before it and a value that looks random.
Placeholders, hashes, UUIDs, commit ids and public keys are not secrets. No regular expressions: a prefix is looked up
with `str.find`, a run of an alphabet is measured with `str.lstrip`, and only words of `MIN_WORD` characters are
searched for prefixes, so a clean text costs one split and a few substring searches.
Bound: the whole text up to `MAX_SCAN` characters, beyond that `HEAD` from the start and `TAIL` from the end (the
classifier keeps such a prompt on the host, because its middle was not read); `redact` always reads everything.
"""

MAX_SCAN = 256 * 1024
HEAD = 192 * 1024
TAIL = 64 * 1024
OVERLAP = 20_000  # longer than any secret
MAX_HITS = 4000  # occurrences of one prefix or keyword that are looked at

MIN_WORD = 20  # no vendor format is shorter, prefix included

_LOWER = "abcdefghijklmnopqrstuvwxyz"
_UPPER = _LOWER.upper()
_DIGITS = "0123456789"
_WORD = _LOWER + _UPPER + _DIGITS
_ALPHABETS = {
    "d": _DIGITS,
    "h": _DIGITS + "abcdef",
    "H": _DIGITS + "abcdefABCDEF",
    "l": _LOWER + _DIGITS,
    "u": _UPPER + _DIGITS,
    "w": _WORD,
    "b": _WORD + "_-",
    "B": _WORD + "+/=",
    "x": _WORD + "_-.",
    "U": _DIGITS + "abcdefABCDEF-",
    "t": _WORD + "_-=.~%",
}
# kind prefix alphabet min max: the shapes the vendors document for their keys, or that their own key pages show.
_FORMATS = """
anthropic sk-ant- b 40 200|openai sk-proj- b 40 220|openai sk-svcacct- b 40 220|openai sk-admin- b 40 220
openrouter sk-or-v1- h 64 64|openai sk- w 20 64|deepseek sk- h 32 32|github_pat ghp_ w 36 251
github_oauth gho_ w 36 251|github_user ghu_ w 36 251|github_server ghs_ w 36 251|github_refresh ghr_ w 36 251
github_fine_grained github_pat_ b 50 251|gitlab glpat- b 20 64|gitlab_trigger glptt- h 40 40
gitlab_runner glrt- b 20 64|gitlab_runner GR1348941 b 20 32|gitlab_deploy gldt- b 20 64|gitlab_oauth gloas- h 64 64
gitlab_job glcbt- b 20 64|gitlab_feed glft- b 20 64|gitlab_agent glagent- b 50 64|gitlab_scim glsoat- b 20 64
aws_access_key AKIA u 16 16|aws_access_key ASIA u 16 16|aws_access_key ABIA u 16 16|aws_access_key ACCA u 16 16
aws_bedrock ABSK B 100 300|google_api AIza b 30 40|google_oauth ya29. b 20 400|google_oauth_client GOCSPX- b 28 28
google_refresh 1//0 b 40 200|slack_bot xoxb- b 20 200|slack_user xoxp- b 20 200|slack_app xapp- b 30 200
slack_legacy xoxa- b 20 200|slack_refresh xoxr- b 20 200|slack_session xoxs- b 20 200|slack_config xoxe. x 40 300
slack_config xoxe- b 40 300|slack_cookie xoxd- t 40 400|slack_cookie xoxc- b 40 200|stripe sk_live_ w 16 250
stripe rk_live_ w 16 250|stripe sk_test_ w 16 250|stripe rk_test_ w 16 250|stripe_webhook whsec_ B 24 80
twilio SK h 32 32|sendgrid SG. x 60 80|mailgun key- h 32 32|npm npm_ w 36 36|pypi pypi-AgE b 50 300
rubygems rubygems_ h 48 48|huggingface hf_ w 30 40|huggingface_org api_org_ w 30 40|docker dckr_pat_ b 24 60
docker dckr_oat_ b 24 60|digitalocean dop_v1_ h 64 64|digitalocean doo_v1_ h 64 64|digitalocean dor_v1_ h 64 64
shopify shpat_ H 32 32|shopify shpss_ H 32 32|shopify shpca_ H 32 32|shopify shppa_ H 32 32|xai xai- w 60 100
groq gsk_ w 40 60|perplexity pplx- w 40 64|replicate r8_ w 37 40|fireworks fw_ w 20 40|together tgp_v1_ b 40 60
cerebras csk- w 40 60|nvidia nvapi- b 40 80|tavily tvly- b 20 50|jina jina_ b 40 80|linear lin_api_ w 32 48
linear lin_oauth_ h 64 64|notion secret_ w 43 43|notion ntn_ w 40 50|postman PMAK- b 40 64|figma figd_ b 40 64
atlassian ATATT3 t 100 260|bitbucket ATBB w 28 40|bitbucket ATCTT3 t 100 260|confluent cflt b 56 64
databricks dapi h 32 34|doppler dp.pt. w 40 44|doppler dp.st. x 40 64|doppler dp.sa. w 40 44
dynatrace dt0c01. x 80 100|newrelic NRAK- u 27 27|newrelic NRJS- h 19 19|newrelic NRII- b 32 32|grafana glsa_ b 40 48
grafana_cloud glc_ B 32 400|grafana eyJrIjoi B 50 400|sentry sntrys_ t 60 250|sentry sntryu_ h 64 64
planetscale pscale_tkn_ x 32 64|planetscale pscale_pw_ x 32 64|planetscale pscale_oauth_ x 32 64|prefect pnu_ l 36 36
pulumi pul- h 40 40|readme rdme_ l 70 70|sendinblue xkeysib- b 60 90|shippo shippo_live_ h 40 40
shippo shippo_test_ h 40 40|square sq0atp- b 22 60|square sq0csp- b 40 60|supabase sbp_ h 40 40
supabase sb_secret_ b 20 60|terraform .atlasv1. b 60 70|typeform tfp_ x 50 70|vault hvs. b 24 300|vault hvb. b 90 300
vercel vck_ w 40 60|vercel vcp_ w 24 60|fly FlyV1 B 40 800|fly fo1_ b 43 43|flutterwave FLWSECK_TEST- h 12 40
flutterwave FLWSECK- h 12 40|frameio fio-u- b 64 64|duffel duffel_live_ b 43 43|duffel duffel_test_ b 43 43
easypost EZAK w 54 54|easypost EZTK w 54 54|clojars CLOJARS_ l 60 60|adobe p8e- w 32 32|alibaba LTAI w 20 26
age AGE-SECRET-KEY-1 u 58 58|artifactory AKCp w 65 80|artifactory cmVmdGtu w 50 70|buildkite bkua_ h 40 40
contentful CFPAT- b 43 43|heroku HRKU-AA b 56 64|launchdarkly sdk- U 36 36|launchdarkly api- U 36 36
mapbox sk.eyJ x 60 200|meta EAACEdEose0cBA w 20 400|facebook EAAM w 80 400|onepassword ops_eyJ B 200 1200
openshift sha256~ b 43 43|plaid access-sandbox- U 36 36|plaid access-production- U 36 36|privateai pai_ h 32 32
rapidapi rapidapi- b 36 60|scalingo tk-us- b 48 48|settlemint sm_pat_ w 16 16|settlemint sm_aat_ w 16 16
sourcegraph sgp_ w 40 64|tailscale tskey- b 20 80|yandex AQVN b 35 40|defined dnkey- b 60 90|endor endr+ b 16 16
harness pat. x 60 80|infracost ico- w 32 32|ngrok ngrok_ b 30 60|elevenlabs sk_ h 48 48|langsmith lsv2_pt_ b 40 60
langsmith lsv2_sk_ b 40 60|langfuse sk-lf- U 36 36|pinecone pcsk_ b 60 90|neon napi_ l 40 70|zapier zpka_ b 30 60
posthog phx_ w 40 60|airbyte abt_ w 30 60|dropbox sl. b 120 1400|ovh ovh_ b 30 60|mistral mistral- w 32 48
ai21 ai21- w 32 48|resend re_ b 30 40|octopus API- u 26 27|facebook EAACEdEose0cBA w 20 400|square EAAAE b 55 64
cloudflare v1.0- b 150 200|intra42 s-s4t2ud- h 64 64|intra42 s-s4t2af- h 64 64|mailgun pubkey- h 32 32
"""
# Words that announce a credential, in lower case; "~" stands for the space inside a phrase.
_KEYWORDS = tuple(
    (
        "password passwd passphrase pwd _pass secret token api_key apikey api-key api~key access_key access~key "
        "accesskey auth_key authkey account_key accountkey sharedaccesskey private_key privatekey encryption_key "
        "signing_key master_key credential sessionid session_id connect.sid session= sid= bearer "
        "authorization:~basic pin~code contraseña contrasena clave~ passwort kennwort mot~de~passe "
        "senha wachtwoord hasło haslo~ parola пароль токен "
        "密码 密碼 口令 密钥 令牌 パスワード トークン 비밀번호 암호 토큰 סיסמה סיסמא הסיסמ"
    ).split(" ")
)
_LINKS = tuple(("is|=|:|es|ist|lautet|est|e|é|è|jest|to|are|was|it's|—|-|это").split("|"))
_GLUED_LINKS = ("是", "为", "：", "は", "を", "は：", "는", "은", "이", "が", "היא", "הוא")
_ENDS = " \t\r\n\"'`<>,;)]}|，。；）」"
_PLACEHOLDERS = tuple(
    (
        "example|xxxx|placeholder|changeme|change_me|change-me|dummy|redacted|sample|....|****|process.env|os.environ"
        "|getenv|${|{{|<|your_|your-|yourpass|yourtoken|yoursecret|yourkey|my_secret|mysecret|my-secret|insert|replace"
        "|123456789|abcdefgh|password|passwort|passwd|secret_key|hunter2|test_token|foobar|lorem|…|null|undefined"
        "|localhost"
    ).split("|")
)
_LABELS = ("sha1", "sha256", "sha512", "arn:", "v1.", "pk_")
_WEAK = frozenset(
    "pass user root admin postgres guest secret test mysql redis changeme letmein qwerty example dev app password pw "
    "pwd token key mongo rabbitmq minio minioadmin ubuntu vagrant toor demo default public abc123 pass123 "
    "admin123".split()
)


def scan(text: str, *, whole: bool = False) -> list[tuple[str, int, int]]:
    """Every secret as (kind, start, end), in order, without overlaps; offsets are those of `text`.

    Beyond `MAX_SCAN` characters only head and tail are read, unless `whole` asks for all of it, in overlapping windows.
    """
    size = len(text)
    if size < 8:
        return []
    if size <= MAX_SCAN:
        return _merge(_scan(text))
    spans = [(0, HEAD), (size - TAIL, size)]
    if whole:
        spans = [(start, start + MAX_SCAN) for start in range(0, size, MAX_SCAN - OVERLAP)]
    found: _Found = []
    for start, stop in spans:
        found += [(kind, at + start, end + start) for kind, at, end in _scan(text[start:stop])]
    return _merge(found)


def contains_secret(text: str) -> bool:
    """Whether `scan` finds anything."""
    return bool(scan(text))


def redact(text: str) -> str:
    """The text with each secret replaced by `[redacted:KIND]`, whatever its length."""
    parts: list[str] = []
    last = 0
    for kind, start, end in scan(text, whole=True):
        parts += [text[last:start], f"[redacted:{kind}]"]
        last = end
    return "".join([*parts, text[last:]])


_Found = list[tuple[str, int, int]]
_formats: list[tuple[str, str, str, int, int]] = []


def _scan(text: str) -> _Found:
    if not _formats:
        for row in _FORMATS.strip().replace("\n", "|").split("|"):
            kind, prefix, alphabet, low, high = row.split()
            _formats.append((kind, prefix, _ALPHABETS[alphabet], int(low), int(high)))
    found: _Found = []
    words = [word for word in text.split() if len(word) >= MIN_WORD]
    long_words = "\n".join(words)
    for shape in _formats:
        if shape[1] in long_words:
            _prefixed(text, shape, found)
    if "-----BEGIN " in text:
        _pem(text, found)
    if "eyJ" in long_words:
        _jwt(text, found)
    if "://" in text or "/api/webhooks/" in text:
        _urls(text, found)
    if ":AA" in long_words:
        _telegram(text, found)
    _discord(text, words, found)
    _keywords(text, found)
    return found


def _merge(found: _Found) -> _Found:
    found.sort(key=lambda hit: (hit[1], -hit[2]))
    kept: _Found = []
    for kind, start, end in found:
        if kept and start < kept[-1][2]:
            if end > kept[-1][2]:
                kept[-1] = (kept[-1][0], kept[-1][1], end)
            continue
        kept.append((kind, start, end))
    return kept


def _positions(text: str, needle: str) -> list[int]:
    places: list[int] = []
    at = text.find(needle)
    while at >= 0 and len(places) < MAX_HITS:
        places.append(at)
        at = text.find(needle, at + len(needle))
    return places


def _run(text: str, start: int, alphabet: str, limit: int) -> int:
    """How many characters from `start` belong to the alphabet, at most `limit`."""
    window = text[start : start + limit]
    return len(window) - len(window.lstrip(alphabet))


def _prefixed(text: str, row: tuple[str, str, str, int, int], found: _Found) -> None:
    kind, prefix, alphabet, low, high = row
    for at in _positions(text, prefix):
        start = at + len(prefix)
        if at and text[at - 1].isascii() and (text[at - 1].isalnum() or text[at - 1] == "_") and prefix[0].isalnum():
            continue
        length = _run(text, start, alphabet, high + 1)
        if length < low or length > high:
            continue
        value = text[start : start + length].rstrip(".")
        if len(set(value)) < min(8, length // 2) or _is_placeholder(prefix + value):
            continue
        if len(prefix) < 4 and (value.islower() or value.isupper()) and value.isalpha():
            continue
        found.append((kind, at, start + len(value)))
        if kind == "aws_access_key":
            _aws_partner(text, start + length, found)


def _aws_partner(text: str, start: int, found: _Found) -> None:
    """The 40 characters of the secret half, where they stand close behind the key id."""
    at, stop = start, min(len(text), start + 120)
    while at < stop:
        length = _run(text, at, _ALPHABETS["B"], 64)
        if length == 40 and any(c.isdigit() for c in text[at : at + 40]):
            found.append(("aws_secret_key", at, at + 40))
            return
        at += max(1, length)


def _pem(text: str, found: _Found) -> None:
    for at in _positions(text, "-----BEGIN "):
        line = text[at : at + 60]
        if "PRIVATE KEY" not in line:
            continue
        body = at + line.index("PRIVATE KEY") + len("PRIVATE KEY")
        end = text.find("-----END ", body, body + 16000)
        stop = end if end >= 0 else min(len(text), body + 4000)
        words = text[body : min(stop, body + 4000)].replace("\\n", " ").split()
        if not any(len(word) >= 24 and not word.strip(_ALPHABETS["B"]) and len(set(word)) > 9 for word in words):
            continue
        close = text.find("-----", end + 9, end + 60) if end >= 0 else -1
        found.append(("private_key", at, close + 5 if close >= 0 else stop))


def _jwt(text: str, found: _Found) -> None:
    alphabet = _ALPHABETS["b"]
    for at in _positions(text, "eyJ"):
        if at and (text[at - 1] in alphabet or text[at - 1] == "."):
            continue
        end = at
        sizes: list[int] = []
        for _ in range(3):
            size = _run(text, end, alphabet, 8192)
            sizes.append(size)
            end += size
            if len(sizes) < 3 and text[end : end + 1] != ".":
                break
            end += len(sizes) < 3
        if len(sizes) == 3 and min(sizes) >= 12 and sizes[2] >= 20 and not _is_placeholder(text[at:end]):
            found.append(("jwt", at, end))


def _urls(text: str, found: _Found) -> None:
    for at in _positions(text, "://"):
        window = text[at + 3 : at + 403]
        for stop, char in enumerate(window):
            if char in " \t\r\n\"'`<>/":
                window = window[:stop] if "@" in window[:stop] else window
                break
        at_sign = window.find("@")
        user, colon, word = window[:at_sign].partition(":") if at_sign > 0 else ("", "", "")
        if colon and not any(char in " \t\r\n\"'`" for char in word) and _live_password(word, user):
            start = at + 3 + len(user) + 1
            found.append(("url_credential", start, start + len(word)))
    for mark, alphabet in (("hooks.slack.com/services/", "w/"), ("/api/webhooks/", "b/")):
        for at in _positions(text, mark):
            length = _run(text, at + len(mark), _ALPHABETS[alphabet[0]] + "/", 200)
            value = text[at + len(mark) : at + len(mark) + length]
            if length >= 30 and value.count("/") in (1, 2) and not _is_placeholder(value):
                found.append(("webhook_url", at, at + len(mark) + length))


def _live_password(word: str, user: str) -> bool:
    low = word.lower()
    if len(word) < 6 or low in _WEAK or low == user.lower() or _is_placeholder(word) or word[0] in "$%{[":
        return False
    return any(c.isdigit() for c in word) or len(set(word)) >= 10


def _telegram(text: str, found: _Found) -> None:
    for at in _positions(text, ":AA"):
        begin = at
        while begin > 0 and at - begin < 11 and text[begin - 1] in _DIGITS:
            begin -= 1
        length = _run(text, at + 1, _ALPHABETS["b"], 60)
        if 8 <= at - begin <= 10 and 32 <= length <= 40:
            found.append(("telegram", begin, at + 1 + length))


def _discord(text: str, words: list[str], found: _Found) -> None:
    """Three runs of fixed length joined by dots; only words long enough to hold them are looked at."""
    alphabet = _ALPHABETS["b"]
    for word in words:
        if len(word) < 58 or "." not in word:
            continue
        for at in _positions(word, "."):
            if word[at + 7 : at + 8] != "." or _run(word, at + 1, alphabet, 7) != 6:
                continue
            head = word[max(0, at - 32) : at]
            size = len(head) - len(head.rstrip(alphabet))
            tail = _run(word, at + 8, alphabet, 60)
            if 23 <= size <= 28 and 27 <= tail <= 45 and head[len(head) - size] in "MNO":
                value = word[at - size : at + 8 + tail]
                begin = text.find(value)
                found.append(("discord", begin, begin + len(value)))


def _keywords(text: str, found: _Found) -> None:
    low = text.lower() if "\u0130" not in text else text.replace("\u0130", "I").lower()
    for word in _KEYWORDS:
        needle = word.replace("~", " ")
        for at in _positions(low, needle):
            hit = _value_after(text, at + len(needle), needle)
            if hit is not None:
                found.append(("credential", *hit))


def _value_after(text: str, at: int, needle: str) -> tuple[int, int] | None:
    """The value that follows a keyword, when it looks live: (start, end)."""
    if text[at : at + 1] in "(),;)]}\n":  # also the end of the text
        return None
    window = text[at : at + 320]
    name = len(window) - len(window.lstrip(_WORD + "_-.")) if needle[-1] not in " =" else 0
    if name > 24:
        return None
    rest = window[name:]
    bare = rest.lstrip(" \t\"'`*:=：>").removeprefix('\\"')
    assigned = any(char in "=:：" for char in rest[: len(rest) - len(bare)])
    linked = assigned
    for link in (*_LINKS, *_GLUED_LINKS):
        if bare.startswith(link) and (link in _GLUED_LINKS or bare[len(link) : len(link) + 1] in ' :"=`'):
            bare, assigned = bare[len(link) :].lstrip(" \t\"'`:="), assigned or link not in ("to", "-", "e")
            linked = True
            break
    if bare[:7].lower() == "bearer ":
        bare = bare[7:].lstrip()
    start = at + len(window) - len(bare) if bare else at
    size = next((i for i, char in enumerate(bare) if char in _ENDS), len(bare))
    value = bare[:size].rstrip(".?!:\\")
    if assigned or needle in ("bearer", "session=", "sid="):
        live = _random_looking(value)
    else:
        live = _random_looking(value) and _classes(value) >= 3
    if not live and linked and _classes(value) >= 3 and any(char in "$#%&!@^*~" for char in value[1:]):
        live = len(value) >= 8 and not any(char in value for char in "(){}[]") and not _is_placeholder(value)
    return (start, start + len(value)) if live else None


def _classes(value: str) -> int:
    return (
        any(c.islower() for c in value)
        + any(c.isupper() for c in value)
        + any(c.isdigit() for c in value)
        + any(not c.isalnum() for c in value)
    )


def _random_looking(value: str) -> bool:
    """Long enough, mixed enough, and neither code, path, hash label, UUID nor placeholder."""
    size, kinds = len(value), _classes(value)
    digits = sum(c.isdigit() for c in value)
    if size < 8 or kinds < 2 or digits == size or len(set(value)) < min(7, size - 2):
        return False
    if _is_code(value) or _is_placeholder(value) or value.lower() in _WEAK:
        return False
    if value.count(".") > 2 or (size == 36 and value.count("-") == 4):
        return False
    parts = value.replace("-", "_").split("_")
    if not digits and (size < 16 or kinds < 3 or "".join(parts).isalpha()):
        return False
    return size >= 24 or len(parts) == 1 or not all(part.isalpha() or part.isdigit() for part in parts)


def _is_code(value: str) -> bool:
    """An expression, a variable, an address or a labelled hash instead of a literal value."""
    if not value.isascii() or "(" in value or "://" in value or value.startswith(_LABELS):
        return True
    return value[0] in "${[" or (value[0] in "%/" and not value[1].isalnum())


def _is_placeholder(value: str) -> bool:
    low = value.lower()
    if any(mark in low for mark in _PLACEHOLDERS):
        return True
    return any(char * 5 in value for char in set(value)) if len(value) < 400 else False
