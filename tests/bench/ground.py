"""A region to measure on: people, a client, and cases that real commands have written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID, uuid4, uuid5

from domain.acceptance import AcceptHandoff
from domain.client import RegisterClient
from domain.client_ownership import ReturnOwnership, TakeOwnership
from domain.decider import Actor, Command, Role
from domain.directory import JoinUnit, OpenUnit, RegisterOrganisation, organisation_stream, unit_stream, worker_stream
from domain.handoff import ProposeHandoff
from domain.intake import OpenCase, PromiseNextStep
from domain.ledger.application import Asked, Cases, ask
from domain.ledger.database import Pool, Region
from domain.ledger.keys.keks import keks_in
from domain.ledger.migrate import migrate
from domain.ledger.notary import Notary
from domain.ledger.rotation import begin
from domain.remembered import Holder
from domain.requests import AnswerRequest, AskExperience, MakeRequest
from domain.voice import ConfirmStatement, RecordStatement
from projections.live import Live
from tests.town import notary_of

ADMINISTRATOR = Actor("root", Role.ADMINISTRATOR)
AINO = Actor("aino", Role.WORKER, "0246246-0", "perustoimeentulotuki")
BO = Actor("bo", Role.WORKER, "3221302-9", "aikuissosiaalityö")
SAID = "En ole kieltäytynyt mistään: bussi ei kulje meille asti, ja siksi olin myöhässä."
TOGETHER = 400
"""Commands that are written in one transaction while a region is filled."""


@dataclass
class Ground:
    """A region with one client and cases of theirs."""

    region: Region
    cases: Cases
    live: Live
    notary: Notary
    client: UUID = field(default_factory=uuid4)
    opened: list[UUID] = field(default_factory=list)

    def people(self) -> None:
        """Bring in two organisations with a worker each, and a client."""
        for it in (AINO, BO):
            organisation, unit = str(it.organisation), str(it.unit)
            self.cases.execute(
                ask(
                    RegisterOrganisation(organisation, "Viraston nimi"),
                    organisation_stream(organisation),
                    ADMINISTRATOR,
                )
            )
            self.cases.execute(
                ask(OpenUnit(organisation, unit, "Yksikön nimi"), unit_stream(organisation, unit), ADMINISTRATOR)
            )
            self.cases.execute(
                ask(JoinUnit(organisation, unit, it.id), worker_stream(organisation, it.id), ADMINISTRATOR)
            )
        self.cases.execute(ask(RegisterClient("1980", "Tampere"), self.client, AINO))

    def open(self, number: int) -> None:
        """Open so many cases."""
        new = [uuid4() for _ in range(number)]
        self.together([ask(OpenCase(client=self.client, need="Vuokra on rästissä"), case, AINO) for case in new])
        self.opened += new
        self.settle()

    def tell(self, events: int) -> None:
        """Open cases and let things happen in them, until there are about so many events."""
        stories = -(-events // len(self.story()))
        self.together([it for _ in range(stories) for it in self.story()])
        self.settle()

    def settle(self) -> None:
        """Let the planner know the tables, as it does within a minute where a region is in use."""
        with self.region.connect(owner=True) as owner:
            owner.execute("ANALYZE")

    def together(self, asked: Sequence[Asked]) -> None:
        """Carry commands out many to a transaction."""
        for first in range(0, len(asked), TOGETHER):
            self.cases.execute_all(asked[first : first + TOGETHER])

    def statement(self, case: UUID) -> Asked:
        """Return the command that appends are measured by: one event, words, and a row of the voice."""
        return ask(RecordStatement(words=SAID), case, AINO)

    def story(self) -> list[Asked]:
        """Return what happens in a new case: a bit of everything, a handoff and its acceptance among it."""
        case, client = uuid4(), Actor(str(self.client), Role.CLIENT)
        soon = datetime.now(UTC) + timedelta(days=30)
        asked: list[Asked] = []

        def does(actor: Actor, command: Command[Any]) -> UUID:
            asked.append(ask(command, case, actor))
            return uuid5(asked[-1].id, "1")  # what the command's first id names

        does(AINO, OpenCase(client=self.client, need="Vuokra on rästissä", channel="telephone"))
        view = does(AINO, RecordStatement(words=SAID))
        does(client, ConfirmStatement(view))
        does(AINO, PromiseNextStep("worker", "Soitan uudestaan", soon))
        asked_for = does(client, MakeRequest("contact", "Soittakaa iltapäivällä"))
        does(AINO, AnswerRequest(asked_for, "granted", "Soitetaan kello kaksi"))
        to = Holder(str(BO.organisation), str(BO.unit))
        handoff = does(AINO, ProposeHandoff(to=to, reason="Muutto", client_view=view, disclosure_basis="statutory"))
        does(BO, AcceptHandoff(handoff))
        does(client, TakeOwnership("Hoidan itse"))
        does(BO, PromiseNextStep("client", "Hakemus", soon))
        for _ in range(6):
            does(client, RecordStatement(words=SAID))
            does(BO, PromiseNextStep("worker", "Vastaan viikon sisällä", soon))
        does(client, ReturnOwnership())
        does(BO, AskExperience("letter"))
        does(BO, RecordStatement(words=SAID))
        return asked


@contextmanager
def ground(url: str, name: str, connections: int = 16, home: Path | None = None) -> Iterator[Ground]:
    """Give a fresh region with people in it; its key is kept in `home`, or for the while."""
    region, live = Region(url, f"bench_{name}"), Live()
    migrate(region, live.tables)
    with TemporaryDirectory() as meanwhile:
        keks = keks_in((home or Path(meanwhile)) / "keys", region.name)
        begin(region, keks)
        pool = Pool(region, connections)
        cases = Cases(pool, keks, live)
        try:
            it = Ground(region, cases, live, notary_of(region, home or Path(meanwhile)))
            it.people()
            yield it
        finally:
            cases.close()
            pool.close()


def copied(source: Region, target: Region, times: int) -> None:
    """Fill a region with a ledger so many times over, each time under other cases' ids: what a rebuild reads."""
    with target.connect(owner=True) as connection:
        for table, columns in _COPIED.items():
            connection.execute(
                f"""
                INSERT INTO {table} ({columns}) SELECT {columns.replace(*_RENAMED[table])}
                FROM {source.name}.{table} it, generate_series(1, %s) AS copy
                """.encode(),
                (times,),
            )
        connection.execute(b"ANALYZE")


_COPIED = {
    "events": "stream, version, topic, occurred, recorded, bytes, hash",
    "clients": '"case", client',
}
_RENAMED = {
    "events": ("stream", "md5(stream::text || copy)::uuid"),
    "clients": ('"case"', """md5("case"::text || copy)::uuid"""),
}
