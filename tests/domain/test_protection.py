"""The protection of the client's address."""

import pytest

from domain.client import Client, ClientRegistered, RegisterClient
from domain.decider import RoleNotAllowed
from domain.protection import (
    AddressProtected,
    AddressProtectionLifted,
    LiftAddressProtection,
    ProtectAddress,
    ProtectionHolds,
    ProtectionOver,
)
from tests.domain.given import MONDAY, Asked, Story, aino, given, moment, the_client, the_clock

UNTIL = moment(9, 1)
PROTECT = ProtectAddress(UNTIL)


def registered(*acts: Asked) -> Story:
    return given(Asked(RegisterClient("1.1.1980", "Tampere"), aino, MONDAY), *acts)


@pytest.mark.rule(22)
def test_an_address_is_protected_until_some_day() -> None:
    protected = registered().when(PROTECT, by=aino).then(AddressProtected(UNTIL))
    protected.and_(protected=True, protected_until=UNTIL)
    protected.when(PROTECT, by=the_clock).then()
    longer = protected.when(ProtectAddress(moment(12, 1)), by=the_clock).then(AddressProtected(moment(12, 1)))
    longer.and_(protected=True, protected_until=moment(12, 1))
    registered().when(PROTECT, by=the_client).refused(RoleNotAllowed)
    registered().when(PROTECT, by=aino, at=UNTIL).refused(ProtectionOver, until=UNTIL)
    registered().when(PROTECT, by=aino, at=moment(4, 1), entered=moment(9, 2)).refused(ProtectionOver)


@pytest.mark.rule(22)
def test_a_protection_stands_until_it_is_lifted() -> None:
    protected = registered(Asked(PROTECT, aino))
    lift = LiftAddressProtection()
    protected.when(lift, by=the_clock, at=moment(8, 31)).refused(ProtectionHolds, until=UNTIL)
    assert protected.state.protected
    lifted = protected.when(lift, by=the_clock, at=UNTIL).then(AddressProtectionLifted())
    lifted.and_(protected=False, protected_until=None)
    lifted.when(lift, by=the_clock).then()
    protected.when(lift, by=aino).then(AddressProtectionLifted())
    protected.when(lift, by=the_client).refused(RoleNotAllowed)


@pytest.mark.rule(22)
def test_of_a_protection_and_its_lifting_what_was_recorded_last_counts() -> None:
    lifted = registered(Asked(PROTECT, aino, moment(3, 5)), Asked(LiftAddressProtection(), aino, moment(3, 7)))
    again = Asked(ProtectAddress(moment(12, 1)), aino, moment(3, 6), entered=moment(3, 10))
    lifted.did(again).and_(protected=True, protected_until=moment(12, 1))
    assert Client().told_of_protection(UNTIL, 4).told_of_protection(None, 3).protected


@pytest.mark.rule(22)
def test_where_a_client_lives_is_kept_among_the_words() -> None:
    assert ClientRegistered.__annotations__ == {"born": "Words", "municipality": "Words"}
