"""The simulated world of the demo: four providers on loopback, one that rate-limits and one that dies mid-stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from llm_router_core.simulate.behaviour import Answer, Fault, SeenRequest, Step, rate_limited
from llm_router_core.simulate.ollama_wire import OllamaServer
from llm_router_core.simulate.server import SimulatedServer
from llm_router_installer.demo.prompts import Ask

NOWHERE = "http://127.0.0.1:9/v1"  # the user's own local servers are left alone
DUMMY_KEY = "simulated-key"
LOCAL_MODELS = ("gemma4", "qwen3.5")
LOCAL_WINDOW = 32_768
RATE_LIMITED_MODEL = "o3"
DYING_MODEL = "claude-sonnet-5-5"


@dataclass(frozen=True, slots=True)
class World:
    """The environment that leads to the simulated providers, and the servers themselves by provider."""

    env: Mapping[str, str]
    servers: Mapping[str, SimulatedServer]


class _Voice:
    """Answers each known prompt with its text; the first call of one model is refused, another always breaks off."""

    def __init__(self, asks: tuple[Ask, ...]) -> None:
        self._answers = {ask.prompt: ask.answer for ask in asks}
        self._limited = False

    def __call__(self, request: SeenRequest) -> Step:
        model = str((request.body or {}).get("model", ""))
        if model == RATE_LIMITED_MODEL and not self._limited:
            self._limited = True
            return rate_limited("30")
        text = self._answers.get(request.prompt, "a simulated answer")
        answer = Answer(text, pieces=6)
        if model == DYING_MODEL:
            cut_after = 800 if (request.body or {}).get("stream") else 60
            return replace(answer, fault=Fault(cut_after=cut_after, has_length=False))
        return answer


@contextmanager
def simulated_world(asks: tuple[Ask, ...]) -> Iterator[World]:
    """Servers up, and the variables that a user with these providers would have set."""
    with ExitStack() as stack:

        def server(**options: object) -> SimulatedServer:
            return stack.enter_context(SimulatedServer(_Voice(asks), **options))  # type: ignore[arg-type]

        ollama = server(models=LOCAL_MODELS, ollama=OllamaServer(trained_window=LOCAL_WINDOW))
        openai, anthropic, deepseek = server(), server(), server()
        env = {
            "OLLAMA_HOST": ollama.base_url("ollama"),
            **{f"{name}_BASE_URL": NOWHERE for name in ("LMSTUDIO", "LLAMACPP", "VLLM")},
            "OPENAI_BASE_URL": openai.base_url("openai"),
            "OPENAI_API_KEY": DUMMY_KEY,
            "ANTHROPIC_BASE_URL": anthropic.base_url("anthropic"),
            "ANTHROPIC_API_KEY": DUMMY_KEY,
            "LLM_ROUTER_DEEPSEEK_BASE_URL": deepseek.base_url("openai"),
            "DEEPSEEK_API_KEY": DUMMY_KEY,
        }
        yield World(env, {"ollama": ollama, "openai": openai, "anthropic": anthropic, "deepseek": deepseek})
