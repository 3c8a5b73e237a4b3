"""Histories to fold: told by commands, by the rows of an import, or drawn of what the rules allow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any, NamedTuple, Self
from uuid import UUID, uuid5

from hypothesis import strategies as st

from domain.acceptance import AcceptHandoff, DeclineHandoff, ReportAcceptance
from domain.access import EndEmergencyAccess, GrantEmergencyAccess
from domain.asking import DeclineHandoffRequest, RequestHandoff
from domain.assessment import CompleteAssessment
from domain.case import Case
from domain.client import Client
from domain.client_ownership import AskWhoOwns, ChooseOwner, ReturnOwnership, TakeOwnership
from domain.closure import CloseCase, ProposeClosure, WithdrawClosure
from domain.consent import GiveConsent, WithdrawConsent
from domain.contacts import AttemptContact
from domain.decider import CLIENT as ON_BEHALF_OF
from domain.decider import Actor, Command, Context, Event, Override, Recorded, Refusal, Role, act
from domain.directory import organisation_stream
from domain.elsewhere import ReceiveContact, ReferenceDecision
from domain.facts import Facts
from domain.handoff import ExpireHandoff, ProposeHandoff, WithdrawHandoff
from domain.history import counted, fold
from domain.imports import ImportActivity, ImportCase, Meaning, placement
from domain.intake import InformClient, OpenCase, PromiseNextStep
from domain.meetings import HoldJointMeeting, HoldWarmMeeting
from domain.objections import AnswerObjection, RaiseObjection, WithdrawObjection
from domain.overrides import ReviewOverride
from domain.ownership import NameResponsible
from domain.plan import AgreePlan, CloseGoal, SetGoal
from domain.provision import DeclineService, EndService, StartService
from domain.remembered import Holder
from domain.reopening import ReopenCase
from domain.requests import AnswerAsClient, AnswerRequest, AskExperience, MakeRequest, ReportExperience
from domain.support import GiveSupport, RequestSupport
from domain.team import AgreeTeamLine, RecordDissent, ReviewTeamLine
from domain.transfer import ContestTransfer, ReceiveTransfer, TransferMatter
from domain.voice import ConfirmStatement, DisputeStatement, RecordStatement

CASE, CLIENT, IMPORT = UUID(int=1), UUID(int=2), UUID(int=3)

AINO = Holder("kela", "toimeentulo", "aino")
ARVO = Holder("kela", "toimeentulo", "arvo")
BO = Holder("county", "aikuiset", "bo")
EEVA = Holder("county", "lapset", "eeva")
OONA = Holder("city", "työllisyys", "oona")
WORKERS = (AINO, ARVO, BO, EEVA, OONA)
HOLDERS = frozenset(WORKERS) | {it.as_unit for it in WORKERS}
INTAKE = Holder("not stated", "intake")

THE_CLIENT = Actor("client", Role.CLIENT)
THE_CLOCK = Actor("clock", Role.SYSTEM)
AN_ADMINISTRATOR = Actor("root", Role.ADMINISTRATOR)

MONDAY = datetime(2025, 3, 3, 9, tzinfo=UTC)


def worker(holder: Holder) -> Actor:
    return Actor(holder.worker or "anybody", Role.WORKER, holder.organisation, holder.unit)


def manager(holder: Holder) -> Actor:
    return Actor("manager", Role.MANAGER, holder.organisation, holder.unit)


def hours(number: float) -> datetime:
    """So many hours after the case was opened."""
    return MONDAY + timedelta(hours=number)


class Told:
    """A history that is being told; `it` is all of it so far, by version."""

    def __init__(self) -> None:
        self.it: list[Recorded] = []
        self.acts = 0
        self.case = Case()

    @property
    def counted(self) -> list[Recorded]:
        return counted(self.it)

    def first(self, number: int) -> Told:
        """Return the history as it was with so many events."""
        before = Told()
        for it in self.it[:number]:
            before.happened(it.context, it.event)
        return before

    def context(self, by: Actor, at: datetime, imported: UUID | None = None) -> Context:
        self.acts += 1
        recorded = max(at, self.it[-1].context.recorded) if self.it else at
        late = at < recorded and imported is None
        return Context(uuid5(CASE, str(self.acts)), by, at, recorded, late=late, imported=imported)

    def by(self, actor: Actor, command: Command[Any], at: datetime, imported: UUID | None = None) -> Self:
        """Somebody does something; raises the refusal."""
        ctx = self.context(actor, at, imported)
        if command.clients_own and actor.role != Role.CLIENT:
            ctx = replace(ctx, on_behalf_of=ON_BEHALF_OF)
        entries = {each.version: each for each in self.it}
        client = Client(began=MONDAY - timedelta(days=9))
        known = frozenset(map(organisation_stream, {it.organisation for it in WORKERS}))
        facts = Facts(client_id=CLIENT, client=client, holders=HOLDERS, entries=entries, existing=known)
        return self.happened(ctx, *act(command, self.case, Context(**{**vars(ctx), "facts": facts})))

    def happened(self, ctx: Context, *events: Event[Any]) -> Self:
        """Just that happened, whatever the rules say."""
        new = [Recorded(CASE, event, ctx.at(number)) for number, event in enumerate(events, len(self.it) + 1)]
        self.it += new
        self.case = fold(Case(), self.counted) if ctx.late else fold(self.case, new)
        return self

    def just(
        self, at: datetime, *events: Event[Any], by: Actor = AN_ADMINISTRATOR, imported: UUID | None = None
    ) -> Self:
        """Just that happened in one act."""
        return self.happened(self.context(by, at, imported), *events)


def opened(by: Holder = AINO, **more: Any) -> Told:
    return Told().by(worker(by), OpenCase(client=CLIENT, need="vuokra", **more), MONDAY)


def offer(to: Holder, **more: Any) -> ProposeHandoff:
    more = {"no_view_because": "ei tavoitettu", **more} if more.get("client_view") is None else more
    return ProposeHandoff(to=to, reason="muutti", disclosure_basis="statutory", **more)


def handed_over(told: Told, to: Holder, at: float) -> Told:
    """Offer the case and have it accepted an hour later."""
    responsible = told.case.responsible
    assert responsible
    told.by(worker(responsible), offer(to), hours(at))
    return told.by(worker(to), AcceptHandoff(pending(told)), hours(at + 1))


def pending(told: Told) -> UUID:
    waiting = told.case.pending
    assert waiting
    return waiting.handoff


def closed(told: Told, at: float) -> Told:
    """Close the case at once: advice was enough, as an assessment found."""
    assert told.case.responsible
    responsible = worker(told.case.responsible)
    enough = CompleteAssessment("screening", "advice_suffices", no_view_because="ei tavoitettu")
    closing = ProposeClosure(ground="advice_sufficed", reason="neuvo riitti", no_view_because="ei tavoitettu")
    for command in (enough, closing, CloseCase()):
        told.by(responsible, command, hours(at))
    return told


# Imported.


class Row(NamedTuple):
    """A row of a source: at which hour, where, and what it means."""

    at: float
    holder: Holder | None
    meaning: Meaning = "work"


def imported(*rows: Row) -> Told:
    """Take in a case of these rows."""
    told = Told().by(AN_ADMINISTRATOR, ImportCase(CLIENT, INTAKE, hours(rows[0].at)), hours(rows[0].at), IMPORT)
    for number, row in enumerate(rows, 1):
        activity = ImportActivity(number, "työ", row.meaning, row.holder)
        told.by(AN_ADMINISTRATOR, activity, hours(row.at), IMPORT)
    return told


@st.composite
def sources(draw: st.DrawFn) -> list[Row]:
    """Draw the rows of a case, whose times may run backward; a queued row names no worker."""
    found = []
    steps = draw(st.lists(st.sampled_from([0, 1, 1, 5, 24, -1, -30]), min_size=1, max_size=12))
    for at in accumulate(steps):
        meaning: Meaning = draw(st.sampled_from(["work", "work", "queued", "queued", "waiting_for_client", "closed"]))
        holder = draw(st.sampled_from([AINO, AINO.as_unit, ARVO, BO, BO.as_unit, EEVA, None]))
        found.append(Row(at, holder.as_unit if holder and meaning == "queued" else holder, meaning))
    return found


# Any history that the rules allow.


@st.composite
def histories(draw: st.DrawFn) -> Told:
    """Draw a history: at each step any of what somebody might try, where the rules let them."""
    told = opened(draw(st.sampled_from(WORKERS)))
    at = 0.0
    for _ in range(draw(st.integers(0, 25))):
        at += draw(st.sampled_from([0, 1, 24, 400]))
        tries = list(attempts(told, hours(at)))
        actor, command = tries[draw(st.integers(0, len(tries) - 1))]
        try:
            told.by(actor, command, hours(at))
        except Refusal:
            continue
    return told


def attempts(told: Told, now: datetime) -> Iterator[tuple[Actor, Command[Any]]]:
    """Yield what somebody might try."""
    case = told.case
    assert case.responsible
    responsible = worker(case.responsible)
    yield from handing_on(case, responsible)
    yield from of_the_client(case)
    yield from of_the_voice(told, case, responsible)
    yield from of_the_plan(case, responsible)
    yield from of_the_meetings(case, responsible)
    yield from of_the_conduct(case, responsible, now)
    yield manager(case.responsible), NameResponsible(AINO)
    yield manager(case.responsible), NameResponsible(ARVO)
    yield manager(case.responsible), offer(EEVA.as_unit)
    yield responsible, PromiseNextStep("worker", "soitto", now + timedelta(days=1))
    yield responsible, AskWhoOwns("minä itse")
    yield responsible, AskExperience("letter")
    yield responsible, ProposeClosure(ground="advice_sufficed", reason="neuvo", no_view_because="ei tavoitettu")
    yield responsible, ProposeClosure(ground="goals_met", reason="valmis", no_view_because="ei tavoitettu")
    yield responsible, WithdrawClosure("jatkuu")
    for _ in range(3):
        yield responsible, CloseCase()
        yield responsible, ReopenCase("client_returned", words="palasi")
    if case.closure:
        yield responsible, InformClient(version(case.closure.version), "meeting")
    for number in [it.version for it in (case.closure, case.pending) if it] + list(case.awaiting.now()):
        yield THE_CLIENT, AnswerAsClient(version(number), "agreed", "sopii")
        yield THE_CLIENT, AnswerAsClient(version(number), "refused", "ei sovi")


def handing_on(case: Case, responsible: Actor) -> Iterator[tuple[Actor, Command[Any]]]:
    for to in (AINO, ARVO.as_unit, BO, BO.as_unit, EEVA):
        yield responsible, offer(to)
    yield responsible, TransferMatter(OONA.as_unit, "ei toimivaltaa")
    yield responsible, TransferMatter(BO.as_unit, "ei toimivaltaa")
    if case.pending:
        to, which = case.pending.to, case.pending.handoff
        for _ in range(4):
            yield worker(to), AcceptHandoff(which)
        yield manager(to), AcceptHandoff(which, for_unit=True)
        yield worker(to), DeclineHandoff(which, "not_competent", "ei meille", better_place=EEVA.as_unit)
        yield worker(to), ReportAcceptance(which, Holder(to.organisation, to.unit, to.worker or "bo"))
        yield responsible, WithdrawHandoff(which, "erehdys")
        yield THE_CLOCK, ExpireHandoff(which)
    if case.transfer:
        to = Holder(case.transfer.to_organisation, case.transfer.to_unit)
        yield worker(to), ReceiveTransfer(case.transfer.transfer)
        yield worker(to), ContestTransfer(case.transfer.transfer, "ei meille")


def of_the_client(case: Case) -> Iterator[tuple[Actor, Command[Any]]]:
    yield THE_CLIENT, TakeOwnership("minä hoidan")
    yield THE_CLIENT, ChooseOwner(BO, "hän tuntee minut")
    yield THE_CLIENT, ReturnOwnership()
    yield THE_CLIENT, RecordStatement("haluan jäädä kotiin")
    yield THE_CLIENT, ReportExperience(4, "hyvä")
    yield THE_CLIENT, ProposeClosure(ground="client_ended", reason="riitti")
    yield THE_CLIENT, MakeRequest("contact", "soittakaa")
    yield THE_CLIENT, RaiseObjection(version(1), "en suostu")
    for objection in case.open_objections:
        yield THE_CLIENT, WithdrawObjection(objection)


def of_the_voice(told: Told, case: Case, responsible: Actor) -> Iterator[tuple[Actor, Command[Any]]]:
    yield responsible, RecordStatement("haluan muuttaa", speaker="close_person")
    for statement in case.statements.now():
        yield THE_CLIENT, ConfirmStatement(statement)
        yield THE_CLIENT, DisputeStatement(statement, "en sanonut noin")
        yield responsible, offer(BO, client_view=statement)
        yield responsible, CompleteAssessment("needs", "service_needed", client_view=statement, summary="yhteenveto")
    for objection in case.open_objections:
        yield responsible, AnswerObjection(objection, "upheld", "oikein", changed=version(len(told.it)))
    for request, waits in case.requests.now().items():
        if waits:
            yield responsible, AnswerRequest(request, "granted", "soitettu")


def of_the_plan(case: Case, responsible: Actor) -> Iterator[tuple[Actor, Command[Any]]]:
    yield THE_CLIENT, SetGoal("haluan töihin")
    yield responsible, AgreePlan("agreed", no_view_because="ei tavoitettu")
    yield responsible, StartService(BO)
    yield responsible, AttemptContact("telephone", "no_answer")
    yield responsible, AgreeTeamLine((AINO, BO), "kotiin tuetusti", client_present=True, no_view_because="kiire")
    yield responsible, RequestSupport("en jaksa yksin")
    for goal, pursued in case.goals.now().items():
        if pursued:
            yield responsible, CloseGoal(goal, "reached")
    for service, begun in case.services.now().items():
        if begun:
            yield THE_CLIENT, DeclineService(service, "en halua")
            yield responsible, EndService(service, "päättyi", "agreed")
    for line in case.lines.now():
        yield worker(BO), RecordDissent(line, "ei näin")
        yield worker(AINO), ReviewTeamLine(line, "myöhästyimme")
    for asked in case.support.now():
        yield manager(AINO), GiveSupport("time", "saat aikaa", version(asked))


def of_the_meetings(case: Case, responsible: Actor) -> Iterator[tuple[Actor, Command[Any]]]:
    yield responsible, HoldJointMeeting((AINO, BO), client_present=True)
    for handoff in case.offered.now():
        yield responsible, HoldWarmMeeting(handoff, (AINO, BO), client_present=True)
    yield worker(EEVA), RequestHandoff("tunnen asiakkaan")
    for asking, waits in case.askings.now().items():
        if waits:
            yield responsible, DeclineHandoffRequest(asking, "jatkan itse")
            yield responsible, offer(waits.by, request=asking)


def of_the_conduct(case: Case, responsible: Actor, now: datetime) -> Iterator[tuple[Actor, Command[Any]]]:
    """Yield what goes by consent, by decision, in an emergency, over a rule, or waits for the client's word."""
    county, lead = BO.organisation, responsible.but(id="manager", role=Role.MANAGER)
    for rule in (9, 13, 30):
        override = (Override(rule, "kiire", now + timedelta(days=9)),)
        yield lead, CloseCase(override=override)
        yield lead, offer(BO, override=override)
    yield THE_CLIENT, GiveConsent((county,))
    yield responsible, ReceiveContact(county, "statutory")
    yield responsible, ReferenceDecision("refused", appeal_until=now + timedelta(days=30))
    yield responsible, TakeOwnership("hän hoitaa itse")
    yield responsible, ChooseOwner(EEVA, "hän tuntee hänet")
    yield responsible, ReturnOwnership()
    yield worker(EEVA), GrantEmergencyAccess("lapsi vaarassa")
    for consent in case.consents.now():
        yield THE_CLIENT, WithdrawConsent(consent)
    for access in case.emergencies.now():
        yield worker(EEVA), EndEmergencyAccess(access)
    for overridden in case.overrides.now():
        yield manager(OONA).but(id="other"), ReviewOverride(overridden, "upheld")


def version(number: int) -> Any:
    """Return a version as the commands want it."""
    return number


def stands_at(case: Case) -> Holder:
    """Where the case stands, by its state."""
    if case.transfer:
        return Holder(case.transfer.to_organisation, case.transfer.to_unit)
    return placement(case)
