"""The dialects by name."""

from __future__ import annotations

from collections.abc import Mapping

from llm_router_core.errors import ConfigError
from llm_router_core.providers.dialects.anthropic import Anthropic
from llm_router_core.providers.dialects.dialect import Dialect
from llm_router_core.providers.dialects.gemini import Gemini
from llm_router_core.providers.dialects.ollama import Ollama
from llm_router_core.providers.dialects.openai_chat import OpenAIChat
from llm_router_core.providers.dialects.openai_responses import OpenAIResponses

DIALECTS: Mapping[str, Dialect] = {
    item.name: item for item in (OpenAIChat(), OpenAIResponses(), Anthropic(), Gemini(), Ollama())
}


def dialect_named(name: str) -> Dialect:
    """The dialect.

    Raises:
        ConfigError: there is none of that name.
    """
    found = DIALECTS.get(name)
    if found is None:
        raise ConfigError(f"there is no dialect {name!r}", remedy=f"use one of {', '.join(sorted(DIALECTS))}")
    return found
