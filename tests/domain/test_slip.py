"""What a slip says, in plain words, and the code by which it is told again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.intake import Who
from domain.reaching import Hours
from domain.rules import RULE_LANGUAGES, RuleLanguage
from domain.slip import ALPHABET, BITS, Answering, CodeMistyped, Promised, code_of, day_told, read_code, sentence

NUMBERS = st.integers(0, 2**BITS - 1)
NOW = datetime(2025, 3, 3, 9, tzinfo=UTC)
SOON = datetime(2025, 3, 11, 23, tzinfo=UTC)  # which is the 12th in Finland
AINO = Answering(
    "Pirkanmaan hyvinvointialue", "Aikuissosiaalityö", "Aino Virtanen", "03 000 0021",
    (Hours("mon", "thu", "09:00", "15:30"), Hours("fri", "fri", "09:00", "12:00")), "aikuissosiaalityo@pirha.example",
    promised=Promised("worker", "Soitamme yhdessä vuokranantajalle.", SOON),
)  # fmt: skip


# The sentence.


def test_a_slip_says_who_answers_how_to_reach_them_and_what_happens_next() -> None:
    assert [sentence(AINO, NOW, it) for it in RULE_LANGUAGES] == [
        "Asiastasi vastaa Aino Virtanen, Aikuissosiaalityö, Pirkanmaan hyvinvointialue, p. 03 000 0021 "
        "(ma–to 9–15.30, pe 9–12). Seuraavaksi: Soitamme yhdessä vuokranantajalle, viimeistään 12.3.2025.",
        "För ditt ärende svarar Aino Virtanen, Aikuissosiaalityö, Pirkanmaan hyvinvointialue, tfn 03 000 0021 "
        "(mån–tors 9–15.30, fre 9–12). Härnäst: Soitamme yhdessä vuokranantajalle, senast 12.3.2025.",
        "Your case is with Aino Virtanen, Aikuissosiaalityö, Pirkanmaan hyvinvointialue, tel. 03 000 0021 "
        "(Mon–Thu 9:00–15:30, Fri 9:00–12:00). Next: Soitamme yhdessä vuokranantajalle, by 12 March 2025.",
    ]


def test_without_a_telephone_it_says_how_else_and_without_anything_who_it_is() -> None:
    assert "Virtanen, Aikuissosiaalityö, Pirkanmaan hyvinvointialue, aikuissosiaalityo@pirha.example." in sentence(
        AINO.but(telephone=None), NOW, "fi"
    )
    assert sentence(Answering("Kela", promised=None), NOW, "en") == "Your case is with Kela. Ask what happens next."


@pytest.mark.parametrize("language", RULE_LANGUAGES)
def test_of_a_promise_whose_words_are_not_to_be_told_it_says_the_day(language: RuleLanguage) -> None:
    told = sentence(AINO.but(promised=Promised("worker", None, SOON)), NOW, language)
    assert told.endswith(f"{day_told(SOON, language)}.")
    assert "vuokranantaja" not in told


@pytest.mark.parametrize("language", RULE_LANGUAGES)
def test_a_closed_case_is_said_to_be_closed_and_whom_to_ask(language: RuleLanguage) -> None:
    told = sentence(AINO.but(closed=True), NOW, language)
    assert {"fi": "suljettu", "sv": "avslutat", "en": "closed"}[language] in told
    assert "Aino Virtanen" in told
    assert "vuokranantaja" not in told


@pytest.mark.parametrize("language", RULE_LANGUAGES)
def test_what_is_late_is_said_to_be_but_for_the_client_whom_no_deadline_is_held_against(language: RuleLanguage) -> None:
    later = datetime(2025, 4, 1, tzinfo=UTC)
    for who in get_args(Who):
        it = AINO.but(promised=Promised(who, "soitto", SOON))
        assert (sentence(it, later, language) != sentence(it, NOW, language)) == (who != "client")


def test_words_stand_in_the_sentence_on_one_line() -> None:
    it = AINO.but(promised=Promised("other", " Kela\n  päättää tuesta. ", SOON))
    assert "Seuraavaksi toinen taho: Kela päättää tuesta, viimeistään" in sentence(it, NOW, "fi")
    assert "{who}" in sentence(it.but(unit="{who}"), NOW, "fi")  # a name is a name


@pytest.mark.parametrize("sign", ["\u202a", "\u202b", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068"])
def test_no_words_turn_the_order_of_what_stands_after_them(sign: str) -> None:
    it = AINO.but(promised=Promised("worker", f"Soitan{sign} sinulle", SOON))
    assert sentence(it, NOW, "fi") == sentence(AINO.but(promised=Promised("worker", "Soitan sinulle", SOON)), NOW, "fi")


# The code.


@given(number=NUMBERS)
def test_a_code_is_four_groups_of_five_and_every_number_has_its_own(number: int) -> None:
    code = code_of(number)
    assert [len(it) for it in code.split("-")] == [5, 5, 5, 5]
    signs = read_code(code)
    assert sum(ALPHABET.index(it) << 5 * place for place, it in enumerate(signs[:-1])) == number


@given(number=NUMBERS, between=st.sampled_from(["", " ", "-", "–", " - ", ".", "\n", "\u00a0"]))
def test_it_reads_the_same_however_it_is_typed(number: int, between: str) -> None:
    code = code_of(number)
    typed = between.join(code.lower().split("-"))
    assert read_code(typed) == code.replace("-", "")
    forgiven = typed.replace("0", "o").replace("1", "l").replace("v", "u")
    assert read_code(f" {forgiven} ") == read_code(forgiven.replace("l", "I")) == read_code(code)


def other_signs(signs: str) -> Iterator[str]:
    """Yield a code with each of its signs another."""
    for place, sign in enumerate(signs):
        for other in ALPHABET:
            if other != sign:
                yield signs[:place] + other + signs[place + 1 :]


@settings(deadline=None)
@given(number=NUMBERS)
def test_any_one_wrong_sign_is_seen(number: int) -> None:
    for wrong in other_signs(read_code(code_of(number))):
        with pytest.raises(CodeMistyped):
            read_code(wrong)


@given(number=NUMBERS, place=st.integers(0, 18))
def test_two_signs_that_changed_places_are_seen_but_for_the_first_and_the_last_of_the_alphabet(
    number: int, place: int
) -> None:
    signs = read_code(code_of(number))
    one, other = signs[place], signs[place + 1]
    if one == other or {one, other} == {ALPHABET[0], ALPHABET[-1]}:
        return
    with pytest.raises(CodeMistyped):
        read_code(signs[:place] + other + one + signs[place + 2 :])


@pytest.mark.parametrize("typed", ["", "A", "-", "A" * 19, "A" * 21, "ä" * 20, "*" * 20, "0" * 100, "٣" * 20, "ﬀ" * 10])
def test_what_is_no_code_is_said_to_be_mistyped(typed: str) -> None:
    with pytest.raises(CodeMistyped):
        read_code(typed)
