"""What a vendor's own words for a failure mean: its codes, its statuses, and for servers without codes its phrases.

Used where a status comes with it (`dispatch.faults`) and where an error stands inside a stream that began with 200.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from llm_router_core.errors import ErrorKind, ProviderError
from llm_router_core.hotpath import secret_scan

EXCERPT_CHARS = 300
_READ_CHARS = 4_000

# Sources: platform.openai.com/docs/guides/error-codes, docs.anthropic.com/en/api/errors, docs.ollama.com/api/errors,
# console.groq.com/docs/errors, api-docs.deepseek.com/quick_start/error_codes, platform.moonshot.ai/docs/api/errors,
# ai.google.dev/gemini-api/docs/troubleshooting, learn.microsoft.com/azure/ai-foundry/openai.
CODES: Mapping[str, ErrorKind] = {
    "insufficient_quota": ErrorKind.QUOTA,
    "billing_hard_limit_reached": ErrorKind.QUOTA,
    "billing_not_active": ErrorKind.QUOTA,
    "billing_error": ErrorKind.QUOTA,
    "quota_exceeded": ErrorKind.QUOTA,
    "insufficient_balance": ErrorKind.QUOTA,
    "rate_limit_exceeded": ErrorKind.RATE_LIMITED,
    "rate_limit_error": ErrorKind.RATE_LIMITED,
    "too_many_requests": ErrorKind.RATE_LIMITED,
    "invalid_api_key": ErrorKind.AUTH,
    "authentication_error": ErrorKind.AUTH,
    "permission_error": ErrorKind.AUTH,
    "permission_denied": ErrorKind.AUTH,
    "account_deactivated": ErrorKind.AUTH,
    "model_not_found": ErrorKind.MODEL_NOT_FOUND,
    "model_decommissioned": ErrorKind.MODEL_NOT_FOUND,
    "not_found_error": ErrorKind.MODEL_NOT_FOUND,
    "context_length_exceeded": ErrorKind.CONTEXT_TOO_LONG,
    "exceed_context_size_error": ErrorKind.CONTEXT_TOO_LONG,
    "request_too_large": ErrorKind.CONTEXT_TOO_LONG,
    "content_filter": ErrorKind.CONTENT_FILTERED,
    "content_policy_violation": ErrorKind.CONTENT_FILTERED,
    "moderation_blocked": ErrorKind.CONTENT_FILTERED,
    "timeout_error": ErrorKind.TIMED_OUT,
    "overloaded_error": ErrorKind.UNAVAILABLE,
    "server_error": ErrorKind.UNAVAILABLE,
    "api_error": ErrorKind.UNAVAILABLE,
    "internal_server_error": ErrorKind.UNAVAILABLE,
    "service_unavailable": ErrorKind.UNAVAILABLE,
    "invalid_request_error": ErrorKind.BAD_REQUEST,
    "exceeded_current_quota_error": ErrorKind.QUOTA,
    "rate_limit_reached_error": ErrorKind.RATE_LIMITED,
    "resource_exhausted": ErrorKind.RATE_LIMITED,
    "invalid_authentication_error": ErrorKind.AUTH,
    "unauthenticated": ErrorKind.AUTH,
    "deploymentnotfound": ErrorKind.MODEL_NOT_FOUND,
    "resource_not_found_error": ErrorKind.MODEL_NOT_FOUND,
    "not_found": ErrorKind.MODEL_NOT_FOUND,
    "deadline_exceeded": ErrorKind.TIMED_OUT,
    "engine_overloaded_error": ErrorKind.UNAVAILABLE,
    "unavailable": ErrorKind.UNAVAILABLE,
    "invalid_argument": ErrorKind.BAD_REQUEST,
}

STATUSES: Mapping[int, ErrorKind] = {
    401: ErrorKind.AUTH,
    402: ErrorKind.QUOTA,
    403: ErrorKind.AUTH,
    404: ErrorKind.MODEL_NOT_FOUND,
    408: ErrorKind.TIMED_OUT,
    410: ErrorKind.MODEL_NOT_FOUND,
    413: ErrorKind.CONTEXT_TOO_LONG,
    429: ErrorKind.RATE_LIMITED,
    504: ErrorKind.TIMED_OUT,
}

_PHRASES: tuple[tuple[re.Pattern[str], ErrorKind], ...] = (
    (
        re.compile(
            r"prompt is too long|maximum context length|context (?:length|window|size)[^.]{0,40}exceed"
            r"|exceed[^.]{0,60}context (?:length|window|size)"
            r"|input (?:length|token count) (?:and .max_tokens. |\(\d+\) )?exceed"
        ),
        ErrorKind.CONTEXT_TOO_LONG,
    ),
    (
        re.compile(r"credit balance is too low|insufficient (?:balance|credit|quota)|exceeded your current quota"),
        ErrorKind.QUOTA,
    ),
    (re.compile(r"model\b.{0,120}\b(?:not found|does not exist)|try pulling it first"), ErrorKind.MODEL_NOT_FOUND),
    (re.compile(r"(?:incorrect|invalid) api key|api key not valid"), ErrorKind.AUTH),
    (re.compile(r"content (?:filter|policy|management policy)"), ErrorKind.CONTENT_FILTERED),
    (re.compile(r"overloaded|temporarily unavailable|loading model"), ErrorKind.UNAVAILABLE),
)
_VAGUE = frozenset({None, ErrorKind.BAD_REQUEST, ErrorKind.UNAVAILABLE})
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")
_KEY_SHAPES = re.compile(r"\b(?:sk|pk|rk|gsk|xai|pplx|r8|key)[-_][\w*.\-]{4,}|\bAIza[\w*.\-]{4,}|(?i:bearer)\s+\S{6,}")


def kind_of_status(status: int) -> ErrorKind:
    """What an HTTP status alone says."""
    if status in STATUSES:
        return STATUSES[status]
    if 300 <= status < 400:
        return ErrorKind.BAD_REPLY
    return ErrorKind.UNAVAILABLE if status >= 500 else ErrorKind.BAD_REQUEST


def kind_of_error(error: object) -> ErrorKind | None:
    """What a vendor's error, an object or a sentence, says; None when it says nothing we know."""
    found: ErrorKind | None = None
    if isinstance(error, Mapping):
        if _is_daily_quota(error):
            return ErrorKind.QUOTA
        for name in ("code", "type", "status"):
            found = _kind_of_code(error.get(name))
            if found not in _VAGUE:
                return found
    said = message_of(error).lower()[:_READ_CHARS]
    for pattern, kind in _PHRASES:
        if pattern.search(said):
            return kind
    return found


