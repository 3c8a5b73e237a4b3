"""What a case remembers of the things in it: just enough to decide on, and never words."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.client import WaitsFor
from domain.decider import (
    Actor,
    Value,
)


class Holder(Value):
    """A worker in a unit of an organisation, or the unit itself while nobody is named.

    Organisations go by their national id, units and workers by the organisation's own.
    """

    organisation: str
    unit: str
    worker: str | None = None

    @property
    def as_unit(self) -> Holder:
        """The unit, with nobody named."""
        return Holder(self.organisation, self.unit)


OwnerKind = Literal["responsible", "client", "chosen"]
"""Who drives the case: whoever answers for it, the client, or somebody whom the client chose."""

Speaker = Literal["client", "representative", "close_person"]
Standing = Literal["unconfirmed", "confirmed", "disputed"]
Ground = Literal[
    "goals_met", "advice_sufficed", "no_need", "client_ended", "no_further_progress", "service_mismatch",
    "no_legal_basis", "moved", "unreachable", "death", "not_stated",
]  # fmt: skip
"""Why a case ends. None says that the client is unsuitable (rule 14); `not_stated` is for imports alone."""
Initiator = Literal["client", "representative", "service", "source"]
"""At whose initiative it ends; `source` is a history that was imported and does not say."""
Attribution = Literal["client", "service", "circumstances", "not_stated"]
"""In whose circumstances the ground lies."""


Task = Literal[
    "adults", "families", "child_protection", "disability", "older_people", "substance_abuse", "family_law",
    "not_stated",
]  # fmt: skip
"""Under which service task (palvelutehtävä) a case is kept: työikäisten palvelut, lapsiperheiden palvelut,
lastensuojelu, vammaispalvelut, iäkkäiden palvelut, päihdehuolto, perheoikeudelliset palvelut; or nobody has said."""
Basis = Literal["retention_ended", "wrong_person", "court_order"]
"""Why words are destroyed: their time of keeping has passed, the whole case is another person's, or a court says so."""

Purpose = Literal["handoff", "cooperation"]
"""What a client's data go to another organisation for: to take the case over, or to work in it beside its holder."""


class Pending(Value):
    """A handoff that waits for an answer. `sender_claims`: its sender says that it was accepted elsewhere.

    `by_consent` says that the client's consent is the basis on which it goes to another organisation.
    """

    handoff: UUID
    to: Holder
    since: datetime
    respond_by: datetime
    claimed_by: Holder | None = None
    claimed_at: datetime | None = None
    sender_claims: bool = False
    version: int = 0
    urgent: bool = False
    warm: bool = False
    by_consent: bool = False


class Unanswered(Value):
    """An offer that was withdrawn or expired: as it was, who answered for the case, and until when it stood."""

    offer: Pending
    sender: Holder | None
    until: datetime


class Transfer(Value):
    """A matter on its way to the competent authority."""

    transfer: UUID
    to_organisation: str
    to_unit: str
    since: datetime


class Statement(Value):
    """What is remembered of a statement: never the words. `in_person`: the client themself entered or confirmed it."""

    speaker: Speaker
    standing: Standing
    written_by: Actor
    at: datetime
    in_person: bool = False
    version: int = 0


class Objection(Value):
    """What is remembered of an objection that waits for an answer: `against` which version, and whose act that was.

    `closed_over_by` is who closed the case while it waited, and `version` the entry that raised it.
    """

    since: datetime
    raised_by: Actor
    against: int = 0
    against_whom: Actor | None = None
    closed_over_by: Actor | None = None
    version: int = 0


class Request(Value):
    """What is remembered of a client's request that waits for an answer, and who answered for the case then."""

    kind: str
    since: datetime
    responsible: Holder | None = None
    version: int = 0


class Awaiting(Value):
    """A decision that waits: a worker's note of one for the client's own word, a custodian's for the other's."""

    kind: Literal["take", "choose", "return", "withdraw", "keep_open"]
    at: datetime
    waits_for: WaitsFor
    holder: Holder | None = None
    objection: UUID | None = None


