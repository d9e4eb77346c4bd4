"""The wire format of Ollama's own API, from the server's side, with its habit of cutting prompts."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from llm_router_core.simulate.behaviour import Answer, SeenRequest, count_tokens, text_in
from llm_router_core.simulate.connection import WireReply, json_reply
from llm_router_core.simulate.openai_wire import output_tokens, split_text

DEFAULT_WINDOW = 4_096
TEMPLATE_TOKENS = 4  # of each message


@dataclass(frozen=True, slots=True)
class OllamaServer:
    """How this Ollama behaves.

    `served_window` is what it serves at most, whatever `num_ctx` asks for. `honours_truncate` False is a server from
    before that field. `tells_window` decides whether `/api/ps` names the window.
    """

    served_window: int | None = None
    honours_truncate: bool = True
    tells_window: bool = True
    trained_window: int = 131_072
    remote_models: tuple[str, ...] = ()
    count: Callable[[str], int] = field(default=count_tokens)


def chat(request: SeenRequest, answer: Answer, server: OllamaServer) -> WireReply:
    """The reply to `POST /api/chat`."""
    body = request.body or {}
    window = window_of(request, server)
    prompt = _prompt_tokens(request, server)
    if prompt > window and body.get("truncate") is False and server.honours_truncate:
        error = f"the input length exceeds the context length: {prompt} of {window} tokens"
        return json_reply({"error": error}, status=400)
    counted = min(prompt, window) if answer.input_tokens is None else answer.input_tokens
    frame: dict[str, object] = {"model": str(body.get("model", "simulated")), "created_at": "2026-01-01T00:00:00Z"}
    end: dict[str, object] = {
        "done": True,
        "done_reason": "length" if answer.stop == "max_tokens" else "stop",
        "total_duration": 1,
    }
    end |= _usage(answer, counted)
    messages = _messages(answer)
    if body.get("stream", True):
        lines = [frame | {"message": message, "done": False} for message in messages]
        lines.append(frame | {"message": {"role": "assistant", "content": ""}} | end)
        return WireReply([_line(line) for line in lines], "application/x-ndjson", is_stream=True)
    whole: dict[str, object] = {"role": "assistant", "content": answer.text}
    if answer.reasoning:
        whole["thinking"] = answer.reasoning
    if answer.calls:
        whole["tool_calls"] = _calls(answer)
    return json_reply(frame | {"message": whole} | end)


def tags(names: tuple[str, ...], server: OllamaServer) -> WireReply:
    """The reply to `GET /api/tags`."""
    rows: list[dict[str, object]] = [{"name": name, "model": name, "size": 1} for name in names]
    remote = [{"name": name, "model": name, "remote_host": "https://ollama.com:443"} for name in server.remote_models]
    return json_reply({"models": rows + remote})


def show(server: OllamaServer) -> WireReply:
    """The reply to `POST /api/show`."""
    info = {"general.architecture": "simulated", "simulated.context_length": server.trained_window}
    return json_reply({"model_info": info, "capabilities": ["completion", "tools"]})


def ps(names: tuple[str, ...], window: int, server: OllamaServer) -> WireReply:
    """The reply to `GET /api/ps`; `window` is that of the last chat."""
    told = {"context_length": window} if server.tells_window else {}
    return json_reply({"models": [{"name": name, "model": name} | told for name in names]})


def window_of(request: SeenRequest, server: OllamaServer) -> int:
    """The window this request is served with."""
    options = (request.body or {}).get("options")
    asked = options.get("num_ctx") if isinstance(options, dict) else None
    window = asked if isinstance(asked, int) else DEFAULT_WINDOW
    return min(window, server.trained_window, server.served_window or window)


def _prompt_tokens(request: SeenRequest, server: OllamaServer) -> int:
    messages = (request.body or {}).get("messages")
    items = messages if isinstance(messages, list) else []
    return sum(server.count(text_in(item.get("content"))) + TEMPLATE_TOKENS for item in items if isinstance(item, dict))


def _usage(answer: Answer, counted: int) -> dict[str, object]:
    if not answer.has_usage:
        return {}
    if answer.usage is not None:
        return dict(answer.usage)
    return {"prompt_eval_count": counted, "eval_count": output_tokens(answer)}


def _messages(answer: Answer) -> list[dict[str, object]]:
    messages: list[dict[str, object]] = [
        {"role": "assistant", "content": "", "thinking": piece} for piece in split_text(answer.reasoning, answer.pieces)
    ]
    messages += [{"role": "assistant", "content": piece} for piece in split_text(answer.text, answer.pieces)]
    if answer.calls:
        messages.append({"role": "assistant", "content": "", "tool_calls": _calls(answer)})
    return messages


def _calls(answer: Answer) -> list[dict[str, object]]:
    return [{"function": {"name": call.name, "arguments": json.loads(call.arguments)}} for call in answer.calls]


def _line(payload: dict[str, object]) -> bytes:
    return json.dumps(payload, ensure_ascii=False).encode() + b"\n"
