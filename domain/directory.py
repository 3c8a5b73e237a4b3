"""The directory's streams: organisations, units, workers, and the policy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from domain.decider import Command, Context, Event, Forbidden, Role, State, Unacceptable, Value
from domain.policy import LEAST, Policies, Setting, Threshold

_HERE = uuid5(NAMESPACE_URL, "luotsi:directory")
_LONGEST_TERM = 3650
ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})


def organisation_stream(organisation: str) -> UUID:
    """Return the stream of an organisation, by its national id."""
    return uuid5(_HERE, f"organisation\0{organisation}")


def unit_stream(organisation: str, unit: str) -> UUID:
    """Return the stream of a unit, by its organisation's own id."""
    return uuid5(_HERE, f"unit\0{organisation}\0{unit}")


def worker_stream(organisation: str, worker: str) -> UUID:
    """Return the stream of a worker, by their employer's id."""
    return uuid5(_HERE, f"worker\0{organisation}\0{worker}")


POLICY_STREAM = uuid5(_HERE, "policy")


class Organisation(State):
    """What is remembered of an organisation: which it is, and the event that says how it is reached now."""

    organisation: str = ""
    reach: Value | None = None


class Unit(State):
    """What is remembered of a unit: which it is, whether it takes on nothing more, and its workers' caseload limit.

    `reach` is the event that says how it is reached now.
    """

    organisation: str = ""
    unit: str = ""
    closed: bool = False
    caseload_limit: int | None = None
    reach: Value | None = None


class Worker(State):
    """What is remembered of a worker: the employer, the units that they work in, whether they take on nothing more.

    `reach` is the event that says how they are reached now.
    """

    organisation: str = ""
    units: frozenset[str] = frozenset()
    leaving: bool = False
    reach: Value | None = None


class PolicyInForce(State):
    """The policy as its events have set it."""

    policies: Policies = Policies()


class OrganisationRegistered(Event[Organisation]):
    """An organisation takes part from now on."""

    topic = "organisation-registered"

    organisation: str
    name: str

    def evolve(self, state: Organisation, ctx: Context) -> Organisation:
        return state.but(began=ctx.occurred, organisation=self.organisation)


class RegisterOrganisation(Command[Organisation]):
    """Register an organisation under its national id."""

    roles = ADMINISTRATORS
    stream = "new"

    organisation: str
    name: str

    def decide(self, state: Organisation, ctx: Context) -> Iterator[Event[Organisation]]:
        only_keeper(ctx, None)
        named(organisation=self.organisation, name=self.name)
        yield OrganisationRegistered(self.organisation, self.name)


class UnitOpened(Event[Unit]):
    """A unit of an organisation takes cases from now on."""

    topic = "unit-opened"

    organisation: str
    unit: str
    name: str
    locality: str | None

    def evolve(self, state: Unit, ctx: Context) -> Unit:
        return state.but(began=ctx.occurred, organisation=self.organisation, unit=self.unit)


class OpenUnit(Command[Unit]):
    """Open a unit under the organisation's own id for it."""

    roles = ADMINISTRATORS
    stream = "new"

    organisation: str
    unit: str
    name: str
    locality: str | None = None

    def relies_on(self) -> Iterator[UUID]:
        yield organisation_stream(self.organisation)

    def decide(self, state: Unit, ctx: Context) -> Iterator[Event[Unit]]:
        only_keeper(ctx, self.organisation)
        registered(self, ctx)
        named(unit=self.unit, name=self.name)
        yield UnitOpened(self.organisation, self.unit, self.name, self.locality)


class WorkerJoined(Event[Worker]):
    """A worker works in a unit from now on. One who was leaving, or had left, takes on cases again."""

    topic = "worker-joined"

    organisation: str
    unit: str
    worker: str
    profession: str

    def evolve(self, state: Worker, ctx: Context) -> Worker:
        began, units = state.began or ctx.occurred, state.units | {self.unit}
        return state.but(began=began, organisation=self.organisation, units=units, leaving=False)


