"""What a bundle tells whom of each entry of a case: the stored event or that it is withheld; and what of its words.

It tells what `/history` tells: where that shows nothing of an event, its document, which would, stays out.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from api.rows import Kept
from domain.corrections import hidden
from domain.decider import CLIENT_SIDE, SEALED, Actor, Recorded
from domain.remembered import KeptBack
from domain.withholding import DisclosureForbidden, reason_kept_from

WordsStand = Literal["none", "opened", "sealed", "withheld", "destroyed"]
"""How the words of an entry are in a bundle; `sealed` are there, and not opened in this one."""

Ground = KeptBack | Literal["another_person"]
"""Why an event is not in a bundle: it is withheld from whoever reads, or said to be another person's."""


@dataclass(frozen=True)
class Opening:
    """What one reader is told of a case. `wanted` are the entries to open, None for all that they may read.

    `spoken` are the entries that had words and `there` those that still have them; `anothers` are said to be another
    person's, of which the client and who acts for them are told nothing; `reasons` hold why something is withheld.
    """

    kept: Kept
    spoken: Collection[int]
    there: Collection[int]
    anothers: Collection[int] = ()
    reasons: Collection[int] = ()
    wanted: Collection[int] | None = None

    def withheld(self, version: int) -> Ground | None:
        """Return why an event is not told; None where it is."""
        it = self.kept.entries.get(version)
        if it is not None and not it.words_alone:
            return it.ground
        return "another_person" if version in self.anothers else None

    def words(self, version: int) -> WordsStand:
        """Return how the words of an entry are in the bundle."""
        if self.withheld(version):
            return "withheld"  # which does not tell whether it has any
        if version not in self.spoken:
            return "none"
        if version in self.kept.words or version in self.reasons:
            return "withheld"
        if version not in self.there:
            return "destroyed"
        return "opened" if self.wanted is None or version in self.wanted else "sealed"

    def opened(self) -> list[int]:
        """Return the entries whose words are opened."""
        return [version for version in sorted(self.spoken) if self.words(version) == "opened"]


def opening(
    by: Actor, kept: Kept, history: Sequence[Recorded], there: Collection[int], wanted: Collection[int] | None
) -> Opening:
    """Return what somebody is told of a case, `kept` apart from them, who wants these entries opened.

    What is kept from them may be newer than the history, and `there` is newer still: what was said meanwhile to be
    another person's, or destroyed, is not told.
    """
    return Opening(
        kept,
        spoken=frozenset(it.version for it in history if SEALED in vars(it.event).values()),
        there=there,
        anothers=hidden(history).union(kept.misplaced) if by.role in CLIENT_SIDE else frozenset(),
        reasons=frozenset(
            it.version
            for it in history
            if isinstance(it.event, DisclosureForbidden) and reason_kept_from(by, it.context.actor)
        ),
        wanted=wanted,
    )
