"""What a command would come to, before it is given: the same events or the same refusal, and nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from random import Random
from typing import Any
from uuid import uuid4

import pytest

from domain.acceptance import AcceptHandoff
from domain.client_ownership import TakeOwnership
from domain.decider import Actor, AlreadyThere, Command, Refusal, StreamAbsent
from domain.erasure import EndRetention, ErasedOnceClosed
from domain.handoff import HandoffNotPending
from domain.intake import OpenCase
from domain.ledger.application import Asked, Cases, KeyReused, VersionMismatch, ask
from domain.ledger.database import Region
from domain.voice import RecordStatement
from tests.domain.given import CLIENT, the_client, the_clock
from tests.domain.ledger.conftest import everything
from tests.domain.lives.hand import ANYBODY
from tests.projections.test_lives import lived, settled
from tests.town import AINO, BO, Town, holder

SEEDS = range(4)
STEPS = 40
A_FEW = 15


@contextmanager
def nothing_written(region: Region) -> Iterator[None]:
    before = everything(region)
    yield
    assert everything(region) == before


def outcome(cases: Cases, asked: Asked, *, only_consider: bool) -> Any:
    """Return what it came to, or would: the receipt, its fingerprint apart, or what the refusal tells."""
    try:
        receipt = cases.consider(asked) if only_consider else cases.execute(asked)
    except Refusal as refused:
        return type(refused), refused.details
    return replace(receipt, fingerprint=b"")


# The same as then happens.


def test_whatever_anybody_does_in_a_life_comes_to_what_it_was_said_to_come_to(cases: Cases) -> None:
    settled(Town(cases))
    outcomes: dict[bool, set[type[Command[Any]]]] = {True: set(), False: set()}
    for seed in SEEDS:
        case, luck = uuid4(), Random(seed)  # noqa: S311 - luck, not a secret
        for act in lived(seed, STEPS).acts:
            for by in (luck.choice(ANYBODY), act.asked.by):  # first somebody to whom it may be no business
                asked = ask(
                    act.asked.command, case, at_the_door(by), occurred=act.asked.at, reported=act.asked.reported
                )
                with nothing_counted(cases):
                    foreseen = outcome(cases, asked, only_consider=True)
                happened = outcome(cases, asked, only_consider=False)
                assert foreseen == happened, type(asked.command).__name__
                outcomes[isinstance(happened, tuple)].add(type(asked.command))
    assert min(map(len, outcomes.values())) > A_FEW, "otherwise it shows nothing"


def at_the_door(by: Actor) -> Actor:
    """Return who somebody is before the log names them: there a client has an id."""
    return by.but(id=str(CLIENT)) if by == the_client else by


@contextmanager
def nothing_counted(cases: Cases) -> Iterator[None]:
    """Check that the ledger has as many rows, in the tables that every act writes."""
    before = _counts(cases)
    yield
    assert _counts(cases) == before


def _counts(cases: Cases) -> Any:
    with cases.pool.connection() as connection:
        return connection.execute(_COUNTS).fetchone()


_COUNTS = """
    SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM words), (SELECT count(*) FROM receipts),
        (SELECT count(*) FROM keys), (SELECT count(*) FROM clients), (SELECT count(*) FROM outbox)"""


def test_another_process_foresees_the_same(town: Town, elsewhere: Town) -> None:
    case = town.case()
    handoff = town.offer(case)
    asked = ask(AcceptHandoff(handoff), case, BO)
    foreseen = outcome(elsewhere.cases, asked, only_consider=True)
    assert foreseen == outcome(town.cases, asked, only_consider=False)
    again = ask(AcceptHandoff(handoff), case, BO)
    assert outcome(elsewhere.cases, again, only_consider=True)[0] is HandoffNotPending


def test_it_looks_at_the_ledger_and_not_at_what_this_process_remembers(town: Town, elsewhere: Town) -> None:
    case = town.case()
    assert elsewhere.cases.consider(ask(RecordStatement("yksi"), case, AINO)).last == 2
    town.say(case)
    assert elsewhere.cases.consider(ask(RecordStatement("kaksi"), case, AINO)).last == 3


def test_a_version_that_was_seen_counts(town: Town) -> None:
    case = town.case()
    town.say(case)
    assert outcome(town.cases, ask(RecordStatement("x"), case, AINO, expected=1), only_consider=True) == (
        VersionMismatch, {"expected": 1, "version": 2},
    )  # fmt: skip


def test_where_nothing_would_be_new_nothing_is_foreseen(town: Town) -> None:
    client = town.client()
    case = town.case(client)
    own = Actor(str(client), the_client.role)
    town.do(TakeOwnership(), case, own)
    receipt = town.cases.consider(ask(TakeOwnership(), case, own))
    assert (receipt.first, receipt.last) == (3, 2)


# Nothing is written.


def test_nothing_is_written_whether_it_would_be_done_or_refused(town: Town) -> None:
    client = town.client()
    case = town.case(client)
    town.offer(case)
    erasing = ask(EndRetention(), case, the_clock)
    with nothing_written(town.cases.region):
        town.cases.consider(ask(RecordStatement("en halua muuttaa"), case, AINO))
        town.cases.consider(ask(OpenCase(client, "toinen asia"), uuid4(), AINO, keyed=True, fingerprint=b"one"))
        for asked in (
            ask(AcceptHandoff(uuid4()), case, BO), ask(RecordStatement("x"), uuid4(), AINO),
            ask(OpenCase(client, "sama"), case, AINO), erasing,
        ):  # fmt: skip
            with pytest.raises(Refusal):
                town.cases.consider(asked)


def test_what_was_considered_under_a_key_can_be_done_under_it_and_is_then_answered_alike(town: Town) -> None:
    case = town.case()
    asked = ask(RecordStatement("kuulkaa"), case, AINO, keyed=True, fingerprint=b"one")
    foreseen = outcome(town.cases, asked, only_consider=True)
    assert foreseen == outcome(town.cases, asked, only_consider=False)
    assert foreseen == outcome(town.cases, asked, only_consider=True), "it was done already, and only once"
    another = replace(asked, command=RecordStatement("muuta"), fingerprint=b"two")
    assert outcome(town.cases, another, only_consider=True) == (KeyReused, {})


def test_a_stream_that_was_only_considered_can_be_begun_by_anybody(town: Town, elsewhere: Town) -> None:
    client, case = town.client(), uuid4()
    assert town.cases.consider(ask(OpenCase(client, "asunto"), case, AINO)).last == 1
    elsewhere.cases.execute(ask(OpenCase(client, "asunto"), case, AINO))
    town.say(case, "kuulkaa minua")
    assert elsewhere.cases.words(case)[2] == {"words": "kuulkaa minua"}
    with pytest.raises(AlreadyThere):
        town.cases.consider(ask(OpenCase(client, "asunto"), case, AINO))


def test_eight_at_once_are_told_the_same_and_stand_in_nobodys_way(town: Town) -> None:
    case = town.case()
    handoff = town.offer(case, to=holder(BO))
    with ThreadPoolExecutor(8) as threads:
        told = list(threads.map(lambda _: town.cases.consider(ask(AcceptHandoff(handoff), case, BO)).last, range(8)))
    assert len(set(told)) == 1
    town.do(AcceptHandoff(handoff), case, BO)


# Nobody is told more.


def test_who_has_no_part_in_a_case_is_told_that_there_is_none(town: Town) -> None:
    case = town.case()
    for where in (case, uuid4()):
        assert outcome(town.cases, ask(RecordStatement("x"), where, BO), only_consider=True) == (StreamAbsent, {})


def test_what_keeps_words_is_looked_at_as_for_the_act_that_destroys_them(town: Town) -> None:
    asked = ask(EndRetention(), town.case(), the_clock)
    foreseen = outcome(town.cases, asked, only_consider=True)
    assert foreseen == outcome(town.cases, asked, only_consider=False)
    assert foreseen[0] is ErasedOnceClosed
