"""A bundle's page speaks Finnish, Swedish and English of whatever may stand in a case."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any, Literal, get_args, get_origin, get_type_hints
from uuid import UUID

import pytest

from api.bundle_texts import TEXTS
from api.event_words import EVENTS
from api.html import Html, el, table, text
from api.value_words import ENTRIES, FIELDS, VALUES, value_told
from domain.case import Case
from domain.ledger.mapper import codecs
from domain.remembered import KeptBack
from domain.rules import RULE_LANGUAGES, RuleLanguage
from projections.closure import CLOSURE
from projections.heard import HEARD
from projections.owner import OWNER
from projections.projection import topics_of
from projections.voice import VOICE


def shown() -> Iterator[tuple[str, Any]]:
    """Yield what stands in a case's events beside the words, with its type."""
    for topic in topics_of(Case):
        event, words = codecs()[topic].event, codecs()[topic].words
        hints = get_type_hints(event)
        yield from ((it.name, hints[it.name]) for it in fields(event) if it.name not in words)


def texts_of(hint: Any) -> Iterator[str]:
    """Yield the texts that a value of this type may be."""
    parts = get_args(hint)
    yield from (it for it in parts if isinstance(it, str)) if get_origin(hint) is Literal else ()
    for part in parts if get_origin(hint) is not Literal else ():
        yield from texts_of(part)


def is_id(hint: Any) -> bool:
    return hint is UUID or UUID in get_args(hint)


def test_everything_that_can_happen_in_a_case_has_a_name() -> None:
    assert EVENTS.keys() == set(topics_of(Case))


def test_every_field_of_an_event_that_is_shown_has_a_name() -> None:
    named = {name for name, hint in shown() if not is_id(hint)} - {"policy"}
    assert named == FIELDS.keys() - {"by time"}
    assert named >= ENTRIES


def test_every_value_of_a_field_or_a_row_has_a_name() -> None:
    hints = [hint for _, hint in shown()]
    hints += [it for projection in (OWNER, VOICE, HEARD, CLOSURE) for it in get_type_hints(projection.row).values()]
    values = {it for hint in [*hints, KeptBack] for it in texts_of(hint)}
    assert values <= VALUES.keys()
    assert {it.rpartition(" ")[2] for it in VALUES} <= values


@pytest.mark.parametrize("into", RULE_LANGUAGES)
def test_everything_has_a_text_in_each_language(into: RuleLanguage) -> None:
    for texts in (EVENTS, FIELDS, VALUES, TEXTS):
        said = [it.to(into) for it in texts.values()]
        assert all(it and it == it.strip() for it in said)
    assert len({it.to(into) for it in EVENTS.values()}) == len(EVENTS)


def test_a_value_reads_as_it_does_in_its_field_and_what_is_no_value_as_itself() -> None:
    assert value_told("attributed_to", "client", "en") == "the client's situation"
    assert value_told("initiator", "client", "en") == "the client"
    assert value_told("duty_holder", "kela", "sv") == "kela"


def test_each_ground_on_which_an_event_stays_out_is_told() -> None:
    assert {*get_args(KeptBack)} <= VALUES.keys()
    assert "another_person" in TEXTS


def test_no_text_becomes_markup_and_no_attribute_ends_early() -> None:
    assert text("<b>&\"'\x00\n") == "&lt;b&gt;&amp;&quot;&#x27;\ufffd\n"
    assert el("p", text("<"), class_="a", aria_label='"><script>') == (
        '<p class="a" aria-label="&quot;&gt;&lt;script&gt;">&lt;</p>'
    )


def test_a_table_without_rows_says_so() -> None:
    assert "".join(table("luettelo", ["a"], [], "Ei mitään.")) == "<p>Ei mitään.</p>"
    told = "".join(table("luettelo", ["a"], [Html("<tr></tr>")], "Ei mitään."))
    assert told.startswith(
        '<table><caption>luettelo</caption><thead><tr><th scope="col">a</th></tr></thead><tbody><tr>'
    )
