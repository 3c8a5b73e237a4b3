"""Lives of cases to fill a large ledger with: told by real decisions, of people and places that are filled in later."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid5

from domain.acceptance import AcceptHandoff, DeclineHandoff
from domain.assessment import CompleteAssessment, StartAssessment
from domain.case import Case
from domain.client import Client, RegisterClient
from domain.client_ownership import AskWhoOwns, ChooseOwner, ReturnOwnership, TakeOwnership
from domain.closure import CloseCase, ProposeClosure
from domain.contacts import AttemptContact, MakeContact
from domain.decider import CLIENT, Actor, Command, Context, Entry, Recorded, Refusal, Role, act
from domain.facts import Facts
from domain.handoff import ExpireHandoff, ProposeHandoff, WithdrawHandoff
from domain.intake import InformClient, OpenCase, PromiseNextStep
from domain.ledger.calendar import finnish_calendar
from domain.meetings import HoldJointMeeting
from domain.objections import AnswerObjection, RaiseObjection
from domain.ownership import NameResponsible
from domain.plan import AgreePlan, SetGoal
from domain.provision import EndService, StartService
from domain.remembered import Holder
from domain.reopening import ReopenCase
from domain.requests import AnswerAsClient, AnswerRequest, AskExperience, MakeRequest, ReportExperience
from domain.support import GiveSupport, RequestSupport
from domain.team import AgreeTeamLine, RecordDissent
from domain.transfer import ContestTransfer, ReceiveTransfer, TransferMatter
from domain.voice import ConfirmStatement, DisputeStatement, RecordStatement

PLACES = (("@o0@", "@u0@"), ("@o0@", "@u1@"), ("@o1@", "@u2@"), ("@o2@", "@u3@"))
"""Where a life takes place: two units of one organisation, and one of each of two others."""
WORKERS = tuple(Holder(*place, f"@w{number}{which}@") for number, place in enumerate(PLACES) for which in "ab")
STREAM = UUID(int=0)
BEGINS = datetime(2024, 1, 1, 7, tzinfo=UTC)
"""A Monday, at nine in Finland."""

_CLIENT = Actor(CLIENT, Role.CLIENT)
_CLOCK = Actor("clock", Role.SYSTEM)
_HOLDERS = frozenset(WORKERS) | {it.as_unit for it in WORKERS}
_SAID = (
    "En ole kieltäytynyt mistään: bussi ei kulje meille asti, ja siksi olin myöhässä.",
    "Haluan, että yksi ihminen vastaa asiastani.", "Pärjään kotona, jos joku auttaa laskuissa.",
)  # fmt: skip
_DONE = "Sovittiin puhelimessa, että asia etenee näin."
_HOURS = (0.2, 1, 3, 24, 24, 24, 48, 48, 72, 96, 168, 336)
_OPENS, _CLOSES = 7, 14
_LAST_WEEKDAY = 4
_LATE = 0.04
_CLOSING, _MORE, _RESTS = 0.6, 40, 0.6
_YEARS = timedelta(days=3 * 365)

Turn = tuple[float, Actor, Command[Any]]
"""What somebody might do next, with its weight."""


class Life:
    """A case that is being told, turn by turn."""

    def __init__(self, seed: int) -> None:
        self.luck = Random(seed)  # noqa: S311 - luck, not a secret
        self.seed = seed
        self.at = BEGINS + timedelta(days=self.luck.randrange(_LAST_WEEKDAY + 1), minutes=self.luck.randrange(400))
        self.acts = 0
        self.history: list[Recorded] = []
        self.case = Case()
        self.services: list[UUID] = []
        self.lines: list[UUID] = []

    def did(self, actor: Actor, command: Command[Any]) -> bool:
        """Let somebody act now; say whether the rules let them."""
        self.acts += 1
        before = self.history[-1].context.recorded if self.history else self.at
        entered = self.at + timedelta(days=self.luck.uniform(0.1, 6)) if self.luck.random() < _LATE else self.at
        ctx = Context(
            uuid5(STREAM, f"{self.seed} {self.acts}"), actor, self.at, max(entered, before),
            version=len(self.history) + 1,
            on_behalf_of=CLIENT if command.clients_own and actor.role != Role.CLIENT else None,
            facts=Facts(
                client_id=STREAM, client=Client(began=BEGINS - timedelta(days=9)), holders=_HOLDERS,
                calendar=finnish_calendar(), entries={it.version: it for it in self.history},
            ),
        )  # fmt: skip
        try:
            events = act(command, self.case, ctx)
        except Refusal:
            return False
        for event in events:
            self.history.append(Recorded(STREAM, event, ctx.at(len(self.history) + 1)))
            self.case = event.evolve(self.case, self.history[-1].context)
        self.services += [ctx.id(1)] if isinstance(command, StartService) else []
        self.lines += [ctx.id(1)] if isinstance(command, AgreeTeamLine) else []
        return True

    def later(self) -> None:
        """Let time pass, to some hour at which people work."""
        self.at += timedelta(hours=self.luck.choice(_HOURS), minutes=self.luck.randrange(60))
        if not _OPENS <= self.at.hour < _CLOSES:
            self.at = (self.at + timedelta(days=1)).replace(hour=_OPENS, minute=self.luck.randrange(60))
        while self.at.weekday() > _LAST_WEEKDAY:
            self.at += timedelta(days=1)

    def goes_on(self, ending: float) -> None:
        """Let the next thing happen; `ending` is how much weighs that it comes to its end."""
        self.later()
        turns = list(self._turns(ending))
        for weight, actor, command in self.luck.choices(turns, [weight for weight, _, _ in turns], k=4):
            if weight and self.did(actor, command):
                return

    def _turns(self, ending: float) -> Iterator[Turn]:
        case = self.case
        assert case.responsible
        if case.status == "closed":
            yield 1, _CLIENT, ReportExperience(self.luck.choice((1, 2, 3, 4, 4, 5)), _SAID[1])
            yield 0.4, worker(case.responsible), ReopenCase("client_returned", _SAID[0])
            return
        responsible = worker(case.responsible)
        yield from self._answers(case, responsible)
        yield from self._of_the_voice(case, responsible)
        yield from self._of_the_work(responsible)
        yield from self._moves(case, responsible)
        yield from self._ends(case, responsible, ending)

    def _answers(self, case: Case, responsible: Actor) -> Iterator[Turn]:
        """Yield what answers to what waits."""
        if case.responsible and case.responsible.worker is None:
            yield 9, manager(case.responsible), NameResponsible(self._somebody(case.responsible))
        if pending := case.pending:
            which, to = pending.handoff, manager(pending.to)
            if pending.to.worker:
                to = worker(pending.to)
                yield 9, to, AcceptHandoff(which)
            else:
                yield 6, worker(self._somebody(pending.to)), AcceptHandoff(which)
                yield 2, to, AcceptHandoff(which, for_unit=True)
            code: Any = self.luck.choice(("not_competent", "no_capacity", "need_more", "client_unwilling"))
            place = self.luck.choice((None, None, self.luck.choice(WORKERS).as_unit))
            yield 5, to, DeclineHandoff(which, code, _DONE, place)
            yield 1, responsible, WithdrawHandoff(which, _DONE)
            yield 5, _CLOCK, ExpireHandoff(which)
        if transfer := case.transfer:
            to = manager(Holder(transfer.to_organisation, transfer.to_unit))
            yield 8, to, ReceiveTransfer(transfer.transfer)
            yield 4, to, ContestTransfer(transfer.transfer, _DONE)
        for request in waiting(case.requests):
            yield 3, responsible, AnswerRequest(request, self.luck.choice(("granted", "refused")), _DONE)
        for objection in waiting(case.objections):
            yield 3, responsible, AnswerObjection(objection, "rejected", _DONE)
            yield (
                3,
                manager(case.responsible or WORKERS[0]),
                AnswerObjection(objection, "upheld", _DONE, changed=Entry(len(self.history))),
            )

    def _of_the_voice(self, case: Case, responsible: Actor) -> Iterator[Turn]:
        for statement, standing in list(case.statements.now().items())[-3:]:
            if standing and standing.standing == "unconfirmed":
                yield 3, _CLIENT, ConfirmStatement(statement)
                yield 0.2, _CLIENT, DisputeStatement(statement, _SAID[0])
        yield 9, responsible, RecordStatement(self.luck.choice(_SAID), medium="telephone")
        yield 3, _CLIENT, RecordStatement(self.luck.choice(_SAID))
        yield 0.5, responsible, RecordStatement(self.luck.choice(_SAID), speaker="close_person")
        kind: Any = self.luck.choice(("contact", "contact", "meeting", "service", "other_worker"))
        yield 2, _CLIENT, MakeRequest(kind, _SAID[1])
        yield 0.3, _CLIENT, RaiseObjection(Entry(self.luck.randint(1, len(self.history))), _SAID[0])
        yield 0.3, _CLIENT, TakeOwnership(_SAID[1])
        yield 0.1, _CLIENT, ChooseOwner(self.luck.choice(WORKERS), _SAID[1])
        yield 0.4, _CLIENT, ReturnOwnership()
        yield 0.5, responsible, AskWhoOwns(_SAID[1])

    def _of_the_work(self, responsible: Actor) -> Iterator[Turn]:
        soon = self.at + timedelta(days=self.luck.randint(3, 30))
        yield 8, responsible, PromiseNextStep(self.luck.choice(("worker", "client", "unit")), _DONE, soon)
        yield 4, responsible, MakeContact("telephone")
        yield 2, responsible, AttemptContact("telephone", "no_answer")
        kind: Any = self.luck.choice(("screening", "needs", "needs", "review"))
        triggers: Any = ("ability_to_run_affairs", "change_in_life", "many_services", "weakest_position")
        found = tuple(self.luck.sample(triggers, self.luck.randint(0, 2)))
        yield 2, responsible, StartAssessment(kind)
        yield 3, responsible, CompleteAssessment(kind, "guidance_needed", summary=_DONE, triggers=found, **self._view())
        yield 1, responsible, SetGoal(_SAID[2])
        yield 1, responsible, AgreePlan("agreed", **self._view())
        yield 2, responsible, StartService(self.luck.choice(WORKERS).as_unit)
        for service in self.services[-2:]:
            yield 1, responsible, EndService(service, _DONE, "agreed")
        team = (Holder(str(responsible.organisation), str(responsible.unit), responsible.id), self.luck.choice(WORKERS))
        yield 1, responsible, AgreeTeamLine(team, _DONE, client_present=True, **self._view())
        for line in self.lines[-1:]:
            yield 0.2, responsible, RecordDissent(line, _DONE)
        yield 0.4, responsible, RequestSupport(_DONE)
        for asked in self.history[-9:]:
            if asked.event.topic == "support-requested":
                help_given: Any = self.luck.choice(("training", "consultation", "time"))
                boss = Actor("@m@", Role.MANAGER, asked.context.actor.organisation, asked.context.actor.unit)
                yield 2, boss, GiveSupport(help_given, _DONE, Entry(asked.version))

    def _moves(self, case: Case, responsible: Actor) -> Iterator[Turn]:
        to = self.luck.choice(WORKERS)
        to = self.luck.choice((to, to.as_unit))
        yield 2.5, responsible, ProposeHandoff(to=to, reason=_DONE, disclosure_basis="statutory", **self._view())
        yield 0.7, responsible, TransferMatter(self.luck.choice(WORKERS).as_unit, _DONE)
        if case.responsible and case.responsible.worker:
            yield 0.5, responsible, HoldJointMeeting((case.responsible, self.luck.choice(WORKERS)), client_present=True)

    def _ends(self, case: Case, responsible: Actor, ending: float) -> Iterator[Turn]:
        if case.closure is None:
            ground: Any = self.luck.choice(("goals_met", "goals_met", "no_need", "moved", "no_further_progress"))
            yield ending, responsible, ProposeClosure(ground, _DONE, **self._view())
            return
        proposed = Entry(case.closure.version)
        if case.closure.object_by is None:
            yield 60, responsible, InformClient(proposed, self.luck.choice(("telephone", "letter", "electronic")))
        if case.owned_by == "client":
            yield 60, _CLIENT, AnswerAsClient(proposed, "agreed")
        yield 2, responsible, AskExperience("letter")
        yield 0.6, _CLIENT, RaiseObjection(proposed, _SAID[0])
        yield 30, responsible, CloseCase()

    def _view(self) -> dict[str, Any]:
        """Return what a decision rests on: a statement of the client's, or why there is none."""
        own = [it for it, known in self.case.statements.now().items() if known and known.standing != "disputed"]
        if own and self.luck.random() < 0.8:
            return {"client_view": own[-1]}
        return {"no_view_because": "Ei tavoitettu kahdella yrityksellä"}

    def _somebody(self, unit: Holder) -> Holder:
        return self.luck.choice([it for it in WORKERS if it.as_unit == unit.as_unit])


