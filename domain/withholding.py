"""What is not told to somebody: an entry that is withheld, what goes past a worker, what waits for the case's end.

An entry is withheld from the client only for another's sake, for safety or by law, with the reason in words, whoever
decided it and a day to look at it again (Act 621/1999, section 11); from those who act for the client also by the
client's wish. It is always said that something is withheld.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from domain.case import Case, NotResponsible, entry, in_words, works_in
from domain.decider import (
    CLIENT,
    STAFF,
    Actor,
    Command,
    Conflict,
    Context,
    Entry,
    Event,
    Forbidden,
    Recorded,
    Role,
    Unacceptable,
    Words,
    not_before,
)
from domain.remembered import Withheld
from domain.voice import StatementRecorded, same_person

Withholding = Literal["client_wish", "third_party", "safety", "law"]
"""On which ground somebody withholds an entry."""


class DisclosureForbidden(Event[Case]):
    """An entry is not to be disclosed to the client, or to a representative, who goes by a random id.

    With `words_alone` its words are withheld and what happened is not: who owns and answers for the case, and how it
    ends, is the client's to know. `also` are entries that would tell of it too. It takes the place of the one with the
    version `instead_of`.
    """

    topic = "disclosure-forbidden"

    entry: Entry
    from_whom: str
    ground: Withholding = "client_wish"
    reason: Words = ""
    review_by: datetime | None = None
    words_alone: bool = False
    instead_of: Entry | None = None
    also: tuple[Entry, ...] = ()

    def evolve(self, state: Case, ctx: Context) -> Case:
        withheld = Withheld(
            ctx.version, self.entry, self.from_whom, self.ground, ctx.actor, ctx.occurred, review_by=self.review_by,
            words_alone=self.words_alone, also=self.also,
        )  # fmt: skip
        before = state if self.instead_of is None else state.told_at_last(self.instead_of)
        return before.but(withheld=before.withheld.with_(ctx.version, withheld))


class ForbidDisclosure(Command[Case]):
    """Say that an entry is not to be disclosed to somebody: to "client", or to a representative by their id.

    The client says so, as their wish, or staff of the unit that answers for the case. From the client it is withheld
    on another ground than that, with a `reason` in words, which they don't read, and up to a day to look at it again;
    sent anew with another day, it is withheld until then. What is withheld from the client, their representatives and
    the ombudsman don't read either.
    """

    roles = STAFF | {Role.CLIENT}

    entry: Entry
    from_whom: UUID | Literal["client"]
    ground: Withholding = "client_wish"
    reason: Words = ""
    review_by: datetime | None = None

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        withheld = entry(ctx, self.entry)
        only_who_may_withhold(state, ctx)
        if self.from_whom == ctx.known.client_id:
            raise ClientUnnamed
        if ctx.actor.role == Role.CLIENT and (self.from_whom == CLIENT or self.ground != "client_wish"):
            raise NotYoursToWithhold
        if self.review_by is not None:
            to_come(self.review_by, ctx)
        if self.from_whom == CLIENT:
            if _clients_own(withheld):
                raise ClientsOwnEntry(entry=self.entry)
            if self.ground == "client_wish" or self.review_by is None:
                raise WithheldWithoutGround(ground=self.ground, review_by=self.review_by)
            in_words(reason=self.reason)
        words_alone = withheld.event.lasting and withheld.event.topic not in _EMERGENCIES
        anew = DisclosureForbidden(
            self.entry, str(self.from_whom), self.ground, self.reason, self.review_by, words_alone
        )
        known = next((it for it in in_force(state) if _like(it, anew, ctx)), None)
        if known is None:
            yield anew
        elif known.review_by != self.review_by:
            yield anew.but(
                instead_of=Entry(known.version), words_alone=known.words_alone, also=tuple(map(Entry, known.also))
            )


def _clients_own(it: Recorded) -> bool:
    """Say whether an entry is what the client entered, said or decided, whoever wrote it down."""
    spoken = isinstance(it.event, StatementRecorded) and it.event.speaker == "client"
    return spoken or it.context.actor.role == Role.CLIENT or it.context.on_behalf_of == CLIENT


def _like(known: Withheld, anew: DisclosureForbidden, ctx: Context) -> bool:
    """Say whether the same is withheld already, by the same side: staff put nothing in the place of a client's wish."""
    same_side = (known.by.role == Role.CLIENT) == (ctx.actor.role == Role.CLIENT)
    return same_side and (known.entry, known.from_whom, known.ground) == (anew.entry, anew.from_whom, anew.ground)


class DisclosureAllowed(Event[Case]):
    """What the entry with the version `forbidden` withheld is told from now on."""

    topic = "disclosure-allowed"

    forbidden: Entry

    def evolve(self, state: Case, ctx: Context) -> Case:
        return state.told_at_last(self.forbidden)


