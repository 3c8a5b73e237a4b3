"""The grammar: a command decides events, an event evolves a state, a refusal says no.

Python dispatches on the first argument, so `command.decide(state, ctx)` is the decider's decide and
`event.evolve(state, ctx)` its evolve. Neither reads a clock, makes a random id or asks a database: whatever
comes from outside arrives in the `Context`.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Generic,
    Literal,
    NewType,
    Self,
    TypeVar,
    dataclass_transform,
    get_args,
)
from uuid import UUID, uuid5

if TYPE_CHECKING:
    from domain.facts import Facts

S = TypeVar("S", bound="State")

WORDS = "words"
Words = Annotated[str, WORDS]
"""Free text, or the client's id: stored apart from the event, under the case's own key, and never read by a fold."""

SEALED: Words = "[sealed]"
"""What a `Words` field holds when the event was read without its words."""

YEARS = range(1900, 2200)
"""The years in which anything happens, or is due."""

MOST = 100
"""How many things one list of a command may name."""

ERASED: Words = "[erased]"
"""What a `Words` field reads as once its words have been destroyed."""

Means = Literal["meeting", "telephone", "letter", "electronic"]
"""How somebody is told, asked or reached."""

CLIENT = "client"
"""On whose behalf a command is given that is the client's own."""

Entry = NewType("Entry", int)
"""The version of an event in the stream at hand, named by a later one. First is 1."""


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Value:
    """A frozen dataclass; unknown fields are refused where one is read from outside."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        dataclass(frozen=True)(cls)

    def but(self, **changes: Any) -> Self:
        """Return a copy with some fields changed (five times faster than `dataclasses.replace`)."""
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__, **changes)
        return copy


class Override(Value):
    """A rule that a manager sets aside: why, and by when another person reviews it.

    The client is told of it in the same act, by `channel`, unless `withheld_because` says why not.
    """

    rule: int
    reason: Words
    review_by: datetime
    channel: Means = "letter"
    withheld_because: Words = ""


class State(Value):
    """What a stream's events have come to. `began` is when the first happened, `erased` that the words are gone."""

    began: datetime | None = None
    erased: bool = False


class Role(StrEnum):
    """In which capacity somebody acts."""

    WORKER = "worker"
    MANAGER = "manager"
    CLIENT = "client"
    REPRESENTATIVE = "representative"
    AUDITOR = "auditor"
    OMBUDSMAN = "ombudsman"
    ADMINISTRATOR = "administrator"
    SYSTEM = "system"


class Action(StrEnum):
    """What somebody does with a case, as far as it matters who they are to it (`domain.authorization`).

    read: learn of it. work: act in it. answer: answer an offer or a transfer of it. correct: mend what one wrote, or
    answer for it, also once the case is elsewhere. ask: ask for it. enter: read it in an emergency. erase: destroy its
    words.
    """

    READ = "read"
    WORK = "work"
    ANSWER = "answer"
    CORRECT = "correct"
    ASK = "ask"
    ENTER = "enter"
    ERASE = "erase"


STAFF = frozenset({Role.WORKER, Role.MANAGER})
CLIENT_SIDE = frozenset({Role.CLIENT, Role.REPRESENTATIVE})
ANYONE_IN_THE_CASE = STAFF | CLIENT_SIDE


class Actor(Value):
    """Who acts. A worker's id is the employer's; a client is only ever "client"; anybody else has a random id."""

    id: str
    role: Role
    organisation: str | None = None
    unit: str | None = None


@dataclass(frozen=True)
class Context:
    """The circumstances of an act. All but `version` and `facts` is stored with each event.

    `occurred` is when it happened and `recorded` when the ledger wrote it, both with an offset. `reported` says that
    it took place outside the system, `late` that something already recorded had happened after it; `imported` names
    the import that it came with and `causation` the act that led to it.
    """

    command: UUID
    actor: Actor
    occurred: datetime
    recorded: datetime
    reported: bool = False
    late: bool = False
    on_behalf_of: str | None = None
    causation: UUID | None = None
    imported: UUID | None = None
    version: int = 0
    facts: Facts | None = field(default=None, compare=False, repr=False)

    def id(self, number: int) -> UUID:
        """Return the `number`th id of this command: the same again when the command is decided again."""
        return uuid5(self.command, str(number))

    def at(self, version: int) -> Context:
        """Return the same circumstances for the event with this version, without what was read to decide it."""
        copy = object.__new__(Context)
        copy.__dict__.update(self.__dict__, version=version, facts=None)
        return copy

    @property
    def known(self) -> Facts:
        """What was read beforehand, for `decide` alone."""
        if self.facts is None:
            raise LookupError("facts are there to decide with, not to evolve with")
        return self.facts


