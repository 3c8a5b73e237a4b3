"""What a decision may look at beside its own stream, read beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from uuid import UUID

from domain.calendar import Calendar
from domain.client import Client
from domain.decider import Recorded, Value
from domain.policy import Policy
from domain.remembered import Holder


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
    entries: Mapping[int, Recorded] = field(default_factory=dict)
