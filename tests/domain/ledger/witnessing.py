"""A witness as C2SP's tlog-witness has it, which believes nobody: all that it reads and checks is its own."""

from __future__ import annotations

import re
import threading
import time
from base64 import b64decode, b64encode
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tests.domain.ledger.outsiders import Page
from tests.domain.ledger.rfc9162 import verify_consistency

BODY = re.compile(
    r"old (?P<old>0|[1-9][0-9]*)\n"
    r"(?P<proof>(?:[A-Za-z0-9+/]{43}=\n){0,63})"
    r"\n"
    r"(?P<text>(?P<origin>[^\n]+)\n(?P<size>0|[1-9][0-9]*)\n(?P<root>[A-Za-z0-9+/]{43}=)\n(?:[^\n]+\n)*)"
    r"\n"
    r"(?P<lines>(?:— [^ +\n]+ [A-Za-z0-9+/=]+\n)+)"
)
"""What is sent to `add-checkpoint`."""


class Witnessing:
    """Knows the keys of logs by their origins, and of each the size and root that it cosigned last."""

    def __init__(self, name: str = "witness.example/w1") -> None:
        self.name = name
        self.key = Ed25519PrivateKey.generate()
        self.logs: dict[str, bytes] = {}
        self.seen: dict[str, tuple[int, bytes]] = {}
        self.ahead = 0
        self._lock = threading.Lock()

    @property
    def vkey(self) -> str:
        """Its verification key."""
        public = self.key.public_key().public_bytes_raw()
        return f"{self.name}+{self._id.hex()}+{b64encode(bytes([4]) + public).decode()}"

    @property
    def _id(self) -> bytes:
        return sha256(f"{self.name}\n".encode() + bytes([4]) + self.key.public_key().public_bytes_raw()).digest()[:4]

    def knows(self, origin: str, public: bytes) -> None:
        """Learn a log's public key."""
        self.logs[origin] = public

    def page(self, path: str, body: bytes) -> Page:
        """Answer a request."""
        asked = BODY.fullmatch(body.decode())
        if path != "/add-checkpoint" or asked is None:
            return 400, {}, b""
        with self._lock:  # what is compared and what is kept is one step
            return self._added(asked)

    def _added(self, asked: re.Match[str]) -> Page:
        origin, size, root = asked["origin"], int(asked["size"]), b64decode(asked["root"])
        old, proof = int(asked["old"]), [b64decode(it) for it in asked["proof"].split()]
        if origin not in self.logs or not self._is_signed(asked):
            return 403 if origin in self.logs else 404, {}, b""
        if old > size:
            return 400, {}, b""
        seen, its_root = self.seen.get(origin, (0, sha256().digest()))
        if old != seen:
            return 409, {"Content-Type": "text/x.tlog.size"}, b"%d\n" % seen
        if old == size and its_root != root:
            return 409, {}, b""
        if not self._goes_on(old, its_root, size, root, proof):
            return 422, {}, b""
        self.seen[origin] = size, root
        return 200, {}, f"{self.cosignature(asked['text'])}\n".encode()

    def _is_signed(self, asked: re.Match[str]) -> bool:
        public = self.logs[asked["origin"]]
        key_id = sha256(f"{asked['origin']}\n".encode() + bytes([1]) + public).digest()[:4]
        for _, name, told in (line.split(" ") for line in asked["lines"].splitlines()):
            signature = b64decode(told)
            if name == asked["origin"] and signature[:4] == key_id:
                try:
                    Ed25519PublicKey.from_public_bytes(public).verify(signature[4:], asked["text"].encode())
                except InvalidSignature:
                    continue
                return True
        return False

    @staticmethod
    def _goes_on(old: int, its_root: bytes, size: int, root: bytes, proof: list[bytes]) -> bool:
        if old in {0, size}:
            return not proof
        return verify_consistency(old, size, its_root, root, proof)

    def cosignature(self, text: str) -> str:
        """Return its line for a checkpoint's text, as of now or of so many seconds ahead."""
        now = int(time.time()) + self.ahead
        signature = self.key.sign(f"cosignature/v1\ntime {now}\n{text}".encode())
        return f"— {self.name} {b64encode(self._id + now.to_bytes(8, 'big') + signature).decode()}"
