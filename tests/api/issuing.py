"""An issuer in this process: it says of itself, over real HTTP on loopback, what a test has it say."""

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, Key

Page = tuple[int, dict[str, str], bytes]


class Issuing:
    """What it says: `document` of itself, its `keys`, ID tokens for its `codes`; and what it was `asked`.

    It answers while `open`.
    """

    def __init__(self, port: int) -> None:
        self.name = f"http://127.0.0.1:{port}"
        self.document: dict[str, Any] = {
            "issuer": self.name, "jwks_uri": f"{self.name}/jwks", "token_endpoint": f"{self.name}/token",
            "authorization_endpoint": f"{self.name}/authorize", "end_session_endpoint": f"{self.name}/end",
            "authorization_response_iss_parameter_supported": True,
        }  # fmt: skip
        self.keys: list[Key] = [ECKey.generate_key("P-256", auto_kid=True)]
        self.pages: dict[str, Page] = {}
        self.codes: dict[str, tuple[dict[str, str], dict[str, Any]]] = {}
        self.asked: list[str] = []
        self.open = Event()
        self.open.set()
        self.authorized: list[str | None] = []

    def rotate(self) -> Key:
        """Take a new key in the place of all others, and return it."""
        self.keys = [ECKey.generate_key("P-256", auto_kid=True)]
        return self.keys[0]

    def token(self, typ: str = "at+jwt", key: Key | None = None, algorithm: str = "ES256", **changes: Any) -> str:
        """Return a token of Aino's, with these claims changed."""
        now, key = int(time.time()), key or self.keys[0]
        claims = {
            "iss": self.name, "aud": "luotsi", "sub": "aino", "role": "worker", "organisation": "kela",
            "unit": "asiakaspalvelu", "iat": now, "exp": now + 600,
        } | changes  # fmt: skip
        return jwt.encode({"alg": algorithm, "typ": typ, "kid": key.kid}, claims, key, algorithms=[algorithm])

    def signed_in(self, there: str, code: str = "a code", **claims: Any) -> dict[str, str]:
        """Have somebody sign in who was sent `there`; return what they bring back."""
        asked = dict(parse_qsl(urlsplit(there).query))
        self.codes[code] = (asked, {"aud": asked["client_id"], "nonce": asked["nonce"]} | claims)
        return {"code": code, "state": asked["state"], "iss": self.name}

    def page(self, path: str, form: dict[str, str] | None) -> Page:
        """Answer a request."""
        self.asked.append(path)
        if path in self.pages:
            return self.pages[path]
        if path == "/.well-known/openid-configuration":
            return 200, {}, json.dumps(self.document).encode()
        if path == "/jwks":
            return 200, {}, json.dumps({"keys": [it.as_dict(private=False) for it in self.keys]}).encode()
        if path == "/token" and form is not None:
            return self._redeemed(form)
        return 404, {}, b""

    def _redeemed(self, form: dict[str, str]) -> Page:
        asked, claims = self.codes.pop(form["code"], ({}, {}))
        proof = urlsafe_b64encode(sha256(form["code_verifier"].encode()).digest()).decode().rstrip("=")
        if asked.get("code_challenge") != proof or asked["redirect_uri"] != form["redirect_uri"]:
            return 400, {}, b'{"error": "invalid_grant"}'
        typ = claims.pop("typ", "JWT")
        return 200, {}, json.dumps({"id_token": claims.pop("token", None) or self.token(typ, **claims)}).encode()


@contextmanager
def issuing() -> Iterator[Issuing]:
    """Run an issuer."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            self._answer(None)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            issuer.authorized.append(self.headers["Authorization"])
            self._answer({name: said[0] for name, said in parse_qs(body).items()})

        def _answer(self, form: dict[str, str] | None) -> None:
            issuer.open.wait(10)
            status, headers, content = issuer.page(urlsplit(self.path).path, form)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        issuer = Issuing(server.server_port)
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield issuer
        finally:
            issuer.open.set()
            server.shutdown()
            thread.join()
