"""Minting a token of the development issuer on the command line."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from api.development import EVERY_CASE, DevelopmentIssuer
from api.settings import Settings
from domain.authorization import Grant
from tests.api.running import luotsi, refused, said


def granted(home: Path, *options: object) -> Grant | None:
    """Return the grant in an auditor's token that the command prints."""
    token = said(home, "token", "--role", "auditor", "--id", "tarkastaja", *options, "--json")["token"]
    return DevelopmentIssuer.at(Settings(home=home)).verifier().verified(token).grant


def test_an_auditor_is_let_see_every_case_unless_told_otherwise(tmp_path: Path) -> None:
    assert granted(tmp_path) == EVERY_CASE
    assert granted(tmp_path, "--diary", "D/17", "--grant-purpose", "valvonta") == EVERY_CASE.but(
        purpose="valvonta", diary="D/17"
    )


def test_an_auditor_is_let_see_the_cases_and_the_time_that_are_told(tmp_path: Path) -> None:
    one, other = uuid4(), uuid4()
    cases = granted(tmp_path, "--case", one, "--case", other, "--grant-purpose", "kantelu")
    assert cases == Grant("kantelu", frozenset({one, other}))
    of_a_year = granted(tmp_path, "--since", "2024-01-01T00:00:00+00:00", "--until", "2025-01-01T00:00:00+00:00")
    year = Grant("development", since=datetime(2024, 1, 1, tzinfo=UTC), until=datetime(2025, 1, 1, tzinfo=UTC))
    assert of_a_year == year


@pytest.mark.parametrize("options", [("--grant-purpose", ""), ("--case", "all"), ("--since", "2024-01-01")])
def test_what_is_no_grant_is_refused(tmp_path: Path, options: tuple[str, str]) -> None:
    refused(luotsi(tmp_path, "token", "--role", "auditor", "--id", "tarkastaja", *options), 2)
