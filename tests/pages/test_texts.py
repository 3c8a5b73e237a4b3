"""Everything that a page says, it says in Finnish, Swedish and English."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message

from api import problems
from api.event_words import EVENTS
from api.pages import choices, facts, fields
from api.pages.language import gettext, to_client, translations
from api.value_words import FIELDS
from domain.authorization import Purpose, Relation
from domain.decider import CLIENT_SIDE, Role
from domain.rules import RuleLanguage
from tools import texts
from tools.texts import ENGLISH, LANGUAGES, TEXTS, Text, catalogues, is_missing, keys, strings, wanted

EVERY: tuple[RuleLanguage, ...] = ("fi", "sv", "en")
TRANSLATED: tuple[RuleLanguage, ...] = ("fi", "sv")

SAME = {
    "fi": frozenset[str](),
    "sv": frozenset({"Organisation", "Per", "Plan", "Team"}),
}
"""What is the same word in English."""

FACT = re.compile(r"%\((\w+)\)s")
"""Where a fact comes into a text."""

INSTEAD: Mapping[RuleLanguage, Mapping[str, str]] = {
    "fi": {
        r"\btapau(s|ks)": "asia", r"omistussuh": "omistajuus", r"\bhand ?off": "vaihto", r"\bpotila": "asiakas",
        r"vastuuhenkilö": "vastuutaho", r"esimie": "esihenkilö", r"\bsteppi": "askel", r"\bpoikkeus": "poikkeaminen",
        r"\bvastaväit": "vastalause", r"\blausunto": "omat sanat",
    },
    "sv": {
        r"\bkund(en|er|erna)?\b": "klient", r"(?<!så )\bfall(et)?\b": "ärende", r"\bhandläggar": "arbetstagare",
        r"\bförman": "chef", r"\bprotest": "invändning", r"\bundantag": "avvikelse", r"\bpatient": "klient",
    },
    "en": {r"\bcustomer": "client", r"\bcaseworker": "worker", r"\bcomplaint": "objection", r"\bsupervisor": "manager"},
}  # fmt: skip
"""Words that are not ours, and what is said in their place (the design, 2)."""


@pytest.fixture(scope="module")
def everything() -> dict[Text, str]:
    return wanted()


def messages(language: str) -> Iterator[tuple[str, Text, Message]]:
    for place, catalog in catalogues(language).items():
        yield from ((place, text, it) for text, it in keys(catalog).items())


def forms_of(said: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return the forms of a text: one, or one and several."""
    return (said,) if isinstance(said, str) else said


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated(language: RuleLanguage, everything: dict[Text, str]) -> None:
    said = {text for _, text, it in messages(language) if not is_missing(it)}
    assert sorted(f"{place}: {text[1]}" for text, place in everything.items() if text not in said) == []


@pytest.mark.parametrize("language", EVERY)
def test_no_catalogue_keeps_what_nobody_says_any_more(language: RuleLanguage, everything: dict[Text, str]) -> None:
    left = [text for it in catalogues(language).values() for text in texts.spare(it, everything)]
    assert left == []


@pytest.mark.parametrize("language", EVERY)
def test_a_text_stands_in_one_catalogue_and_is_in_no_doubt(language: RuleLanguage) -> None:
    counted = Counter(text for _, text, _ in messages(language))
    assert [text for text, number in counted.items() if number > 1] == []
    assert [text for _, text, it in messages(language) if is_missing(it)] == []


@pytest.mark.parametrize("language", EVERY)
def test_a_translation_holds_the_facts_of_its_text(language: RuleLanguage) -> None:
    for _, (_, said), it in messages(language):
        for english, form in zip(forms_of(said), strings(it), strict=True):
            assert sorted(placeholders(form)) == sorted(placeholders(english)), form


def placeholders(text: str) -> list[str]:
    """Return the names of a text's facts; a per cent sign that is none of them is written twice."""
    rest = FACT.sub("", text)
    assert "%(" not in rest, text
    return [*FACT.findall(text), *re.findall("%%", rest)]


