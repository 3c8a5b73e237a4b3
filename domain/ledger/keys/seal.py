"""What a key-encryption key is sealed by where it is kept: nothing, the key of a cloud's KMS, or a program's doing.

A provider has three methods. It is asked once a process for each key-encryption key, never for a stream's key: so it
may be far away and slow. `docs/keys.md` says what each one promises.
"""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from domain.ledger.fault import Fault

FIRST = UUID(int=0)
"""The key-encryption key from before they had names."""


class KeysUnavailable(Fault):
    """The key that opens the ledger's words can't be had now. See what the log says, and try again."""


class KekMissing(KeysUnavailable):
    """The key-encryption key of the ledger's words is not there. Restore it from its copy; after a restore of the database: luotsi keys import."""  # noqa: E501


class KekUnreadable(KeysUnavailable):
    """The file of a key-encryption key is damaged, or others may read it. Restore it: without it no words open."""


class KekWrong(KeysUnavailable):
    """The ledger's words are sealed under another key than the one that is there. Restore the ledger's own."""


class KekNotMade(KeysUnavailable):
    """The ledger has no key-encryption key yet. Run `luotsi migrate`."""


class KeyDamaged(KeysUnavailable):
    """The stored key of a stream is damaged, or another stream's. Restore its row in the table `keys`."""


class ProviderFailed(KeysUnavailable):
    """The KMS or program that LUOTSI_KEYS names did not do what it was asked. Mend what it says, and try again."""


class ProviderWrong(Fault, ValueError):
    """LUOTSI_KEYS is file, tink:KEY-URI (such as tink:gcp-kms://…) or program:/PATH."""


class Provider(Protocol):
    """Who seals the key-encryption keys. Each raises a `KeysUnavailable` that says what to do."""

    @property
    def name(self) -> str:
        """How `LUOTSI_KEYS` names it: it stands beside what it sealed."""

    def seal(self, kek: UUID, key: bytes) -> bytes:
        """Return a new key as it may lie in a file. It may be asked again for the same one."""

    def open(self, kek: UUID, sealed: bytes) -> bytes:
        """Return the key that was sealed, if it was sealed as that one."""

    def destroy(self, kek: UUID, sealed: bytes) -> None:
        """Destroy what opens this key and no other, if the provider has such a thing. Twice is as good as once."""


class Plain:
    """For development: nothing seals it, so whoever reads the file has the key."""

    name = "file"

    def seal(self, kek: UUID, key: bytes) -> bytes:
        """Return the key."""
        return key

    def open(self, kek: UUID, sealed: bytes) -> bytes:
        """Return the key."""
        return sealed

    def destroy(self, kek: UUID, sealed: bytes) -> None:
        """Do nothing: the file is all there is."""


def label(kek: UUID) -> bytes:
    """Return what a sealed key is bound to."""
    return b"luotsi-kek-1" + kek.bytes


def provider_of(name: str) -> Provider:
    """Return the provider that `LUOTSI_KEYS` names. Raises `ProviderWrong`."""
    from domain.ledger.keys.kms import Kms  # noqa: PLC0415 - they know this module
    from domain.ledger.keys.program import Program  # noqa: PLC0415

    kind, _, rest = name.partition(":")
    if kind == "tink" and "://" in rest:
        return Kms(rest)
    if kind == "program" and rest.startswith("/"):
        return Program(rest)
    if name == Plain.name:
        return Plain()
    raise ProviderWrong(name)
