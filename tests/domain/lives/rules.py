"""What no act may ever break, checked on the events themselves and not by the code that decided them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from domain.acceptance import HandoffAcceptanceReported, HandoffAccepted, HandoffDeclined
from domain.asking import HandoffRequested
from domain.assessment import AssessmentCompleted
from domain.case import Case, as_holder
from domain.client_ownership import ClientAskedWhoOwns, OwnerChosen
from domain.closure import CaseClosed, ClosureProposed
from domain.corrections import EntryHidden, EntryMarkedErroneous, WordsDestroyed
from domain.decider import CLIENT_SIDE, STAFF, Actor, Context, Event, Role
from domain.erasure import ErasureProposed, PersonalDataErased
from domain.handoff import HandoffExpired, HandoffProposed
from domain.intake import CaseOpened
from domain.objections import ObjectionLapsed, ObjectionRaised
from domain.overrides import RuleOverridden
from domain.ownership import ResponsibilityFellToUnit, ResponsibleNamed
from domain.plan import PlanAgreed
from domain.remembered import Holder
from domain.reopening import CaseReopened
from domain.requests import ClientAnswered, ExperienceReported, RequestMade
from domain.team import DissentRecorded, TeamLineAgreed, TeamSelfReviewed
from domain.transfer import MatterTransferred, TransferReceived
from domain.voice import StatementConfirmed, StatementDisputed, StatementRecorded, ViewUnavailable
from tests.domain.given import Story, owner_of, the_client
from tests.domain.lives.own_will import (
    answers_in_person,
    decided_by_the_client,
    stands_as_the_client_said_in_person,
)
from tests.domain.lives.parts import acted_with_a_part
from tests.domain.lives.reading import MOVES, Reading, counting, read


def the_rules_hold(before: Story, after: Story) -> None:
    """Check what one act may have changed."""
    was, now = read(counting(before.history)), read(counting(after.history))
    nothing_is_rewritten(before, after)
    happens_before_it_is_recorded(after)
    one_owner_and_one_responsible(now)
    remembered_as_it_happened(after.case, now)
    moves_by_those_who_may(was, now, after)
    acted_with_a_part(before, after)
    one_offer_at_a_time(was, after)
    assert now.first_contact_at == first_contact(after)  # rule 6
    decided_by_the_client(was, now, before, after)
    for event in after.happened:
        rests_on_the_clients_own_words(was, event, after)
        closes_with_the_client_informed(before.case, event, after)
        is_marked_by_who_may(was, event, before, after)
        is_destroyed_by_two(event, before, after)
        is_answered_by_who_may(was, event, after)
        goes_to_somebody_known(event, after)
        stands_as_the_client_said_in_person(event, before, after)
        says_why(event, after.last)


def nothing_is_rewritten(before: Story, after: Story) -> None:
    """Rules 11 and 20: the history only grows, and what was said stays as it was said."""
    assert after.history[: len(before.history)] == before.history
    assert all(one is other for one, other in zip(before.history, after.history, strict=False))
    assert [it.version for it in after.history] == list(range(1, len(after.history) + 1))
    statements = [it.event.statement for it in after.history if isinstance(it.event, StatementRecorded)]
    assert len(set(statements)) == len(statements)


def happens_before_it_is_recorded(after: Story) -> None:
    """Rule 19."""
    assert after.last.occurred <= after.last.recorded
    assert all(it.context.recorded <= after.last.recorded for it in after.history)


def one_owner_and_one_responsible(now: Reading) -> None:
    """Rule 1. An import's source sets no time to name a worker."""
    if now.open:
        assert len(now.owners) == 1
        assert now.responsible is not None
        assert now.placed is not None
        assert now.responsible.worker or now.name_by or now.placed.context.imported


def remembered_as_it_happened(case: Case, now: Reading) -> None:
    """Whatever the domain decides by is what the events say."""
    waits = {it.handoff: it.to for it in [case.pending] if it}
    waits |= {it.transfer: Holder(it.to_organisation, it.to_unit) for it in [case.transfer] if it}
    assert (case.status == "open", case.responsible, waits) == (now.open, now.responsible, now.waits)
    assert case.first_contact_at == now.first_contact_at
    assert (case.owned_by == "chosen") == (case.chosen is not None)
    assert [owner_of(case)] == [the_client if it == "client" else it for it in now.owners]
    standings = {which: standing == "disputed" for which, (_, standing) in now.statements.items()}
    assert {it: remembered.standing == "disputed" for it, remembered in case.statements.now().items()} == standings


def first_contact(after: Story) -> Any:
    """Rule 6: what the opening said."""
    opening = after.history[0].event
    assert isinstance(opening, CaseOpened)
    return opening.first_contact_at


