"""What every answer says to a browser: to guess nothing, to show it inside nothing, to keep it nowhere, to tell nobody.

No answer ever has an Access-Control header: no page of another origin reads anything here.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
"""What stands in each answer that does not say otherwise for itself, as a page does of what it may load."""
SECURE = {"Strict-Transport-Security": "max-age=31536000"}
"""What is said where all goes by TLS: for a year nothing here is asked for without it."""


class SecurityHeaders:
    """Puts the headers on every answer, whoever gives it. `secure` says that all goes by TLS, as in production."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self.app = app
        self._plain, self._tls = _raw(HEADERS), _raw(HEADERS | SECURE)
        self._secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        ours = self._tls if self._secure or scope.get("scheme") == "https" else self._plain

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(it for it in ours if it[0] not in said)]
            await send(message)

        await self.app(scope, receive, sending)


def _raw(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]
