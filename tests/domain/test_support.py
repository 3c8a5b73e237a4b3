"""What workers need to carry a case: they ask, and a manager answers."""

from domain.case import EntryAbsent, WordsMissing
from domain.decider import RoleNotAllowed
from domain.support import (
    GiveSupport,
    NotTheirManager,
    RequestSupport,
    SupportGiven,
    SupportNotRequested,
    SupportRequested,
)
from tests.domain.given import Asked, Story, aino, entry, given, marja, opened_by, siiri, the_client

DEVIATION = GiveSupport("deviation", "saat käydä kotona ilman työparia", entry(2))


def asked() -> Story:
    return given(opened_by(aino), Asked(RequestSupport("tarvitsen luvan kotikäyntiin"), aino))


def test_a_worker_asks_for_support() -> None:
    story = given(opened_by(aino)).when(RequestSupport("en jaksa yksin"), by=aino)
    story.then(SupportRequested("en jaksa yksin"))
    story.when(RequestSupport(""), by=aino).refused(WordsMissing, field="words")
    story.when(RequestSupport("apua"), by=the_client).refused(RoleNotAllowed)


def test_their_manager_answers_with_a_permission_to_deviate_among_the_answers() -> None:
    asked().when(DEVIATION, by=marja).then(SupportGiven("deviation", "saat käydä kotona ilman työparia", entry(2)))
    asked().when(DEVIATION, by=aino).refused(RoleNotAllowed)
    asked().when(DEVIATION, by=siiri).refused(NotTheirManager)
    asked().when(DEVIATION.but(words=" "), by=marja).refused(WordsMissing, field="words")
    asked().when(DEVIATION.but(answers=entry(1)), by=marja).refused(SupportNotRequested, version=1)
    asked().when(DEVIATION.but(answers=entry(9)), by=marja).refused(EntryAbsent)