def moves_by_those_who_may(was: Reading, now: Reading, after: Story) -> None:
    """Rules 2 and 4: who answers changes by one act alone, and by whoever it comes to."""
    moves = [it for it in after.happened if isinstance(it, MOVES)]
    assert len(moves) <= 1
    if was.responsible != now.responsible:
        assert moves
    if HandoffExpired in {type(it) for it in after.happened}:
        assert was.responsible == now.responsible
        assert after.last.actor.role == Role.SYSTEM
    for event in moves:
        if not after.last.imported:
            comes_to_who_took_it(was, event, after)


def comes_to_who_took_it(was: Reading, event: Event[Any], after: Story) -> None:
    actor = after.last.actor
    match event:
        case HandoffAccepted(handoff=which, by=by):
            is_addressed(offered_to(which, after), actor)
            assert by in {as_holder(actor), as_holder(actor).as_unit}  # type: ignore[union-attr]
            assert by.worker or actor.role == Role.MANAGER
        case TransferReceived(transfer=which, by=by):
            is_addressed(offered_to(which, after), actor)
            assert by == as_holder(actor)
        case ResponsibleNamed(holder=holder):
            assert was.responsible
            assert actor.role == Role.MANAGER
            assert works_at(actor) == was.responsible.as_unit == holder.as_unit
            assert holder.worker
        case ResponsibilityFellToUnit(unit=unit):
            assert was.responsible
            assert was.responsible.worker
            assert unit == was.responsible.as_unit
            assert actor.role == Role.SYSTEM
        case CaseOpened(responsible=holder) | CaseReopened(responsible=holder):
            assert not was.open
            assert actor.role in STAFF
            assert actor.organisation == holder.organisation


def offered_to(which: UUID, after: Story) -> Holder:
    """Return to whom a handoff, or a transfer, was addressed."""
    for it in after.history:
        match it.event:
            case HandoffProposed(handoff=offer, to=to) if offer == which:
                return to
            case MatterTransferred(transfer=offer, to_organisation=organisation, to_unit=unit) if offer == which:
                return Holder(organisation, unit)
    raise AssertionError(which)


def works_at(actor: Actor) -> Holder:
    return Holder(actor.organisation or "", actor.unit or "")


def is_addressed(to: Holder, actor: Actor) -> None:
    assert actor.role in STAFF
    assert works_at(actor) == to.as_unit
    assert to.worker in {None, actor.id}


def one_offer_at_a_time(was: Reading, after: Story) -> None:
    """Rules 2 and 3, at every moment of the past too: an offer is alone, and taken on while it waits."""
    offers = [it for it in after.happened if isinstance(it, HandoffProposed | MatterTransferred)]
    assert len(offers) <= 1
    if offers and not after.last.imported:
        assert was.waits == {}
        assert was.open
    order = counting(after.history)
    for number, it in enumerate(order if after.last.late else ()):
        assert len(read(order[: number + 1]).waits) <= 1, it
        if isinstance(it.event, HandoffAccepted | TransferReceived):
            assert (set(vars(it.event).values()) & set(read(order[:number]).waits)) != set(), it


# Rule 11.


def rests_on_the_clients_own_words(was: Reading, event: Event[Any], after: Story) -> None:
    """Rule 11: what a decision rests on is undisputed, and the client's own; else it says why it is not."""
    resting = AssessmentCompleted | HandoffProposed | ClosureProposed | PlanAgreed | TeamLineAgreed
    if not (isinstance(event, resting) and event.client_view):
        return
    said, standing = was.statements[event.client_view]
    assert standing != "disputed"
    assert isinstance(said.event, StatementRecorded)
    assert said.event.speaker == "client" or any(isinstance(it, ViewUnavailable) for it in after.happened)


# Rules 13 to 15.


def closes_with_the_client_informed(before: Case, event: Event[Any], after: Story) -> None:
    """Rules 13 to 15."""
    set_aside = {it.rule for it in after.happened if isinstance(it, RuleOverridden)}
    if isinstance(event, ClosureProposed) and event.ground == "service_mismatch":
        assert event.attributed_to == "service"
        reviewed = any(isinstance(it.event, TeamSelfReviewed) for it in counting(after.history))
        assert 14 in set_aside or (reviewed and event.alternative.strip())
    from_a_backup = any(isinstance(it, PersonalDataErased) for it in after.happened)
    if not isinstance(event, CaseClosed) or after.last.imported or from_a_backup:
        return
    closure = before.closure
    assert closure is not None
    assert event.ground != "not_stated"
    assert event.initiator in {"client", "representative", "service"}
    lapsed = any(isinstance(it, ObjectionLapsed) for it in after.happened)
    assert not before.open_objections or lapsed or 13 in set_aside
    confirmed = event.ground == "client_ended" and closure.confirmed
    at_once = event.ground in {"advice_sufficed", "death"} or confirmed or 13 in set_aside
    assert at_once or (closure.object_by and closure.object_by <= after.last.occurred)


