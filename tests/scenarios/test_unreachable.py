"""A client cannot be reached, and comes back."""

import pytest

from tests.scenarios.life import CaseLife, Life, Row, as_client, name_of, on, told_at
from tests.scenarios.people import OUTI
from tests.town import BO, CILLA

UNREACHABLE: Row = {"ground": "unreachable", "no_view_because": "ei tavoitettu, eikä asiakas ole vastannut"}


@pytest.fixture
def case(life: Life) -> CaseLife:
    """Give Jarmo's case in Tampere: he came in January, and has not been heard of since."""
    life.join(OUTI)
    return life.case(BO, "2025-01-08")


def calls_twice_in_a_week(case: CaseLife) -> None:
    """Have his worker call on a Monday, and again on the Friday."""
    case.does(BO, "attempt-contact", at="2025-01-13", channel="telephone", outcome="no_answer")
    case.does(BO, "attempt-contact", at="2025-01-17", channel="telephone", outcome="left_message")


def seeks(case: CaseLife) -> None:
    """Have his worker look for him in earnest: twice by telephone, once by letter, over five weeks."""
    calls_twice_in_a_week(case)
    case.does(BO, "attempt-contact", at="2025-02-03", channel="letter", outcome="returned_mail")


def closes(case: CaseLife) -> None:
    """Have his worker close the case as the rules allow it: proposed, told by letter, and time given."""
    proposal = case.tries(BO, "propose-closure", at="2025-02-17", **UNREACHABLE).json()["version"]
    case.does(BO, "inform-client", at="2025-02-17 10:00", about=proposal, channel="letter")
    case.refuses("time-to-object", BO, "close-case", at="2025-03-10")
    case.does(BO, "close-case", at="2025-03-11")


@pytest.mark.rule(25)
def test_two_calls_in_a_week_do_not_make_anybody_unreachable(case: CaseLife) -> None:
    """Bo calls Jarmo twice in a week. That is too few attempts, by one channel, over too few days: he hears how many.

    After three attempts by two channels it is a matter of days, and on the thirtieth the case may be closed.
    """
    calls_twice_in_a_week(case)
    told = case.refuses("not-sought-enough", BO, "propose-closure", at="2025-01-17 15:00", **UNREACHABLE)
    assert told == {"attempts": 2, "channels": ["telephone"], "days": 4, "pending": []}
    case.does(BO, "attempt-contact", at="2025-01-20", channel="telephone", outcome="no_answer")
    told = case.refuses("not-sought-enough", BO, "propose-closure", at="2025-02-17", **UNREACHABLE)
    assert told == {"attempts": 3, "channels": ["telephone"], "days": 35, "pending": []}

    case.does(BO, "attempt-contact", at="2025-02-03", channel="letter", outcome="returned_mail")
    told = case.refuses("not-sought-enough", BO, "propose-closure", at="2025-02-11", **UNREACHABLE)
    assert told == {"attempts": 4, "channels": ["letter", "telephone"], "days": 29, "pending": []}
    case.does(BO, "propose-closure", at="2025-02-12", **UNREACHABLE)


@pytest.mark.rule(25)
def test_nobody_is_unreachable_while_their_own_application_waits_for_an_answer(case: CaseLife) -> None:
    """Jarmo's application for support in housing lies with the county, which looks for him and would close his case.

    It looks long enough, and still it has to answer first what he asked for.
    """
    asked: Row = {"kind": "service", "words": "haen asumisen tukea"}
    application = case.does(as_client(case.client), "make-request", at="2025-01-09", **asked)
    seeks(case)
    told = case.refuses("not-sought-enough", BO, "propose-closure", at="2025-02-17", **UNREACHABLE)
    assert told == {"attempts": 3, "channels": ["letter", "telephone"], "days": 35, "pending": [application]}

    answer: Row = {"request": application, "outcome": "granted", "reasons": "tuki myönnetään, kun tapaamme"}
    case.does(CILLA, "answer-request", at="2025-02-17", **answer)
    closes(case)
    assert case.stands()["status"] == "closed"
    assert not case.findings(25)


@pytest.mark.rule(25)
def test_a_client_who_answers_after_all_is_not_closed_as_unreachable(case: CaseLife) -> None:
    """While the closure is proposed, Jarmo calls back. Who has been reached is not unreachable."""
    seeks(case)
    case.does(BO, "propose-closure", at="2025-02-17", **UNREACHABLE)
    proposal = case.latest("closure-proposed")["version"]
    case.does(BO, "inform-client", at="2025-02-17 10:00", about=proposal, channel="letter")
    case.does(OUTI, "make-contact", at="2025-03-05", channel="telephone")
    case.refuses("reached-since", BO, "close-case", at="2025-03-11")
    case.does(BO, "withdraw-closure", at="2025-03-11", reason="asiakas soitti")
    assert case.owner() == "bo"


@pytest.mark.rule(6)
@pytest.mark.rule(24)
def test_who_comes_back_after_three_months_is_taken_up_again_where_the_case_was_left(case: CaseLife) -> None:
    """In June Jarmo stands at the door. Outi, who is there, sees that Bo had his case.

    She takes it up in her own name. The statutory times run from this new contact, while the wait that is shown goes on
    from January, when he first came.
    """
    seeks(case)
    closes(case)
    assert (case.owner(), case.responsible()) == (None, None)
    (last,) = [it for it in case.reads("owner") if it["until"] is not None]
    assert (name_of(last["owner"]), told_at(last["until"])) == ("bo", on("2025-03-11"))
    (closure,) = case.reads("closure")
    assert (closure["ground"], closure["attributed_to"]) == ("unreachable", "circumstances")

    back: Row = {"trigger": "client_returned", "arrived_at": on("2025-06-10 13:00"), "words": "asuin kaverin sohvalla"}
    told = case.refuses("last-may-be-gone", OUTI, "reopen-case", at="2025-06-11", **back)
    assert name_of(told["last"]) == "bo"
    case.does(OUTI, "reopen-case", at="2025-06-11", responsible=OUTI, **back)
    assert (case.owner(), case.responsible()) == ("outi", "outi")
    assert case.owner(happened_by="2025-03-01") == "bo"
    assert case.owner(happened_by="2025-05-01") is None

    (kept,) = case.reads("continuity")
    assert told_at(kept["first_contact_at"]) == on("2025-01-08")
    assert [told_at(it) for it in kept["arrivals"]] == [on("2025-06-10 13:00")]
    anew = case.findings(24, happened_by="2025-09-30", state="open")
    assert {it["kind"] for it in anew} == {"assessment_not_begun", "assessment_not_finished"}
    assert {told_at(it["since"]) for it in anew} == {on("2025-06-10 13:00")}
    assert {it["kind"]: told_at(it["stands_from"]) for it in anew} == {
        "assessment_not_begun": on("2025-06-20 00:00"),
        "assessment_not_finished": on("2025-09-11 00:00"),
    }
    told = case.refuses("not-sought-enough", OUTI, "propose-closure", at="2025-06-12", **UNREACHABLE)
    assert told["attempts"] == 0
