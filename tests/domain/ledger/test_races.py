"""Races: of several who act at once on one case one comes first, and the others decide again on what is now."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.acceptance import AcceptHandoff
from domain.case import Case, HolderUnknown
from domain.client import ChooseLanguage, Client, ClientDead, NameRepresentative, RecordDeath
from domain.client_ownership import TakeOwnership
from domain.decider import Actor, AlreadyThere, Command, Role, StreamAbsent
from domain.directory import POLICY_STREAM, JoinUnit, PolicyInForce, SetPolicy, worker_stream
from domain.handoff import HandoffNotPending, HandoffProposed, ProposeHandoff, WithdrawHandoff
from domain.intake import OpenCase
from domain.ledger.application import ATTEMPTS, Asked, Cases, TooBusy, VersionMismatch, ask
from domain.ledger.recorder import now_current, replace_rows, select_stream
from domain.voice import RecordStatement
from projections.rebuild import start_over
from tests.domain.ledger.conftest import (
    CURRENT,
    TOLD,
    eventually,
    everything,
    faults,
    outcome,
    overtaken,
    progress,
    rows_are_right,
    stored,
    until_write,
)
from tests.town import ADMINISTRATOR, AINO, BO, CILLA, Town, holder


def statement(case: UUID, words: str = "odotan yhä", **how: Any) -> Asked:
    return ask(RecordStatement(words), case, AINO, **how)


def test_eight_who_race_on_one_case_in_two_processes_each_win_a_version_of_their_own(
    town: Town, elsewhere: Town
) -> None:
    case, start = town.case(), threading.Barrier(8)

    def race(number: int) -> list[int]:
        here = (town, elsewhere)[number % 2]
        won: list[int] = []
        start.wait()
        while len(won) < 4:
            with suppress(TooBusy):  # as a caller would: it tries again
                receipt = here.say(case, f"{number}")
                assert receipt.first == receipt.last
                won.append(receipt.last)
        return won

    with ThreadPoolExecutor(8) as racers:
        won = [version for versions in racers.map(race, range(8)) for version in versions]
    assert sorted(won) == list(range(2, 34))
    assert [it.originator_version for it in stored(town.cases.region, case)] == list(range(1, 34))
    assert faults(town.cases.region, case) == []
    assert rows_are_right(town.cases, case)
    assert progress(town.cases.region, case) == (33, CURRENT)
    spoken = town.cases.words(case)
    assert [spoken[version]["words"] for version in sorted(spoken) if version > 1].count("3") == 4


def test_of_accepting_withdrawing_and_declining_at_once_one_wins(town: Town, elsewhere: Town) -> None:
    case = town.case()
    handoff, start = town.offer(case, to=holder(BO).as_unit), threading.Barrier(4)
    rivals: list[tuple[Town, Command[Any], Actor]] = [
        (town, AcceptHandoff(handoff), BO), (elsewhere, AcceptHandoff(handoff), CILLA),
        (town, WithdrawHandoff(handoff, "toisin kävi"), AINO), (elsewhere, WithdrawHandoff(handoff, "toisin"), AINO),
    ]  # fmt: skip

    def race(rival: tuple[Town, Command[Any], Actor]) -> str:
        here, command, actor = rival
        start.wait()
        try:
            here.cases.execute(ask(command, case, actor))
        except Exception as raised:  # told by name
            return type(raised).__name__
        return "won"

    with ThreadPoolExecutor(4) as racers:
        came_to = sorted(racers.map(race, rivals))
    assert came_to[-1] == "won"
    assert came_to.count("won") == 1
    assert set(came_to) <= {"won", "HandoffNotPending", "NotResponsible", "NotOfferedToYou"}
    assert len(stored(town.cases.region, case)) == 4


@pytest.mark.parametrize(("keyed", "guesses"), [(True, 0), (False, 1)])
def test_a_lost_race_is_decided_again_three_times_and_then_it_is_too_busy(
    town: Town, elsewhere: Town, keyed: bool, guesses: int
) -> None:
    case = town.case()
    steps = town.cases.steps([statement(case, keyed=keyed)])
    decisions = guesses + 1 + ATTEMPTS
    step = until_write(steps)
    for _ in range(decisions - 1):
        elsewhere.say(case, "ehdin ensin")
        step = until_write(steps, failure=overtaken(step))
    elsewhere.say(case, "ehdin taas ensin")
    failure = overtaken(step)
    with pytest.raises(TooBusy):
        steps.throw(failure)
    assert town.say(case).last == 2 + decisions


def test_a_lost_race_is_decided_on_the_new_state(town: Town, elsewhere: Town) -> None:
    case = town.case()
    handoff = town.offer(case)
    steps = town.cases.steps([ask(AcceptHandoff(handoff), case, BO)])
    step = until_write(steps)
    elsewhere.do(WithdrawHandoff(handoff, "toisin kävi"), case, AINO)
    with pytest.raises(HandoffNotPending):
        until_write(steps, failure=overtaken(step))
    assert len(stored(town.cases.region, case)) == 4


def test_whoever_names_the_version_they_have_seen_is_told_at_once_that_it_has_moved_on(
    town: Town, elsewhere: Town
) -> None:
    case = town.case()
    steps = town.cases.steps([statement(case, expected=1)])
    step = until_write(steps)
    elsewhere.say(case, "ehdin ensin")
    with pytest.raises(VersionMismatch) as told:
        until_write(steps, failure=overtaken(step))
    assert told.value.details == {"expected": 1, "version": 2}
    with pytest.raises(VersionMismatch):
        town.cases.execute(statement(case, expected=1))
    assert town.cases.execute(statement(case, expected=2)).last == 3


def test_a_version_that_this_process_has_not_seen_yet_can_be_named(town: Town, elsewhere: Town) -> None:
    case = town.case()
    elsewhere.say(case)
    assert town.cases.execute(statement(case, expected=2)).last == 3


# What a decision looked at has to stand when it is written.


def test_a_policy_that_changes_between_the_decision_and_the_write_makes_it_decide_again(
    town: Town, elsewhere: Town
) -> None:
    case = town.case()
    command = ProposeHandoff(holder(BO), "osaa", None, "ei tavoitettu", disclosure_basis="statutory")
    steps = town.cases.steps([ask(command, case, AINO)])
    step = until_write(steps)
    elsewhere.do(SetPolicy("respond_working_days", 0), POLICY_STREAM, ADMINISTRATOR)
    before = everything(town.cases.region)
    failure = overtaken(step)
    assert everything(town.cases.region) == before
    step = until_write(steps, failure=failure)
    outcome(steps, step())
    proposed = town.cases.history(case)[-1].event
    assert isinstance(proposed, HandoffProposed)
    assert proposed.policy == 1


def test_a_worker_who_joins_between_the_decision_and_the_write_is_known(town: Town, elsewhere: Town) -> None:
    case, dan = town.case(), holder(BO).but(worker="dan")
    command = ProposeHandoff(dan, "osaa", None, "ei tavoitettu", disclosure_basis="statutory")
    with pytest.raises(HolderUnknown):
        town.cases.execute(ask(command, case, AINO))
    elsewhere.do(JoinUnit("pirha", "aikuissosiaalityo", "dan"), worker_stream("pirha", "dan"), ADMINISTRATOR)
    assert town.cases.execute(ask(command, case, AINO)).last == 3


def test_a_client_who_dies_between_the_decision_and_the_write_gets_no_case(town: Town, elsewhere: Town) -> None:
    client, case = town.client(), uuid4()
    steps = town.cases.steps([ask(OpenCase(client=client, need="asunto"), case, AINO)])
    step = until_write(steps)
    elsewhere.do(RecordDeath("relative"), client, AINO)
    with pytest.raises(ClientDead):
        until_write(steps, failure=overtaken(step))
    assert stored(town.cases.region, case) == []


def test_an_unheard_mandate_counts_as_soon_as_it_is_recorded(town: Town, elsewhere: Town) -> None:
    client = town.client()
    case, person = town.case(client), uuid4()
    took = ask(TakeOwnership(), case, Actor(str(person), Role.REPRESENTATIVE))
    with pytest.raises(StreamAbsent):
        town.cases.execute(took)
    elsewhere.do(NameRepresentative(person, "proxy"), client, AINO)
    assert town.cases.execute(took).last == 2


def test_nothing_new_is_said_only_of_what_is_there_now(town: Town, elsewhere: Town) -> None:
    client = town.client()
    town.do(ChooseLanguage("fi"), client, AINO)
    elsewhere.do(ChooseLanguage("sv"), client, AINO)  # of which this process has not heard
    receipt = town.do(ChooseLanguage("fi"), client, AINO)
    assert receipt
    assert (receipt.first, receipt.last) == (4, 4)
    state = elsewhere.cases.loaded(client, Client).state
    assert isinstance(state, Client)
    assert state.language == "fi"


# What a stream is, its first event says.


def test_a_clients_id_is_no_case(town: Town) -> None:
    client = town.client()
    before = everything(town.cases.region)
    with pytest.raises(StreamAbsent):
        town.say(client)
    with pytest.raises(AlreadyThere):
        town.do(OpenCase(client=client, need="asunto"), client, AINO)
    assert everything(town.cases.region) == before


def test_a_case_is_no_client_to_whoever_asks_first(town: Town, elsewhere: Town) -> None:
    case = town.case()
    with pytest.raises(StreamAbsent):
        elsewhere.do(ChooseLanguage("sv"), case, AINO)
    assert elsewhere.say(case).last == 2


def test_a_stream_asked_for_before_it_began_is_read_as_what_it_became(town: Town, elsewhere: Town) -> None:
    client, case = town.client(), uuid4()
    for stream, kind in ((client, Case), (case, Client), (POLICY_STREAM, PolicyInForce)):
        elsewhere.cases.loaded(stream, kind)
    town.do(OpenCase(client=client, need="asunto"), case, AINO)
    assert elsewhere.say(case).last == 2
    assert elsewhere.cases.loaded(case, Client).client == client
    assert rows_are_right(elsewhere.cases, case)


# Several commands in one act.


def test_a_case_opened_and_told_out_of_order_in_one_act_has_its_client_and_rows(town: Town) -> None:
    client, case = town.client(), uuid4()
    began = town.cases.history(client)[0].context.occurred
    took = ask(TakeOwnership(), case, Actor(str(client), Role.CLIENT), occurred=began + timedelta(microseconds=3))
    town.cases.execute_all([
        ask(OpenCase(client=client, need="asunto"), case, AINO, occurred=began),
        statement(case, occurred=began + timedelta(microseconds=2)),
        statement(case, occurred=began + timedelta(microseconds=1)),
        took,
    ])  # fmt: skip
    assert town.cases.client_of(case) == client
    assert [it.context.late for it in town.cases.history(case)] == [False, False, True, False]
    assert rows_are_right(town.cases, case)
    assert town.cases.warm.get(case) == Cases(town.cases.pool, town.cases.keyring.keks, town.cases.models).loaded(
        case, Case
    )


def test_what_comes_to_nothing_does_not_make_the_next_act_late(town: Town) -> None:
    client, soon = town.client(), timedelta(microseconds=1)
    began = town.cases.history(client)[0].context.occurred
    chosen = [
        ask(ChooseLanguage("fi"), client, AINO, occurred=began + soon),
        ask(ChooseLanguage("fi"), client, AINO, occurred=began + 3 * soon),
        ask(ChooseLanguage("sv"), client, AINO, occurred=began + 2 * soon),
    ]
    town.cases.execute_all(chosen)
    assert [it.context.late for it in town.cases.history(client)] == [False, False, False]


def test_entries_named_in_one_act_are_those_of_their_own_case(town: Town) -> None:
    first, second = town.case(), town.case()
    town.say(first)
    about_both = [
        ask(RecordStatement("siitä", about=2), first, AINO),  # type: ignore[arg-type]
        ask(RecordStatement("avauksesta", about=1), second, AINO),  # type: ignore[arg-type]
        ask(RecordStatement("äskeisestä", about=2), second, AINO),  # type: ignore[arg-type]
    ]
    assert [it.last for it in town.cases.execute_all(about_both)] == [3, 2, 3]
    wrong = [statement(first), ask(RecordStatement("siitä", about=5), second, AINO)]  # type: ignore[arg-type]
    with pytest.raises(Exception, match="no such version"):
        town.cases.execute_all(wrong)


@pytest.mark.parametrize("version", [0, -1, 2**31, 2**63, 10**30])
def test_a_version_that_cannot_be_is_not_there(town: Town, version: int) -> None:
    with pytest.raises(Exception, match="no such version"):
        town.cases.execute(ask(RecordStatement("siitä", about=version), town.case(), AINO))  # type: ignore[arg-type]


# A rebuild goes on beside.


def test_a_writer_waits_for_whoever_replaces_the_rows_and_loses_none(town: Town, elsewhere: Town) -> None:
    case, region = town.case(), town.cases.region
    town.say(case)
    with region.connect() as rebuilder, ThreadPoolExecutor(1) as writers:
        with rebuilder.transaction():
            rebuilder.execute("SELECT 1 FROM projected WHERE stream = %s FOR UPDATE", (case,))
            writing = writers.submit(elsewhere.say, case)
            eventually(lambda: waits_for_a_lock(region))
            assert [it.originator_version for it in select_stream(rebuilder, case, 0, None, None)] == [1, 2]
            history = [town.cases.mapper.to_domain_event(it) for it in select_stream(rebuilder, case, 0, None, None)]
            rows = [TOLD.record(row) for row in TOLD.over(history)]  # type: ignore[arg-type]
            replace_rows(rebuilder, TOLD.table, case, rows)
            now_current(rebuilder, [(case, 2, ["told_v1"])])
            assert not writing.done()
        assert writing.result(10).last == 3
    assert progress(region, case) == (3, CURRENT)
    assert rows_are_right(town.cases, case)


def test_a_writer_adds_no_rows_to_a_projection_that_is_behind_and_a_late_event_mends_it(town: Town) -> None:
    case, region = town.case(), town.cases.region
    town.say(case)
    with region.connect() as rebuilder:
        start_over(rebuilder, [TOLD])
    town.say(case)
    assert progress(region, case) == (3, ["access_v1", "standing_v1"])
    began = town.cases.history(case)[0].context.occurred
    town.cases.execute(statement(case, occurred=began))
    assert progress(region, case) == (4, CURRENT)
    assert rows_are_right(town.cases, case)


def waits_for_a_lock(region: Any) -> bool:
    with region.connect(owner=True) as owner:
        found = owner.execute(
            "SELECT 1 FROM pg_stat_activity a JOIN pg_locks l USING (pid) WHERE NOT l.granted AND a.query LIKE %s",
            ("%into_events%",),
        )
        return found.fetchone() is not None