# Rule 20.


def is_marked_by_who_may(was: Reading, event: Event[Any], before: Story, after: Story) -> None:
    """Rules 11, 12 and 20."""
    if not isinstance(event, EntryMarkedErroneous) or any(isinstance(it, WordsDestroyed) for it in after.happened):
        return
    marked, actor = before.history[event.version - 1], after.last.actor
    assert not marked.event.lasting
    own = marked.context.actor
    if actor.role in CLIENT_SIDE:
        assert own == actor
        return
    assert was.responsible is not None
    assert (own.id, own.organisation) == (actor.id, actor.organisation) or (
        works_at(actor) == was.responsible.as_unit
        and (actor.role == Role.MANAGER or was.responsible.worker in {None, actor.id})
    )
    assert own.role not in CLIENT_SIDE
    assert not isinstance(marked.event, ObjectionRaised) or not event.wrong_person
    said = (
        StatementRecorded, StatementConfirmed, StatementDisputed, ObjectionRaised, RequestMade, ClientAnswered,
        ExperienceReported, ClientAskedWhoOwns,
    )  # fmt: skip
    assert event.wrong_person or not isinstance(marked.event, said)
    assert not event.wrong_person or (marked.version, "confirmed") not in answers_in_person(before)
    assert (own.id, own.organisation) == (actor.id, actor.organisation) or not isinstance(marked.event, DissentRecorded)


def is_destroyed_by_two(event: Event[Any], before: Story, after: Story) -> None:
    """Words go only where one person said that they are another's, and a second one confirmed it.

    All of a case's go so too; or by themselves, once their time has passed or they were destroyed before.
    """
    if isinstance(event, PersonalDataErased):
        said_by = [
            it.context.actor.id for it in before.history
            if isinstance(it.event, ErasureProposed) and it.event.erasure == event.erasure
        ]  # fmt: skip
        proposer = said_by[0] if said_by else None
        assert (after.last.actor.role == Role.SYSTEM) == (proposer is None)
        assert after.last.actor.id != proposer
    if isinstance(event, WordsDestroyed):
        said = [
            it.context.actor for it in before.history
            if isinstance(it.event, EntryHidden | EntryMarkedErroneous) and it.event.version == event.version
        ]  # fmt: skip
        actor = after.last.actor
        assert any((it.id, it.organisation) != (actor.id, actor.organisation) for it in said)


# The others.


def is_answered_by_who_may(was: Reading, event: Event[Any], after: Story) -> None:
    """Rules 2 and 5."""
    actor = after.last.actor
    match event:
        case HandoffDeclined(handoff=which):
            is_addressed(offered_to(which, after), actor)
        case HandoffAcceptanceReported(handoff=which):
            senders = {it.context.actor.unit for it in after.history if getattr(it.event, "handoff", None) == which}
            assert was.responsible
            assert actor.unit in {offered_to(which, after).unit, was.responsible.unit, *senders}


def goes_to_somebody_known(event: Event[Any], after: Story) -> None:
    """Rule 1: whoever takes a case on stands in the directory, and is not leaving."""
    if after.last.imported:
        return
    for holder in taking_on(event):
        assert holder in after.facts.holders
        assert holder not in after.facts.leaving
    if isinstance(event, OwnerChosen) and event.confirms is None:
        assert event.holder in after.facts.holders


def taking_on(event: Event[Any]) -> Iterator[Holder]:
    """Yield those to whom the case comes, or is to come."""
    match event:
        case HandoffProposed(to=to):
            yield to
        case HandoffAccepted(by=by) | TransferReceived(by=by) | HandoffRequested(by=by):
            yield by
        case ResponsibleNamed(holder=holder) | CaseOpened(responsible=holder) | CaseReopened(responsible=holder):
            yield holder
        case MatterTransferred(to_organisation=organisation, to_unit=unit):
            yield Holder(organisation, unit)


def says_why(event: Event[Any], ctx: Context) -> None:
    """Check that what somebody else has to live with is said in words. An import's source gives no reasons."""
    if ctx.imported:
        return
    match event:
        case HandoffProposed(reason=words) | HandoffDeclined(reason=words) | MatterTransferred(reason=words):
            assert words.strip()
        case StatementDisputed(correction=words) | ClientAskedWhoOwns(answer=words) | RuleOverridden(reason=words):
            assert words.strip()
