"""What the client says, in their own words, and which of them a decision rests on."""

import pytest

from domain.assessment import CompleteAssessment
from domain.case import EntryAbsent, WordsMissing
from domain.client import ClientHasDecided, OutsideMandate
from domain.corrections import MarkErroneous
from domain.decider import Actor, RoleNotAllowed, TooEarly
from domain.voice import (
    ConfirmStatement,
    DisputeStands,
    DisputeStatement,
    FewerThanNobody,
    NotClientsOwnWords,
    NotYourWords,
    OwnWitness,
    RecordStatement,
    StatementAbsent,
    StatementConfirmed,
    StatementDisputed,
    StatementRecorded,
    TooManyPresent,
    ViewDisputed,
    ViewMisplaced,
    ViewMissing,
    ViewUnavailable,
)
from tests.domain.given import (
    COUNTY,
    Asked,
    Story,
    aino,
    an_auditor,
    bo,
    entry,
    given,
    made_by,
    mandate,
    moment,
    opened_by,
    represented,
    the_client,
    the_guardian,
)

STATEMENT = made_by(2)
SAID = RecordStatement(words="Haluan jäädä kotiin")
ASSESSMENT = CompleteAssessment(kind="needs", outcome="service_needed", client_view=STATEMENT)


def written(**more: object) -> Story:
    """Begin with a statement that a worker wrote down."""
    return given(opened_by(aino), Asked(SAID.but(**more), aino, moment(3, 5)))


def standing(story: Story) -> str:
    statement = story.case.statements.get(STATEMENT)
    assert statement is not None
    return statement.standing


@pytest.mark.rule(11)
def test_the_clients_words_are_kept_as_they_were_said() -> None:
    said = SAID.but(assisted_by="interpreter", present=2, language="sv", medium="telephone", about=entry(1))
    story = given(opened_by(aino)).when(said, by=aino)
    story.then(
        StatementRecorded(
            STATEMENT, "Haluan jäädä kotiin", "client", "interpreter", 2, "sv", "telephone", about=entry(1)
        )
    )
    assert standing(story) == "unconfirmed"


@pytest.mark.rule(11)
def test_what_the_client_enters_is_confirmed_and_their_own() -> None:
    story = given(opened_by(aino)).when(SAID, by=the_client).allowed()
    assert standing(story) == "confirmed"
    given(opened_by(aino)).when(SAID.but(speaker="close_person"), by=the_client).refused(NotYourWords)
    given(opened_by(aino)).when(SAID.but(speaker="representative"), by=the_client).refused(NotYourWords)


@pytest.mark.rule(11)
def test_a_representative_speaks_as_one_and_within_the_mandate() -> None:
    client = represented((the_guardian, mandate("guardian")))
    story = given(opened_by(aino), client=client).when(SAID, by=the_guardian).allowed()
    statement = story.case.statements.get(STATEMENT)
    assert statement is not None
    assert statement.speaker == "representative"
    given(opened_by(aino), client=client).when(SAID.but(speaker="client"), by=the_guardian).refused(NotYourWords)
    given(opened_by(aino)).when(SAID, by=the_guardian).refused(OutsideMandate, scope="statements")


def test_a_statement_says_something_about_something() -> None:
    given(opened_by(aino)).when(SAID.but(words=" "), by=aino).refused(WordsMissing, field="words")
    given(opened_by(aino)).when(SAID.but(about=entry(9)), by=aino).refused(EntryAbsent)
    given(opened_by(aino)).when(SAID.but(present=-1), by=aino).refused(FewerThanNobody, present=-1)
    given(opened_by(aino)).when(SAID.but(present=0), by=aino).allowed()
    given(opened_by(aino)).when(SAID.but(present=100), by=aino).allowed()
    given(opened_by(aino)).when(SAID.but(present=101), by=aino).refused(TooManyPresent, present=101)
    written().when(DisputeStatement(STATEMENT, " "), by=the_client).refused(WordsMissing, field="correction")
    given(opened_by(aino)).when(SAID, by=an_auditor).refused(RoleNotAllowed)


@pytest.mark.rule(11)
def test_the_client_confirms_or_another_worker_records_that_they_did() -> None:
    confirm = ConfirmStatement(STATEMENT, language="fi", medium="signed")
    confirmed = written().when(confirm, by=the_client).then(StatementConfirmed(STATEMENT, "fi", "none", "signed"))
    assert standing(confirmed) == "confirmed"
    written().when(confirm, by=aino).refused(OwnWitness)
    written().when(confirm, by=bo).allowed()
    written().when(confirm, by=aino.but(organisation=COUNTY)).allowed()  # another employer's worker of the same id
    confirmed.when(confirm, by=the_client).then()
    written().when(confirm.but(statement=made_by(9)), by=the_client).refused(StatementAbsent)


@pytest.mark.rule(11)
def test_the_clients_own_confirmation_is_recorded_after_a_workers() -> None:
    confirm = ConfirmStatement(STATEMENT)
    by_phone = written().when(confirm, by=bo).allowed()
    by_phone.when(confirm, by=bo).then()
    in_person = by_phone.when(confirm, by=the_client).then(StatementConfirmed(STATEMENT, "fi", "none", "electronic"))
    in_person.when(confirm, by=the_client).then()
    in_person.when(confirm, by=bo).then()


