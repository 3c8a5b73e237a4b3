"""A case on one page, at the desk: whose it is, the client's words beside the decisions, what is due, and every act."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import get_args
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import expect

from api import demo
from api.commands import commands
from api.pages.case import HAPPENED, MOVED, PLANNED, SAID
from api.pages.case_words import CHAPTERS, KINDS, OUTCOMES, STATES, TEAMWORK
from api.value_words import VALUES
from domain.access import GrantEmergencyAccess
from domain.asking import RequestHandoff
from domain.assessment import CompleteAssessment
from domain.case import Case
from domain.closure import CloseCase, ProposeClosure
from domain.consent import GiveConsent
from domain.contacts import MakeContact
from domain.corrections import MarkErroneous
from domain.decider import STAFF, Actor, Entry, Override, Role
from domain.directory import JoinUnit, OpenUnit, unit_stream, worker_stream
from domain.handoff import WithdrawHandoff
from domain.intake import InformClient, OpenCase, PromiseNextStep
from domain.objections import RaiseObjection
from domain.plan import AgreePlan, SetGoal
from domain.provision import StartService
from domain.reaching import SetWorkerContact
from domain.requests import AskExperience, MakeRequest
from domain.rules import RULE_LANGUAGES, RuleLanguage
from domain.support import RequestSupport
from domain.team import AgreeTeamLine, RecordDissent, ReviewTeamLine
from domain.transfer import TransferMatter
from domain.voice import DisputeStatement, RecordStatement, StatementRecorded
from domain.withholding import ForbidDisclosure
from projections import handoffs, plan, team
from tests.pages.browser import NARROW, WIDE, Visitor, fine, tabbed
from tests.pages.site import Site
from tests.pages.test_asking import look, readings
from tests.pages.test_slip import BEGINS
from tests.town import ADMINISTRATOR, AINO, BO, CILLA, holder

ENGLISH = {"Accept": "text/html", "Accept-Language": "en"}


@pytest.fixture(scope="module")
def told(site: Site) -> Site:
    """Give the service with the demonstration in it."""
    demo.load(site.house.cases, datetime.now(UTC))
    return site


def seen(site: Site, case: UUID, by: Actor = AINO, query: str = "") -> str:
    """Return the page of a case."""
    answer = look(site, f"/desk/cases/{case}{query}", by, headers=ENGLISH)
    assert answer.status_code == 200, answer.text
    return answer.text


def client_of(site: Site, case: UUID) -> Actor:
    """Return the client of a case."""
    return Actor(str(site.house.cases.client_of(case)), Role.CLIENT)


# How it looks


@pytest.mark.parametrize("language", RULE_LANGUAGES)
@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_a_case_sent_around_between_three_is_fine_in_every_language_and_on_every_screen(
    visitor: Visitor, told: Site, language: RuleLanguage, width: int
) -> None:
    assert told.house.cases.client_of(demo.case_of("between_three"))
    page = visitor.page(demo.KATRI, language, width)
    page.goto(f"/desk/cases/{demo.case_of('between_three')}")
    assert page.locator("html").get_attribute("lang") == language
    for it in page.locator("details").all():
        it.evaluate("it => { it.open = true }")
    fine(page)


@pytest.mark.parametrize(
    ("name", "by"),
    [("rent_arrears", demo.AINO), ("debts", demo.SANNA), ("back_to_work", demo.AINO), ("guardianship", demo.KATRI)],
)
def test_every_other_case_of_the_demonstration_is_fine(visitor: Visitor, told: Site, name: str, by: Actor) -> None:
    assert told.house.cases.client_of(demo.case_of(name))
    page = visitor.page(by, "en")
    page.goto(f"/desk/cases/{demo.case_of(name)}?all=1")
    for it in page.locator("details").all():
        it.evaluate("it => { it.open = true }")
    fine(page)


def test_the_whole_case_is_reached_with_the_keyboard_and_read_without_scripts(visitor: Visitor, site: Site) -> None:
    case = site.case()
    page = visitor.page(AINO, "en", scripts=False)
    page.goto(f"/desk/cases/{case}")
    expect(page.get_by_role("heading", name="asunnon menettäminen")).to_be_visible()
    page.locator("#acts summary").first.click()
    page.locator("#acts").get_by_role("link", name="Write down what the client says").click()
    page.locator("#field-words").fill("Kuulkaa minua.")
    page.locator(".buttons button").first.click()
    page.wait_for_url(f"**/desk/cases/{case}?done=record-statement")
    assert isinstance(site.house.cases.history(case)[-1].event, StatementRecorded)
    expect(page.get_by_role("status").last).to_contain_text("Done")
    with_scripts = visitor.page(AINO, "en")
    with_scripts.goto(f"/desk/cases/{case}")
    assert any("Offer the case to another" in it for it in tabbed(with_scripts))


@pytest.mark.parametrize("language", RULE_LANGUAGES)
def test_after_an_act_a_slip_says_who_answers_in_one_sentence_and_is_made_in_one_step(
    visitor: Visitor, site: Site, language: RuleLanguage
) -> None:
    case = site.case()
    page = visitor.page(AINO, language)
    page.goto(f"/desk/cases/{case}/do/record-statement")
    page.locator("#field-words").fill("Kuulkaa minua.")
    page.locator(".buttons button").first.click()
    says = page.locator("#slip-says").inner_text()
    assert says.startswith(BEGINS[language])
    fine(page)
    page.locator(".notice button").click()
    expect(page.locator(".slip .says")).to_have_text(says)
    assert len(page.locator(".slip .code").inner_text()) > len("ABCDE-ABCDE")
    fine(page)


def test_an_entry_that_is_marked_as_an_error_says_so_in_the_history(site: Site) -> None:
    case = site.case()
    site.town.do(SetGoal("Oma koti."), case, AINO)
    assert "Marked as an error" not in seen(site, case)
    site.town.do(MarkErroneous(Entry(2), "Väärä tavoite."), case, AINO)
    entry = seen(site, case).partition('id="entry-2"')[2]
    assert "Marked as an error: it does not count" in entry.partition('id="entry-1"')[0]
    assert seen(site, case).count("Marked as an error") == 1


def test_whoever_had_a_case_is_called_by_name_wherever_the_case_is_told_of(site: Site) -> None:
    unit = f"nimetty-{uuid4().hex[:6]}"
    me = Actor(f"u-{uuid4().hex[:6]}", Role.WORKER, "kela", unit)
    site.town.do(OpenUnit("kela", unit, "Etuuspalvelut, Turku"), unit_stream("kela", unit), ADMINISTRATOR)
    site.town.do(JoinUnit("kela", unit, me.id), worker_stream("kela", me.id), ADMINISTRATOR)
    site.town.do(SetWorkerContact("Eeva Ek", "03 000 0099"), worker_stream("kela", me.id), ADMINISTRATOR)
    case = site.town.case(by=me)
    site.town.offer(case, by=me)
    for page in (seen(site, case, me), look(site, "/desk/offers", BO, headers=ENGLISH).text):
        assert "Eeva Ek, kela / Etuuspalvelut, Turku" in page
        assert me.id not in page.partition("<main")[2]


# Who sees it


def test_another_organisations_worker_and_whoever_asks_for_what_is_no_case_gets_a_page_that_says_so(
    visitor: Visitor, site: Site
) -> None:
    case = site.case()
    for path in (f"/desk/cases/{case}", f"/desk/cases/{uuid4()}", "/desk/cases/nothing"):
        answer = look(site, path, BO, headers=ENGLISH)
        assert (answer.status_code, "<h1" in answer.text) == (404, True)
    page = visitor.page(BO, "en")
    page.goto(f"/desk/cases/{case}")
    fine(page)
    assert look(site, f"/desk/cases/{case}", None, headers=ENGLISH).status_code == 401


def test_a_look_at_the_page_is_one_line_in_the_log_of_reads(site: Site) -> None:
    case = site.case()
    seen(site, case)
    assert readings(site, case) == [(AINO.id, "DeskCase", "holds")]


# What it tells


def test_it_tells_who_owns_the_case_and_who_answers_and_what_is_promised(site: Site) -> None:
    case = site.case()
    page = seen(site, case)
    assert "No next step is promised" in page
    site.town.do(PromiseNextStep("worker", "Soitan vuokranantajalle.", _in_days(3)), case, AINO)
    page = seen(site, case)
    assert "Soitan vuokranantajalle." in page
    assert "No next step is promised" not in page
    owner = part(page, "owner")
    assert owner.count("aino") == 2


def test_the_clients_words_stand_beside_the_decisions_that_rest_on_them(site: Site) -> None:
    case, town = site.case(), site.town
    made = town.do(RecordStatement("Haluan pitää kotini."), case, AINO)
    assert made is not None
    statement = site.house.cases.history(case)[-1].event
    assert isinstance(statement, StatementRecorded)
    goal = town.do(SetGoal("Koti säilyy"), case, AINO)
    assert goal is not None
    town.do(AgreePlan("agreed", client_view=statement.statement), case, AINO)
    town.offer(case)
    page = seen(site, case)
    said = part(page, "voice")
    assert said.index("Haluan pitää kotini.") < said.index("rests on these words") < said.index("Decided without")
    assert "ei tavoitettu" in said


def test_a_disputed_statement_shows_how_the_client_corrected_it(site: Site) -> None:
    case = site.case()
    site.town.say(case)
    statement = site.house.cases.history(case)[-1].event
    assert isinstance(statement, StatementRecorded)
    correction = DisputeStatement(statement.statement, "En sanonut noin.")
    site.town.do(correction, case, client_of(site, case))
    page = seen(site, case)
    assert "The client corrected it:" in page
    assert "En sanonut noin." in page


def test_many_words_are_shown_a_few_at_a_time_the_newest_first(site: Site) -> None:
    case = site.case()
    for number in range(SAID + 2):
        site.town.say(case, f"sana numero {number}.")
    page = part(seen(site, case), "voice")
    assert "sana numero 0." not in page
    assert "Show the 2 earlier ones too" in page
    every = part(seen(site, case, query="?all=1"), "voice")
    assert every.index("sana numero 13.") < every.index("sana numero 0.")


def test_of_a_long_plan_what_stands_is_shown_and_the_newest_of_the_rest(site: Site) -> None:
    case = site.town.case()
    site.town.do(SetGoal("pysyvä koti"), case, AINO)
    for _ in range(PLANNED + 3):
        site.town.do(MakeContact("telephone"), case, AINO)
    first, every = (part(seen(site, case, query=query), "plan") for query in ("", "?all=1"))
    assert "pysyvä koti" in first
    assert "Show the 3 earlier ones too" in first
    assert every.count("the client was reached") == first.count("the client was reached") + 3


def test_of_many_offers_the_newest_are_shown(site: Site) -> None:
    case = site.town.case()
    for _ in range(MOVED + 1):
        site.town.do(WithdrawHandoff(site.town.offer(case), "peruttu"), case, AINO)
    first, every = (part(seen(site, case, query=query), "owner") for query in ("", "?all=1"))
    assert (first.count("osaa paremmin"), every.count("osaa paremmin")) == (MOVED, MOVED + 1)


def test_findings_are_told_in_words_each_rule_once(site: Site) -> None:
    case = uuid4()
    client = site.town.client()
    long_ago = datetime.now(UTC) - timedelta(days=30)
    site.town.do(OpenCase(client, "Vuokra."), case, AINO, occurred=long_ago)
    site.town.do(RecordStatement("vanha"), case, AINO, occurred=long_ago + timedelta(days=1))
    page = part(seen(site, case), "findings")
    assert page.count("Rule 19") == 1
    assert "2 times" in page
    assert "An open case has a next step promised ahead" in page


def test_the_history_comes_in_pages_the_newest_first_with_both_clocks(site: Site) -> None:
    case = site.case()
    for number in range(25):
        site.town.say(case, f"sana numero {number}.")
    first = seen(site, case).partition('id="history"')[2]
    assert first.count("<li id=") == HAPPENED
    assert first.index("sana numero 24.") < first.index("sana numero 23.")
    assert first.count("Happened") == first.count("recorded ") == HAPPENED
    assert "?before=7#history" in first
    earlier = seen(site, case, query="?before=7").partition('id="history"')[2]
    assert earlier.count("<li id=") == 6
    assert "The case was opened" in earlier
    assert "To the latest" in earlier
    assert "sana numero 24." in seen(site, case, query="?before=oops").partition('id="history"')[2]


def test_what_is_withheld_from_whoever_looks_is_told_as_such_and_no_more(site: Site) -> None:
    case = site.case()
    objection = RaiseObjection(Entry(1), "Tämä työntekijä ei kuuntele.")
    site.town.do(objection, case, client_of(site, case))
    page = seen(site, case)
    assert "Tämä työntekijä ei kuuntele." not in page
    assert page.count("An entry is withheld from you") >= 2


def test_an_open_page_follows_what_happens_in_the_case(visitor: Visitor, site: Site) -> None:
    case = site.case()
    page = visitor.page(AINO, "en")
    page.goto(f"/desk/cases/{case}")
    expect(page.locator("#due")).to_contain_text("No next step is promised")
    site.town.do(PromiseNextStep("worker", "Soitan vuokranantajalle.", _in_days(3)), case, AINO)
    expect(page.locator("#due")).to_contain_text("Soitan vuokranantajalle.", timeout=20_000)
    fine(page)


# What is due


def test_whatever_waits_is_told_with_the_act_that_settles_it(site: Site) -> None:
    case, town = site.case(), site.town
    client = client_of(site, case)
    town.do(MakeRequest("contact", "Soittakaa minulle."), case, AINO)
    town.do(RequestSupport("En pärjää yksin."), case, AINO)
    town.do(GiveConsent(("pirha",), until=_in_days(30)), case, client)
    town.do(RequestHandoff("Tunnen asiakkaan."), case, CILLA)
    town.do(GrantEmergencyAccess("Henki vaarassa."), case, BO)
    said = town.do(RecordStatement("siskon kertomaa", speaker="close_person"), case, AINO)
    assert said is not None
    town.do(ForbidDisclosure(Entry(said.last), "client", "third_party", "odotetaan", _in_days(9)), case, AINO)
    town.offer(case)
    due = part(seen(site, case), "due")
    for act in (
        "promise-next-step", "withdraw-handoff?handoff=", "answer-request?request=", "give-consent",
        "propose-handoff?to=", "decline-handoff-request?request=", "end-emergency-access?access=",
        "allow-disclosure?forbidden=",
    ):  # fmt: skip
        assert f"/do/{act}" in due, act
    for words in ("Soittakaa minulle.", "En pärjää yksin.", "Tunnen asiakkaan.", "osaa paremmin"):
        assert words in due, words
    assert "give-support" not in due  # which is the manager's to give
    theirs = part(seen(site, case, BO), "due")
    assert "/do/accept-handoff?handoff=" in theirs
    assert "/do/decline-handoff?handoff=" in theirs


def test_what_waits_for_a_manager_is_theirs_to_do(site: Site) -> None:
    case, town = site.town.case(by=BO), site.town
    town.do(RequestSupport("En pärjää yksin."), case, BO)
    override = Override(10, "kiire", _in_days(20))
    town.do(AgreeTeamLine((holder(BO), holder(CILLA)), "Jatketaan.", False, override=(override,)), case, CILLA)
    line = site.house.cases.history(case)[-1].event
    town.do(RecordDissent(line.line, "En ole samaa mieltä."), case, BO)  # type: ignore[attr-defined]
    town.do(ReviewTeamLine(line.line, "Kysymme ensi kerralla."), case, BO)  # type: ignore[attr-defined]
    page = seen(site, case, CILLA)
    assert "The team looked back" in page
    due = part(page, "due")
    assert "/do/give-support?answers=" in due
    assert "/do/review-override?override=" in due
    assert "/do/review-override?override=" not in part(seen(site, case, BO), "due")
    assert "members who disagree: 1" in page


def test_a_case_without_a_named_worker_and_one_on_its_way_elsewhere_say_so(site: Site) -> None:
    case, town = site.case(), site.town
    town.do(TransferMatter(holder(BO).as_unit, "kuuluu sinne", disclosure_basis="statutory"), case, AINO)
    page = part(seen(site, case, BO), "due")
    assert "/do/receive-transfer?transfer=" in page
    assert "/do/receive-transfer" not in part(seen(site, case), "due")
    of_unit = uuid4()
    town.do(OpenCase(town.client(), "Vuokra.", responsible=holder(BO).as_unit), of_unit, CILLA)
    page = seen(site, of_unit, CILLA)
    assert "No worker is named" in page
    assert f"/desk/cases/{of_unit}/do/name-responsible" in page


def test_a_case_that_is_being_closed_and_one_that_is_closed_say_so(site: Site) -> None:
    case, town = site.case(), site.town
    town.do(MakeContact("telephone"), case, AINO)
    town.do(StartService(holder(AINO)), case, AINO)
    said = town.say(case)
    statement = site.house.cases.history(case, said.last)[-1].event
    assert isinstance(statement, StatementRecorded)
    proposed = town.do(ProposeClosure("goals_met", "Velka maksettu.", statement.statement), case, AINO)
    assert proposed is not None
    assert "the client has to be told" in seen(site, case)
    town.do(InformClient(Entry(proposed.last), "meeting"), case, AINO)
    assert "Closing is proposed, and the client may object" in seen(site, case)
    ended = site.case()
    town.say(ended)
    words = site.house.cases.history(ended)[-1].event
    assert isinstance(words, StatementRecorded)
    town.do(CompleteAssessment("screening", "advice_suffices", words.statement), ended, AINO)
    town.do(AskExperience("telephone"), ended, AINO)
    proposed = town.do(ProposeClosure("advice_sufficed", "Neuvonta riitti.", words.statement), ended, AINO)
    assert proposed is not None
    town.do(CloseCase(), ended, AINO)
    page = seen(site, ended)
    assert "This case is closed" in page
    assert "Nothing is due in a closed case." in page
    assert f"/desk/cases/{ended}/do/reopen-case" in page


# Every act


@pytest.mark.parametrize("role", sorted(STAFF))
def test_every_command_of_a_case_that_a_role_may_give_is_on_the_page(site: Site, role: Role) -> None:
    case = site.town.case(by=BO)
    page = part(seen(site, case, BO if role == Role.WORKER else CILLA), "acts")
    may = {it.slug() for it in commands() if it.state is Case and role in it.roles and it.stream != "new"}
    assert {it.partition('"')[0] for it in page.split(f"/desk/cases/{case}/do/")[1:]} == may


def test_every_chapter_of_a_case_has_a_heading() -> None:
    of_case = {it.__module__.rpartition(".")[2] for it in commands() if it.state is Case and it.roles & STAFF}
    assert of_case - CHAPTERS.keys() == set()


def test_whatever_may_stand_in_a_row_has_a_word() -> None:
    assert set(get_args(team.Kind)) == TEAMWORK.keys()
    assert set(get_args(handoffs.Outcome)) == OUTCOMES.keys()
    assert set(get_args(plan.Kind)) == KINDS.keys()
    assert set(get_args(plan.State)) <= STATES.keys() | VALUES.keys()


def test_beside_the_form_that_sends_stands_what_became_of_sending_such_cases(visitor: Visitor, told: Site) -> None:
    assert told.house.cases.client_of(demo.case_of("back_to_work"))
    page = visitor.page(demo.AINO, "en")
    page.goto(f"/desk/cases/{demo.case_of('back_to_work')}/do/propose-handoff")
    expect(page.get_by_role("heading", name="Where such cases were taken on")).to_be_visible()
    fine(page)


def part(page: str, name: str) -> str:
    """Return a section of a page."""
    return page.partition(f'id="{name}"')[2].partition("</section>")[0]


def _in_days(days: int) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)
