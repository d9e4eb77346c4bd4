"""The only door to the network, and the only module that imports the HTTP library.

Policy, each point because a peer was hurt without it (spec/reliability-security.md 3.2): one deadline over all of an
exchange, since a read timeout alone lets a server that drips a byte a second hold a call for ever; a byte cap that also
bounds what is decompressed; no redirects, since a redirect carries the prompt to a host nobody named; no cookies; the
environment's proxies never for loopback; the system's trust store and no switch to turn verification off.

Every failure is a `TransportFailure` whose message names a host and never a path, a header or a body.
"""

from __future__ import annotations

import ipaddress
import ssl
import time
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from http.cookiejar import DefaultCookiePolicy
from types import TracebackType
from typing import NoReturn, Protocol
from urllib.parse import urlsplit

import anyio
import anyio.lowlevel
import httpx2

from llm_router_core.errors import ErrorKind, ProviderError

USER_AGENT = "llm-router"
_POOL = httpx2.Limits(max_connections=256, max_keepalive_connections=64, keepalive_expiry=30.0)
_HEADERS = {"user-agent": USER_AGENT, "accept": "*/*", "accept-encoding": "identity"}
_INFLATE_STEP = 64 * 1024
_INFLATE_BITS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


class Limits(Protocol):
    """What one exchange may take; `providers.endpoint.Limits` is one. Seconds, and bytes of body."""

    @property
    def deadline_s(self) -> float:
        """For everything: connecting, headers, the whole body."""
        ...

    @property
    def connect_s(self) -> float:
        """For connecting alone."""
        ...

    @property
    def gap_s(self) -> float:
        """For the wait between two pieces of a stream."""
        ...

    @property
    def max_body_bytes(self) -> int:
        """For the body, packed and unpacked."""
        ...


class TransportFailure(ProviderError):
    """The exchange itself failed: nothing usable came back, or it broke off. `kind` says how."""


class HttpClient:
    """One pool of connections. Enter it once per process and share it; it is safe for concurrent calls."""

    def __init__(self) -> None:
        self._direct: httpx2.AsyncClient | None = None
        self._outside: httpx2.AsyncClient | None = None
        self._is_open = False

    async def __aenter__(self) -> HttpClient:
        self._is_open = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_open = False
        clients = [client for client in (self._direct, self._outside) if client is not None]
        self._direct = self._outside = None
        with anyio.CancelScope(shield=True):
            for client in clients:
                await client.aclose()

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes, limits: Limits) -> Exchange:
        """An exchange to enter with `async with`; it yields the `Reply`.

        Raises on entering:
            TransportFailure: unreachable, timed out, cut before the reply began, a redirect, or no HTTP at all.
        """
        return Exchange(self._client_for(url), _Call("POST", url, headers, body), limits)

    def get(self, url: str, *, headers: Mapping[str, str], limits: Limits) -> Exchange:
        """As `post`, without a body."""
        return Exchange(self._client_for(url), _Call("GET", url, headers, None), limits)

    def _client_for(self, url: str) -> httpx2.AsyncClient:
        """Built at first use: reading the trust store costs milliseconds that a purely local run never pays."""
        if not self._is_open:
            raise RuntimeError("HttpClient is used outside its `async with`")
        if is_loopback_host(urlsplit(url).hostname or ""):
            if self._direct is None:
                self._direct = _new_client(uses_environment=False)
            return self._direct
        if self._outside is None:
            self._outside = _new_client(uses_environment=True)
        return self._outside


