"""The clock: what is due by time alone is done, once, by one of those who could."""

import signal
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.clock import Clock, done
from api.house import opened as opened_house
from api.settings import Settings
from domain.access import EmergencyAccessEnded, GrantEmergencyAccess
from domain.alerts import ManagerAlerted
from domain.assessment import CompleteAssessment
from domain.case import Case
from domain.client import EndRepresentative, NameRepresentative, RepresentativeEnded
from domain.client_ownership import ChooseOwner
from domain.closure import CloseCase, ProposeClosure
from domain.consent import ConsentWithdrawn, GiveConsent
from domain.decider import Actor, Context, Event, Role
from domain.directory import unit_stream, worker_stream
from domain.erasure import ConfirmErasure, ErasureProposed, ProposeErasure
from domain.handoff import ExpireHandoff, HandoffExpired, ProposeHandoff
from domain.intake import OpenCase
from domain.leaving import AnnounceLeaving, CloseUnit
from domain.ledger.database import Region
from domain.ledger.postgres import Server
from domain.ownership import ResponsibilityFellToUnit
from domain.protection import AddressProtectionLifted, ProtectAddress
from projections.due import Due, due
from tests.api.running import going
from tests.town import ADMINISTRATOR, AINO, BO, CILLA, Town, holder, ledger

PATIENCE = 20.0
"""How long to wait, in seconds, for what comes by itself."""


class Broken(ExpireHandoff):
    """End an offer, by a rule that has a bug."""

    def decide(self, state: Case, ctx: Context) -> Iterator[Event[Case]]:
        raise ZeroDivisionError(state, ctx)


def days_ago(days: float) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)


def tick(town: Town) -> int:
    """Do what is due; return to how many acts that came."""
    with town.cases.region.connect() as connection:
        return sum(done(town.cases, it) for it in list(due(connection)))


def waited_for(what: Callable[[], Any]) -> Any:
    """Ask again and again, for a while, until it is so."""
    nothing, end = threading.Event(), datetime.now(UTC) + timedelta(seconds=PATIENCE)
    while not (found := what()) and datetime.now(UTC) < end:
        nothing.wait(0.02)
    return found


def topics(town: Town, stream: UUID) -> list[str]:
    return [it.event.topic for it in town.cases.history(stream)]


def last(town: Town, stream: UUID, kind: type[Any]) -> Any:
    return next(it.event for it in reversed(town.cases.history(stream)) if isinstance(it.event, kind))


def opened(town: Town, by: Actor = BO, **how: Any) -> UUID:
    case = uuid4()
    town.do(OpenCase(town.client(), "vuokra", **how), case, by, occurred=days_ago(40))
    return case


def offered(town: Town, by: Actor = BO, to: Actor = CILLA, at: float = 30) -> UUID:
    case = opened(town, by)
    offer = ProposeHandoff(holder(to), "muutti", no_view_because="ei tavoitettu")
    town.do(offer, case, by, occurred=days_ago(at))
    return case


def test_an_offer_that_nobody_answered_expires_and_the_manager_is_told(town: Town) -> None:
    case = offered(town)
    assert tick(town)
    assert topics(town, case)[-2:] == ["handoff-expired", "manager-alerted"]
    assert last(town, case, HandoffExpired).cause == "silence"
    told = last(town, case, ManagerAlerted)
    assert (told.cause, told.unit) == ("handoff_expired", holder(BO).as_unit)


def test_an_offer_that_may_still_be_answered_goes_on(town: Town) -> None:
    case = offered(town, at=0.001)
    tick(town)
    assert topics(town, case)[-1] == "handoff-proposed"


def test_a_manager_is_told_once_of_a_unit_that_named_nobody(town: Town) -> None:
    case = opened(town, responsible=holder(BO).as_unit)
    assert tick(town) == 1
    assert last(town, case, ManagerAlerted).cause == "naming_overdue"
    assert tick(town) == 0


def test_a_consent_lapses_with_its_time(town: Town) -> None:
    case = opened(town)
    town.do(GiveConsent(("kela",), until=days_ago(3)), case, BO, occurred=days_ago(30))
    assert tick(town) == 1
    assert last(town, case, ConsentWithdrawn).cause == "lapsed"


def test_an_emergency_access_ends_with_its_time(town: Town) -> None:
    case = opened(town)
    town.do(GrantEmergencyAccess("lapsi vaarassa"), case, AINO, occurred=days_ago(3))
    assert tick(town) == 1
    assert last(town, case, EmergencyAccessEnded).cause == "time"


def test_a_mandate_and_a_protection_end_with_their_time(town: Town) -> None:
    client, person = town.client(), uuid4()
    soon = datetime.now(UTC) + timedelta(seconds=0.4)
    town.do(NameRepresentative(person, "proxy", until=soon), client, AINO)
    town.do(ProtectAddress(soon), client, AINO)
    tick(town)
    assert topics(town, client)[-2:] == ["representative-named", "address-protected"]
    assert waited_for(lambda: tick(town))
    waited_for(lambda: tick(town) == 0)
    assert {type(it.event) for it in town.cases.history(client)[-2:]} == {RepresentativeEnded, AddressProtectionLifted}


def test_what_is_due_no_longer_is_left(town: Town) -> None:
    client, person = town.client(), uuid4()
    soon = datetime.now(UTC) + timedelta(seconds=0.2)
    town.do(NameRepresentative(person, "proxy", until=soon), client, AINO)
    with town.cases.region.connect() as connection:
        (it,) = waited_for(lambda: list(due(connection)))
        town.do(EndRepresentative(person), client, AINO)
        assert not done(town.cases, it)