@pytest.mark.parametrize("language", TRANSLATED)
def test_nothing_is_left_in_english(language: RuleLanguage) -> None:
    same = {said[0] for _, (_, text), it in messages(language) if (said := strings(it)) == forms_of(text)}
    same = {it for it in same if re.search("[a-z]", FACT.sub("", it))}
    assert same <= SAME[language]


@pytest.mark.parametrize("language", EVERY)
def test_markup_is_that_of_the_text_and_whole(language: RuleLanguage) -> None:
    for _, (_, said), it in messages(language):
        for form in strings(it):
            assert sorted(tags(form)) == sorted(tags(forms_of(said)[0])), form


def tags(text: str) -> list[str]:
    """Return the tags of a text. Raises AssertionError where they don't close as they open."""
    found: list[str] = []
    open_: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
            found.append(tag)
            open_.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert open_, text
            assert open_.pop() == tag, text

    reader = Reader()
    reader.feed(text)
    reader.close()
    assert not open_, text
    return found


@pytest.mark.parametrize("language", EVERY)
def test_words_that_are_not_ours_are_not_said(language: RuleLanguage) -> None:
    for place, _, it in messages(language):
        for form in strings(it):
            for wrong, right in INSTEAD[language].items():
                assert not re.search(wrong, form, re.IGNORECASE), f"{place}: say {right}: {form}"


@pytest.mark.parametrize("language", EVERY)
def test_a_text_is_set_as_its_language_is(language: RuleLanguage) -> None:
    for _, (_, said), it in messages(language):
        for english, form in zip(forms_of(said), strings(it), strict=True):
            assert form == " ".join(form.split()), form
            assert form[-1:] in ".!?:)" or " " not in english or english[-1:] not in ".!?:", f"{english} -> {form}"
            assert language == ENGLISH or not re.search(r"[“‘`]|(?<!\w)\"", form), form


@pytest.mark.parametrize("path", sorted(TEXTS.glob("*.po")), ids=lambda it: it.name)
def test_a_catalogue_is_written_as_the_command_writes_it_and_names_nobody_and_no_day(path: Path) -> None:
    place, language, _ = path.name.split(".")
    assert place in {*texts.PLACES.values(), "shared", "refusals"}
    assert path.read_text(encoding="utf-8") == texts.written(texts.read(path, language))
    head = path.read_text(encoding="utf-8").partition("\n\n")[0]
    assert not re.search(r"@|\d{4}|://|Last-Translator|Language-Team|Project-Id", head)


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_problem_says_at_a_page_what_it_means_and_what_to_do(language: RuleLanguage) -> None:
    for kind in problems.kinds().values():
        told = problems.described(kind)
        assert gettext(language, told["title"]) != told["title"]
        assert gettext(language, told["detail"]) not in {told["detail"], gettext(language, told["title"])}


@pytest.mark.parametrize("language", EVERY)
def test_no_problem_speaks_at_a_page_of_headers_tokens_or_fields_of_the_api(language: RuleLanguage) -> None:
    for name, kind in problems.kinds().items():
        said = gettext(language, problems.detail(kind))
        assert not re.search(r"If-Match|Idempotency|Content-Type|X-CSRF|Authorization|`|\btoken", said), name
        assert not re.search(r"\b[a-z]+_[a-z]+\b", said), name


@pytest.mark.parametrize("language", EVERY)
def test_every_act_of_a_clients_is_named_in_words_of_their_own(language: RuleLanguage) -> None:
    for command in (it for it in fields.shown() if it.roles & CLIENT_SIDE):
        title = fields.title(command)
        said = str(translations(language).upgettext("client", title))
        assert said not in {title, gettext(language, title)}, command