class Consent(Value):
    """What the client agreed to: their data go to these organisations, for a purpose, until some day.

    `withdrawn` says that it no longer stands, and `in_person` that the client themself gave it, or took it back.
    """

    recipients: tuple[str, ...]
    purpose: Purpose
    since: datetime
    until: datetime | None
    in_person: bool = False
    withdrawn: bool = False

    def holds(self, at: datetime) -> bool:
        """Say whether it is in force at that moment."""
        return not self.withdrawn and self.since <= at and (self.until is None or at < self.until)


class Decision(Value):
    """What is remembered of a decision that stands elsewhere: until when it can be appealed, None where it can't."""

    at: datetime
    appeal_until: datetime | None


class Overridden(Value):
    """A rule that was set aside, by whom: it waits for another person's review."""

    rule: int
    by: Actor
    at: datetime


class Asking(Value):
    """A holder who asks for the case."""

    by: Holder
    since: datetime


class Rebuff(Value):
    """A handoff that was declined, or a return of the case to a unit that had passed it on."""

    at: datetime
    kind: Literal["declined", "returned", "bounced"]


class Stay(Value):
    """A unit that had the case, since when."""

    organisation: str
    unit: str
    since: datetime


class Assessment(Value):
    """An assessment under way: of which kind, since when."""

    kind: str
    since: datetime


class Attempt(Value):
    """An attempt to reach the client."""

    channel: str
    at: datetime


class Service(Value):
    """A service under way, since when and by whom; `statutory`: the law lets its provider know of the case."""

    since: datetime
    provider: Holder | None = None
    statutory: bool = False


class Goal(Value):
    """A goal that is pursued, since when."""

    since: datetime


class Line(Value):
    """A joint line of a team: its members, and whether the team has looked back on its own work.

    `statutory` says that the law lets its members know of the case.
    """

    members: tuple[Holder, ...]
    at: datetime
    reviewed: bool = False
    statutory: bool = False


class ProposedErasure(Value):
    """The destruction of all words of a case, as one person proposed it. It waits for another's word."""

    erasure: UUID
    basis: Basis
    by: Actor
    at: datetime


class Misplaced(Value):
    """An entry that was written into the wrong person's case: hidden, until a second person confirms it."""

    marked_by: Actor
    at: datetime
    replaced_in: UUID | None = None


KeptBack = Literal["client_wish", "third_party", "safety", "law", "past_worker", "until_closed"]
"""Why somebody is not told of an entry.

It is the client's wish, or for another's sake, for safety or by law; or the client's word goes past the worker whom it
is about, or how the service felt waits for the end of the case.
"""


class Withheld(Value):
    """That somebody is not told of an `entry`: why, by whose word, since when, and when that is looked at again.

    `from_whom` is "client", a representative's id, a worker's of the `organisation`, or "responsible": every worker who
    was named to answer for the case. With `words_alone` they are told what happened, and not its words. `also` are
    entries that would tell of it too. `version` is that of the event that withholds it, which is the entry itself where
    that is so by rule.
    """

    version: int
    entry: int
    from_whom: str
    ground: KeptBack
    by: Actor
    since: datetime
    organisation: str | None = None
    review_by: datetime | None = None
    words_alone: bool = False
    also: tuple[int, ...] = ()
    over: bool = False


class Emergency(Value):
    """A worker's emergency access, while it lasts, and the entry with which they took it."""

    by: Actor
    since: datetime
    until: datetime
    version: int = 0


class ProposedClosure(Value):
    """A closure that is open to objection. `in_person`: the client themself proposed it, or answered to it."""

    version: int
    ground: Ground
    initiator: Initiator
    attributed_to: Attribution
    proposed_by: str
    at: datetime
    object_by: datetime | None = None
    confirmed: bool = False
    in_person: bool = False
    urgent: bool = False