class _Named(Value, Generic[S]):
    """Something that belongs to one kind of stream, whose state is `state`."""

    state: ClassVar[type[Any]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for base in getattr(cls, "__orig_bases__", ()):
            if get_args(base) and isinstance(get_args(base)[0], type):
                cls.state = get_args(base)[0]


class Event(_Named[S]):
    """Something that happened. Stored for ever under `topic`: never rename one.

    No abstract base class: those make each `case` of a fold's match several times slower.
    """

    topic: ClassVar[str]
    payload_version: ClassVar[int] = 1
    lasting: ClassVar[bool] = False
    """Whether it is superseded by new events only and can't be marked erroneous: ownership and closure."""
    erases: ClassVar[bool] = False
    """Whether the key of all the stream's words goes with it."""

    @property
    def destroys(self) -> frozenset[int]:
        """The versions of its stream whose words go with it."""
        return frozenset()

    def evolve(self, state: S, ctx: Context) -> S:
        """Return the state after this event, whatever came before: the same where no decision needs to remember it."""
        return state


class Command(_Named[S], ABC):
    """Something asked for. Its docstring is its API documentation."""

    roles: ClassVar[frozenset[Role]] = STAFF
    action: ClassVar[Action] = Action.WORK
    """What it is to the case: who may do that stands in `domain.authorization`."""
    makes: ClassVar[bool] = False
    """Whether it makes something with an id of its own, `ctx.id(1)`: a statement, a handoff and the like."""
    stream: ClassVar[Literal["new", "existing", "any"]] = "existing"
    """Whether it begins a stream, needs one that exists, or takes either."""
    clients_own: ClassVar[bool] = False
    """Whether it is the client's to say or decide, so that staff and representatives do it on the client's behalf."""
    weighs: ClassVar[bool] = False
    """Whether the caseloads of those whom it mentions have to be known."""
    erases: ClassVar[bool] = False
    """Whether all words may go with it, so that what bears on keeping them has to be known (`Facts.keeping`)."""

    @abstractmethod
    def decide(self, state: S, ctx: Context) -> Iterator[Event[S] | Refusal]:
        """Yield what happens, or raise a `Refusal`. Nothing new is nothing yielded.

        A refusal that is yielded stands too, unless the command sets its rule aside (`Refusal.set_aside`).
        """

    def mentions(self, actor: Actor) -> Iterator[Any]:
        """Yield what the facts have to tell of: the values of its fields, and more where the actor comes in."""
        yield from vars(self).values()

    def relies_on(self) -> Iterator[UUID]:
        """Yield the other streams that have to exist; those that do are in the facts."""
        yield from ()

    def when(self, state: S) -> datetime | None:
        """Return when it happened, where the history tells and the caller doesn't."""
        return None

    @classmethod
    def slug(cls) -> str:
        """Return the command's name in a URL: `ProposeHandoff` is "propose-handoff"."""
        return kebab(cls.__name__)


@dataclass(frozen=True)
class Recorded:
    """An event in its place: the stream, its version there, and the circumstances."""

    stream: UUID
    event: Event[Any]
    context: Context

    @property
    def version(self) -> int:
        """The event's version in its stream, from 1."""
        return self.context.version

    @property
    def originator_id(self) -> UUID:
        """The stream, by the name that the `eventsourcing` library gives it."""
        return self.stream

    @property
    def originator_version(self) -> int:
        """The version, by the name that the `eventsourcing` library gives it."""
        return self.context.version


def act(command: Command[S], state: S, ctx: Context) -> list[Event[S]]:
    """Return what the command makes happen, or raise the refusal: what holds for every command, then its own rules."""
    if ctx.actor.role not in command.roles:
        raise RoleNotAllowed(role=ctx.actor.role, allowed=sorted(command.roles))
    command = sound(command)
    if ctx.occurred > ctx.recorded:
        raise HappensInFuture(occurred=ctx.occurred, now=ctx.recorded)
    if command.stream == "new" and state.began is not None:
        raise AlreadyThere
    if command.stream == "existing" and state.began is None:
        raise StreamAbsent
    if state.erased:
        raise WordsErased
    if state.began is not None and ctx.occurred < state.began and not ctx.imported:
        raise BeforeTheBeginning(occurred=ctx.occurred, began=state.began)
    return decided(command, state, ctx)


def decided(command: Command[S], state: S, ctx: Context) -> list[Event[S]]:
    """Return what a command decides, with what takes the place of each rule that it sets aside."""
    events: list[Event[S]] = []
    used: set[int | None] = set()
    for it in command.decide(state, ctx):
        if not isinstance(it, Refusal):
            events.append(it)
        elif it.rule not in used:  # what sets a rule aside does so for the whole command
            events += it.set_aside(command, ctx, ctx.version + len(events))
            used.add(it.rule)
    for override in overrides_of(command):
        if override.rule not in used:
            raise NothingToOverride(rule=override.rule)
        used.remove(override.rule)  # a rule is set aside once, for one reason
    return events


def overrides_of(command: Command[Any]) -> tuple[Override, ...]:
    """Return the rules that a command sets aside: none, for most commands."""
    named = getattr(command, "override", ())
    return named if isinstance(named, tuple) else ()  # a command about an override names one by its id


V = TypeVar("V", bound=Value)


def sound(value: V) -> V:
    """Return the command with its times in UTC; refuse a time that is no moment, and lists without end."""
    changed = {name: _sound(part, name) for name, part in vars(value).items() if isinstance(part, _PARTS)}
    return value.but(**changed) if changed else value


def _sound(part: Any, name: str) -> Any:
    if isinstance(part, datetime):
        return in_utc(part, name)
    if isinstance(part, Value):
        return sound(part)
    if len(part) > MOST:
        raise TooMany(field=name, most=MOST)
    return tuple(_sound(it, name) if isinstance(it, Value) else it for it in part)


_PARTS = (datetime, Value, tuple)


def in_utc(moment: datetime, field: str) -> datetime:
    """Return a moment in UTC, as PostgreSQL and every reader understands it, or refuse one that nobody lives in."""
    if moment.utcoffset() is None:
        raise OffsetMissing(field=field)
    if moment.year not in YEARS:
        raise TimeOffCalendar(field=field)
    return moment.astimezone(UTC)


def not_before(ctx: Context, since: datetime) -> None:
    """Refuse what is said to have happened before the thing that it answers to or ends."""
    if not ctx.imported and ctx.occurred < since:
        raise TooEarly(occurred=ctx.occurred, since=since)


class Refusal(Exception):
    """The rules say no. The docstring is what the caller reads; `details` are the facts."""

    rule: ClassVar[int | None] = None

    def __init__(self, **details: Any) -> None:
        super().__init__(self.says())
        self.details = details

    @classmethod
    def says(cls) -> str:
        """Return what the caller reads: why not, and what to do."""
        return " ".join((cls.__doc__ or "").split())

    @classmethod
    def slug(cls) -> str:
        """Return the refusal's name in a problem's type: `HandoffPending` is "handoff-pending"."""
        return kebab(cls.__name__)

    def set_aside(self, command: Command[Any], ctx: Context, version: int) -> Iterator[Event[Any]]:
        """Yield what stands in its place from this version on, where the command may set its rule aside; or raise it.

        Most refusals can't be set aside; those that can are `domain.overrides.Overridable`.
        """
        raise self


class Forbidden(Refusal):
    """You may not do this."""


class Absent(Refusal):
    """There is no such thing here."""


class Conflict(Refusal):
    """The state of things does not allow it now."""


class Unacceptable(Refusal):
    """What was sent can't be accepted as it is."""


class NothingToOverride(Unacceptable):
    """That rule does not stand in the way. Leave the override out."""


class RoleNotAllowed(Forbidden):
    """Your role may not do this. The roles that may are listed; use a token of one of them."""


class TimeOffCalendar(Unacceptable):
    """That time is in no century of anybody's case. Send one between 1900 and 2199."""


class TooMany(Unacceptable):
    """That list has no end. Name the hundred that matter most."""


class HappensInFuture(Unacceptable):
    """Nothing happens after it is recorded. Send the time at which it happened, with its offset, or none for now."""

    rule = 19


class BeforeTheBeginning(Unacceptable):
    """That is before this was opened. Send a later time, or tell the earlier matter as a statement."""

    rule = 19


class TooEarly(Unacceptable):
    """It can't have happened before what it answers to. Send the time at which it happened, or name another entry."""

    rule = 19


class OffsetMissing(Unacceptable):
    """A time without an offset is no moment. Send it with one, as in 2025-03-03T09:00:00+02:00."""

    rule = 19


class StreamAbsent(Absent):
    """Nothing is recorded under this id. Check the id, or open or register it first."""


class WordsErased(Conflict):
    """All words of this were destroyed, and nothing is added to it any more. Open a new case for a new matter."""


class AlreadyThere(Conflict):
    """Something is recorded under this id already. Use another id, or go on with what is there."""


def kebab(name: str) -> str:
    """Return `ProposeHandoff` as "propose-handoff", and `NotAMember` as "not-a-member"."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()
