"""How somebody is reached: an organisation by its switchboard, a unit, a worker by the name that clients know them by.

It is the work's own: no private number belongs here, for what is written here stays. What is set takes the place of all
that was set before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from domain.decider import Command, Context, Event, Unacceptable, Value
from domain.directory import ADMINISTRATORS, Organisation, Unit, Worker, named, only_keeper

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

MOST_CHARACTERS = 200
"""How long a name or an address may be."""

_TELEPHONE = re.compile(r"\+?[0-9](?:[ -]?[0-9]){2,19}")
_ELECTRONIC = re.compile(r"[^\s@<>\"]+@[^\s@<>\"]+|https://[^\s<>\"]+")
_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")


class Hours(Value):
    """From the `first` to the `last` of some weekdays, open from `opens` to `closes`, as in 09:00, in Finland."""

    first: Weekday
    last: Weekday
    opens: str
    closes: str


class SwitchboardSet(Event[Organisation]):
    """The organisation's switchboard has this telephone number from now on; None is that it has none."""

    topic = "switchboard-set"

    telephone: str | None

    def evolve(self, state: Organisation, ctx: Context) -> Organisation:
        return state.but(reach=self)


class SetSwitchboard(Command[Organisation]):
    """Set the telephone number of an organisation's switchboard, where whoever calls is put through.

    It is all that is told to anybody of where a client is served whose address is protected.
    """

    roles = ADMINISTRATORS

    telephone: str | None = None

    def decide(self, state: Organisation, ctx: Context) -> Iterator[Event[Organisation]]:
        only_keeper(ctx, state.organisation)
        dialled(self.telephone)
        if state.reach != (now := SwitchboardSet(self.telephone)):
            yield now


class UnitContactSet(Event[Unit]):
    """The unit is reached like this from now on."""

    topic = "unit-contact-set"

    telephone: str | None
    hours: tuple[Hours, ...]
    electronic: str | None
    visiting: str | None

    def evolve(self, state: Unit, ctx: Context) -> Unit:
        return state.but(reach=self)


class SetUnitContact(Command[Unit]):
    """Set how a unit is reached: its telephone, the hours in which that is answered, and its addresses.

    `electronic` is an e-mail address, or one that begins with https://. `visiting` is where one goes: it tells of the
    locality, and so reaches only those who need it under address protection. What is left out the unit does not have.
    """

    roles = ADMINISTRATORS

    telephone: str | None = None
    hours: tuple[Hours, ...] = ()
    electronic: str | None = None
    visiting: str | None = None

    def decide(self, state: Unit, ctx: Context) -> Iterator[Event[Unit]]:
        only_keeper(ctx, state.organisation)
        dialled(self.telephone)
        for it in self.hours:
            open_for_a_while(it)
        if self.electronic is not None and not _ELECTRONIC.fullmatch(self.electronic):
            raise ElectronicMalformed
        if self.visiting is not None:
            named(visiting=self.visiting)
        short(electronic=self.electronic, visiting=self.visiting)
        if state.reach != (now := UnitContactSet(self.telephone, self.hours, self.electronic, self.visiting)):
            yield now


class WorkerContactSet(Event[Worker]):
    """The worker goes by this name, and is reached at this number, from now on."""

    topic = "worker-contact-set"

    name: str
    telephone: str | None

    def evolve(self, state: Worker, ctx: Context) -> Worker:
        return state.but(reach=self)


class SetWorkerContact(Command[Worker]):
    """Set the name by which clients know a worker, and the worker's own telephone number at work.

    The name is the one to show: of a worker who is threatened it may be a first name, or what they are.
    """

    roles = ADMINISTRATORS

    name: str
    telephone: str | None = None

    def decide(self, state: Worker, ctx: Context) -> Iterator[Event[Worker]]:
        only_keeper(ctx, state.organisation)
        named(name=self.name)
        short(name=self.name)
        dialled(self.telephone)
        if state.reach != (now := WorkerContactSet(self.name.strip(), self.telephone)):
            yield now


def dialled(telephone: str | None) -> None:
    """Refuse what nobody can dial."""
    if telephone is not None and not _TELEPHONE.fullmatch(telephone):
        raise TelephoneMalformed


def open_for_a_while(hours: Hours) -> None:
    """Refuse hours that end before they begin, or are no times of a day."""
    in_order = WEEKDAYS.index(hours.first) <= WEEKDAYS.index(hours.last) and hours.opens < hours.closes
    if not (in_order and _CLOCK.fullmatch(hours.opens) and _CLOCK.fullmatch(hours.closes)):
        raise HoursMalformed


def short(**texts: str | None) -> None:
    """Refuse what nobody reads out on the telephone."""
    for field, text in texts.items():
        if text is not None and len(text) > MOST_CHARACTERS:
            raise TooLongToTell(field=field, most=MOST_CHARACTERS)


class TelephoneMalformed(Unacceptable):
    """Nobody can dial that. Send digits, with blanks or hyphens between them and a + before them if you like."""


class ElectronicMalformed(Unacceptable):
    """Nobody can write to that. Send an e-mail address, or one that begins with https://."""


class HoursMalformed(Unacceptable):
    """Those hours end before they begin, or are no hours. Send weekdays in their order, and times such as 09:00."""


class TooLongToTell(Unacceptable):
    """That is too long to be told. Send at most 200 characters."""
