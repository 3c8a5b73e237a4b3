"""Nobody comes back into a case, or lets others in, by what they may still write down; nor learns how it went on."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from domain.decider import Actor
from tests.api.conftest import Door, kind
from tests.town import AINO, BO, CILLA, holder

STATUTORY = {"disclosure_basis": "statutory"}
LETTING_IN: dict[str, dict[str, Any]] = {
    "start-service": {"provider": {"organisation": "kela", "unit": "asiakaspalvelu"}, **STATUTORY},
    "agree-team-line": {
        "members": [vars(holder(AINO)), vars(holder(BO))], "text": "linja", "client_present": False,
        "no_view_because": "ei tavoitettu", **STATUTORY,
    },
}  # fmt: skip


def offered(door: Door, case: str, by: Actor = AINO, to: Actor = BO) -> str:
    body = {"to": vars(holder(to)), "reason": "osaa paremmin", "no_view_because": "ei tavoitettu", **STATUTORY}
    answer = door.post(f"/cases/{case}/propose-handoff", body, by)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["made"])


def handed_over(door: Door, case: str, by: Actor = AINO, to: Actor = BO) -> None:
    answer = door.post(f"/cases/{case}/accept-handoff", {"handoff": offered(door, case, by, to)}, to)
    assert answer.status_code == 200, answer.text


def gone_on(door: Door) -> tuple[str, str]:
    """Let a case go on from Kela to the county; return it, and a time at which Kela had it."""
    case = door.case()
    door.say(case, "tämä sanottiin Kelassa")
    then = door.get(f"/cases/{case}/history").json()["events"][-1]["context"]["occurred"]
    handed_over(door, case)
    door.say(case, "tämä sanottiin vasta Pirkanmaalla", BO)
    return case, then


@pytest.mark.rule(7)
@pytest.mark.parametrize("reported", ["false", "true"])
@pytest.mark.parametrize("command", LETTING_IN)
def test_who_had_a_case_does_not_come_back_into_it_by_what_they_write_down_late(
    door: Door, command: str, reported: str
) -> None:
    case, then = gone_on(door)
    before = door.get(f"/cases/{case}/history")
    answer = door.post(f"/cases/{case}/{command}", LETTING_IN[command], Occurred_At=then, Reported=reported)
    assert kind(answer) == (403, "not-yours-to-let-in")
    after = door.get(f"/cases/{case}/history")
    assert after.json() == before.json()
    assert "vasta Pirkanmaalla" not in after.text
    assert door.post(f"/cases/{case}/{command}", LETTING_IN[command], BO).status_code == 200  # who answers for it may


@pytest.mark.rule(7)
def test_what_else_happened_then_is_still_written_down_late(door: Door) -> None:
    case, then = gone_on(door)
    assert door.say(case, "kuului aiempaan", Occurred_At=then).status_code == 200
    consent = {"recipients": ["kela"], "purpose": "cooperation"}
    assert door.post(f"/cases/{case}/give-consent", consent, Occurred_At=then).status_code == 200
    assert "vasta Pirkanmaalla" not in door.get(f"/cases/{case}/words").text


@pytest.mark.rule(7)
def test_who_works_in_a_case_by_consent_does_not_say_that_the_law_lets_them(door: Door) -> None:
    case = door.case()
    given = door.post(f"/cases/{case}/give-consent", {"recipients": ["pirha"], "purpose": "cooperation"}).json()["made"]
    of_the_county = {"provider": {"organisation": "pirha", "unit": "aikuissosiaalityo"}}
    assert door.post(f"/cases/{case}/start-service", of_the_county).status_code == 200
    assert door.get(f"/cases/{case}", BO).status_code == 200
    answer = door.post(f"/cases/{case}/start-service", of_the_county | STATUTORY, BO)
    assert kind(answer) == (403, "not-yours-to-let-in")
    assert door.post(f"/cases/{case}/start-service", of_the_county, BO).status_code == 200  # as far as they consent
    assert door.post(f"/cases/{case}/withdraw-consent", {"consent": given}).status_code == 200
    assert door.get(f"/cases/{case}", BO).status_code == 404
    assert door.post(f"/cases/{case}/start-service", of_the_county | STATUTORY).status_code == 200
    assert door.get(f"/cases/{case}", BO).status_code == 200


@pytest.mark.rule(7)
def test_a_refusal_tells_who_had_a_case_nothing_of_how_it_went_on(door: Door) -> None:
    case, then = gone_on(door)
    handed_over(door, case, BO, CILLA)
    refused = [
        door.post(f"/cases/{case}/mark-erroneous", {"version": version, "reason": "virhe"}) for version in (6, 7, 8, 99)
    ]
    assert {kind(it) for it in refused} == {(404, "entry-absent")}  # as if the case ended where it went on
    closing = {"ground": "advice_sufficed", "no_view_because": "ei tavoitettu"}
    refused += [
        door.post(f"/cases/{case}/propose-closure", closing, Occurred_At=then),
        door.say(case, "kuulkaa", Occurred_At=then, If_Match='"2"'),
    ]
    assert [it.status_code for it in refused[-2:]] == [403, 412]
    assert all("details" not in it.json() for it in refused), [it.text for it in refused]
    own = door.say(case, "kuului aiempaan", Occurred_At=then).json()["version"]
    answer = door.post(f"/cases/{case}/mark-erroneous", {"version": own, "reason": "virhe"})
    assert kind(answer) != (404, "entry-absent")  # what they wrote down themselves they know of


@pytest.mark.rule(7)
def test_who_asks_for_a_case_or_was_offered_it_in_vain_is_refused_without_its_facts(door: Door) -> None:
    case = door.case()
    old = offered(door, case)
    door.post(f"/cases/{case}/withdraw-handoff", {"handoff": old, "reason": "toisin"})
    answers = [door.post(f"/cases/{case}/accept-handoff", {"handoff": it}, BO) for it in (old, str(uuid4()))]
    answers.append(door.post(f"/cases/{case}/request-handoff", {"reason": "minulle"}, CILLA, If_Match='"99"'))
    assert [it.status_code for it in answers] == [409, 409, 412]
    assert all("details" not in it.json() for it in answers), [it.text for it in answers]


@pytest.mark.rule(7)
def test_the_right_case_of_what_is_in_the_wrong_one_is_no_way_to_ask_for_cases(door: Door) -> None:
    others, own = door.case(), door.case(by=BO)
    version = door.say(own, "väärään asiaan", BO).json()["version"]
    for wanted in (others, str(uuid4())):
        body = {"version": version, "reason": "väärä asia", "wrong_person": True, "replaced_in": wanted}
        assert kind(door.post(f"/cases/{own}/mark-erroneous", body, BO)) == (422, "right-case-absent")
    body["replaced_in"] = door.case(by=BO)
    assert door.post(f"/cases/{own}/mark-erroneous", body, BO).status_code == 200
