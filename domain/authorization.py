"""Who may see and do what: one decision, from who acts, what they are to the case, and why.

What somebody is to a case (`Relation`) comes of the case itself: of who answers for it, whom it is offered to, who
serves the client, who sits in the team, who had it before, what the client consented to. `MAY` is the table of what
each may do; a case that somebody may not see is not there for them (Act 703/2023; General Data Protection Regulation,
article 32).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from operator import is_
from uuid import UUID

from domain.case import Case
from domain.client import Client
from domain.decider import CLIENT_SIDE, STAFF, Action, Actor, Forbidden, Role, StreamAbsent, Value
from domain.remembered import Holder


class Relation(StrEnum):
    """What somebody is to a case.

    holds: works in the organisation that answers for it or, of a closed one, did last. manages: is a manager there of
    the very unit. drives: works in the organisation of the owner whom the client chose. offered: it is offered or
    transferred to their organisation. serves: their organisation provides a service in it; in_team: is a member of its
    team; both only as far as the client consents, or the law lets them know. held_before: their organisation had it;
    held_then: at the time at which what they write down late happened.
    offered_before: it was offered to their organisation, and nothing came of that. in_emergency: took access to it.
    client: is the client. represents: acts for the client now. advises: the ombudsman to whom the client let their data
    go. granted: an auditor who was let see it. keeps: the directory's keeper. none: nothing of these.
    """

    HOLDS = "holds"
    MANAGES = "manages"
    DRIVES = "drives"
    OFFERED = "offered"
    SERVES = "serves"
    IN_TEAM = "in_team"
    HELD_BEFORE = "held_before"
    HELD_THEN = "held_then"
    OFFERED_BEFORE = "offered_before"
    IN_EMERGENCY = "in_emergency"
    CLIENT = "client"
    REPRESENTS = "represents"
    ADVISES = "advises"
    GRANTED = "granted"
    KEEPS = "keeps"
    NONE = "none"


class Purpose(StrEnum):
    """Why somebody reads a case. It stands in the log of its readers, which the client may ask for.

    own: the client, or who acts for them, in their own matter. work: the work in the case. offer: considering whether
    to take it on. supervision: a manager's, of the unit's work. emergency: somebody's life or health is in danger.
    advice: the ombudsman's, at the client's side. audit: what an auditor was let see. slip: to be told who answers, by
    the code of a slip. upkeep: the directory's keeper, for a case to be erased. system: another system of the house.
    """

    OWN = "own"
    WORK = "work"
    OFFER = "offer"
    SUPERVISION = "supervision"
    EMERGENCY = "emergency"
    ADVICE = "advice"
    AUDIT = "audit"
    SLIP = "slip"
    UPKEEP = "upkeep"
    SYSTEM = "system"


class Grant(Value):
    """What an auditor was let see, and for what `purpose`, in the grantor's words.

    The `cases` that are named, and every case that was open at some time from `since` up to `until`; of both None, only
    those named. `diary` is the number under which the audit stands in the grantor's diary.
    """

    purpose: str
    cases: frozenset[UUID] = frozenset()
    since: datetime | None = None
    until: datetime | None = None
    diary: str | None = None

    @property
    def has_period(self) -> bool:
        """Whether it covers the cases of a time, beside those that are named."""
        return self.since is not None or self.until is not None

    def covers(self, case: UUID, state: Case) -> bool:
        """Say whether a case is among those granted."""
        if case in self.cases:
            return True
        if state.began is None or not self.has_period:
            return False
        before_the_end = self.until is None or state.began < self.until
        return before_the_end and (self.since is None or state.closed_at is None or self.since <= state.closed_at)


_IN_IT = frozenset({Relation.HOLDS, Relation.MANAGES, Relation.DRIVES, Relation.SERVES, Relation.IN_TEAM})
_OWN = {Role.CLIENT: frozenset({Relation.CLIENT}), Role.REPRESENTATIVE: frozenset({Relation.REPRESENTS})}
_ANSWERING = frozenset({Relation.HOLDS, Relation.MANAGES, Relation.DRIVES})
_OPENING = _IN_IT | {Relation.OFFERED, Relation.IN_EMERGENCY}


def _staff(*relations: Relation, of: Iterable[Relation] = ()) -> dict[Role, frozenset[Relation]]:
    return dict.fromkeys(sorted(STAFF), frozenset({*relations, *of}))


MAY: Mapping[Action, Mapping[Role, frozenset[Relation]]] = {
    Action.READ: {
        **_staff(Relation.OFFERED, Relation.HELD_BEFORE, Relation.IN_EMERGENCY, of=_IN_IT), **_OWN,
        Role.AUDITOR: frozenset({Relation.GRANTED}), Role.OMBUDSMAN: frozenset({Relation.ADVISES}),
    },
    Action.WORK: {**_staff(Relation.HELD_THEN, of=_IN_IT), **_OWN},
    Action.ANSWER: _staff(
        Relation.HOLDS, Relation.MANAGES, Relation.HELD_THEN, Relation.OFFERED, Relation.OFFERED_BEFORE
    ),
    Action.CORRECT: {**_staff(Relation.HELD_BEFORE, of=_IN_IT), **_OWN},
    Action.ASK: _staff(of=Relation),
    Action.ENTER: _staff(of=Relation),
    Action.ERASE: {Role.ADMINISTRATOR: frozenset({Relation.KEEPS})},
}  # fmt: skip
"""What each may do: by action and role, those of whose relations to the case one is needed."""

PURPOSES: Mapping[Relation, frozenset[Purpose]] = {
    Relation.HOLDS: frozenset({Purpose.WORK}),
    Relation.MANAGES: frozenset({Purpose.WORK, Purpose.SUPERVISION}),
    Relation.DRIVES: frozenset({Purpose.WORK}),
    Relation.SERVES: frozenset({Purpose.WORK}),
    Relation.IN_TEAM: frozenset({Purpose.WORK}),
    Relation.OFFERED: frozenset({Purpose.OFFER}),
    Relation.IN_EMERGENCY: frozenset({Purpose.EMERGENCY}),
    Relation.HELD_BEFORE: frozenset({Purpose.WORK}),
    Relation.CLIENT: frozenset({Purpose.OWN}),
    Relation.REPRESENTS: frozenset({Purpose.OWN}),
    Relation.ADVISES: frozenset({Purpose.ADVICE}),
    Relation.GRANTED: frozenset({Purpose.AUDIT}),
    Relation.KEEPS: frozenset({Purpose.UPKEEP}),
}
"""For what somebody may read a case, by what they are to it; the first relation that they have gives the usual one."""


class Share(Value):
    """That an organisation has a part in a case: all of its staff or, of `worker`, that one alone.

    It ends by itself `until`; of what is recorded after the version `upto` it tells nothing. None is no limit. `since`
    and `left` are when an organisation had the case that has it no longer, the last time.
    """

    relation: Relation
    organisation: str
    worker: str | None = None
    until: datetime | None = None
    upto: int | None = None
    since: datetime | None = None
    left: datetime | None = None

    def belongs_to(self, actor: Actor, at: datetime) -> bool:
        """Say whether this person has this part at that moment."""
        theirs = self.organisation == actor.organisation and self.worker in {None, actor.id}
        return theirs and (self.until is None or at < self.until)


MATTERS = (
    "responsible", "status", "owned_by", "chosen", "pending", "transfer", "unanswered", "services", "lines", "consents",
    "stays", "emergencies", "closed_at",
)  # fmt: skip
"""What a part in a case comes of: while none of these changes, nobody's does."""