def test_whatever_one_act_does_the_clock_goes_on(town: Town) -> None:
    case = offered(town)
    assert not done(town.cases, Due(case, Broken(uuid4())))
    assert tick(town) == 1


def test_the_cases_of_a_worker_who_leaves_fall_to_the_unit_and_what_is_offered_to_them_returns(town: Town) -> None:
    held, sent, offered_to = opened(town, BO), offered(town, BO, CILLA, at=1), offered(town, CILLA, BO, at=1)
    town.do(AnnounceLeaving(), worker_stream(BO.organisation or "", BO.id), ADMINISTRATOR)
    assert tick(town)
    for case in (held, sent):
        assert last(town, case, ResponsibilityFellToUnit).unit == holder(BO).as_unit
        assert last(town, case, ManagerAlerted).cause == "worker_leaving"
    assert "handoff-expired" not in topics(town, sent)  # the offer goes on under the unit
    assert last(town, offered_to, HandoffExpired).cause == "receiver_left"
    assert tick(town) == 0


@pytest.fixture
def town(postgres: Server, tmp_path: Path) -> Iterator[Town]:
    region = Region(postgres.url, f"kello_{uuid4().hex[:12]}")
    with ledger(region, tmp_path) as cases:
        yield Town(cases).settle()


@pytest.fixture
def clocks(town: Town) -> Iterator[list[Clock]]:
    going = [Clock(town.cases, pause=0.05) for _ in range(3)]
    yield going
    for it in going:
        it.stop()


def test_one_clock_works_at_a_time_and_another_takes_over(town: Town, clocks: list[Clock]) -> None:
    first, second = clocks[:2]
    first.start()
    case = offered(town)
    assert waited_for(lambda: "handoff-expired" in topics(town, case))
    second.start()
    first.stop()
    another = offered(town)
    assert waited_for(lambda: "handoff-expired" in topics(town, another))


def test_three_clocks_do_everything_once(town: Town, clocks: list[Clock]) -> None:
    cases = [offered(town) for _ in range(5)]
    for it in clocks:
        it.start()
    assert waited_for(lambda: all("manager-alerted" in topics(town, case) for case in cases))
    assert [topics(town, case).count("handoff-expired") for case in cases] == [1] * 5


def test_a_manager_is_told_once_of_an_owner_whom_the_client_chose_and_who_leaves(town: Town) -> None:
    client, case = town.client(), uuid4()
    town.do(OpenCase(client, "vuokra"), case, BO, occurred=days_ago(2))
    town.do(ChooseOwner(holder(AINO)), case, Actor(str(client), Role.CLIENT))
    town.do(AnnounceLeaving(), worker_stream(AINO.organisation or "", AINO.id), ADMINISTRATOR)
    assert tick(town) == 1
    assert last(town, case, ManagerAlerted).cause == "owner_leaving"
    assert tick(town) == 0


def test_what_is_offered_to_a_unit_that_closes_returns(town: Town) -> None:
    case = opened(town, BO)
    offer = ProposeHandoff(
        holder(AINO).as_unit, "muutti", no_view_because="ei tavoitettu", disclosure_basis="statutory"
    )
    town.do(offer, case, BO, occurred=days_ago(1))
    town.do(CloseUnit(), unit_stream(AINO.organisation or "", AINO.unit or ""), ADMINISTRATOR)
    assert tick(town) == 1
    assert last(town, case, HandoffExpired).cause == "receiver_left"


def test_nothing_is_due_in_a_case_whose_words_were_destroyed(town: Town) -> None:
    case = opened(town)
    town.do(GiveConsent(("kela",), until=days_ago(3)), case, BO, occurred=days_ago(30))
    enough = CompleteAssessment("screening", "advice_suffices", no_view_because="puhelimessa")
    ended = ProposeClosure("advice_sufficed", no_view_because="puhelimessa")
    for command in (enough, ended, CloseCase()):
        town.do(command, case, BO)
    town.do(ProposeErasure("court_order", "hallinto-oikeus määräsi"), case, ADMINISTRATOR)
    second = Actor("raimo", Role.ADMINISTRATOR)
    town.do(ConfirmErasure(last(town, case, ErasureProposed).erasure), case, second)
    with town.cases.region.connect() as connection:
        assert case not in {it.stream for it in due(connection)}


def test_when_the_working_clock_is_killed_another_process_takes_over(database: str, tmp_path: Path) -> None:
    """As in production, where `luotsi worker` runs beside the service, more than once."""
    settings = Settings(home=tmp_path / ".luotsi", region="koe", database_url=database)
    where = {"DATABASE_URL": database, "LUOTSI_REGION": "koe"}
    with opened_house(settings) as house:
        town = Town(house.cases).settle()
        with (
            going(settings.home, "worker", is_up=bool, **where) as first,
            going(settings.home, "worker", is_up=bool, **where) as second,
        ):
            before = offered(town)
            assert waited_for(lambda: "handoff-expired" in topics(town, before))
            with house.region.connect() as connection:
                (working,) = connection.execute(_WORKING).fetchone() or (None,)
            assert working == 1  # of the two, one at a time
            first.process.kill()
            later = offered(town)
            assert waited_for(lambda: "handoff-expired" in topics(town, later))
            assert second.stop(signal.SIGTERM) == (0, "Stopped", "")


_WORKING = """
    SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted
        AND ((classid::bigint << 32) | objid::bigint) = hashtextextended('luotsi clock koe', 0)"""
