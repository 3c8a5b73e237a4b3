"""All words of a case are destroyed; its skeleton and its proofs stay.

One person proposes it and another confirms it; or its time of keeping has passed, which needs nobody. The client is
told of a proposal while it is still known who they are: afterwards nothing here says whose case it was.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from domain.calendar import civil_day, start_of
from domain.case import Case, in_words
from domain.client import Client
from domain.closure import CaseClosed
from domain.decider import (
    Absent,
    Action,
    Actor,
    Command,
    Conflict,
    Context,
    Entry,
    Event,
    Forbidden,
    Means,
    Role,
    Words,
)
from domain.intake import told
from domain.remembered import Basis, ProposedErasure
from domain.retention import KEEPERS, known_term

_CLOCK = frozenset({Role.SYSTEM})


class ErasureProposed(Event[Case]):
    """Somebody proposed to destroy all words of the case. Nothing happens until another person confirms it."""

    topic = "erasure-proposed"
    lasting = True

    erasure: UUID
    basis: Basis
    reason: Words

    def evolve(self, state: Case, ctx: Context) -> Case:
        return state.but(erasure=ProposedErasure(self.erasure, self.basis, ctx.actor, ctx.occurred))


class ProposeErasure(Command[Case]):
    """Propose to destroy all words of a closed case, for good. Another person confirms it.

    The client is told of it in the same act, by `channel`, unless `withheld_because` says why not, or they have died.
    A proposal ends when it is withdrawn, or when the case is reopened.
    """

    roles = KEEPERS
    action = Action.ERASE
    makes = True
    erases = True

    basis: Basis
    reason: Words
    channel: Means = "letter"
    withheld_because: Words = ""

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        in_words(reason=self.reason)
        may_go(state, self.basis, ctx)
        if stands := proposal(state):
            raise ErasureAlreadyProposed(erasure=stands.erasure, by=stands.by.id, basis=stands.basis)
        yield ErasureProposed(ctx.id(1), self.basis, self.reason)
        if not (ctx.known.client and ctx.known.client.dead):
            yield told(Entry(ctx.version), self.channel, self.withheld_because, ctx)


class ErasureWithdrawn(Event[Case]):
    """The proposal to destroy the words of the case was taken back."""

    topic = "erasure-withdrawn"
    lasting = True

    erasure: UUID

    def evolve(self, state: Case, ctx: Context) -> Case:
        return state.but(erasure=None) if state.erasure and state.erasure.erasure == self.erasure else state


class WithdrawErasure(Command[Case]):
    """Take back the proposal to destroy the words of a case: your own, or another's."""

    roles = KEEPERS
    action = Action.ERASE

    erasure: UUID

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        _proposed(state, self.erasure)
        yield ErasureWithdrawn(self.erasure)


class PersonalDataErased(Event[Case]):
    """The key of all the case's words was destroyed, the words with it, and what tied the case to the client.

    `erasure` is the proposal that was confirmed, None where none was needed; `due` is the day from which on the words
    were kept no longer, None where that was not asked. `forgotten_on` is when the last backup forgets them, and
    `replays` the command that destroyed them before, where a backup had brought them back.
    """

    topic = "personal-data-erased"
    lasting = True
    erases = True

    basis: Basis
    erasure: UUID | None = None
    due: datetime | None = None
    policy: int = 0
    forgotten_on: datetime | None = None
    replays: UUID | None = None

    def evolve(self, state: Case, ctx: Context) -> Case:
        return state.but(erased=True, erasure=None)


class ConfirmErasure(Command[Case]):
    """Confirm, as a second person, that all words of a closed case are destroyed, for good.

    What happened, when and by whom stays, and so do the proofs. Nothing can be added to the case any more.
    """

    roles = KEEPERS
    action = Action.ERASE
    erases = True

    erasure: UUID

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        proposed = _proposed(state, self.erasure)
        may_go(state, proposed.basis, ctx)
        if same_id(ctx.actor, proposed.by):
            raise OwnErasure(by=proposed.by.id)
        yield erased(state, proposed.basis, ctx).but(erasure=self.erasure)


class EndRetention(Command[Case]):
    """Destroy all words of a closed case whose time of keeping has passed. The clock does so by itself.

    Where the client's birth date is not known, or a person has proposed an erasure, it is left to people.
    """

    roles = _CLOCK
    action = Action.ERASE
    erases = True

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        may_go(state, "retention_ended", ctx)
        if ctx.known.keeping.born is None:
            raise BirthUnknown
        if stands := proposal(state):
            raise ErasureAlreadyProposed(erasure=stands.erasure, by=stands.by.id, basis=stands.basis)
        yield erased(state, "retention_ended", ctx)