def kind_of_failure(status: int, error: object) -> ErrorKind:
    """The kind for a status and the vendor's error, whatever shape that has."""
    if 200 <= status < 300:
        return ErrorKind.BAD_REPLY
    if status == 401 or 300 <= status < 400:
        return kind_of_status(status)
    said = kind_of_error(error)
    return kind_of_status(status) if said is None or said in _VAGUE else said


def error_in(body: str) -> object:
    """The error inside a body: an object, a sentence, or nothing where the body is a web page."""
    try:
        payload: object = json.loads(body)
    except (ValueError, RecursionError):
        return "" if "<" in body[:200] else body
    if isinstance(payload, list) and payload:
        payload = payload[0]
    if isinstance(payload, Mapping):
        return payload.get("error") or payload
    return payload


def details_of(error: object) -> list[Mapping[str, object]]:
    """The typed details that Google puts beside an error's message."""
    details = error.get("details") if isinstance(error, Mapping) else None
    return [item for item in details if isinstance(item, Mapping)] if isinstance(details, list) else []


def _is_daily_quota(error: Mapping[str, object]) -> bool:
    """Google says "exceeded your current quota" for a minute's limit too; only the quota's own id tells."""
    violations = [item for detail in details_of(error) for item in _list(detail.get("violations"))]
    return any("PerDay" in str(item.get("quotaId", "")) for item in violations if isinstance(item, Mapping))


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _kind_of_code(code: object) -> ErrorKind | None:
    if isinstance(code, str):
        return CODES.get(code.lower())
    if isinstance(code, int) and not isinstance(code, bool) and 300 <= code < 600:
        return kind_of_status(code)
    return None


def message_of(error: object) -> str:
    """The sentence in a vendor's error, empty when there is none."""
    if isinstance(error, Mapping):
        error = error.get("message") or error.get("detail") or error.get("error")
    return error if isinstance(error, str) else ""


def stream_error(error: object) -> ProviderError:
    """The typed error for one that came inside a reply that began well."""
    kind = kind_of_error(error) or ErrorKind.UNAVAILABLE
    said = excerpt(message_of(error))
    return ProviderError(kind, f"the provider broke off: {said}" if said else "the provider broke off with an error")


def excerpt(text: str, *, key: str | None = None) -> str:
    """At most 300 characters of a provider's text, fit to be shown: no control characters, no keys."""
    plain = _CONTROLS.sub(" ", _ESCAPES.sub("", text[:_READ_CHARS])).strip()
    plain = plain.encode("utf-8", "replace").decode("utf-8")
    plain = _KEY_SHAPES.sub("[redacted]", secret_scan.redact(without_key(plain, key)))
    return plain if len(plain) <= EXCERPT_CHARS else plain[: EXCERPT_CHARS - 1] + "…"


def without_key(text: str, key: str | None) -> str:
    """The text without the key."""
    return text.replace(key, "[redacted]") if key else text
