"""Which cases' words wait for the end of their term; and a client's terms, which end with their words."""

from dataclasses import replace
from uuid import UUID

from domain.client import RepresentativeNamed
from domain.decider import Actor, Context, Recorded, Role
from domain.erasure import ClientDataErased, ConfirmErasure, ErasureProposed, ProposeErasure, WithdrawErasure
from domain.protection import AddressProtected
from domain.reopening import ReopenCase
from domain.retention import HoldRetention, ReleaseRetention, StateTask
from projections.client_terms import CLIENT_TERMS
from projections.retention import RETENTION, Kept
from tests.projections.histories import AINO, AN_ADMINISTRATOR, CASE, CLIENT, Told, closed, hours, opened, worker

ANOTHER = Actor("toinen", Role.ADMINISTRATOR)


def only(told: Told) -> Kept:
    (row,) = RETENTION.over(told.counted)
    return row


def proposed(told: Told, at: float) -> UUID:
    told.by(AN_ADMINISTRATOR, ProposeErasure("court_order", "päätös"), hours(at))
    return next(it.event.erasure for it in reversed(told.it) if isinstance(it.event, ErasureProposed))


def test_a_case_is_kept_under_its_task_from_its_closing_on() -> None:
    told = opened(task="families")
    assert only(told) == Kept(CASE, "families", None)
    assert only(closed(told, 5)).closed_at == hours(5)
    told.by(worker(AINO), StateTask("adults"), hours(6))
    assert only(told).task == "adults"
    told.by(worker(AINO), ReopenCase("new_need"), hours(7))
    assert only(told).closed_at is None


def test_it_tells_what_holds_a_case_and_what_is_proposed() -> None:
    told = closed(opened(), 5)
    told.by(AN_ADMINISTRATOR, HoldRetention("audit", hours(99), "tarkastus"), hours(6))
    assert only(told).held_until == hours(99)
    told.by(AN_ADMINISTRATOR, ReleaseRetention(), hours(7))
    assert only(told).held_until is None
    which = proposed(told, 8)
    assert only(told).proposed
    told.by(ANOTHER, WithdrawErasure(which), hours(9))
    assert not only(told).proposed


def test_a_proposal_ends_with_the_reopening_and_an_erased_case_waits_for_nothing() -> None:
    told = closed(opened(), 5)
    proposed(told, 6)
    told.by(worker(AINO), ReopenCase("new_need"), hours(7))
    assert not only(told).proposed
    told = closed(opened(), 5)
    told.by(ANOTHER, ConfirmErasure(proposed(told, 6)), hours(7))
    assert (only(told).erased, only(told).proposed) == (True, False)


def test_nothing_falls_due_for_a_client_whose_words_are_gone() -> None:
    ctx = Context(UUID(int=9), AN_ADMINISTRATOR, hours(1), hours(1))
    events = [
        RepresentativeNamed(UUID(int=8), "proxy", ("statements",), hours(50)), AddressProtected(hours(60)),
        ClientDataErased(),
    ]  # fmt: skip
    history = [Recorded(CLIENT, it, replace(ctx, version=number)) for number, it in enumerate(events, 1)]
    assert [it.settled for it in CLIENT_TERMS.over(history[:2])] == [None, None]
    assert [it.settled for it in CLIENT_TERMS.over(history)] == [hours(1), hours(1)]
