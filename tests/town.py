"""A small town on a real ledger: two organisations, three workers, their clients, and what they do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from domain.acceptance import AcceptHandoff
from domain.client import RegisterClient
from domain.decider import Actor, Command, Role
from domain.directory import (
    JoinUnit,
    OpenUnit,
    RegisterOrganisation,
    organisation_stream,
    unit_stream,
    worker_stream,
)
from domain.handoff import HandoffProposed, ProposeHandoff
from domain.intake import OpenCase
from domain.ledger.application import Cases, ask
from domain.ledger.database import Pool, Region
from domain.ledger.keys.keks import keks_in
from domain.ledger.keys.signing import SigningKeys
from domain.ledger.migrate import migrate
from domain.ledger.notary import Notary, Published
from domain.ledger.recorder import Receipt
from domain.ledger.rotation import begin
from domain.ledger.warm import ReadModels
from domain.remembered import Holder
from domain.voice import RecordStatement
from projections.live import Live

ADMINISTRATOR = Actor("paivi", Role.ADMINISTRATOR)
AINO = Actor("aino", Role.WORKER, "kela", "asiakaspalvelu")
BO = Actor("bo", Role.WORKER, "pirha", "aikuissosiaalityo")
CILLA = Actor("cilla", Role.MANAGER, "pirha", "aikuissosiaalityo")


def holder(actor: Actor) -> Holder:
    """Return the holder that a worker is."""
    return Holder(actor.organisation or "", actor.unit or "", actor.id)


class Town:
    """People who do things to cases."""

    def __init__(self, cases: Cases) -> None:
        self.cases = cases

    def settle(self) -> Town:
        """Register everybody in the directory."""
        for actor in (AINO, BO, CILLA):
            organisation, unit = actor.organisation or "", actor.unit or ""
            self.do(RegisterOrganisation(organisation, organisation), organisation_stream(organisation), ADMINISTRATOR)
            self.do(OpenUnit(organisation, unit, unit), unit_stream(organisation, unit), ADMINISTRATOR)
            self.do(JoinUnit(organisation, unit, actor.id), worker_stream(organisation, actor.id), ADMINISTRATOR)
        return self

    def do(self, command: Command[Any], stream: UUID, actor: Actor, **how: Any) -> Receipt | None:
        """Do something; registering again what stands there already is nothing."""
        asked = ask(command, stream, actor, **how)
        if isinstance(command, RegisterOrganisation | OpenUnit) and self.cases.loaded(stream, command.state).version:
            return None
        return self.cases.execute(asked)

    def client(self) -> UUID:
        """Register a client."""
        client = uuid4()
        self.do(RegisterClient("1961", "Tampere"), client, AINO)
        return client

    def case(self, client: UUID | None = None, by: Actor = AINO) -> UUID:
        """Open a case."""
        case = uuid4()
        self.do(OpenCase(client=client or self.client(), need="asunnon menettäminen"), case, by)
        return case

    def say(self, case: UUID, words: str = "en ole kieltäytynyt, bussi ei kulje", by: Actor = AINO) -> Receipt:
        """Record a statement."""
        return self.cases.execute(ask(RecordStatement(words), case, by))

    def offer(self, case: UUID, by: Actor = AINO, to: Holder | None = None) -> UUID:
        """Offer the case, to Bo if to nobody else; return the handoff."""
        command = ProposeHandoff(to or holder(BO), "osaa paremmin", None, "ei tavoitettu", disclosure_basis="statutory")
        receipt = self.cases.execute(ask(command, case, by))
        event = self.cases.history(case, receipt.last)[-1].event
        assert isinstance(event, HandoffProposed)
        return event.handoff

    def hand_over(self, case: UUID, by: Actor = AINO, to: Actor = BO) -> None:
        """Offer the case and have it accepted."""
        self.cases.execute(ask(AcceptHandoff(self.offer(case, by, holder(to))), case, to))


def notary_of(region: Region, home: Path) -> Notary:
    """Return the notary of one process, whose signing key is made if there is none."""
    signing = SigningKeys(home / "keys", region.name)
    with region.connect() as connection:
        signing.begin(connection)
    return Notary(region, signing, Published(home / "published"))


@contextmanager
def ledger(region: Region, home: Path, models: ReadModels | None = None, size: int = 16) -> Iterator[Cases]:
    """Open a ledger as one process of the service would."""
    live = Live() if models is None else models
    migrate(region, live.tables)
    pool = Pool(region, size)
    keks = keks_in(home / "keys", region.name)
    begin(region, keks)
    cases = Cases(pool, keks, live)
    try:
        yield cases
    finally:
        cases.close()
        pool.close()
