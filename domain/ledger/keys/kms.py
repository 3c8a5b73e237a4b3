"""A cloud's KMS as the provider, through tink: a key in the KMS, which never leaves it, seals ours."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from uuid import UUID

from domain.ledger.fault import Fault
from domain.ledger.keys.seal import ProviderFailed, label

_CLIENTS = {
    "gcp-kms": ("tink.integration.gcpkms", "GcpKmsClient", "tink[gcpkms]"),
    "aws-kms": ("tink.integration.awskms", "AwsKmsClient", "tink[awskms]"),
}
"""By the key's scheme: the client that is registered where nobody has registered one, and what it takes to have it."""

_TOLD = 300
"""How much of what the KMS says is passed on, in characters."""


class TinkMissing(Fault):
    """LUOTSI_KEYS names a key in a KMS, and what talks to it is not installed: pip install 'luotsi[kms]'."""


@dataclass(frozen=True)
class Kms:
    """A key in a KMS, by the address that tink gives it, such as `gcp-kms://projects/…`."""

    uri: str

    @property
    def name(self) -> str:
        """How `LUOTSI_KEYS` names it."""
        return f"tink:{self.uri}"

    def seal(self, kek: UUID, key: bytes) -> bytes:
        """Return the key as the KMS encrypted it. Raises `TinkMissing` and `ProviderFailed`, as `open` does."""
        return self._do("encrypt", key, kek)

    def open(self, kek: UUID, sealed: bytes) -> bytes:
        """Return the key that the KMS had encrypted."""
        return self._do("decrypt", sealed, kek)

    def destroy(self, kek: UUID, sealed: bytes) -> None:
        """Do nothing: tink destroys no keys in a KMS. The file is gone, and `docs/keys.md` says what more to do."""

    def _do(self, what: str, content: bytes, kek: UUID) -> bytes:
        try:
            tink: Any = import_module("tink")
        except ImportError as missing:
            raise TinkMissing from missing
        try:
            done = getattr(self._client(tink).get_aead(self.uri), what)(content, label(kek))
        except TinkMissing:
            raise
        except Exception as failed:  # each KMS has errors of its own
            raise ProviderFailed(self.uri, type(failed).__name__, " ".join(str(failed).split())[:_TOLD]) from failed
        return bytes(done)

    def _client(self, tink: Any) -> Any:
        """Return the client that is registered for this key, or register the cloud's own."""
        with suppress(tink.TinkError):
            return tink.kms_client_from_uri(self.uri)
        module, name, extra = _CLIENTS.get(self.uri.partition("://")[0], ("", "", ""))
        if module:
            try:
                getattr(import_module(module), name).register_client(self.uri, None)
            except ImportError as missing:
                raise TinkMissing(f"{self.uri} needs pip install '{extra}' too") from missing
        return tink.kms_client_from_uri(self.uri)
