"""A worker leaves: everything that they had has somebody who answers for it, at every moment."""

import pytest

from domain.decider import Actor
from tests.scenarios.life import CaseLife, Life, Row
from tests.scenarios.people import OUTI, TIINA
from tests.town import ADMINISTRATOR, AINO, BO, CILLA

HELD, OUT, IN = 40, 3, 2
UNIT = "aikuissosiaalityo"
STATUTORY: Row = {"reason": "tuen tarve", "no_view_because": "ei tavoitettu", "disclosure_basis": "statutory"}


@pytest.mark.rule(1)
def test_the_cases_of_a_worker_who_leaves_fall_to_the_unit_and_none_is_ever_unowned(life: Life) -> None:
    """Bo of the county holds forty cases; he offered three of them to Kela, and is offered two others.

    He gives notice. His cases fall to his unit, which has five working days to name others; what he offered goes on
    under the unit, what was offered to him returns, and nothing more comes to him.
    """
    life.join(OUTI, TIINA)
    held = [life.case(BO, "2025-03-03") for _ in range(HELD)]
    outward = {case: offered(case, BO, AINO) for case in held[:OUT]}
    inward = {case: offered(case, TIINA, BO) for case in (life.case(TIINA, "2025-03-03") for _ in range(IN))}

    bo = life.does(ADMINISTRATOR, "/workers", organisation="pirha", unit=UNIT, worker="bo")["id"]
    life.does(ADMINISTRATOR, f"/workers/{bo}/announce-leaving")
    nothing_more_comes_to(BO, life, inward)
    life.clock_strikes()

    for case in held:
        fell_to_the_unit(case)
    for case in inward:
        returned_to_the_sender(case)
    assert life.clock_strikes() == 0
    has_somebody_at_every_version([*held, *inward])
    assert_the_unit_has_them_all(life)

    goes_on_under_the_unit(outward)
    is_named_anew(held[-1])


# Given.


def offered(case: CaseLife, by: Actor, to: Actor) -> str:
    return str(case.does(by, "propose-handoff", to=to, **STATUTORY))


# Then.


def nothing_more_comes_to(worker: Actor, life: Life, inward: dict[CaseLife, str]) -> None:
    """Check that they accept nothing, are offered nothing and open nothing, before the clock has struck even."""
    for case, offer in inward.items():
        case.refuses("takes-on-nothing-more", worker, "accept-handoff", handoff=offer)
    case = life.case(OUTI, "2025-03-03")
    case.refuses("takes-on-nothing-more", OUTI, "propose-handoff", to=worker, **STATUTORY)
    answer = life.post("/cases", worker, body={"client": life.client(OUTI), "need": "vuokra"})
    assert answer.json()["type"] == "/problems/takes-on-nothing-more"


def fell_to_the_unit(case: CaseLife) -> None:
    """Check that the unit answers, has a deadline to name somebody, and that its manager was told."""
    told = case.stands()
    assert told["responsible"] == told["owner"] == {"organisation": "pirha", "unit": UNIT, "worker": None}
    fell, alerted = case.reads("history")["events"][-2:]
    assert (fell["topic"], fell["event"]["cause"]) == ("responsibility-fell-to-unit", "worker_leaving")
    assert (alerted["topic"], alerted["event"]["about"]) == ("manager-alerted", fell["version"])
    assert case.reads("owner")[-1]["name_by"] == fell["event"]["due_by"] > fell["context"]["occurred"]


def returned_to_the_sender(case: CaseLife) -> None:
    """Check that what was offered to them is over, and that its sender went on answering."""
    assert case.latest("handoff-expired")["event"]["cause"] == "receiver_left"
    (offer,) = case.reads("handoffs")
    assert offer["outcome"] == "expired"
    assert (case.owner(), case.responsible()) == ("tiina", "tiina")
    assert case.stands()["handoff"] is None


def has_somebody_at_every_version(cases: list[CaseLife]) -> None:
    """Check that every case has one owner and one who answers, as of each of its events, and no gap between periods."""
    for case in cases:
        for version in range(1, case.version + 1):
            told = case.stands(version=version)
            assert told["status"] == "open"
            assert told["owner"] == told["responsible"] is not None
        periods = case.reads("owner")
        assert [it["until"] for it in periods] == [it["since"] for it in periods[1:]] + [None]


def assert_the_unit_has_them_all(life: Life) -> None:
    """Check the figures: forty cases of the unit without a worker, three of them offered elsewhere; Bo has none."""
    told = life.reads("/caseload", CILLA, unit=f"pirha/{UNIT}")
    assert (told["figures"]["without_worker"], told["figures"]["waiting"], told["figures"]["offered"]) == (HELD, OUT, 0)
    held = {it["worker"]: it["figures"]["held"] for it in told["holders"]}
    assert (held[None], held["bo"]) == (HELD, 0)


def goes_on_under_the_unit(outward: dict[CaseLife, str]) -> None:
    """Check that an offer still stands after its sender: it can be accepted, or taken back by the unit's manager."""
    taken, *others = outward
    taken.does(AINO, "accept-handoff", handoff=outward[taken])
    assert taken.responsible() == "aino"
    for case in others:
        assert case.stands()["handoff"]["handoff"] == outward[case]
        case.does(CILLA, "withdraw-handoff", handoff=outward[case], reason="nimeämme uuden työntekijän")
        assert case.responsible() == UNIT


def is_named_anew(case: CaseLife) -> None:
    """Check that the manager names another worker of the unit, and no longer the one who leaves."""
    case.refuses("takes-on-nothing-more", CILLA, "name-responsible", holder=BO)
    case.does(CILLA, "name-responsible", holder=OUTI)
    assert (case.owner(), case.responsible()) == ("outi", "outi")
    assert case.reads("owner")[-1]["name_by"] is None
