"""Who acts for a client."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from domain.client import RepresentativeEnded, RepresentativeNamed, Scope
from domain.decider import Actor, Context, Event, Recorded, Role
from domain.erasure import ClientDataErased
from projections.represented import REPRESENTED, Mandate
from tests.projections.histories import CASE as CLIENT
from tests.projections.histories import hours

ONE, OTHER = uuid4(), uuid4()
ALL: tuple[Scope, ...] = ("statements", "ownership", "closure")


def told(*events: Event) -> Sequence[Mandate]:  # type: ignore[type-arg]
    """Return the rows after these events, an hour apart."""
    return REPRESENTED.over(recorded(number, it) for number, it in enumerate(events, 1))


def recorded(version: int, event: Event) -> Recorded:  # type: ignore[type-arg]
    at = hours(version)
    by = Actor("aino", Role.WORKER, "kela", "asiakaspalvelu")
    return Recorded(CLIENT, event, Context(uuid4(), by, at, at, version=version))


def named(who: UUID, until: datetime | None = None) -> RepresentativeNamed:
    return RepresentativeNamed(who, "guardian", ALL, until)


def test_whoever_is_named_has_a_row() -> None:
    assert told(named(ONE)) == (Mandate(CLIENT, ONE, "guardian", ALL, hours(1)),)


def test_named_again_is_in_the_place_of_before() -> None:
    until = datetime(2199, 1, 1, tzinfo=UTC) + timedelta(hours=1)
    assert told(named(ONE), named(OTHER), named(ONE, until)) == (
        Mandate(CLIENT, OTHER, "guardian", ALL, hours(2)), Mandate(CLIENT, ONE, "guardian", ALL, hours(3), until)
    )  # fmt: skip


def test_whoever_acts_no_more_has_none_and_an_erased_client_nobody() -> None:
    assert [it.representative for it in told(named(ONE), named(OTHER), RepresentativeEnded(ONE))] == [OTHER]
    assert told(named(ONE), ClientDataErased()) == ()
