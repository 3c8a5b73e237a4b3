"""All words of a case are destroyed; its skeleton and its proofs stay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from domain.case import Case
from domain.decider import Command, Conflict, Context, Event, Role

Basis = Literal["retention_ended", "wrong_person", "court_order"]
"""Why: its time of keeping has passed, the whole case is another person's, or a court ordered it."""


class PersonalDataErased(Event[Case]):
    """The key of all the case's words was destroyed, and the words with it."""

    topic = "personal-data-erased"
    lasting = True
    erases = True

    basis: Basis

    def evolve(self, state: Case, ctx: Context) -> Case:
        return state.but(erased=True)


class ErasePersonalData(Command[Case]):
    """Destroy all words of a closed case, for good: what happened, when and by whom stays, and so do the proofs."""

    roles = frozenset({Role.ADMINISTRATOR})

    basis: Basis

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        if state.status != "closed":
            raise ErasedOnceClosed(status=state.status)
        yield PersonalDataErased(self.basis)


class ErasedOnceClosed(Conflict):
    """The words of a case that goes on are needed. Close the case first."""
