"""What a decision may look at beside its own stream, read beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from uuid import UUID

from domain.calendar import Calendar
from domain.case import Holder
from domain.client import Client
from domain.decider import Recorded, Value
from domain.policy import Policy


class Facts(Value):
    """The client, the directory, the policy and the calendar, as they stand when the decision is made.

    `client_id` and `client` are those of the case (or of the one to be opened); `holders` are those of the command
    that the directory knows, `existing` the streams that it relies on and that exist; `entries` are the events of this
    stream that it names.
    """

    policy: Policy = Policy()
    calendar: Calendar = Calendar()
    client_id: UUID | None = None
    client: Client | None = None
    holders: frozenset[Holder] = frozenset()
    existing: frozenset[UUID] = frozenset()
    entries: Mapping[int, Recorded] = field(default_factory=dict)
