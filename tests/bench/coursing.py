"""Cases of any length: told by real commands of two workers and a client, between whom they go to and fro."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

from domain.acceptance import AcceptHandoff, DeclineHandoff
from domain.assessment import CompleteAssessment
from domain.client import RegisterClient
from domain.contacts import AttemptContact, MakeContact
from domain.decider import Actor, Command, Role
from domain.directory import JoinUnit, worker_stream
from domain.handoff import ProposeHandoff
from domain.intake import OpenCase, PromiseNextStep
from domain.ledger.application import Asked, ask
from domain.ledger.clock import DatabaseClock
from domain.meetings import HoldJointMeeting
from domain.plan import AgreePlan, CloseGoal, SetGoal
from domain.remembered import Holder
from domain.requests import AnswerRequest, MakeRequest
from domain.voice import ConfirmStatement, RecordStatement
from tests.bench.ground import ADMINISTRATOR, AINO, BO, SAID, Ground

EVERY = timedelta(hours=9)
"""How far apart the acts in a case are."""
SOON = timedelta(days=20)


@dataclass
class Course:
    """A case of a client of its own, of at least so many acts: each of them is one event."""

    acts: int
    case: UUID = field(default_factory=uuid4)
    client: UUID = field(default_factory=uuid4)
    asked: list[Asked] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Tell it: a turn of the one worker, and then of the other."""
        self.at = datetime.now(UTC) - EVERY * (self.acts + 40)
        self.does(AINO, OpenCase(client=self.client, need="Vuokra on rästissä", channel="telephone"))
        holders = (AINO, BO)
        while len(self.asked) < self.acts:
            self.turn(*holders)
            holders = holders[::-1]
        del self.asked[self.acts :]

    @property
    def worker(self) -> Actor:
        """Who answers for it in the end."""
        taken_on = [it.actor for it in self.asked if isinstance(it.command, OpenCase | AcceptHandoff)]
        return taken_on[-1]

    @property
    def theirs(self) -> Actor:
        """The client, acting."""
        return Actor(str(self.client), Role.CLIENT)

    def does(self, actor: Actor, command: Command[Any]) -> UUID:
        """Let somebody act; return what the command's first id names."""
        self.at += EVERY
        self.asked.append(ask(command, self.case, actor, occurred=self.at))
        return uuid5(self.asked[-1].id, "1")

    def turn(self, it: Actor, other: Actor) -> None:
        """Go on from where a worker has the case to where the other has taken it on."""
        soon, client, to = self.at + SOON, self.theirs, holder(other)
        view = self.does(it, RecordStatement(words=SAID, medium="telephone"))
        self.does(client, ConfirmStatement(view))
        self.does(it, PromiseNextStep("worker", "Soitan uudestaan", soon))
        self.does(it, MakeContact("telephone"))
        request = self.does(client, MakeRequest("contact", "Soittakaa iltapäivällä"))
        self.does(it, AnswerRequest(request, "granted", "Soitetaan kello kaksi"))
        self.does(client, RecordStatement(words=SAID))
        goal = self.does(it, SetGoal("Saan pitää kotini"))
        self.does(it, AgreePlan("agreed", client_view=view, goals=(goal,)))
        self.does(it, CompleteAssessment("needs", "guidance_needed", client_view=view, summary="Kotona pärjätään"))
        self.does(it, AttemptContact("telephone", "no_answer"))
        self.does(it, PromiseNextStep("client", "Hakemus", soon))
        self.does(it, CloseGoal(goal, "reached"))
        for answer in (DeclineHandoff, AcceptHandoff):
            self.does(it, HoldJointMeeting((holder(it), to), client_present=True))
            which = self.does(it, ProposeHandoff(to, "Muutto", view, warm=False, disclosure_basis="statutory"))
            self.does(other, answer(which) if answer is AcceptHandoff else DeclineHandoff(which, "no_capacity", "Jono"))


def holder(actor: Actor) -> Holder:
    """Return the holder that a worker is."""
    return Holder(str(actor.organisation), str(actor.unit), actor.id)


class Then(DatabaseClock):
    """A clock that stands at a time gone by, whatever the database says."""

    def __init__(self, at: datetime) -> None:
        super().__init__()
        self.at = at

    def now(self) -> datetime:
        """Return that time."""
        return self.at

    reckoned = now


def told(it: Ground, acts: int) -> Course:
    """Write a case of so many events into the ledger: each was recorded when it happened."""
    course, clock = Course(acts), it.cases.clock
    it.cases.execute(ask(RegisterClient("1980", "Tampere"), course.client, AINO))
    for asked in course.asked:
        it.cases.clock = Then(asked.occurred or course.at)
        it.cases.execute(asked)
    it.cases.clock = clock
    return course


def on_hand(it: Ground, worker: str, cases: int) -> Actor:
    """Have a worker join the unit and answer for so many cases, with something promised in each; return them."""
    who = Actor(worker, Role.WORKER, AINO.organisation, AINO.unit)
    joins = JoinUnit(str(who.organisation), str(who.unit), worker)
    it.cases.execute(ask(joins, worker_stream(joins.organisation, worker), ADMINISTRATOR))
    asked: list[Asked] = []
    for number in range(cases):
        case, client = uuid4(), uuid4()
        asked += [
            ask(RegisterClient("1980", "Tampere"), client, who),
            ask(OpenCase(client, "Vuokra on rästissä", channel="telephone"), case, who),
            ask(RecordStatement(words=SAID), case, who),
            ask(PromiseNextStep("worker", "Soitan", datetime.now(UTC) + timedelta(hours=number + 1)), case, who),
        ]
    it.together(asked)
    return who
