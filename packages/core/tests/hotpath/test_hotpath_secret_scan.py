import random
import string
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_router_core.hotpath import secret_scan
from llm_router_core.hotpath.secret_scan import contains_secret, redact, scan

LETTERS = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
URLSAFE = LETTERS + "_-"


def made(alphabet: str, size: int, seed: int = 1) -> str:
    return "".join(random.Random(seed).choices(alphabet, k=size))


def formats() -> list[tuple[str, str, str, int]]:
    rows = [row.split() for row in secret_scan._FORMATS.strip().replace("\n", "|").split("|")]
    return [(kind, prefix, secret_scan._ALPHABETS[alphabet], int(low)) for kind, prefix, alphabet, low, _ in rows]


def test_more_than_fifty_vendors_are_known() -> None:
    assert len({kind for kind, *_ in formats()}) > 50


@pytest.mark.parametrize(("kind", "prefix", "alphabet", "size"), formats())
def test_every_vendor_format_is_found_inside_a_sentence(kind: str, prefix: str, alphabet: str, size: int) -> None:
    plain = (
        alphabet.replace(".", "").replace("=", "").replace("-", "").replace("_", "").replace("~", "").replace("%", "")
    )
    value = prefix + made(plain, size, seed=len(prefix) + size)
    text = f"why does the call with {value} fail"
    found = scan(text)
    assert found, kind
    assert text[found[0][1] : found[0][2]].startswith(value[: len(prefix)])
    assert value not in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN RSA PRIVATE KEY-----\n" + made(LETTERS + "+/", 64) + "\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN OPENSSH PRIVATE KEY-----\\n" + made(LETTERS, 70) + "\\n-----END OPENSSH PRIVATE KEY-----",
        "eyJ" + made(URLSAFE, 30) + "." + made(URLSAFE, 50) + "." + made(URLSAFE, 43),
        "postgres://svc:" + made(LETTERS, 16) + "@db.internal:5432/app",
        "https://ci:" + made(LETTERS, 20) + "@git.internal/x.git",
        "https://hooks.slack.com/services/T" + made(LETTERS, 8) + "/B" + made(LETTERS, 8) + "/" + made(LETTERS, 24),
        "12345678" + ":AA" + made(URLSAFE, 33),
        "M" + made(LETTERS, 23) + "." + made(LETTERS, 6) + "." + made(LETTERS, 30),
        "DB_PASSWORD=" + made(LETTERS, 14),
        'api_key: "' + made(LETTERS, 32) + '"',
        '{"access_token": "' + made(LETTERS, 40) + '"}',
        "Authorization: Bearer " + made(LETTERS, 40),
        "Cookie: sessionid=" + made(string.ascii_lowercase + string.digits, 32),
        "the password is " + made(string.ascii_letters, 4) + "#7aZ" + made(LETTERS, 4),
        "la contraseña es " + made(LETTERS, 9) + "9aB",
        "das Passwort lautet " + made(LETTERS, 9) + "9aB",
        "le mot de passe est " + made(LETTERS, 9) + "9aB",
        "a senha é " + made(LETTERS, 9) + "9aB",
        "пароль: " + made(LETTERS, 9) + "9aB",
        "密码是 " + made(LETTERS, 9) + "9aB",
        "パスワードは " + made(LETTERS, 9) + "9aB",
        "הסיסמה היא " + made(LETTERS, 9) + "9aB",
        "비밀번호는 " + made(LETTERS, 9) + "9aB",
        "AccountKey=" + made(LETTERS + "+/", 86) + "==;EndpointSuffix=x",
    ],
)
def test_keys_tokens_addresses_and_announced_values_are_found(text: str) -> None:
    assert contains_secret(text)


@pytest.mark.parametrize(
    "text",
    [
        "set OPENAI_API_KEY=sk-...",
        "export API_KEY=YOUR_API_KEY",
        "token: <your-token-here>",
        "password: hunter2 is the classic joke",
        "AKIA" + "IOSFODNN7" + "EXAMPLE",
        "sk-" + "x" * 40,
        "api_key = os.environ['KEY']",
        "token = ${{ secrets.DEPLOY }}",
        "password = getpass(prompt)",
        "postgres://user:password@localhost:5432/app",
        "postgres://app:${DB_PASSWORD}@db/app",
        "commit " + made(HEX, 40),
        "sha256:" + made(HEX, 64),
        "md5 " + made(HEX, 32),
        "integrity sha512-" + made(LETTERS + "+/", 86) + "==",
        "request id " + "-".join((made(HEX, 8), made(HEX, 4), made(HEX, 4), made(HEX, 4), made(HEX, 12))),
        "ssh-ed25519 AAAA" + made(LETTERS, 64) + " me@host",
        "-----BEGIN PUBLIC KEY-----\n" + made(LETTERS, 64) + "\n-----END PUBLIC KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----",
        "does the file start with -----BEGIN PRIVATE KEY----- or not?",
        "data:image/png;base64,iVBORw0KGgo" + made(LETTERS, 90),
        "how do I reset my password in the token service?",
        "the secret is to keep functions short",
        "class AbstractTokenProviderFactoryBean",
        "let token = parser.nextToken();",
        "https://example.com/a:b@c",
    ],
)
def test_placeholders_hashes_ids_and_public_keys_are_not_secrets(text: str) -> None:
    assert scan(text) == []


def test_redaction_keeps_the_rest_and_names_the_kind() -> None:
    value = "ghp_" + made(LETTERS, 36)
    assert redact(f"use {value}, then stop") == "use [redacted:github_pat], then stop"


def test_both_halves_of_a_cloud_key_are_redacted() -> None:
    secret = made(LETTERS, 40)
    text = "AKIA" + made(string.ascii_uppercase + "234567", 16) + " / " + secret
    assert secret not in redact(text)


def test_a_long_text_is_scanned_at_both_ends_and_redacted_throughout() -> None:
    value = "glpat-" + made(LETTERS, 20)
    filler = "lorem ipsum dolor " * 40_000
    assert contains_secret(value + " " + filler)
    assert contains_secret(filler + " " + value)
    assert value not in redact(filler + " " + value + " " + filler)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=300))
def test_any_text_is_scanned_without_an_error_into_ordered_spans(text: str) -> None:
    last = 0
    for _, start, end in scan(text):
        assert last <= start < end <= len(text)
        last = end
    assert redact(redact(text)) == redact(text)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60), st.integers(0, 10_000))
def test_a_token_survives_no_surroundings_that_leave_it_whole(before: str, after: str, seed: int) -> None:
    value = "npm_" + made(LETTERS, 36, seed)
    assert value not in redact(f"{before} {value} {after}")


@pytest.mark.perf
def test_a_clean_text_costs_a_small_multiple_of_splitting_and_lowering_it() -> None:
    text = "the parser reads one line = 12. then it stops; " * 2200

    def best(work: object) -> float:
        assert callable(work)
        figures = []
        for _ in range(5):
            begin = time.process_time()
            work()
            figures.append(time.process_time() - begin)
        return min(figures)

    base = best(lambda: [word for word in text.lower().split() if len(word) > 20])
    assert best(lambda: scan(text)) < 8 * base
