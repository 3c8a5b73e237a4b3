"""What waits for a unit's manager."""

import pytest

from api.clock import done
from api.moments import cursor
from domain.directory import worker_stream
from projections.due import due
from tests.api.conftest import Door, as_client, kind
from tests.town import ADMINISTRATOR, AINO, BO, CILLA, holder

HERE = "organisation=pirha&unit=aikuissosiaalityo"


def overdue(door: Door) -> str:
    """Open a case that a unit was to name a worker for long ago, and let the clock look at it."""
    unit = vars(holder(BO).as_unit)
    body = {"client": str(door.client()), "need": "vuokra", "responsible": unit}
    case = door.post("/cases", body, BO, Occurred_At="2025-03-03T09:00:00+02:00").json()["id"]
    clocked(door)
    return str(case)


def clocked(door: Door) -> None:
    with door.house.region.connect() as connection:
        assert [it for it in list(due(connection)) if done(door.house.cases, it)]


def test_a_manager_sees_what_waits_until_it_is_seen_to(own_door: Door) -> None:
    case = overdue(own_door)
    (alert,) = own_door.get(f"/alerts?{HERE}", CILLA).json()["alerts"]
    assert (alert["case"], alert["cause"], alert["about"]) == (case, "naming_overdue", 1)
    assert alert["unit"] == {"organisation": "pirha", "unit": "aikuissosiaalityo", "worker": None}
    named = {"holder": vars(holder(BO))}
    assert own_door.post(f"/cases/{case}/name-responsible", named, CILLA).status_code == 200
    assert own_door.get(f"/alerts?{HERE}", CILLA).json() == {"alerts": [], "next": None}
    (row,) = own_door.get(f"/cases/{case}/alerts", CILLA).json()["rows"]
    assert (row["cause"], row["settled_by"]) == ("naming_overdue", 3)


def test_alerts_come_in_pages_the_oldest_first(own_door: Door) -> None:
    cases = [overdue(own_door) for _ in range(3)]
    seen, url = [], f"/alerts?{HERE}&limit=2"
    while url:
        page = own_door.get(url, CILLA).json()
        seen += [it["case"] for it in page["alerts"]]
        url = page["next"]
    assert seen == cases
    assert own_door.get("/alerts?organisation=kela", CILLA).json()["alerts"] == []


@pytest.mark.rule(7)
def test_what_waits_for_another_organisations_manager_is_not_told(own_door: Door) -> None:
    case = overdue(own_door)
    for query in ("", f"?{HERE}", "?organisation=pirha", "?limit=1"):
        assert [it["case"] for it in own_door.get(f"/alerts{query}", CILLA).json()["alerts"]] == [case]
        assert own_door.get(f"/alerts{query}", AINO).json() == {"alerts": [], "next": None}


@pytest.mark.rule(7)
def test_who_had_the_case_before_is_not_told_what_waits_since(own_door: Door) -> None:
    case, aino = overdue(own_door), vars(holder(AINO))
    sent = {"to": aino, "reason": "muutti", "no_view_because": "ei tavoitettu", "disclosure_basis": "statutory"}
    offer = own_door.post(f"/cases/{case}/propose-handoff", sent, CILLA).json()["made"]
    assert own_door.post(f"/cases/{case}/accept-handoff", {"handoff": offer}, AINO).status_code == 200
    leaving = f"/workers/{worker_stream('kela', 'aino')}/announce-leaving"
    assert own_door.post(leaving, {}, ADMINISTRATOR).status_code == 200
    clocked(own_door)
    (alert,) = own_door.get("/alerts", AINO).json()["alerts"]
    assert (alert["case"], alert["cause"]) == (case, "worker_leaving")
    assert own_door.get("/alerts", CILLA).json()["alerts"] == []
    (row,) = own_door.get(f"/cases/{case}/alerts", CILLA).json()["rows"]
    assert row["cause"] == "naming_overdue"


def test_no_cursor_and_no_reader_of_another_kind(door: Door) -> None:
    assert kind(door.get("/alerts?after=aGVp", CILLA)) == (400, "cursor-malformed")
    for version, at in ((2**63, "2025-03-03T09:00:00Z"), (1, "2025-03-03T09:00:00")):
        after = cursor(f'["{at}", "00000000-0000-0000-0000-000000000000", {version}]')
        assert kind(door.get("/alerts", CILLA, params={"after": after})) == (400, "cursor-malformed")
    assert kind(door.get("/alerts?unit=tyhja", CILLA)) == (422, "unit-without-organisation")
    assert kind(door.get("/alerts?otsikko=1", CILLA)) == (422, "request-invalid")
    assert kind(door.get("/alerts", as_client(door.client()))) == (403, "role-not-allowed")
