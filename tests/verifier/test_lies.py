"""Every lie in the catalogue is caught, and named by its own message."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import verifier
from tests.verifier.lies.all import LIES
from tests.verifier.lies.said import kept, said
from tests.verifier.lies.table import PAGE, table
from verifier import findings
from verifier.findings import Broken, Fault, Unreadable

KINDS = {
    it.kind(): it
    for it in vars(findings).values()
    if isinstance(it, type) and issubclass(it, Fault) and it not in {Fault, Broken, Unreadable}
}
NO_FILE_OF_THEIR_OWN = {"not-there", "option-malformed", "no-bundle"}
"""They are about what is no file, no option, or a file of anything at all: see `test_honest` and `test_total`."""

SAID = kept()


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_caught_and_named(name: str) -> None:
    lie = LIES[name]
    report = verifier.check(lie.path, **lie.options)
    assert set(report.kinds) == set(lie.kinds.split())
    assert report.exit == (2 if issubclass(KINDS[lie.kinds.split()[0]], Unreadable) else 1)
    assert report.history == []


@pytest.mark.parametrize("name", LIES)
def test_a_message_is_whole_and_is_a_sentence(name: str) -> None:
    lie = LIES[name]
    for fault in verifier.check(lie.path, **lie.options).faults:
        assert re.fullmatch(r"[^{}]+[.]", str(fault)), str(fault)


@pytest.mark.parametrize("name", LIES)
def test_what_is_said_of_a_lie_is_what_was_said_when_it_was_made(name: str) -> None:
    assert said(LIES[name]) == SAID.get(name), "run python -m tests.verifier.lies"


@pytest.mark.parametrize("name", [it.name for it in LIES.values() if it.exact])
def test_the_files_are_what_the_catalogue_makes(name: str) -> None:
    assert LIES[name].path.read_bytes() == LIES[name].make(), "run python -m tests.verifier.lies"


def test_there_is_a_file_for_each_and_no_other() -> None:
    kept = {it.stem for it in next(iter(LIES.values())).path.parent.glob("*.zip")}
    assert kept == LIES.keys()


def test_every_kind_of_fault_has_a_lie() -> None:
    assert {it.kinds.split()[0] for it in LIES.values()} == KINDS.keys() - NO_FILE_OF_THEIR_OWN


def test_every_kind_says_what_is_wrong_in_other_words() -> None:
    said = {" ".join((it.__doc__ or "").split()) for it in KINDS.values()}
    assert len(said) == len(KINDS)


def test_the_page_has_the_table_of_lies() -> None:
    page = Path(PAGE).read_text("utf-8")
    assert table() in page, "run python -m tests.verifier.lies"
    assert f"**{len(LIES)} lies** are kept" in page
