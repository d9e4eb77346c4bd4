"""The smallest call that proves a key: one word asked of one model, and in one word what came of it.

It costs a few tokens, so whoever calls it holds the money first: `reserve` before, `settle` with the outcome's usage
after. Nothing here retries, and no text of the reply is kept.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from llm_router_core.conversation import Sampling, Usage, UsageEvent, prompt_request
from llm_router_core.errors import ErrorKind, ProviderError
from llm_router_core.http_client import HttpClient
from llm_router_core.providers.call import call
from llm_router_core.providers.endpoint import Endpoint, Limits, Target
from llm_router_core.providers.http_failure import HttpFailure
from llm_router_core.providers.vendor_errors import error_in, excerpt, kind_of_failure, message_of

PROMPT = "Reply with the one word: ok"
OUTPUT_TOKENS = 16  # what OpenAI Responses asks for at least


class Verdict(StrEnum):
    """What a test call says of a provider."""

    VALID = "valid"
    RATE_LIMITED = "rate_limited"
    NO_QUOTA = "no_quota"
    WRONG_KEY = "wrong_key"
    UNREACHABLE = "unreachable"
    UNKNOWN_MODEL = "unknown_model"
    FAILED = "failed"


_VERDICTS: Mapping[ErrorKind, Verdict] = {
    ErrorKind.AUTH: Verdict.WRONG_KEY,
    ErrorKind.QUOTA: Verdict.NO_QUOTA,
    ErrorKind.RATE_LIMITED: Verdict.RATE_LIMITED,
    ErrorKind.UNREACHABLE: Verdict.UNREACHABLE,
    ErrorKind.TIMED_OUT: Verdict.UNREACHABLE,
    ErrorKind.MODEL_NOT_FOUND: Verdict.UNKNOWN_MODEL,
}


@dataclass(frozen=True, slots=True)
class TestOutcome:
    """What a test call found. `kind` and `message` are set unless it is valid; `usage` is what to settle.

    `latency_ms` is the time until the end of the reply, or until it failed. A rate limit proves the key all the same.
    """

    __test__: ClassVar = False  # its name is not meant for a test runner

    verdict: Verdict
    provider: str
    model: str
    latency_ms: int
    usage: Usage
    kind: ErrorKind | None = None
    message: str = ""

    @property
    def is_key_good(self) -> bool:
        """Whether the provider accepted the key."""
        return self.verdict in {Verdict.VALID, Verdict.RATE_LIMITED, Verdict.NO_QUOTA, Verdict.UNKNOWN_MODEL}


async def test_provider(client: HttpClient, endpoint: Endpoint, model: str, limits: Limits) -> TestOutcome:
    """Asks the model for one word. Every failure is an outcome; nothing but a cancellation is raised."""
    began_s = time.monotonic()
    request = prompt_request(PROMPT, sampling=Sampling(max_output_tokens=OUTPUT_TOKENS))
    usage = Usage()
    failed: ProviderError | None = None
    try:
        async with aclosing(call(client, request, Target(endpoint, model, OUTPUT_TOKENS), limits)) as events:
            async for event in events:
                usage = event.usage if isinstance(event, UsageEvent) else usage
    except HttpFailure as status:
        failed = _of_status(status)
    except ProviderError as error:
        failed = error
    latency_ms = round((time.monotonic() - began_s) * 1000)
    if failed is None:
        return TestOutcome(Verdict.VALID, endpoint.provider, model, latency_ms, usage)
    verdict = _VERDICTS.get(failed.kind, Verdict.FAILED)
    return TestOutcome(verdict, endpoint.provider, model, latency_ms, usage, failed.kind, failed.message)


def _of_status(failed: HttpFailure) -> ProviderError:
    error = error_in(failed.body)
    said = excerpt(message_of(error))
    message = f"HTTP status {failed.status}" + (f": {said}" if said else "")
    return ProviderError(kind_of_failure(failed.status, error), message)
