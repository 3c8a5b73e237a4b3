"""A case in which nothing ever happens."""

import pytest

from tests.scenarios.life import Life, as_client, on, told_at, unit_of
from tests.town import BO, CILLA

NOBODY_NAMED = (18, "no_worker_named")
CONTACT_WAITS = (18, "contact_waits")
NOT_BEGUN = (24, "assessment_not_begun")
NOT_FINISHED = (24, "assessment_not_finished")
NO_STEP = (26, "no_next_step")

AT_EACH_DATE = (
    ("2024-03-25 12:00", ()),
    ("2024-04-03 23:59", ()),
    ("2024-04-04 00:00", (NOBODY_NAMED, CONTACT_WAITS)),
    ("2024-04-05 23:59", (NOBODY_NAMED, CONTACT_WAITS)),
    ("2024-04-06 00:00", (NOBODY_NAMED, CONTACT_WAITS, NOT_BEGUN)),
    ("2024-04-08 15:59", (NOBODY_NAMED, CONTACT_WAITS, NOT_BEGUN)),
    ("2024-04-08 16:00", (NOBODY_NAMED, CONTACT_WAITS, NOT_BEGUN, NO_STEP)),
    ("2024-06-25 23:59", (NOBODY_NAMED, CONTACT_WAITS, NOT_BEGUN, NO_STEP)),
    ("2024-06-26 00:00", (NOBODY_NAMED, CONTACT_WAITS, NOT_BEGUN, NOT_FINISHED, NO_STEP)),
    ("2025-03-25 10:00", (NOBODY_NAMED, CONTACT_WAITS, NOT_BEGUN, NOT_FINISHED, NO_STEP)),
)
"""What stands open at which moment. Easter lies between: Good Friday on the 29th of March, Easter Monday on 1 April.

A worker is to be named, and a call returned, within five working days: by the end of the 3rd of April. The assessment
is to begin within seven: by the end of the 5th; and to be finished in three months: by the end of the 25th of June.
"""


@pytest.mark.rule(1)
@pytest.mark.rule(18)
@pytest.mark.rule(24)
@pytest.mark.rule(26)
def test_a_year_of_silence_shows_what_it_should_at_each_date(life: Life) -> None:
    """On the Monday before Easter, Veikko comes to the social office in Tampere and is told to wait for a call.

    Nobody is named, nobody calls, and for a year no event is recorded. The silence shows all the same, each part of it
    from the very moment on which its time had run out, and the unit has answered for the case all along.
    """
    case = life.case(BO, "2024-03-25 10:00", responsible=unit_of(BO))
    case.does(BO, "promise-next-step", at="2024-03-25 10:15", who="unit", what="soitto", by=on("2024-04-08 16:00"))
    case.does(as_client(case.client), "make-request", at="2024-03-25 10:30", kind="contact", words="soittakaa")

    for day, shown in AT_EACH_DATE:
        found = case.findings(happened_by=day, state="open")
        assert sorted((it["rule"], it["kind"]) for it in found) == sorted(shown), day
        assert all((it["unit"], it["by"]) == ("aikuissosiaalityo", "its_time") for it in found)
        across = life.reads("/findings", happened_by=day)["findings"]
        assert sorted((it["rule"], it["kind"]) for it in across) == sorted(shown), day
        assert bool(life.reads("/cases", finding=24, happened_by=day)["cases"]) == (NOT_BEGUN in shown), day
        assert case.owner(happened_by=day) == case.responsible(happened_by=day) == "aikuissosiaalityo"
    since = {it["kind"]: told_at(it["stands_from"]) for it in found}
    assert since == {
        "no_worker_named": on("2024-04-04 00:00"),
        "contact_waits": on("2024-04-04 00:00"),
        "assessment_not_begun": on("2024-04-06 00:00"),
        "assessment_not_finished": on("2024-06-26 00:00"),
        "no_next_step": on("2024-04-08 16:00"),
    }
    assert case.version == 3


@pytest.mark.rule(1)
def test_when_the_clock_strikes_at_last_the_manager_is_told_and_the_past_shows_what_it_showed(life: Life) -> None:
    """After so long a silence the clock is started. It tells the unit's manager, once, and moves nobody.

    What an auditor saw at each date of that year is there as before.
    """
    case = life.case(BO, "2024-03-25 10:00", responsible=unit_of(BO))
    before = [case.findings(happened_by=day, state="open") for day, _ in AT_EACH_DATE]
    assert life.clock_strikes() == 1
    assert life.clock_strikes() == 0
    (alert,) = life.reads("/alerts", by=CILLA, unit="pirha/aikuissosiaalityo")["alerts"]
    assert (alert["case"], alert["cause"]) == (case.id, "naming_overdue")
    assert [case.findings(happened_by=day, state="open") for day, _ in AT_EACH_DATE] == before
    assert case.owner() == case.responsible() == "aikuissosiaalityo"