def shares(case: Case) -> tuple[Share, ...]:
    """Return who has a part in a case: the organisations, by what they are to it.

    It is asked again and again, and seldom changes: the case keeps it, with what it came of.
    """
    matters = [getattr(case, name) for name in MATTERS]
    before, found = vars(case).get("_shares", ((), ()))
    if len(before) == len(matters) and all(map(is_, before, matters)):
        return found  # type: ignore[no-any-return]  # what was found for these very parts
    found = tuple(dict.fromkeys(_shares(case))) if case.responsible is not None else ()
    vars(case)["_shares"] = (matters, found)
    return found


def _shares(case: Case) -> Iterator[Share]:
    assert case.responsible is not None  # noqa: S101 - for the type: the caller has looked
    yield Share(Relation.HOLDS, case.responsible.organisation)
    if case.status == "open":
        if case.owned_by == "chosen" and case.chosen:
            yield Share(Relation.DRIVES, case.chosen.organisation)
        yield from _offered(case)
        yield from _beside(case)
    yield from _before(case)
    yield from _for_a_time(case)


def _offered(case: Case) -> Iterator[Share]:
    if case.pending:
        yield Share(Relation.OFFERED, case.pending.to.organisation)
    if case.transfer:
        yield Share(Relation.OFFERED, case.transfer.to_organisation)
    for over in case.unanswered.values:
        if over is not None:
            yield Share(Relation.OFFERED_BEFORE, over.offer.to.organisation)


def _for_a_time(case: Case) -> Iterator[Share]:
    for emergency in case.emergencies.values:
        if emergency is not None and emergency.by.organisation:
            yield Share(Relation.IN_EMERGENCY, emergency.by.organisation, emergency.by.id, emergency.until)
    for consent in case.consents.values:
        if not consent.withdrawn:
            yield from (Share(Relation.ADVISES, it, until=consent.until) for it in consent.recipients)


