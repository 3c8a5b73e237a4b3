"""Who is shown checkpoints outside the house: the file that LUOTSI_ANCHORS names (docs/anchors.md)."""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from cryptography.x509 import load_pem_x509_certificates

from api.settings import Settings
from domain.ledger.anchors.anchor import EVERY, Anchor
from domain.ledger.anchors.stamps import Authority, NoRoot
from domain.ledger.anchors.witnesses import Witness
from domain.ledger.notes import VkeyMalformed

_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
_Every = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class AnchorsWrong(Exception):
    """The file that LUOTSI_ANCHORS names can't be used. Correct it."""


class _Authority(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    url: _Text
    certificates: _Text
    every: _Every = EVERY


class _Witness(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    url: _Text
    vkey: _Text
    every: _Every = EVERY


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    authority: tuple[_Authority, ...] = ()
    witness: tuple[_Witness, ...] = ()


def anchors_of(settings: Settings) -> tuple[Anchor, ...]:
    """Return the authorities and witnesses that are configured; none without a file. Raises `AnchorsWrong`."""
    path = settings.anchors
    if path is None:
        return ()
    try:
        said = msgspec.convert(tomllib.loads(path.read_text("utf-8-sig")), _File)
        found = (*(_authority(path, it) for it in said.authority), *(_witness(it) for it in said.witness))
        _check(found)
    except (OSError, ValueError, VkeyMalformed) as wrong:
        raise AnchorsWrong(f"{path}: {wrong}") from wrong
    return found


def _authority(path: Path, said: _Authority) -> Authority:
    _check_address(said.url)
    named = path.parent / said.certificates
    try:
        return Authority(said.url, load_pem_x509_certificates(named.read_bytes()), said.every)
    except OSError as wrong:
        raise ValueError(f"{named}: it can't be read") from wrong
    except ValueError as wrong:
        raise ValueError(f"{named}: it holds no certificates, as PEM") from wrong
    except NoRoot as wrong:
        raise ValueError(f"{named}: {wrong}") from wrong


def _witness(said: _Witness) -> Witness:
    _check_address(said.url)
    if urlsplit(said.url).query:
        raise ValueError(f"{said.url}: a witness's address has no query; /add-checkpoint is put behind it")
    return Witness(said.url, said.vkey, said.every)


def _check_address(url: str) -> None:
    """Raise ValueError for what is no address. What comes back is signed, so it need not be by https."""
    parts = urlsplit(url)
    named = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    if parts.scheme not in {"http", "https"} or not named or "@" in parts.netloc or parts.fragment or not url.isascii():
        raise ValueError(f"{url}: an address begins with https:// or http:// and a host, without a user or a #")


def _check(found: Iterable[Anchor]) -> None:
    """Raise ValueError where nobody is named, or somebody twice."""
    names = [it.name for it in found]
    if not names:
        raise ValueError("it names no [[authority]] and no [[witness]]: name one, or unset LUOTSI_ANCHORS")
    if twice := sorted({it for it in names if names.count(it) > 1}):
        raise ValueError(f"named twice: {', '.join(twice)}")