def is_loopback_host(host: str) -> bool:
    """Whether the host is `localhost` or a literal loopback address. No name is looked up."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _new_client(*, uses_environment: bool) -> httpx2.AsyncClient:
    client = httpx2.AsyncClient(
        headers=_HEADERS, timeout=None, limits=_POOL, follow_redirects=False, trust_env=uses_environment
    )
    client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return client


class _Call:
    """One request before it is sent."""

    __slots__ = ("body", "headers", "host", "method", "url")

    def __init__(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> None:
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.host = urlsplit(url).netloc.rpartition("@")[2]


class Exchange:
    """A request with its reply, as an asynchronous context manager. The deadline runs from entering to leaving.

    It opens no cancel scope across a `yield`, so it may be used inside an asynchronous generator.
    """

    __slots__ = ("_call", "_client", "_limits", "_response")

    def __init__(self, client: httpx2.AsyncClient, call: _Call, limits: Limits) -> None:
        self._client = client
        self._call = call
        self._limits = limits
        self._response: httpx2.Response | None = None

    async def __aenter__(self) -> Reply:
        ends_s = time.monotonic() + self._limits.deadline_s
        call = self._call
        try:
            request = self._client.build_request(
                call.method,
                call.url,
                headers=dict(call.headers),
                content=call.body,
                timeout=httpx2.Timeout(None, connect=self._limits.connect_s),
            )
            with anyio.fail_after(self._limits.deadline_s):
                response = await self._client.send(request, stream=True)
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
            _raise_failure(error, call.host, has_reply=False)
        self._response = response
        try:
            return Reply(response, self._limits, ends_s, call.host)
        except TransportFailure:
            await self._close()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    async def _close(self) -> None:
        if self._response is not None:
            with anyio.CancelScope(shield=True):
                await self._response.aclose()


class Reply:
    """What came back. `headers` has lower-case names; the body is read once, by `read` or by `chunks`."""

    __slots__ = (
        "_ends_s",
        "_host",
        "_inflater",
        "_limits",
        "_max_bytes",
        "_raw",
        "_response",
        "_seen",
        "headers",
        "status",
    )

    def __init__(self, response: httpx2.Response, limits: Limits, ends_s: float, host: str) -> None:
        if 300 <= response.status_code < 400:
            raise TransportFailure(
                ErrorKind.BAD_REPLY, f"{host} answered with a redirect ({response.status_code}), which is refused"
            )
        self.status = response.status_code
        self.headers: Mapping[str, str] = {name.lower(): value for name, value in response.headers.items()}
        self._response = response
        self._limits = limits
        self._max_bytes = limits.max_body_bytes
        self._ends_s = ends_s
        self._host = host
        self._seen = 0
        self._raw: AsyncIterator[bytes] | None = None
        self._inflater = _inflater(self.headers.get("content-encoding", ""), limits.max_body_bytes, host)

    async def read(self, at_most_bytes: int | None = None) -> bytes:
        """The whole body. Only the deadline bounds its pieces: a single reply may be silent while a model thinks.

        `at_most_bytes` lowers the limit on its size, packed and unpacked.

        Raises:
            TransportFailure: timed out, larger than the limit, cut, or shorter than its own header says.
        """
        if at_most_bytes is not None:
            self._max_bytes = min(self._max_bytes, at_most_bytes)
            if self._inflater is not None:
                self._inflater.lower(self._max_bytes)
        self._check_declared()
        pieces = []
        while (piece := await self._next(self._limits.deadline_s)) is not None:
            pieces.append(piece)
        return b"".join(pieces)

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body as it arrives. Raises as `read`, and also when nothing comes for `gap_s`."""
        while (piece := await self._next(self._limits.gap_s)) is not None:
            yield piece

    async def read_head(self, size: int, within_s: float) -> bytes:
        """At most about `size` bytes of the body, whatever becomes of it: for the text of an error. Never raises."""
        pieces: list[bytes] = []
        self._ends_s = min(self._ends_s, time.monotonic() + within_s)
        try:
            while sum(map(len, pieces)) < size and (piece := await self._next(within_s)) is not None:
                pieces.append(piece)
        except TransportFailure:
            pass
        return b"".join(pieces)[:size]

    async def drain(self, within_s: float) -> None:
        """Reads the end of a finished body so that the connection can be used again. Never raises."""
        await self.read_head(4096, within_s)

    def _check_declared(self) -> None:
        declared = self.headers.get("content-length", "")
        if declared.isascii() and declared.isdigit() and int(declared[:20]) > self._max_bytes:
            raise self._too_large()

    async def _next(self, wait_s: float) -> bytes | None:
        if self._raw is None:
            self._raw = self._response.aiter_raw()
        left_s = self._ends_s - time.monotonic()
        if left_s <= 0:
            _raise_failure(TimeoutError(), self._host, has_reply=True)
        if self._inflater is not None and self._inflater.has_more:
            await anyio.lowlevel.checkpoint()
            return self._inflater.feed(b"")
        try:
            with anyio.fail_after(min(wait_s, left_s)):
                piece = await anext(self._raw, None)
        except (httpx2.HTTPError, httpx2.StreamError, OSError) as error:
            _raise_failure(error, self._host, has_reply=True, is_counted="content-length" in self.headers)
        if piece is None:
            return self._inflater.end() if self._inflater is not None else None
        self._count(len(piece))
        return piece if self._inflater is None else self._inflater.feed(piece)

    def _count(self, size: int) -> None:
        self._seen += size
        if self._seen > self._max_bytes:
            raise self._too_large()

    def _too_large(self) -> TransportFailure:
        return TransportFailure(
            ErrorKind.BAD_REPLY, f"the reply of {self._host} is larger than {self._max_bytes} bytes"
        )


