"""A program of one's own as the provider: an HSM by PKCS#11, Vault's transit engine, or whatever else seals keys.

    PROGRAM seal KEK      a key comes in, the sealed key goes out
    PROGRAM open KEK      the sealed key comes in, the key goes out
    PROGRAM destroy KEK   the sealed key comes in, nothing goes out

What comes in and goes out is one line of base64. Exit code 0 is success; otherwise standard error says why.
"""

from __future__ import annotations

import subprocess
from base64 import b64decode, b64encode
from dataclasses import dataclass
from uuid import UUID

from domain.ledger.keys.seal import ProviderFailed

SECONDS = 30
"""How long the program may take."""

_TOLD = 300
"""How much of what it says on standard error is passed on, in characters."""


@dataclass(frozen=True)
class Program:
    """Calls the program: without a shell, and with nothing secret among its arguments."""

    path: str
    seconds: float = SECONDS

    @property
    def name(self) -> str:
        """How `LUOTSI_KEYS` names it."""
        return f"program:{self.path}"

    def seal(self, kek: UUID, key: bytes) -> bytes:
        """Return the key as the program sealed it. Raises `ProviderFailed`, as the others do."""
        sealed = self._ask("seal", kek, key)
        if not sealed or sealed == key:
            raise ProviderFailed(self.path, "seal gave no sealed key")
        return sealed

    def open(self, kek: UUID, sealed: bytes) -> bytes:
        """Return the key that the program had sealed."""
        return self._ask("open", kek, sealed)

    def destroy(self, kek: UUID, sealed: bytes) -> None:
        """Have the program destroy what opens this key."""
        self._ask("destroy", kek, sealed)

    def _ask(self, what: str, kek: UUID, given: bytes) -> bytes:
        try:
            done = subprocess.run(  # noqa: S603 - the operator names it, by its whole path
                [self.path, what, str(kek)], input=b64encode(given) + b"\n", capture_output=True,
                timeout=self.seconds, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise ProviderFailed(self.path, f"{what} took longer than {self.seconds} seconds") from None
        except OSError as unable:
            raise ProviderFailed(self.path, unable.strerror) from None
        if done.returncode:
            said = " ".join(done.stderr.decode("utf-8", "replace").split())[:_TOLD]
            raise ProviderFailed(self.path, f"{what} ended with {done.returncode}", said)
        try:
            return b64decode(done.stdout.strip(), validate=True)
        except ValueError:
            raise ProviderFailed(self.path, f"{what} gave no base64") from None
