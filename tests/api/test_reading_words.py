"""The log of reads speaks Finnish, Swedish and English of whatever it may hold."""

from __future__ import annotations

import pytest

from api.reading_words import PURPOSES, ROLES, WHAT, language, told
from api.reads import shows_cases
from domain.authorization import Purpose
from domain.decider import Role
from domain.rules import RULE_LANGUAGES, RuleLanguage
from tests.api.conftest import Door


def test_every_operation_that_can_come_into_the_log_is_named(door: Door) -> None:
    """A query that shows a case has no name that people understand until somebody has given it one."""
    document = door.app.openapi()
    operations = {
        methods["get"]["operationId"] for path, methods in document["paths"].items()
        if "get" in methods and (path.startswith("/cases/{id}") or shows_cases(document, methods["get"]))
    }  # fmt: skip
    assert operations | {"Replay"} <= WHAT.keys()


def test_every_role_and_every_purpose_is_named() -> None:
    assert set(Role) == ROLES.keys()
    assert set(Purpose) == PURPOSES.keys()


@pytest.mark.parametrize("into", RULE_LANGUAGES)
def test_everything_has_a_text_of_its_own_in_each_language(into: RuleLanguage) -> None:
    for texts in (WHAT, ROLES, PURPOSES):
        said = [it.to(into) for it in texts.values()]
        assert all(it and it == it.strip() and it[0].islower() for it in said)
        assert len(set(said)) == len(said)


def test_what_is_no_longer_asked_is_told_by_its_name() -> None:
    assert told("ReadCaseShoeSize", "fi") == "ReadCaseShoeSize"


@pytest.mark.parametrize(
    ("accepted", "chosen", "found"),
    [
        (None, None, "fi"), (None, "sv", "sv"), (None, "se", "fi"), ("", "en", "en"), ("en", "sv", "en"),
        ("SV-fi", None, "sv"), ("de", "sv", "sv"), ("*", "sv", "sv"), ("en;q=0, sv;q=0.1", None, "sv"),
        ("fi;q=0.2,en;q=0.9 , sv; q = 1.0", None, "sv"), ("en,sv", None, "en"), ("en;q=x, sv;q=0.5", None, "sv"),
        (",;;q=,-,é", "en", "en"), ("sv;q=1.", "fi", "sv"), ("x" * 10_000, None, "fi"), ("en," * 10_000, None, "en"),
    ],
)  # fmt: skip
def test_the_language_is_the_one_asked_for_then_the_one_chosen_then_finnish(
    accepted: str | None, chosen: str | None, found: RuleLanguage
) -> None:
    assert language(accepted, chosen) == found