def worker(holder: Holder) -> Actor:
    """Return who acts as a holder: the worker, or the manager where it is a unit."""
    return Actor(holder.worker, Role.WORKER, holder.organisation, holder.unit) if holder.worker else manager(holder)


def manager(holder: Holder) -> Actor:
    """Return the manager of a holder's unit."""
    return Actor("@m@", Role.MANAGER, holder.organisation, holder.unit)


def waiting(trail: Any) -> list[UUID]:
    """Return the ids under which something waits for an answer."""
    return [which for which, waits in trail.now().items() if waits]


def life(seed: int, events: int) -> list[Recorded]:
    """Tell the life of a case, of about so many events. Mostly it comes to its end; it may be taken up again."""
    it = Life(seed)
    it.did(worker(it.luck.choice(WORKERS[:2])), OpenCase(STREAM, _DONE, channel="telephone"))
    while len(it.history) < events + _MORE and it.at < BEGINS + _YEARS:
        closing = len(it.history) > _CLOSING * events
        if closing and it.case.status == "closed" and it.luck.random() < _RESTS:
            break
        it.goes_on(90 if closing else 0.1)
    return it.history


def registered() -> Sequence[Recorded]:
    """Tell of a client who is registered."""
    ctx = Context(uuid5(STREAM, "client"), worker(WORKERS[0]), BEGINS, BEGINS, version=1, facts=Facts())
    return [Recorded(STREAM, event, ctx.at(1)) for event in act(RegisterClient("1980", "Tampere"), Client(), ctx)]