class AllowDisclosure(Command[Case]):
    """Let an entry be told to whom it was withheld from: `forbidden` is the version with which it was withheld.

    Staff of the unit that answers for the case say so of what staff withheld, and the client of what is their wish.
    """

    roles = STAFF | {Role.CLIENT}

    forbidden: Entry

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        only_who_may_withhold(state, ctx)
        known = state.withheld.get(self.forbidden)
        if known is None or known.over or known.version == known.entry:
            raise NotWithheld(forbidden=self.forbidden)
        not_before(ctx, known.since)
        by_client = ctx.actor.role == Role.CLIENT
        if known.ground != "client_wish" if by_client else known.by.role == Role.CLIENT:
            raise WithheldByAnother(forbidden=self.forbidden)
        yield DisclosureAllowed(self.forbidden)


def from_client(about: Entry, also: tuple[Entry, ...], reason: Words, review_by: datetime) -> DisclosureForbidden:
    """Return that an entry is withheld from the client for safety, until another look is taken at it."""
    return DisclosureForbidden(about, CLIENT, "safety", reason, review_by, also=also)


def only_who_may_withhold(case: Case, ctx: Context) -> None:
    """Refuse staff of any other unit than the one that answers for the case."""
    if ctx.actor.role in STAFF and not (case.responsible and works_in(ctx.actor, case.responsible)):
        raise NotResponsible(responsible=case.responsible)


def to_come(review_by: datetime, ctx: Context) -> None:
    """Refuse a review that is not to come, or too far off."""
    most = ctx.occurred + timedelta(days=ctx.known.policy.withheld_days)
    if not ctx.occurred < review_by <= most:
        raise ReviewOutOfReach(review_by=review_by, most=most)


def in_force(case: Case) -> Iterator[Withheld]:
    """Yield what is withheld now, from whomever."""
    yield from (it for it in case.withheld.values if not it.over)


def kept_from(actor: Actor, case: Case) -> dict[int, Withheld]:
    """Return what is withheld from somebody now, by the entries, whatever moment they ask about.

    `actor` is as they were admitted to the case.
    """
    kept = [it for it in in_force(case) if _concerns(it, actor, case)]
    return {version: it for it in kept for version in (it.entry, *it.also)}


def reasons_kept_from(actor: Actor, case: Case) -> frozenset[int]:
    """Return the entries that withhold something and whose reason somebody doesn't read, also once that is over."""
    given = (it for it in case.withheld.values if it.version != it.entry)
    return frozenset(it.version for it in given if reason_kept_from(actor, it.by))


def reason_kept_from(actor: Actor, by: Actor) -> bool:
    """Say whether somebody doesn't read the reason for which another withheld an entry: only staff and auditors do."""
    return actor.role in _CLIENTS and actor.role != by.role


def _concerns(it: Withheld, actor: Actor, case: Case) -> bool:
    if actor.role in _CLIENTS:
        return it.organisation is None and it.from_whom in {CLIENT, actor.id}
    if actor.role not in STAFF or same_person(actor, it.by):
        return False
    if it.ground == "until_closed":
        return bool(case.named.get((actor.organisation or "", actor.id)))
    return it.ground == "past_worker" and (it.organisation, it.from_whom) == (actor.organisation, actor.id)


_EMERGENCIES = frozenset({"emergency-access-granted", "emergency-access-ended"})
"""What lasts though it moves nothing."""

_CLIENTS = frozenset({Role.CLIENT, Role.REPRESENTATIVE, Role.OMBUDSMAN})
"""Who reads as the client, or at the client's side."""


class ClientUnnamed(Unacceptable):
    """A client's own id never stands in the log. Send "client" in its place."""

    rule = 22


class NotYoursToWithhold(Forbidden):
    """You keep your matters from those who act for you, as you wish. Anything else is withheld by staff: ask them."""

    rule = 22


class ClientsOwnEntry(Conflict):
    """That is what the client said or decided, so it can't be kept from them. Name another entry."""

    rule = 22


class WithheldWithoutGround(Unacceptable):
    """Nothing is withheld from the client by their wish, or for good. Send another ground, and when to look again."""

    rule = 22


class ReviewOutOfReach(Unacceptable):
    """Another look is taken at what is withheld, and soon enough. Send a time to come, up to the one that is named."""

    rule = 22


class NotWithheld(Conflict):
    """Nothing is withheld by that entry any more, or never was. Read what is withheld, and name what stands there."""

    rule = 22


class WithheldByAnother(Forbidden):
    """What the client withholds only they let be told, and what staff do on another ground, staff. Ask them to."""

    rule = 22
