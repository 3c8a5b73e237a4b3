"""The protection of the client's address: in force from the day that it is recorded until it is lifted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from domain.client import Client
from domain.decider import STAFF, Command, Conflict, Context, Event, Role, Unacceptable


class AddressProtected(Event[Client]):
    """The client's address is protected: it reaches only those who need it, until the protection is lifted."""

    topic = "address-protected"

    until: datetime

    def evolve(self, state: Client, ctx: Context) -> Client:
        return state.told_of_protection(self.until, ctx.version)


class ProtectAddress(Command[Client]):
    """Record that the client's address is protected (turvakielto, Act 661/2009, 36 §), and until when.

    Said again, it is until the new day. It stays in force until it is lifted.
    """

    roles = STAFF | {Role.SYSTEM}

    until: datetime

    def decide(self, state: Client, ctx: Context) -> Iterator[Event[Client]]:
        if self.until <= ctx.recorded:
            raise ProtectionOver(until=self.until)
        if state.protected_until != self.until:
            yield AddressProtected(self.until)


class AddressProtectionLifted(Event[Client]):
    """The client's address is no longer protected."""

    topic = "address-protection-lifted"

    def evolve(self, state: Client, ctx: Context) -> Client:
        return state.told_of_protection(None, ctx.version)


class LiftAddressProtection(Command[Client]):
    """Record that the client's address is no longer protected. The clock does so once its time has passed."""

    roles = STAFF | {Role.SYSTEM}

    def decide(self, state: Client, ctx: Context) -> Iterator[Event[Client]]:
        if state.protected_until is None:
            return
        if ctx.actor.role == Role.SYSTEM and ctx.occurred < state.protected_until:
            raise ProtectionHolds(until=state.protected_until)
        yield AddressProtectionLifted()


class ProtectionOver(Unacceptable):
    """That protection is over before it is entered. Send until when it holds from now on."""

    rule = 22


class ProtectionHolds(Conflict):
    """The protection still holds. It is lifted by itself only once its time has passed; until then, staff lift it."""

    rule = 22
