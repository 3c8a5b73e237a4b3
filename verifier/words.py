"""The words: what was opened is what was written, under its own key, in its own place."""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from verifier import strict
from verifier.archive import Archive
from verifier.events import OPENED, Entry
from verifier.findings import (
    KeyOpensAnother,
    LineMalformed,
    WordsAltered,
    WordsExchanged,
    WordsMissing,
    WordsNotOpening,
    WordsWithoutEvent,
)
from verifier.report import Report

_KEY, _NONCE = 32, 12
_COMMITMENT = b"luotsi-commitment-1"
_FIELD = re.compile(r"[a-z][a-z0-9_]{0,40}")


def check(archive: Archive, entries: Sequence[Entry], report: Report) -> dict[int, dict[str, str]]:
    """Open what is opened in the bundle; return the words by version."""
    opened: dict[int, dict[str, str]] = {}
    by_version = {it.version: it for it in entries}
    by_digest = {it.digest: it.version for it in entries if it.digest}
    last = 0
    given: set[int] = set()
    for where, line in archive.lines("words.jsonl"):
        try:
            version, ciphertext, key = strict.fields(
                strict.decoded(line), version=strict.whole, ciphertext=strict.octets, key=_key
            )
            if version <= last:
                raise strict.Malformed("the versions in it do not rise")
        except strict.Malformed as malformed:
            raise LineMalformed(where=where, why=str(malformed)) from None
        last = version
        given.add(version)
        with report.noting():
            opened[version] = _opened(version, ciphertext, key, by_version.get(version), by_digest)
    report.faults += [
        WordsMissing(version=it.version) for it in entries if it.claim == OPENED and it.version not in given
    ]
    if opened and len(opened) == len(given):
        report.checked.append(f"The words of {len(opened)} events, opened here, are what was written with them.")
    return opened


def _opened(
    version: int, ciphertext: bytes, key: bytes, it: Entry | None, by_digest: dict[bytes, int]
) -> dict[str, str]:
    """Open an entry's words. Raises a `Broken`."""
    if it is None or it.claim != OPENED:
        raise WordsWithoutEvent(version=version)
    digest = sha256(ciphertext).digest()
    if digest != it.digest:
        if digest in by_digest:
            raise WordsExchanged(version=version, other=by_digest[digest])
        raise WordsAltered(version=version)
    if not hmac.compare_digest(ciphertext[:_KEY], key[_KEY:]):
        raise KeyOpensAnother(version=version)
    if it.salted and not hmac.compare_digest(key[_KEY:], hmac.digest(key[:_KEY], _COMMITMENT, "sha256")):
        raise WordsNotOpening(version=version, why="they commit to no key, and may open in two ways")
    try:
        opened = AESGCM(key[:_KEY]).decrypt(ciphertext[_KEY : _KEY + _NONCE], ciphertext[_KEY + _NONCE :], None)
    except (InvalidTag, ValueError):  # too short for a nonce, or another key
        raise WordsNotOpening(version=version, why="the key is not the one that sealed them") from None
    try:
        if opened[:1] + opened[-1:] != b"{}":
            raise strict.Malformed("there is something around it")
        return {_field(name): strict.text(said) for name, said in strict.mapping(strict.decoded(opened)).items()}
    except strict.Malformed as malformed:
        raise WordsNotOpening(version=version, why=f"what opens is not what was said, by field: {malformed}") from None


def _field(name: str) -> str:
    """Read a field's name, and no more: room for anything there is room to make a ciphertext open in two ways."""
    if not _FIELD.fullmatch(name):
        raise strict.Malformed("it has a field that no event has")
    return name


def _key(value: Any) -> bytes:
    found = strict.octets(value)
    if len(found) != 2 * _KEY:
        raise strict.Malformed("it is no key of 64 bytes")
    return found
