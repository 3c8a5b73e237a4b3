"""In an emergency somebody reads a case that is not theirs: for a time, for a reason, seen by all whom it concerns."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from api.rows import WITHHELD
from domain.decider import Actor
from tests.api.conftest import Door, as_client, kind
from tests.town import AINO, BO, CILLA, holder

REASON = "lapsi yksin ulkona yöllä"
WHY_NOT = "isä saattaa suuttua"


def taken(door: Door, case: str, by: Actor = AINO, occurred: datetime | None = None, **more: Any) -> dict[str, Any]:
    """Let somebody take access; return the receipt."""
    headers = {"Occurred_At": occurred.isoformat()} if occurred else {}
    answer = door.post(f"/cases/{case}/grant-emergency-access", {"reason": REASON} | more, by, **headers)
    assert answer.status_code == 200, answer.text
    receipt: dict[str, Any] = answer.json()
    return receipt


@pytest.fixture
def client(door: Door) -> UUID:
    return door.client()


@pytest.fixture
def case(door: Door, client: UUID) -> str:
    return door.case(client, BO)


@pytest.mark.rule(21)
def test_a_stranger_reads_the_case_for_the_time_and_acts_in_nothing(door: Door, case: str) -> None:
    assert door.get(f"/cases/{case}", AINO).status_code == 404
    assert door.say(case, "kävin katsomassa", AINO).status_code == 404
    owner = door.get(f"/cases/{case}/owner", BO).json()["rows"]
    access = taken(door, case)["made"]
    for path in ("", "/history", "/words", "/voice"):
        assert door.get(f"/cases/{case}{path}", AINO).status_code == 200
    assert kind(door.say(case, "kävin katsomassa", AINO)) == (403, "not-in-the-case")
    offer = {"to": vars(holder(AINO)), "reason": "meille", "no_view_because": "yö", "disclosure_basis": "statutory"}
    assert kind(door.post(f"/cases/{case}/propose-handoff", offer, AINO)) == (403, "not-in-the-case")
    assert door.get(f"/cases/{case}/owner", BO).json()["rows"] == owner
    assert door.post(f"/cases/{case}/end-emergency-access", {"access": access}, AINO).status_code == 200
    assert door.get(f"/cases/{case}", AINO).status_code == 404


@pytest.mark.rule(21)
def test_reading_ends_with_the_time_before_anybody_has_written_that_down(door: Door, client: UUID) -> None:
    case = door.case(client, BO, Occurred_At=(datetime.now(UTC) - timedelta(days=2)).isoformat())
    then = datetime.now(UTC) - timedelta(hours=3)
    taken(door, case, occurred=then, until=(then + timedelta(hours=2)).isoformat())
    assert "emergency-access-ended" not in door.get(f"/cases/{case}/history", BO).text
    assert door.get(f"/cases/{case}", AINO).status_code == 404
    assert case not in door.get("/cases", AINO).text


@pytest.mark.rule(21)
def test_whoever_reads_the_case_as_it_is_takes_no_access(door: Door, case: str) -> None:
    for by in (BO, CILLA):
        refused = door.post(f"/cases/{case}/grant-emergency-access", {"reason": REASON}, by)
        assert kind(refused) == (409, "in-the-case-already")


@pytest.mark.rule(21)
def test_whoever_had_the_case_before_may_see_what_came_since(door: Door, case: str) -> None:
    offer = {"to": vars(holder(AINO)), "reason": "muutti", "no_view_because": "ei tavattu"}
    made = door.post(f"/cases/{case}/propose-handoff", offer | {"disclosure_basis": "statutory"}, BO).json()["made"]
    assert door.post(f"/cases/{case}/accept-handoff", {"handoff": made}, AINO).status_code == 200
    door.say(case, "asun nyt siskoni luona", AINO)
    assert "siskoni" not in door.get(f"/cases/{case}/words", BO).text
    taken(door, case, BO)
    assert "siskoni" in door.get(f"/cases/{case}/words", BO).text


@pytest.mark.rule(21)
def test_the_client_is_told_and_the_log_says_who_read_it_in_an_emergency(door: Door, client: UUID, case: str) -> None:
    taken(door, case, channel="telephone")
    door.get(f"/cases/{case}", AINO)
    history = door.get(f"/cases/{case}/history", as_client(client)).json()["events"]
    topics = [it["topic"] for it in history]
    assert topics[1:] == ["emergency-access-granted", "client-informed", "manager-alerted"]
    assert history[1]["event"]["reason"] == REASON
    reads = door.get(f"/cases/{case}/reads", as_client(client)).json()["reads"]
    assert [(it["who"], it["why"], it["relation"]) for it in reads if it["who"] == "aino"] == [
        ("aino", "emergency", "in_emergency")
    ]  # fmt: skip


@pytest.mark.rule(21)
def test_where_the_client_is_not_told_the_case_does_not_tell_them_either(door: Door, client: UUID, case: str) -> None:
    review = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    receipt = taken(door, case, withheld_because=WHY_NOT, review_by=review)
    ended = door.post(f"/cases/{case}/end-emergency-access", {"access": receipt["made"]}, AINO)
    assert ended.status_code == 200
    paths = ("history", "words", "terms", "alerts", "withheld", "voice", "standing", "findings", "continuity", "heard")
    told = " ".join(door.get(f"/cases/{case}/{path}", as_client(client)).text for path in paths)
    assert not [it for it in (REASON, WHY_NOT, "emergency") if it in told]
    history = door.get(f"/cases/{case}/history", as_client(client)).json()["events"]
    withheld = [it for it in history if it["withheld"]]
    assert [it["version"] for it in withheld] == [2, 3, 4, 6]
    assert {(it["topic"], it["withheld"]["ground"], it["withheld"]["by_role"]) for it in withheld} == {
        (WITHHELD, "safety", "worker")
    }  # fmt: skip
    assert REASON in door.get(f"/cases/{case}/history", BO).text


@pytest.mark.rule(21)
@pytest.mark.rule(23)
def test_where_the_client_is_not_told_the_log_of_readers_keeps_still_until_they_are(
    door: Door, client: UUID, case: str
) -> None:
    review = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    taken(door, case, withheld_because=WHY_NOT, review_by=review)
    door.get(f"/cases/{case}", AINO)
    for path in (f"/cases/{case}/reads", f"/clients/{client}/reads"):
        told = door.get(path, as_client(client)).json()["reads"]
        kept = [it for it in told if it["who"] == WITHHELD]
        assert [(it["organisation"], it["relation"], it["why"]) for it in kept] == [(None, None, None)]
        assert not [it for it in told if it["who"] == "aino"]
    assert "aino" in door.get(f"/cases/{case}/reads", BO).text
    (withheld,) = door.get(f"/cases/{case}/withheld", BO).json()["rows"]
    allowed = door.post(f"/cases/{case}/allow-disclosure", {"forbidden": withheld["version"]}, BO)
    assert allowed.status_code == 200, allowed.text
    assert "aino" in door.get(f"/cases/{case}/reads", as_client(client)).text


@pytest.mark.rule(21)
def test_that_nobody_has_looked_again_is_a_finding_and_none_of_the_clients_to_read(door: Door, client: UUID) -> None:
    now = datetime.now(UTC)
    case = door.case(client, BO, Occurred_At=(now - timedelta(days=5)).isoformat())
    review = (now - timedelta(days=1)).isoformat()
    taken(door, case, occurred=now - timedelta(days=3), withheld_because=WHY_NOT, review_by=review)
    assert "not_told_of_access" in door.get(f"/cases/{case}/findings", BO).text
    assert "not_told_of_access" not in door.get(f"/cases/{case}/findings", as_client(client)).text


@pytest.mark.rule(21)
def test_the_manager_of_the_unit_that_answers_is_told(door: Door, case: str) -> None:
    version = taken(door, case)["version"]
    alerts = [it for it in door.get("/alerts", CILLA).json()["alerts"] if it["case"] == case]
    assert [(it["cause"], it["unit"]["unit"]) for it in alerts] == [("emergency_access", "aikuissosiaalityo")]
    assert alerts[0]["about"] == version - 2
