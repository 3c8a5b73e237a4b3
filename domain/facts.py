"""What a decision may look at beside its own stream, read beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import date, datetime
from uuid import UUID

from domain.calendar import Calendar
from domain.case import Case
from domain.client import Client
from domain.decider import Recorded, Value
from domain.policy import Policy
from domain.remembered import Basis, Holder


class Registered(Value):
    """What the register of erasures says of a stream: by which command its words were destroyed, and why."""

    command: UUID
    basis: Basis


class Keeping(Value):
    """What bears on how long words are kept, read beforehand where they may go.

    `born` is the client's birth date, None where it is not known; `others` are the client's other cases of which the
    words are there. `stated` is when the last of what the term rests on was written down. `bereft` says that the words
    of one of the client's cases were destroyed. `forgets_on` is when the last backup forgets what is destroyed now,
    None where nobody knows, and `registered` what the register says of the stream.
    """

    born: date | None = None
    others: tuple[Case, ...] = ()
    stated: datetime | None = None
    bereft: bool = False
    forgets_on: datetime | None = None
    registered: Registered | None = None


class Facts(Value):
    """The client, the directory, the policy and the calendar, as they stand when the decision is made.

    `client_id` and `client` are those of the case (or of the one to be opened); `holders` are those of the command
    that the directory knows, and `leaving` those of them who take on nothing more; `existing` are the streams that it
    relies on and that exist; `entries` are the events of this stream that it names. `policy` is that of the unit of
    whoever acts, else of the one that answers for the case. `caseloads` are how many open cases the workers answer for
    whom the command mentions, where it asks for that; `ceilings` how many they should at most.
    """

    policy: Policy = Policy()
    calendar: Calendar = Calendar()
    client_id: UUID | None = None
    client: Client | None = None
    holders: frozenset[Holder] = frozenset()
    leaving: frozenset[Holder] = frozenset()
    caseloads: Mapping[Holder, int] = field(default_factory=dict)
    ceilings: Mapping[Holder, int] = field(default_factory=dict)
    existing: frozenset[UUID] = frozenset()
    cases: tuple[Case, ...] = ()
    entries: Mapping[int, Recorded] = field(default_factory=dict)
    keeping: Keeping = Keeping()