class ReplayErasure(Command[Case]):
    """Destroy anew the words of a case which the register of erasures says are destroyed: a backup brought them back.

    It asks for nothing else, since all was asked before. A case that was open when the backup was made is closed first:
    how it ended, the backup does not say.
    """

    roles = _CLOCK
    action = Action.ERASE
    erases = True

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        if (was := ctx.known.keeping.registered) is None:
            raise NoErasureOnRecord
        if state.status == "open":
            yield CaseClosed("not_stated", "source", "not_stated")
        yield erased(state, was.basis, ctx).but(replays=was.command)


class ClientDataErased(Event[Client]):
    """The key of the client's own words was destroyed, and the words with it: the client's last case was erased."""

    topic = "client-data-erased"
    lasting = True
    erases = True

    def evolve(self, state: Client, ctx: Context) -> Client:
        return state.but(erased=True)


class EraseClientData(Command[Client]):
    """Destroy the client's own words, after those of their last case. The clock does so by itself."""

    roles = _CLOCK
    action = Action.ERASE
    erases = True

    def decide(self, state: Client, ctx: Context) -> Iterator[Event[Client]]:
        keeping = ctx.known.keeping
        if keeping.others:
            raise CasesRemain(cases=len(keeping.others))
        if not keeping.bereft and keeping.registered is None:
            raise NoErasureOnRecord
        yield ClientDataErased()


def proposal(case: Case) -> ProposedErasure | None:
    """Return the erasure that is proposed, None where there is none: reopening the case ends a proposal."""
    if case.erasure is None or case.closed_at is None or case.erasure.at < case.closed_at:
        return None
    return case.erasure


def same_id(one: Actor, other: Actor) -> bool:
    """Say whether it is one id, however it is written, whatever else their tokens say of them."""
    return _plain(one.id) == _plain(other.id)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().strip()


def erased(case: Case, basis: Basis, ctx: Context) -> PersonalDataErased:
    """Return that the words were destroyed, on this basis, with what was known of their term and of the backups."""
    due = known_term(case, ctx) if basis == "retention_ended" else None
    return PersonalDataErased(
        basis, due=start_of(due) if due else None, policy=ctx.known.policy.version,
        forgotten_on=ctx.known.keeping.forgets_on,
    )  # fmt: skip


def may_go(case: Case, basis: Basis, ctx: Context) -> None:
    """Refuse to destroy what is needed: of an open case, what is held, and what its term still keeps."""
    if case.status != "closed":
        raise ErasedOnceClosed(status=case.status)
    if basis == "court_order":
        return
    if case.held_until is not None and ctx.recorded < case.held_until:
        raise WordsHeld(until=case.held_until)
    due = known_term(case, ctx)
    if basis == "retention_ended" and (due is None or civil_day(ctx.recorded) < due):
        raise KeptStill(until=due)


def _proposed(case: Case, erasure: UUID) -> ProposedErasure:
    found = proposal(case)
    if found is None or found.erasure != erasure:
        raise ErasureNotProposed(erasure=erasure)
    return found


class ErasedOnceClosed(Conflict):
    """The words of a case that goes on are needed. Close the case first."""

    rule = 20


class ErasureAlreadyProposed(Conflict):
    """Somebody has proposed already to destroy those words. Confirm that as a second person, or withdraw it."""

    rule = 20


class ErasureNotProposed(Absent):
    """No such erasure is proposed: it was withdrawn, or the case was reopened since. Propose it anew."""

    rule = 20


class OwnErasure(Forbidden):
    """You proposed it yourself, so a second person confirms it. Ask another administrator to."""

    rule = 20


class WordsHeld(Conflict):
    """Those words are held until that time, whatever their term. Release them first: only a court's order needs not."""

    rule = 20


class KeptStill(Conflict):
    """The law still keeps those words: until the day that is named, or for good where none is. Leave them be."""

    rule = 20


class BirthUnknown(Conflict):
    """The birth date is not known, so nobody can tell whether the archive keeps those words. Let two people decide."""

    rule = 20


class NoErasureOnRecord(Conflict):
    """Nothing says that those words are to be destroyed. Have two people erase the case, or wait for its term."""

    rule = 20


class CasesRemain(Conflict):
    """The client has cases whose words are kept, so their own are too. They go with the last case's."""

    rule = 20