class _ZlibObject(Protocol):
    @property
    def unconsumed_tail(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...

    def flush(self) -> bytes: ...


class _Inflater:
    """Undoes the compression of a server that compresses although asked not to, up to a limit of output.

    It comes in small pieces, because one packed piece can be a thousand times as large unpacked.
    """

    __slots__ = ("_has_ended", "_host", "_left", "_object")

    def __init__(self, bits: int, max_bytes: int, host: str) -> None:
        self._object: _ZlibObject = zlib.decompressobj(bits)
        self._left = max_bytes
        self._host = host
        self._has_ended = False

    @property
    def has_more(self) -> bool:
        """Whether some of what was fed is still to be unpacked."""
        return bool(self._object.unconsumed_tail)

    def lower(self, max_bytes: int) -> None:
        self._left = min(self._left, max_bytes)

    def feed(self, data: bytes) -> bytes:
        try:
            out = self._object.decompress(self._object.unconsumed_tail + data, min(self._left + 1, _INFLATE_STEP))
        except zlib.error:
            raise TransportFailure(ErrorKind.BAD_REPLY, f"the compressed reply of {self._host} is damaged") from None
        return self._counted(out)

    def end(self) -> bytes | None:
        """The last bytes, once; None after them."""
        if self._has_ended:
            return None
        self._has_ended = True
        return self._counted(self._object.flush()) or None

    def _counted(self, out: bytes) -> bytes:
        self._left -= len(out)
        if self._left < 0:
            raise TransportFailure(ErrorKind.BAD_REPLY, f"the reply of {self._host} grows too large when unpacked")
        return out


def _inflater(encoding: str, max_bytes: int, host: str) -> _Inflater | None:
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        return None
    if name not in _INFLATE_BITS:
        raise TransportFailure(ErrorKind.BAD_REPLY, f"{host} compressed its reply with an encoding we did not ask for")
    return _Inflater(_INFLATE_BITS[name], max_bytes, host)


def _raise_failure(error: Exception, host: str, *, has_reply: bool, is_counted: bool = False) -> NoReturn:
    """The typed failure for what the library raised; its own text is dropped, since it may quote what was sent."""
    where = "while its reply was read" if has_reply else "before it replied"
    if isinstance(error, httpx2.ConnectTimeout):
        kind, text = ErrorKind.TIMED_OUT, f"{host} did not accept a connection in time"
    elif isinstance(error, httpx2.TimeoutException | TimeoutError):
        kind, text = ErrorKind.TIMED_OUT, f"{host} took too long: time ran out {where}"
    elif isinstance(error, httpx2.ConnectError | httpx2.ProxyError):
        kind, text = ErrorKind.UNREACHABLE, f"{host} cannot be reached: {_connect_reason(error)}"
    elif isinstance(error, httpx2.RemoteProtocolError):
        kind, text = _protocol_failure(error, host, has_reply=has_reply, is_counted=is_counted)
    elif isinstance(error, httpx2.NetworkError | httpx2.StreamError | OSError):
        kind, text = ErrorKind.INTERRUPTED, f"the connection to {host} broke {where}"
    else:
        kind, text = ErrorKind.BAD_REQUEST, f"the request to {host} cannot be put on the wire"
    raise TransportFailure(kind, text) from None


def _protocol_failure(
    error: httpx2.RemoteProtocolError, host: str, *, has_reply: bool, is_counted: bool
) -> tuple[ErrorKind, str]:
    text = str(error).lower()
    if "disconnected" in text:
        return ErrorKind.INTERRUPTED, f"{host} closed the connection before it replied"
    if has_reply and "peer closed" in text:
        if is_counted:
            return ErrorKind.BAD_REPLY, f"the reply of {host} is shorter than its Content-Length"
        return ErrorKind.INTERRUPTED, f"{host} closed the connection in the middle of its reply"
    return ErrorKind.BAD_REPLY, f"{host} does not answer in HTTP"


def _connect_reason(error: BaseException) -> str:
    """In our own words, since the library's may name a proxy with its password."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return "its TLS certificate is not trusted"
        if isinstance(seen, ssl.SSLError):
            return "the TLS handshake failed"
        if isinstance(seen, ConnectionRefusedError):
            return "the connection was refused"
        seen = seen.__cause__ or seen.__context__
    if isinstance(error, httpx2.ProxyError):
        return "the proxy refused"
    name_errors = ("name", "getaddrinfo", "nodename", "resolution")
    return "its name is not known" if any(word in str(error).lower() for word in name_errors) else "connecting failed"