@pytest.mark.parametrize("language", EVERY)
def test_what_is_said_to_clients_is_said_to_them_in_every_language(language: RuleLanguage) -> None:
    to_them = {text for _, text, _ in messages("fi") if text[0] == "client"}
    assert {text for _, text, _ in messages(language) if text[0] == "client"} == to_them
    gone = problems.detail(problems.kinds()["case-not-open"])
    assert to_client(language, gone) != gettext(language, gone)
    assert to_client(language, "My cases") == gettext(language, "My cases")


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_act_with_its_fields_and_their_values_has_its_texts(language: RuleLanguage) -> None:
    for command in fields.shown():
        assert gettext(language, fields.title(command)) != fields.title(command)
        for it in fields.asked(command):
            assert it.told(language) or gettext(language, it.label) != it.label, it
            for told, english in zip(
                choices.values(it.name, it.values, language), choices.values(it.name, it.values, ENGLISH), strict=True
            ):
                assert told.label != english.label, (it.name, told)


@pytest.mark.parametrize("language", EVERY)
def test_every_fact_of_a_problem_is_called_something_and_says_something(language: RuleLanguage) -> None:
    for name in texts.facts():
        assert facts.called(name, language) not in {name} - FIELDS.keys()
    for value in (*Role, *Purpose, *Relation, *EVENTS):
        assert facts.said(value, language) != value or language == ENGLISH
    assert facts.said("kela", language) == "kela"


def test_the_command_adds_what_is_new_and_keeps_what_is_there() -> None:
    old = Catalog("fi", fuzzy=False)
    old.add("Cases", "Asiat")
    twice = Catalog("fi", fuzzy=False)
    twice.add("Cases", "Tapaukset")
    made = texts.kept_up(
        {"desk": twice, "shared": old}, {(None, "Cases"): "desk", (None, "One"): "desk", (None, "Two"): "shared"}, "fi"
    )
    assert keys(made["shared"])[None, "Cases"].string == "Asiat"
    assert (None, "Cases") not in keys(made["desk"])
    assert {(place, it.id) for place, catalog in made.items() for it in catalog if is_missing(it) and it.id} == {
        ("desk", "One"), ("shared", "Two"),
    }  # fmt: skip


def test_the_command_drops_what_nobody_says_any_more() -> None:
    old = Catalog("sv", fuzzy=False)
    old.add("Cases", "Ärenden")
    old.add("Gone", "Borta")
    left = texts.spare(old, {(None, "Cases"): "desk"})
    assert left == {(None, "Gone")}
    assert [*keys(texts.without(old, left))] == [(None, "Cases")]


def test_texts_are_found_wherever_pages_say_them(tmp_path: Path) -> None:
    module, template = tmp_path / "own.py", tmp_path / "own.html"
    module.write_text(
        'N_("a")\nvisit.text("b %(who)s", who=1)\ngettext(into, "c")\nvisit.text(name)\n', encoding="utf-8"
    )
    several = "{% trans count=n %}one{% pluralize %}{{ count }}{% endtrans %}"
    template.write_text(
        '{{ _("d") }} {{ pgettext("client", "e") }} {% trans who=x %}f {{ who }}{% endtrans %}' + several,
        encoding="utf-8",
    )
    assert {*texts.in_file(module)} == {(None, "a"), (None, "b %(who)s"), (None, "c")}
    assert {*texts.in_file(template)} == {
        (None, "d"),
        (None, "f %(who)s"),
        (None, ("one", "%(count)s")),
        ("client", "e"),
    }


def test_a_text_that_two_places_say_is_shared() -> None:
    assert texts.place_of(Path("templates/own/case.html")) == "own"
    assert texts.place_of(Path("own_words.py")) == "own"
    assert texts.place_of(Path("templates/desk/case/plan.html")) == texts.place_of(Path("due.py")) == "desk"
    assert texts.place_of(Path("templates/layout.html")) == "shared"


def test_the_languages_are_those_of_the_service() -> None:
    assert (*LANGUAGES, ENGLISH) == EVERY
