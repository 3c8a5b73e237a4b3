"""All words of a case are destroyed; its skeleton stays."""

import pytest

from domain.decider import RoleNotAllowed, WordsErased
from domain.erasure import ErasedOnceClosed, ErasePersonalData, PersonalDataErased
from domain.voice import RecordStatement
from tests.domain.given import aino, closed_at_once, given, opened_by, the_administrator

ERASE = ErasePersonalData("retention_ended")


@pytest.mark.rule(20)
def test_the_words_of_a_closed_case_are_destroyed_and_its_skeleton_stays() -> None:
    closed = given(opened_by(aino), closed_at_once())
    erased = closed.when(ERASE, by=the_administrator).then(PersonalDataErased("retention_ended"))
    erased.and_(erased=True, status="closed", responsible=closed.case.responsible)
    erased.when(ERASE, by=the_administrator).refused(WordsErased)
    erased.when(RecordStatement("vielä tämä"), by=aino).refused(WordsErased)
    closed.when(ERASE, by=aino).refused(RoleNotAllowed)
    given(opened_by(aino)).when(ERASE, by=the_administrator).refused(ErasedOnceClosed, status="open")


def test_the_key_of_all_words_goes_with_it() -> None:
    assert PersonalDataErased.erases
    assert PersonalDataErased("court_order").destroys == frozenset()
