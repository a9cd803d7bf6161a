"""What surrounds every request: a limit on its body, headers on its answer, a line in the log without its path."""

import logging
import time
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

from prometheus_client import Counter, Histogram
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("pdi.web")

REQUESTS = Counter("pdi_requests", "Requests answered", ["method", "route", "status"])
SECONDS = Histogram("pdi_request_seconds", "Time to answer", ["route"])

POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
CAMERA = {
    True: "camera=(self), microphone=(), geolocation=()",
    False: "camera=(), microphone=(), geolocation=()",
}
REFUSED = b'{"type": "/help#body_too_large", "title": "What was sent is too large.", "status": 413, "code": "body_too_large"}'


class Armour:
    """ASGI middleware: nothing of a request's path, query or body reaches a log."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        body_limit: int,
        is_https: bool,
        broken: Callable[[Request, Exception], Response],
        larger: Mapping[str, int],
    ) -> None:
        """``larger`` are the limits of the paths that take more than others."""
        self.app, self.body_limit, self.is_https = app, body_limit, is_https
        self.broken, self.larger = broken, larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status, has_begun = time.perf_counter(), 500, False
        method, scope, send = scope["method"], *_as_get(scope, send)
        limit = max(self.body_limit, self.larger.get(scope["path"], 0))

        async def guarded_send(message: Message) -> None:
            nonlocal status, has_begun
            if message["type"] == "http.response.start":
                status, has_begun = message["status"], True
                message["headers"] = [*message["headers"], *self._headers(scope, message)]
            await send(message)

        try:
            if _length(scope) > limit:
                await _refuse(guarded_send)
            else:
                await self.app(scope, _limited(receive, limit), guarded_send)
        except Exception as error:
            # Here and not further out, where the server would write the error's message to its log.
            response = self.broken(Request(scope), error)
            if has_begun:
                raise
            await response(scope, receive, guarded_send)
        finally:
            self._note(method, scope, status, time.perf_counter() - started)

    def _headers(
        self, scope: Scope, message: MutableMapping[str, Any]
    ) -> list[tuple[bytes, bytes]]:
        path, present = scope["path"], {name.lower() for name, _ in message["headers"]}
        headers = HEADERS | {"Permissions-Policy": CAMERA[path.startswith("/desk")]}
        if not path.startswith("/static/") or message["status"] >= 400:
            headers["Cache-Control"] = "no-store"
        if self.is_https:
            headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
        encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        return [each for each in encoded if each[0] not in present]

    def _note(self, method: str, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unknown")
        REQUESTS.labels(method, route, status).inc()
        SECONDS.labels(route).observe(seconds)
        log.info("%s %s %d %.1f ms", method, route, status, seconds * 1000)


class BodyTooLarge(HTTPException):
    """A body that went on past the limit without having said so."""

    def __init__(self) -> None:
        super().__init__(413, headers={"Connection": "close"})


def _as_get(scope: Scope, send: Send) -> tuple[Scope, Send]:
    """HEAD is answered as GET is, but for the body; no route has to say so."""
    if scope["method"] != "HEAD":
        return scope, send

    async def send_head(message: Message) -> None:
        if message["type"] != "http.response.body":
            await send(message)
        elif not message.get("more_body"):
            await send({"type": "http.response.body", "body": b""})

    return {**scope, "method": "GET"}, send_head


def _length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0


def _limited(receive: Receive, limit: int) -> Receive:
    taken = 0

    async def limited() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > limit:
            raise BodyTooLarge
        return message

    return limited


async def _refuse(send: Send) -> None:
    headers = [(b"content-type", b"application/problem+json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": REFUSED})
