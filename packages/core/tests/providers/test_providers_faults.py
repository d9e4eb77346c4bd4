from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_router_core.dispatch.faults import MAX_RETRY_AFTER_S, kind_of_failure, provider_error, retry_after_s
from llm_router_core.errors import ErrorKind, ProviderError
from llm_router_core.providers.http_failure import HttpFailure

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "1e300"}, MAX_RETRY_AFTER_S),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after": "Tue, 24 Nov 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Tue, 24 Nov 2026 12:00:30 GMT", "date": "Tue, 24 Nov 2026 12:00:10 GMT"}, 20.0),
        ({"retry-after": "Tue, 24 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6m0.5s"}, 360.5),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "20ms"}, 0.02),
        ({"x-ratelimit-remaining-tokens": "5", "x-ratelimit-reset-tokens": "6m0s"}, None),
        (
            {
                "anthropic-ratelimit-requests-remaining": "0",
                "anthropic-ratelimit-requests-reset": "2026-11-24T12:01:00Z",
            },
            60.0,
        ),
        ({}, None),
    ],
)
def test_the_wait_is_what_the_provider_says(headers, expected):
    assert retry_after_s(headers, NOW) == expected


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_header_whatever_raises(told, date):
    wait_s = retry_after_s({"retry-after": told, "date": date, "retry-after-ms": date}, NOW)
    assert wait_s is None or 0 <= wait_s <= MAX_RETRY_AFTER_S


@given(st.integers(100, 599), st.text(max_size=60) | st.sampled_from(['{"error": 7}', "[]", "[[1]]", '{"error": []}']))
def test_every_status_with_any_body_has_a_kind_and_a_printable_message(status, body):
    error = provider_error(HttpFailure(status, {}, body), "somebody", "model")
    assert error.kind in ErrorKind
    assert error.message.isprintable() or any(ord(char) > 127 for char in error.message)
    assert len(error.message) < 400


def google(status: int, message: str, *details: dict[str, object]) -> HttpFailure:
    name = {400: "INVALID_ARGUMENT", 429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE"}[status]
    error = {"code": status, "message": message, "status": name, "details": list(details)}
    return HttpFailure(status, {}, json.dumps({"error": error}))


@pytest.mark.parametrize(
    ("failure", "kind", "wait_s"),
    [
        (google(400, "API key not valid. Please pass a valid API key."), ErrorKind.AUTH, None),
        (
            google(400, "The input token count (9) exceeds the maximum number of tokens allowed (8)."),
            ErrorKind.CONTEXT_TOO_LONG,
            None,
        ),
        (google(429, "You exceeded your current quota", {"retryDelay": "27s"}), ErrorKind.RATE_LIMITED, 27.0),
        (
            google(429, "You exceeded your current quota", {"violations": [{"quotaId": "RequestsPerDayPerProject"}]}),
            ErrorKind.QUOTA,
            None,
        ),
        (google(503, "The model is overloaded."), ErrorKind.UNAVAILABLE, None),
        (HttpFailure(429, {}, '{"error": {"code": "1113", "message": "Insufficient balance"}}'), ErrorKind.QUOTA, None),
        (HttpFailure(404, {}, '{"error": {"code": "DeploymentNotFound"}}'), ErrorKind.MODEL_NOT_FOUND, None),
        (HttpFailure(400, {}, '{"code": "x", "error": "Incorrect API key provided: xa***"}'), ErrorKind.AUTH, None),
    ],
)
def test_each_vendors_own_words_have_their_kind(failure, kind, wait_s):
    error = provider_error(failure, "somebody", "model")
    assert (error.kind, error.retry_after_s) == (kind, wait_s)


def test_a_wrong_key_is_a_wrong_key_whatever_the_body_says():
    assert kind_of_failure(401, {"code": "rate_limit_exceeded"}) is ErrorKind.AUTH


def test_a_redirect_is_a_bad_reply():
    assert kind_of_failure(302, None) is ErrorKind.BAD_REPLY


def test_a_typed_failure_only_gains_its_place():
    before = ProviderError(ErrorKind.TIMED_OUT, "slow", retry_after_s=3.0)
    after = provider_error(before, "somebody", "model")
    assert (after.kind, after.message, after.retry_after_s) == (ErrorKind.TIMED_OUT, "slow", 3.0)
    assert (after.provider, after.model) == ("somebody", "model")


def test_a_long_message_is_cut_and_a_web_page_is_not_quoted():
    long = provider_error(HttpFailure(400, {}, '{"error": {"message": "' + "x " * 2_000 + '"}}'), "p", "m")
    assert len(long.message) < 360
    page = provider_error(HttpFailure(502, {}, "<html><script>alert(1)</script></html>"), "p", "m")
    assert "script" not in page.message
