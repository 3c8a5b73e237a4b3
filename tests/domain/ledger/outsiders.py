"""Those outside the house, on loopback: a time-stamp authority that is OpenSSL's own, and somebody who answers it."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Page = tuple[int, dict[str, str], bytes]


class Outside:
    """Answers each request with what `answers` makes of it, and `asked` says what came.

    It holds its answer back while not `open`; and while `dripping` it has a header without end, letter by letter.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers: Callable[[str, bytes], Page] = lambda _path, _body: (404, {}, b"")
        self.asked: list[tuple[str, str | None, bytes]] = []
        self.open = threading.Event()
        self.open.set()
        self.dripping = threading.Event()


@contextmanager
def outside() -> Iterator[Outside]:
    """Run somebody who answers over HTTP."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            it.asked.append((self.path, self.headers["Content-Type"], body))
            it.open.wait(10)
            if it.dripping.is_set():
                self._drip()
                return
            status, headers, content = it.answers(self.path, body)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(ConnectionError):  # whoever is told too much hangs up
                self.wfile.write(content)

        def _drip(self) -> None:
            self.wfile.write(b"HTTP/1.0 200 OK\r\nX-Endless: ")
            with suppress(ConnectionError):
                while it.dripping.is_set():
                    self.wfile.write(b"a")
                    pause.wait(0.01)

    pause = threading.Event()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        it = Outside(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield it
        finally:
            it.open.set()
            it.dripping.clear()
            server.shutdown()
            thread.join()


# A time-stamp authority


class OpensslMissing(Exception):
    """The tests need the program openssl for their time-stamp authority. Install it: apt-get install openssl."""


Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Issued:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)


STAMPING = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])


def issued(
    name: str, by: Issued | None = None, *, usage: x509.ExtendedKeyUsage | None = None, critical: bool = True,
    hours: int = 48, key: Key | None = None,
) -> Issued:  # fmt: skip
    """Make a certificate that holds since yesterday: a root where nobody issues it, an authority without a usage."""
    key, yesterday = key or ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC) - timedelta(days=1)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject).issuer_name(by.certificate.subject if by else subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(yesterday).not_valid_after(yesterday + timedelta(hours=hours))
        .add_extension(x509.BasicConstraints(ca=usage is None, path_length=None), critical=True)
    )  # fmt: skip
    if usage is not None:
        made = made.add_extension(usage, critical=critical)
    return Issued(made.sign(by.key if by else key, hashes.SHA256()), key)


class TimeStamping:
    """A time-stamp authority: `openssl ts`, with a certificate that one below a root of its own has issued."""

    def __init__(self, place: Path) -> None:
        if shutil.which("openssl") is None:
            raise OpensslMissing(OpensslMissing.__doc__)
        self.place = place
        self.root = issued("juuri")
        self.between = issued("väli", self.root)
        self.signer = issued("leima", self.between, usage=STAMPING)
        self.configure()

    def configure(self, signer_digest: str = "sha256", ess_cert_id_alg: str = "sha256") -> None:
        """Say with which hash it signs, and by which it names its certificate."""
        how = {"place": self.place, "signer_digest": signer_digest, "ess_cert_id_alg": ess_cert_id_alg}
        (self.place / "tsa.cnf").write_text(_CONFIGURATION.format(**how), "utf-8")

    def reply(self, query: bytes) -> bytes:
        """Answer a query (TimeStampReq) with a TimeStampResp, both DER."""
        self._write_signer()
        (self.place / "query.tsq").write_bytes(query)
        return self._openssl("ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query.tsq")

    def reply_as_anybody(self, query: bytes) -> bytes:
        """Answer with a stamp that `openssl ts` refuses to make: whatever the signer's certificate is good for."""
        signer, self.signer = self.signer, issued("leima", self.between, usage=STAMPING)
        (self.place / "reply.tsr").write_bytes(self.reply(query))
        self.signer = signer
        self._write_signer()
        (self.place / "token.der").write_bytes(self._openssl("ts", "-reply", "-in", "reply.tsr", "-token_out"))
        told = self._openssl("cms", "-verify", "-noverify", "-inform", "DER", "-in", "token.der", "-binary")
        (self.place / "told.der").write_bytes(told)
        token = self._openssl(
            *("cms", "-sign", "-nodetach", "-binary", "-outform", "DER", "-in", "told.der", "-signer", "signer.pem"),
            *("-inkey", "signer.key", "-certfile", "between.pem", "-econtent_type", "1.2.840.113549.1.9.16.1.4"),
        )
        return sequence(sequence(b"\x02\x01\x00") + token)  # granted, and the token

    def _write_signer(self) -> None:
        (self.place / "signer.pem").write_bytes(self.signer.pem)
        (self.place / "between.pem").write_bytes(self.between.pem)
        key = self.signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (self.place / "signer.key").write_bytes(key)

    def _openssl(self, *arguments: str) -> bytes:
        """Run openssl where the files are; return what it writes to `-out`."""
        out = self.place / "out"
        command = ["openssl", *arguments, "-out", str(out)]
        subprocess.run(command, cwd=self.place, check=True, capture_output=True)
        return out.read_bytes()


def sequence(content: bytes) -> bytes:
    """Encode a SEQUENCE in DER."""
    length = len(content)
    if length < 128:
        return bytes([0x30, length]) + content
    told = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([0x30, 0x80 | len(told)]) + told + content


_CONFIGURATION = """
[tsa]
default_tsa = ours
[ours]
serial = {place}/serial
signer_cert = {place}/signer.pem
signer_key = {place}/signer.key
certs = {place}/between.pem
default_policy = 1.2.3.4.1
signer_digest = {signer_digest}
digests = sha256, sha512, sha512-256
accuracy = secs:1
ess_cert_id_alg = {ess_cert_id_alg}
"""
