"""The facts of a problem, to people: what each is called, and what its value says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.event_words import EVENTS
from api.pages import fields
from api.pages.language import gettext
from api.reading_words import PURPOSES, ROLES
from api.value_words import FIELDS, VALUES
from domain.authorization import Relation
from domain.rules import RuleLanguage, Trilingual

RELATIONS: Mapping[str, Trilingual] = {
    Relation.HOLDS: Trilingual(
        "organisaatiosi vastaa asiasta", "din organisation svarar för ärendet", "your organisation answers for it"
    ),
    Relation.MANAGES: Trilingual(
        "asiasta vastaavan yksikön esihenkilö", "chef för enheten som svarar för ärendet",
        "a manager of the unit that answers for it",
    ),
    Relation.DRIVES: Trilingual(
        "asiakas on valinnut organisaatiosi", "klienten har valt din organisation", "the client chose your organisation"
    ),
    Relation.OFFERED: Trilingual(
        "asiaa tarjotaan organisaatiollesi", "ärendet erbjuds din organisation", "it is offered to your organisation"
    ),
    Relation.SERVES: Trilingual(
        "organisaatiosi antaa asiassa palvelua", "din organisation ger en tjänst i ärendet",
        "your organisation provides a service in it",
    ),
    Relation.IN_TEAM: Trilingual("tiimin jäsen", "medlem i teamet", "a member of its team"),
    Relation.HELD_BEFORE: Trilingual(
        "organisaatiosi vastasi asiasta ennen", "din organisation svarade för ärendet tidigare",
        "your organisation answered for it before",
    ),
    Relation.HELD_THEN: Trilingual(
        "organisaatiosi vastasi asiasta silloin", "din organisation svarade för ärendet då",
        "your organisation answered for it then",
    ),
    Relation.OFFERED_BEFORE: Trilingual(
        "asiaa tarjottiin organisaatiollesi ennen", "ärendet erbjöds din organisation tidigare",
        "it was offered to your organisation before",
    ),
    Relation.IN_EMERGENCY: Trilingual("luit hätätilanteessa", "läsning i ett nödläge", "access in an emergency"),
    Relation.CLIENT: Trilingual("asiakas itse", "klienten själv", "the client"),
    Relation.REPRESENTS: Trilingual("asiakkaan edustaja", "klientens företrädare", "the client's representative"),
    Relation.ADVISES: Trilingual("sosiaaliasiavastaava", "socialombud", "the client ombudsman"),
    Relation.GRANTED: Trilingual(
        "tarkastaja, jolla on lupa", "granskare som har lov", "an auditor who was let see it"
    ),
    Relation.KEEPS: Trilingual("hakemiston ylläpitäjä", "katalogens administratör", "the directory's administrator"),
    Relation.NONE: Trilingual("ei mitään asiassa", "inget i ärendet", "nothing in the case"),
}  # fmt: skip
"""What somebody is to a case."""

_TABLES: tuple[Mapping[Any, Trilingual], ...] = (VALUES, ROLES, PURPOSES, RELATIONS, EVENTS)


def called(name: str, into: RuleLanguage) -> str:
    """Return what a fact is called: as the field of that name."""
    known = FIELDS.get(name)
    return known.to(into) if known else gettext(into, fields.called(name))


def said(value: str, into: RuleLanguage) -> str:
    """Return what a value says: itself, where it is no value of ours."""
    known = next((table[value] for table in _TABLES if value in table), None)
    return known.to(into) if known else value