def _beside(case: Case) -> Iterator[Share]:
    """Yield who works in an open case beside its holder, as far as the client or the law lets them know (rule 7)."""
    for service in case.services.values:
        if service is not None and service.provider is not None:
            yield from _allowed(case, Share(Relation.SERVES, service.provider.organisation), service.statutory)
    for line in case.lines.values:
        for member in line.members:
            yield from _allowed(case, Share(Relation.IN_TEAM, member.organisation, member.worker), line.statutory)


def _allowed(case: Case, share: Share, statutory: bool) -> Iterator[Share]:
    if statutory or (case.responsible and case.responsible.organisation == share.organisation):
        yield share
        return
    given = [it for it in case.consents.values if not it.withdrawn and share.organisation in it.recipients]
    yield from (share.but(until=it.until) for it in given)


def _before(case: Case) -> Iterator[Share]:
    """Yield the organisations that had the case before, each up to the entry by which it last went on from them."""
    stays = list(case.stays.now().items())
    over: dict[str, Share] = {}
    since: dict[str, datetime] = {}
    for (_, stay), (version, following) in pairwise(stays):
        since.setdefault(stay.organisation, stay.since)
        if following.organisation != stay.organisation:
            over[stay.organisation] = Share(
                Relation.HELD_BEFORE, stay.organisation, upto=version, since=since.pop(stay.organisation),
                left=following.since,
            )  # fmt: skip
    now = case.responsible.organisation if case.responsible else None
    yield from (it for organisation, it in over.items() if organisation != now)


class Standing(Value):
    """What somebody is to a case: their relations, and up to which version they are told of it, None for all."""

    relations: frozenset[Relation]
    upto: int | None = None


def standing(actor: Actor, case: Case, at: datetime, client: Client | None, grant: bool = False) -> Standing:
    """Return what somebody is to a case at that moment.

    `actor` is as they were admitted: a client is the case's own. `client` is the case's client, as far as that is
    known, and `grant` says whether an auditor's grant covers the case.
    """
    if actor.role not in STAFF:
        found = next(_of_one(actor, case, at, client, grant), Relation.NONE)
        return Standing(frozenset({found}))
    own = [it for it in shares(case) if it.relation != Relation.ADVISES and it.belongs_to(actor, at)]
    relations = {it.relation for it in own}
    if Relation.HOLDS in relations and actor.role == Role.MANAGER and _of_unit(actor, case.responsible):
        relations.add(Relation.MANAGES)
    telling = [it for it in own if it.relation in MAY[Action.READ][actor.role]]
    upto = None if any(it.upto is None for it in telling) else max((it.upto or 0 for it in telling), default=0)
    return Standing(frozenset(relations or {Relation.NONE}), upto)


def _of_one(actor: Actor, case: Case, at: datetime, client: Client | None, grant: bool) -> Iterator[Relation]:
    """Yield what somebody who is not of the staff is to a case."""
    if actor.role == Role.CLIENT:
        yield Relation.CLIENT
    elif actor.role == Role.REPRESENTATIVE and client is not None and client.represented(actor.id, at):
        yield Relation.REPRESENTS
    elif actor.role == Role.AUDITOR and grant:
        yield Relation.GRANTED
    elif actor.role == Role.ADMINISTRATOR and _keeps(actor, case.responsible):
        yield Relation.KEEPS
    elif actor.role == Role.OMBUDSMAN:
        advised = (it for it in shares(case) if it.relation == Relation.ADVISES and it.belongs_to(actor, at))
        yield from (Relation.ADVISES for _ in advised)


def _had(actor: Actor, case: Case, occurred: datetime) -> bool:
    """Say whether somebody's organisation had the case at that moment, the last time that it did."""
    own = (it for it in _before(case) if it.organisation == actor.organisation)
    return any(it.since and it.left and it.since <= occurred < it.left for it in own)


def _keeps(actor: Actor, holder: Holder | None) -> bool:
    """Say whether an administrator keeps the directory of this holder's organisation, or that of the region."""
    return actor.organisation is None or (holder is not None and holder.organisation == actor.organisation)


def _of_unit(actor: Actor, holder: Holder | None) -> bool:
    return holder is not None and (actor.organisation, actor.unit) == (holder.organisation, holder.unit)


def may(action: Action, role: Role, relations: Collection[Relation]) -> bool:
    """Say whether somebody may do this in this role, being this to the case."""
    return not MAY[action].get(role, frozenset()).isdisjoint(relations)