class JoinUnit(Command[Worker]):
    """Record that a worker works in a unit, under the employer's id for the worker. They may work in several."""

    roles = ADMINISTRATORS
    stream = "any"

    organisation: str
    unit: str
    worker: str
    profession: str = "social_worker"

    def relies_on(self) -> Iterator[UUID]:
        yield unit_stream(self.organisation, self.unit)

    def decide(self, state: Worker, ctx: Context) -> Iterator[Event[Worker]]:
        only_keeper(ctx, self.organisation)
        registered(self, ctx)
        named(worker=self.worker)
        if self.unit not in state.units or state.leaving:
            yield WorkerJoined(self.organisation, self.unit, self.worker, self.profession)


class PolicySet(Event[PolicyInForce]):
    """A threshold of the policy was set: for the region, for an organisation, or for one unit of it."""

    topic = "policy-set"

    rule: Threshold
    value: int
    organisation: str | None = None
    unit: str | None = None

    def evolve(self, state: PolicyInForce, ctx: Context) -> PolicyInForce:
        setting = Setting(ctx.recorded, ctx.version, self.rule, self.value, self.organisation, self.unit)
        return state.but(began=state.began or ctx.occurred, policies=state.policies.with_(setting))


class SetPolicy(Command[PolicyInForce]):
    """Set a threshold of the policy. It counts for what is decided from now on.

    It is set for the region; for an `organisation`, whose own goes before the region's; or for one `unit` of it, whose
    own goes before both.
    """

    roles = ADMINISTRATORS

    stream = "any"

    rule: Threshold
    value: int
    organisation: str | None = None
    unit: str | None = None

    def relies_on(self) -> Iterator[UUID]:
        if self.organisation is not None and self.unit is not None:
            yield unit_stream(self.organisation, self.unit)
        elif self.organisation is not None:
            yield organisation_stream(self.organisation)

    def decide(self, state: PolicyInForce, ctx: Context) -> Iterator[Event[PolicyInForce]]:
        registered(self, ctx)
        if self.unit is not None and self.organisation is None:
            raise OrganisationMissing
        only_keeper(ctx, self.organisation)
        if self.value < 0:
            raise NegativeDays(value=self.value)
        if self.value > _LONGEST_TERM:
            raise TooManyDays(value=self.value, most=_LONGEST_TERM)
        if self.value < LEAST.get(self.rule, 0):
            raise KeptTooShort(value=self.value, least=LEAST[self.rule])
        yield PolicySet(self.rule, self.value, self.organisation, self.unit)


def only_keeper(ctx: Context, organisation: str | None) -> None:
    """Refuse a keeper of one organisation's directory what is another's, or the region's (None).

    An administrator whose token names no organisation keeps the region's.
    """
    if ctx.actor.role == Role.ADMINISTRATOR and ctx.actor.organisation not in {None, organisation}:
        raise AnothersDirectory(organisation=organisation)


def registered(command: Command[Any], ctx: Context) -> None:
    """Refuse what belongs to an organisation or unit that is not in the directory."""
    if not ctx.known.existing.issuperset(command.relies_on()):
        raise NotRegistered


def named(**names: str) -> None:
    """Refuse what goes by no name, or by no id."""
    for field, name in names.items():
        if not name.strip():
            raise NameMissing(field=field)


def only_organisations(command: Command[Any], ctx: Context) -> None:
    """Refuse what names an organisation that is not in the directory."""
    if not ctx.known.existing.issuperset(command.relies_on()):
        raise OrganisationUnknown


class AnothersDirectory(Forbidden):
    """You keep the directory of your own organisation. Ask that organisation's administrator, or the region's."""


class OrganisationUnknown(Unacceptable):
    """No such organisation is in the directory. Check its national id, or have it registered first."""


class NotRegistered(Unacceptable):
    """The organisation or unit that it belongs to is not in the directory. Register that first."""


class NameMissing(Unacceptable):
    """Nobody finds what goes by no name. Fill in the field that is named."""


class OrganisationMissing(Unacceptable):
    """A unit is one of an organisation's. Name the organisation too."""


class NegativeDays(Unacceptable):
    """A threshold is a number of days, or another count, 0 or more. Send such a number."""


class KeptTooShort(Unacceptable):
    """The law keeps client data longer than that. Send at least as many years as it does."""

    rule = 20


class TooManyDays(Unacceptable):
    """No term is longer than ten years. Send a smaller number."""
