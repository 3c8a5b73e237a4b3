"""Who signs for a region: its key notes, and which of its keys somebody vouches for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from verifier import note, strict
from verifier.findings import (
    KeyChainBroken,
    KeyCompromised,
    KeyMissing,
    KeyNoteForged,
    KeyNoteMalformed,
    KeyWrong,
    SignatureForged,
)
from verifier.note import Checkpoint, Key, Note, NoteMalformed
from verifier.report import Report

FIRST, FOLLOWS, COMPROMISED = "first", "follows", "compromised"
_LINES = 5


@dataclass(frozen=True)
class SigningKey:
    """A key of the region, by its note. `vouched` says that the key before, which it names, has signed the note too."""

    number: int
    public: bytes
    made: datetime
    became: str
    previous: bytes | None
    vouched: bool


@dataclass(frozen=True)
class Keys:
    """A region's keys by number."""

    region: str
    keys: tuple[SigningKey, ...]

    def signers(self, signed: Note, name: str) -> list[SigningKey]:
        """Return the keys that have signed a note under this name."""
        return [it for it in self.keys if Key(name, it.public).signed(signed)]

    def compromised(self, key: SigningKey) -> bool:
        """Say whether the note after a key's own says that it was compromised."""
        return any(it.number == key.number + 1 and it.became == COMPROMISED for it in self.keys)

    def signer(self, of: Checkpoint) -> SigningKey:
        """Return a key that signed a checkpoint, one that was not compromised if any. Raises a `Broken`."""
        found = sorted(self.signers(of.note, of.origin), key=self.compromised)
        if found:
            return found[0]
        if any(any(Key(of.origin, it.public).claims(of.note)) for it in self.keys):
            raise SignatureForged(size=of.size)
        raise KeyMissing(size=of.size)

    def vouch(self, signer: SigningKey, of: Checkpoint, given: Collection[bytes]) -> None:
        """See that a checkpoint's signer counts: a key that was given, or follows from one that was."""
        if self.compromised(signer):
            raise KeyCompromised(number=signer.number, what=f"the checkpoint of {of.size} events")
        if not given or self.vouched(signer, given):
            return
        lost = [it for one in self.keys if one.public in given for it in self._way(one, signer) if self.compromised(it)]
        for it in lost[:1]:
            belongs = "follows from" if it.number < signer.number else "was before"
            raise KeyCompromised(number=it.number, what=f"that key {signer.number} {belongs} it")
        raise KeyWrong(size=of.size, number=signer.number)

    def vouched(self, signer: SigningKey, given: Collection[bytes]) -> bool:
        """Say whether a key was given, or follows from such a one, or such a one from it that was not compromised."""
        return any(it == signer or self._linked(it, signer) for it in self.keys if it.public in given)

    def _linked(self, one: SigningKey, other: SigningKey) -> bool:
        first, *after = self._way(one, other)
        numbers = range(first.number + 1, first.number + 1 + abs(one.number - other.number))
        return (
            [it.number for it in after] == list(numbers)
            and all(it.vouched for it in after)
            and not self.compromised(one)
        )

    def _way(self, one: SigningKey, other: SigningKey) -> list[SigningKey]:
        first, last = sorted((one.number, other.number))
        return [it for it in self.keys if first <= it.number <= last]


def read(notes: Sequence[str], region: str, report: Report) -> Keys:
    """Read the key notes, by number."""
    keys: list[SigningKey] = []
    for number, text in enumerate(notes, 1):
        with report.noting():
            keys.append(_read(text, number, region, keys))
            _follows(keys)
    for before, after in pairwise(keys):
        if after.made < before.made:
            report.faults.append(KeyNoteMalformed(number=after.number, why="it is older than the one before it"))
    return Keys(region, tuple(keys))


def _read(text: str, number: int, region: str, before: Sequence[SigningKey]) -> SigningKey:
    name = f"luotsi/{region}/keys"
    try:
        found = Note.read(text)
        lines = found.text[:-1].split("\n")
        if len(lines) != _LINES or lines[0] != name or note.number(lines[1]) != number:
            raise NoteMalformed(f"it is not note {number} of {name}, of five lines")
        public, made = note.public_key(lines[2]), strict.moment(lines[3])
        became, previous = _before(lines[4])
        if (became == FIRST) != (number == 1):
            raise NoteMalformed("only the first key is the first")
        if any(it.public == public for it in before):
            raise NoteMalformed("its key was that of an earlier note")
    except (NoteMalformed, strict.Malformed) as malformed:
        raise KeyNoteMalformed(number=number, why=str(malformed)) from None
    if not Key(name, public).signed(found):
        raise KeyNoteForged(number=number)
    vouched = became == FOLLOWS and any(
        (it.number, it.public) == (number - 1, previous) and Key(name, it.public).signed(found) for it in before
    )  # fmt: skip
    return SigningKey(number, public, made, became, previous, vouched)


def _follows(keys: Sequence[SigningKey]) -> None:
    """See that the last of the keys names the one before it, and is vouched for if it follows. Raises a `Broken`."""
    it, *before = reversed(keys)
    if before and it.previous != before[0].public:
        raise KeyChainBroken(number=it.number, why="it names another key as the one before it")
    if it.became == FOLLOWS and not it.vouched:
        raise KeyChainBroken(number=it.number, why="that one has not signed it")


def _before(line: str) -> tuple[str, bytes | None]:
    """Read what became of the key before, and which that was. Raises `NoteMalformed` and `strict.Malformed`."""
    if line == FIRST:
        return FIRST, None
    became, _, key = line.partition(" ")
    return strict.either(FOLLOWS, COMPROMISED)(became), note.public_key(key)