def permit(
    action: Action, actor: Actor, case: Case, client: Client | None, *, at: datetime, occurred: datetime
) -> None:
    """Let somebody act in a case, or refuse them: whoever may not even see it learns nothing of it (rule 7).

    What had `occurred` while their organisation had the case, they may still write down `at` this moment. The system
    acts by itself, wherever its commands let it. Raises `StreamAbsent` and `NotInTheCase`.
    """
    if actor.role == Role.SYSTEM:
        return
    relations = standing(actor, case, at, client).relations
    if Relation.HELD_BEFORE in relations and _had(actor, case, occurred):
        relations |= {Relation.HELD_THEN}
    if may(action, actor.role, relations):
        return
    if not may(Action.READ, actor.role, relations):
        raise StreamAbsent
    raise NotInTheCase(relations=sorted(relations), needed=sorted(MAY[action].get(actor.role, ())))


def let_nobody_in(actor: Actor, before: Case, after: Case, at: datetime) -> None:
    """Refuse what staff wrote down where it lets somebody into the case and that is not for them to do.

    Whoever had the case lets nobody in by what they write down late, and so doesn't come back themselves; those who
    work in it beside its holder don't say that the law lets an organisation know. Raises `NotYoursToLetIn`.
    """
    if actor.role not in STAFF or before.responsible is None:
        return
    relations = standing(actor, before, at, None).relations
    if relations.isdisjoint(_ANSWERING):
        let_in = _by_law if not relations.isdisjoint(_IN_IT) else _let_in
        if not let_in(after) <= let_in(before):
            raise NotYoursToLetIn(relations=sorted(relations), needed=sorted(_ANSWERING))


def _let_in(case: Case) -> frozenset[Share]:
    """Return the shares that open the whole of a case to staff."""
    return frozenset(it for it in shares(case) if it.relation in _OPENING)


def _by_law(case: Case) -> frozenset[str]:
    """Return the organisations that work in a case because the law lets them know of it."""
    served = (it.provider.organisation for it in case.services.values if it and it.statutory and it.provider)
    return frozenset({*served, *(who.organisation for it in case.lines.values if it.statutory for who in it.members)})


def seen_upto(actor: Actor, case: Case, at: datetime) -> int | None:
    """Return up to which version staff are told of a case; None for all of it, and for others, of a new case too."""
    if actor.role not in STAFF or case.responsible is None:
        return None
    return standing(actor, case, at, None).upto


def knows_of(actor: Actor, case: Case) -> bool:
    """Say whether somebody may know that a case is there: staff, if their organisation reads it or did."""
    return actor.role not in STAFF or any(
        it.organisation == actor.organisation and it.relation in MAY[Action.READ][actor.role] for it in shares(case)
    )


def permit_client(action: Action, actor: Actor, client: Client, cases: Iterable[Case], at: datetime) -> None:
    """Let staff act for a client in whose cases they may, or whom their organisation registered. Others find nobody.

    The client and who represents them were admitted as such before. Raises `StreamAbsent`.
    """
    if actor.role not in STAFF or registered(actor, client):
        return
    if not any(may(action, actor.role, standing(actor, it, at, client).relations) for it in cases):
        raise StreamAbsent


def registered(actor: Actor, client: Client) -> bool:
    """Say whether somebody's organisation registered the client: nobody's did, of one whom the region's keeper did."""
    return actor.organisation is not None and client.registered_by == actor.organisation


def purpose_of(role: Role, relations: Collection[Relation], said: Purpose | None) -> Purpose:
    """Return for what somebody reads: as they say, if they may, or what is usual. Raises `PurposeNotYours`."""
    reading = [it for it in PURPOSES if it in relations and it in MAY[Action.READ].get(role, ())]
    allowed = [purpose for it in reading for purpose in sorted(PURPOSES[it], reverse=True)]
    if said is not None and said not in allowed:
        raise PurposeNotYours(allowed=sorted(set(allowed)))
    return said or allowed[0]


def relation_for(relations: Collection[Relation], purpose: Purpose) -> Relation:
    """Return as what somebody reads who reads for this purpose."""
    return next(it for it, purposes in PURPOSES.items() if it in relations and purpose in purposes)


def usual(role: Role) -> Purpose:
    """Return for what somebody in this role reads about cases in general."""
    if role in CLIENT_SIDE:
        return Purpose.OWN
    return _USUAL.get(role, Purpose.WORK)


_USUAL = {
    Role.AUDITOR: Purpose.AUDIT, Role.OMBUDSMAN: Purpose.ADVICE, Role.ADMINISTRATOR: Purpose.UPKEEP,
    Role.SYSTEM: Purpose.SYSTEM,
}  # fmt: skip


class NotInTheCase(Forbidden):
    """You may read this case and not act in it. Ask the unit that answers for it, or ask for the case."""

    rule = 7


class NotYoursToLetIn(Forbidden):
    """That would let somebody into the case, and it is for those who answer for the case to say so. Ask them to."""

    rule = 7


class PurposeNotYours(Forbidden):
    """You are not in this case for that. Name one of the purposes that are listed, or leave the header out."""

    rule = 23
