"""What a bundle tells of whole lives: in its documents no more than the history does, and on its page all of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from api import demo
from domain.decider import Actor, Role
from domain.ledger.postgres import Server
from tests.api.bundles import SAID, Bundle, bundle, heads_sealed, told
from tests.api.conftest import Door, door_of, kind, new_database

AUDITOR = Actor("auri", Role.AUDITOR)


@pytest.fixture(scope="module")
def demonstration(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """Give the door of a house with the demonstration in it: lives in which much has happened."""
    with new_database(postgres) as database, door_of(database, tmp_path_factory.mktemp("home")) as door:
        demo.load(door.house.cases, datetime(2026, 3, 4, 12, tzinfo=UTC))
        heads_sealed(door)
        yield door


# Its documents


@pytest.mark.parametrize("name", demo.STORIES)
def test_each_document_tells_what_the_history_tells_the_same_reader(demonstration: Door, name: str) -> None:
    case, read = str(demo.case_of(name)), 0
    for by in (*demo.STAFF, demo.client_of(name), demo.REPRESENTING, AUDITOR):
        history = demonstration.get(f"/cases/{case}/history", by, params={"limit": 1000})
        answer = demonstration.get(f"/cases/{case}/bundle", by)
        if answer.status_code == 403 and kind(answer)[1] == "bundle-of-part":
            continue
        assert answer.status_code == history.status_code
        if not answer.is_success:
            continue
        read += 1
        found = Bundle(answer.content)
        assert found.verified().exit == 0
        for it, entry in zip(found.events, history.json()["events"], strict=True):
            assert ("document" in it) == (entry["event"] != {} or not entry["withheld"])
            if "document" in it:
                nothing_more(json.loads(it["document"]), entry)
    assert read >= 3


def nothing_more(document: dict[str, Any], entry: dict[str, Any]) -> None:
    """Check that a document holds what an entry of the history shows, the digest of its words, and what salts it."""
    assert document.keys() == {"topic", "payload", "context", "words", "salt", "event"}
    assert document["topic"] == entry["topic"]
    context, shown = document["context"], entry["context"]
    actor = context.pop("actor")
    assert {"who": actor.pop("id")} | actor | context == shown
    assert document["event"].items() <= entry["event"].items()


# Its page


@pytest.mark.parametrize(
    ("asked", "accepted", "language", "heading"),
    [
        (None, None, "fi", "Asian historia"), (None, "sv;q=0.9, en;q=0.1", "sv", "Ärendets historia"),
        ("en", "sv", "en", "The history of a case"), ("fi", "en", "fi", "Asian historia"),
    ],
)  # fmt: skip
def test_the_page_is_in_the_readers_language(
    demonstration: Door, asked: str | None, accepted: str | None, language: str, heading: str
) -> None:
    case = demo.case_of("between_three")
    headers = {"Accept-Language": accepted} if accepted else {}
    more = {"language": asked} if asked else {}
    found = bundle(demonstration, str(case), AUDITOR, headers=headers, **more)
    assert found.manifest["language"] == language
    assert f'<html lang="{language}">' in found.page
    assert f"<h1>{heading}</h1>" in found.page


@pytest.mark.parametrize("name", demo.STORIES)
def test_the_page_tells_every_entry_and_asks_nobody_for_anything(demonstration: Door, name: str) -> None:
    found = bundle(demonstration, str(demo.case_of(name)), AUDITOR, language="en")
    page = found.page
    assert re.findall(r'id="entry-(\d+)"', page) == [str(it["version"]) for it in found.events]
    assert not re.search(r"<(script|link|img|iframe|object|form)|https?:|url\(|\son\w+=|javascript:", page)
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(re.findall(r'id="([^"]+)"', page))
    assert page.count("<table>") == page.count("<caption>") == page.count("</table>") >= 3
    assert 'scope="col"' in page
    assert "proves nothing by itself" in page
    assert f"luotsi verify case-{demo.case_of(name)}.zip" in page
    for line in found.verified(history=True).history:
        if isinstance(line.words, dict):
            assert all(escaped(text) in page for name, text in line.words.items() if name != "client")


def escaped(text: str) -> str:
    return (
        text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace('"', "&quot;")
        .replace("'", "&#x27;")
    )


def test_no_words_become_markup(door: Door) -> None:
    case = door.case()
    door.say(case, "<script>alert(1)</script> &amp; \"'> </td>\x1b[31m")
    page = bundle(door, case).page
    assert "<script>" not in page
    assert (
        "&lt;script&gt;alert(1)&lt;/script&gt; &amp;amp; &quot;&#x27;&gt; &lt;/td&gt;\N{REPLACEMENT CHARACTER}[31m"
        in page
    )


def test_the_page_opens_no_more_words_than_the_bundle(door: Door) -> None:
    case = told(door)
    found = bundle(door, case, words="3", language="sv")
    assert SAID not in found.page
    assert "ja puhelin on rikki" in found.page
    assert found.page.count("[inte öppnade i denna fil]") == 3  # the opening, and the other statement in two tables
    assert "Orden är öppnade i dessa anteckningar: 3." in found.page
