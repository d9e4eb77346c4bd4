"""Simulated model servers on real sockets of this machine: for demo, doctor, tests and benchmarks.

One server speaks all five wire formats at once; what it says, and what goes wrong, is up to its script. Nothing
it does leaves 127.0.0.1, and leaving the `with` block ends it within a second even where a reply hangs.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Event, Lock, Thread
from types import TracebackType

from llm_router_core.simulate import anthropic_wire, gemini_wire, ollama_wire, openai_wire, responses_wire
from llm_router_core.simulate.behaviour import Answer, Script, SeenRequest, Step
from llm_router_core.simulate.connection import Delivery, WireReply, json_reply, read_request
from llm_router_core.simulate.ollama_wire import OllamaServer

VERSION = "0.13.0"
_BASES = {"openai": "/v1", "openai_chat": "/v1", "openai_responses": "/v1", "anthropic": "", "gemini": "", "ollama": ""}
_STOP_WAIT_S = 0.5


class SimulatedServer:
    """Listens from entering to leaving. `requests` holds what arrived, in order; look-ups of models included."""

    def __init__(
        self,
        script: Script = "ok",
        *,
        models: Sequence[str] = ("simulated",),
        ollama: OllamaServer | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._tls = tls
        self._script = script
        self._models = tuple(models)
        self._ollama = ollama or OllamaServer()
        self._lock = Lock()
        self._requests: list[SeenRequest] = []
        self._answered = 0
        self._accepted = 0
        self._window = ollama_wire.DEFAULT_WINDOW
        self._ends = Event()
        self._listener: socket.socket | None = None
        self._port: int | None = None
        self._open: dict[Thread, socket.socket] = {}
        self._acceptor: Thread | None = None

    def __enter__(self) -> SimulatedServer:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._port = self._listener.getsockname()[1]
        self._acceptor = Thread(target=self._accept, args=(self._listener,), daemon=True, name="simulated-accept")
        self._acceptor.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.set()
        if self._listener is not None:
            _shut(self._listener)
        if self._acceptor is not None:
            self._acceptor.join(_STOP_WAIT_S)
        with self._lock:
            still_open = dict(self._open)
        for connection in still_open.values():
            _shut(connection)
        for thread in still_open:
            thread.join(_STOP_WAIT_S)

    @property
    def requests(self) -> list[SeenRequest]:
        """What has arrived so far."""
        with self._lock:
            return list(self._requests)

    @property
    def connections(self) -> int:
        """How many connections were opened so far."""
        with self._lock:
            return self._accepted

    @property
    def port(self) -> int:
        """The port it listens on."""
        if self._port is None:
            raise RuntimeError("the simulated server was never started")
        return self._port

    def base_url(self, wire: str) -> str:
        """The base URL for a dialect, or for `openai`, as a user would write it."""
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}{_BASES[wire]}"

    def _accept(self, listener: socket.socket) -> None:
        while not self._ends.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            thread = Thread(target=self._serve, args=(connection,), daemon=True, name="simulated-connection")
            with self._lock:
                self._open[thread] = connection
                self._accepted += 1
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        plain = connection
        try:
            if self._tls is not None:
                connection = self._tls.wrap_socket(plain, server_side=True)
            with connection, connection.makefile("rb") as stream:
                while not self._ends.is_set() and (request := read_request(stream)) is not None:
                    reply, answer = self._reply(request)
                    if not Delivery(connection, answer.fault if answer else None, self._ends).send(reply):
                        break
        except OSError:
            pass  # the client went away, or the server stops
        finally:
            with self._lock:
                self._open = {thread: sock for thread, sock in self._open.items() if sock is not plain}

    def _reply(self, request: SeenRequest) -> tuple[WireReply, Answer | None]:
        """The reply, and the answer of the script behind it; None for look-ups, which no script spoils."""
        with self._lock:
            self._requests.append(request)
        chat = self._chat_for(request)
        if chat is None:
            return self._look_up(request), None
        answer = self._next_answer(request)
        return chat(request, answer), answer

    def _chat_for(self, request: SeenRequest) -> Callable[[SeenRequest, Answer], WireReply] | None:
        if request.method != "POST":
            return None
        if request.path.endswith("/chat/completions"):
            return openai_wire.chat
        if request.path.endswith("/responses"):
            return responses_wire.responses
        if request.path.endswith("/messages"):
            return anthropic_wire.messages
        if gemini_wire.is_generate(request.path):
            return gemini_wire.generate
        return self._ollama_chat if request.path.endswith("/api/chat") else None

    def _ollama_chat(self, request: SeenRequest, answer: Answer) -> WireReply:
        with self._lock:
            self._window = ollama_wire.window_of(request, self._ollama)
        return ollama_wire.chat(request, answer, self._ollama)

    def _look_up(self, request: SeenRequest) -> WireReply:
        path = request.path
        if path.endswith("/models"):
            return self._list_models(request)
        if path.endswith("/api/tags"):
            return ollama_wire.tags(self._models, self._ollama)
        if path.endswith("/api/show"):
            return ollama_wire.show(self._ollama)
        if path.endswith("/api/ps"):
            return ollama_wire.ps(self._models, self._window, self._ollama)
        if path.endswith("/api/version"):
            return json_reply({"version": VERSION})
        return json_reply({"error": {"message": f"no such path: {path}", "type": "not_found"}}, status=404)

    def _list_models(self, request: SeenRequest) -> WireReply:
        if request.path.endswith("/v1beta/models"):
            return gemini_wire.models(self._models)
        is_anthropic = "anthropic-version" in request.headers
        return anthropic_wire.models(self._models) if is_anthropic else openai_wire.models(self._models)

    def _next_answer(self, request: SeenRequest) -> Answer:
        script = self._script
        with self._lock:
            place = self._answered
            self._answered += 1
        step: Step
        if callable(script):
            step = script(request)
        elif isinstance(script, str | Answer):
            step = script
        else:
            step = script[min(place, len(script) - 1)]
        return Answer(step) if isinstance(step, str) else step


def _shut(sock: socket.socket) -> None:
    """Ends a socket another thread may be waiting on."""
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()