@pytest.mark.rule(16)
def test_a_representative_does_not_dispute_what_the_client_said_or_confirmed_in_person() -> None:
    client = represented((the_guardian, mandate("guardian")))
    dispute = DisputeStatement(STATEMENT, "ei noin")
    own = given(opened_by(aino), Asked(SAID, the_client), client=client)
    own.when(dispute, by=the_guardian).refused(ClientHasDecided)
    own.when(dispute, by=the_client).allowed()
    by_phone = written().knowing(client=client).did(Asked(ConfirmStatement(STATEMENT), bo))
    assert standing(by_phone.when(dispute, by=the_guardian).allowed()) == "disputed"
    in_person = by_phone.did(Asked(ConfirmStatement(STATEMENT), the_client))
    in_person.when(dispute, by=the_guardian).refused(ClientHasDecided)


@pytest.mark.rule(11)
def test_a_representative_is_no_witness_to_their_own_words() -> None:
    client = represented((the_guardian, mandate("guardian")))
    own = given(opened_by(aino), Asked(SAID, the_guardian), client=client)
    own.when(ConfirmStatement(STATEMENT), by=the_guardian).refused(OwnWitness)
    own.when(ConfirmStatement(STATEMENT), by=the_client).allowed()


@pytest.mark.rule(11)
def test_a_disputed_statement_is_not_the_clients_view() -> None:
    disputed = written().when(DisputeStatement(STATEMENT, "en sanonut noin"), by=the_client)
    disputed.then(StatementDisputed(STATEMENT, "en sanonut noin"))
    disputed.when(ASSESSMENT, by=aino).refused(ViewDisputed, statement=STATEMENT)
    written().when(DisputeStatement(STATEMENT, "ei noin"), by=an_auditor).refused(RoleNotAllowed)


@pytest.mark.rule(11)
@pytest.mark.parametrize("worker", [aino, bo])
def test_a_dispute_that_a_worker_writes_down_counts_at_once(worker: Actor) -> None:
    dispute = DisputeStatement(STATEMENT, "en sanonut noin")
    disputed = written().when(dispute, by=worker).allowed()
    assert standing(disputed) == "disputed"
    assert disputed.last.on_behalf_of == "client"
    own = given(opened_by(aino), Asked(SAID, the_client))
    own.when(dispute, by=worker).refused(ClientHasDecided)
    written().did(Asked(ConfirmStatement(STATEMENT), the_client)).when(dispute, by=worker).refused(ClientHasDecided)


@pytest.mark.rule(11)
def test_what_is_said_to_be_another_persons_is_not_the_clients_view() -> None:
    confirmed = written().did(Asked(ConfirmStatement(STATEMENT), the_client))
    confirmed.when(ASSESSMENT, by=aino).allowed()
    hidden = confirmed.did(Asked(MarkErroneous(entry(2), "toisen asiakkaan", wrong_person=True), aino))
    hidden.when(ASSESSMENT, by=aino).refused(ViewMisplaced, statement=STATEMENT)


@pytest.mark.rule(11)
def test_nobody_without_a_mandate_confirms_or_disputes() -> None:
    written().when(ConfirmStatement(STATEMENT), by=the_guardian).refused(OutsideMandate, scope="statements")
    written().when(DisputeStatement(STATEMENT, "ei noin"), by=the_guardian).refused(OutsideMandate)


@pytest.mark.rule(11)
def test_only_the_client_takes_a_dispute_back() -> None:
    client = represented((the_guardian, mandate("guardian")))
    disputed = written().knowing(client=client).when(DisputeStatement(STATEMENT, "ei noin"), by=the_client)
    disputed.when(ConfirmStatement(STATEMENT), by=bo).refused(DisputeStands)
    disputed.when(ConfirmStatement(STATEMENT), by=the_guardian).refused(DisputeStands)
    assert standing(disputed.when(ConfirmStatement(STATEMENT), by=the_client).allowed()) == "confirmed"


@pytest.mark.rule(11)
def test_only_the_clients_own_words_are_their_view() -> None:
    mothers = written(speaker="close_person")
    mothers.when(ASSESSMENT, by=aino).refused(NotClientsOwnWords, speaker="close_person")
    beside = mothers.when(ASSESSMENT.but(no_view_because="ei puhu vielä"), by=aino).allowed()
    assert beside.happened[0] == ViewUnavailable("assessment", "ei puhu vielä")
    mothers.when(ASSESSMENT.but(client_view=made_by(9)), by=aino).refused(StatementAbsent, statement=made_by(9))
    mothers.when(ASSESSMENT.but(client_view=None), by=aino).refused(ViewMissing)
    written().when(ASSESSMENT, by=aino).allowed()


@pytest.mark.rule(19)
def test_a_statement_is_confirmed_or_disputed_after_it_was_said() -> None:
    before, now = moment(3, 4), moment(3, 7)
    written().when(ConfirmStatement(STATEMENT), by=the_client, at=before, entered=now).refused(TooEarly)
    written().when(DisputeStatement(STATEMENT, "ei"), by=the_client, at=before, entered=now).refused(TooEarly)


def test_a_late_statement_takes_its_place() -> None:
    story = given(opened_by(aino), Asked(SAID, aino, moment(3, 6)))
    late = story.when(SAID.but(words="Aluksi en halunnut"), by=aino, at=moment(3, 4), entered=moment(3, 7)).allowed()
    assert list(late.case.statements.now()) == [made_by(3), made_by(2)]
    assert list(late.at(moment(3, 5)).statements.now()) == [made_by(3)]
