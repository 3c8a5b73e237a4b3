"""Words: what opens is a text for each of an event's fields, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import verifier
from tests.verifier import forge
from tests.verifier.forge import Bundle, b64, bundle
from verifier.report import Report

Check = Callable[[Bundle], Report]
NOT_BY_FIELD = "The words of version 1 do not open: what opens is not what was said, by field"


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Give what verifies a bundle."""

    def check(made: Bundle) -> Report:
        path = tmp_path / "case.zip"
        path.write_bytes(made.pack())
        return verifier.check(path)

    return check


def sealing(monkeypatch: pytest.MonkeyPatch, opened: bytes) -> Bundle:
    """Make a bundle whose log has this sealed as the words of its first event."""
    honest = forge.ciphertext

    def ciphertext(key: bytes, words: dict[str, str]) -> bytes:
        if words != forge.SAID[1]:
            return honest(key, words)
        return key[32:] + bytes(12) + AESGCM(key[:32]).encrypt(bytes(12), opened, None)

    monkeypatch.setattr(forge, "ciphertext", ciphertext)
    return bundle(forge.told())


@pytest.mark.parametrize(
    ("opened", "why"),
    [
        (b'{"text":"a"} ', "there is something around it"), (b' {"text":"a"}', "there is something around it"),
        (b"", "there is something around it"), (b"[]", "there is something around it"),
        (b'{"Text":"a"}', "it has a field that no event has"), (b'{"":"a"}', "it has a field that no event has"),
        (b'{"text ":"a"}', "it has a field that no event has"), (b'{"text":1}', "it is no text"),
        (b'{"text":"a","text":"b"}', "a field stands in it twice"), (b'{"text":"\xff"}', "it is not UTF-8"),
    ],
)  # fmt: skip
def test_what_opens_is_a_text_by_field(monkeypatch: pytest.MonkeyPatch, check: Check, opened: bytes, why: str) -> None:
    report = check(sealing(monkeypatch, opened))
    assert f"{NOT_BY_FIELD}: {why}." in [str(it) for it in report.faults]


def test_words_of_which_some_do_not_open_are_not_called_whole(check: Check) -> None:
    made = bundle()
    made.words[0]["key"] = made.words[1]["key"]
    assert not any(it.startswith("The words of") for it in check(made).checked)


def test_words_that_are_too_short_to_open_are_told(monkeypatch: pytest.MonkeyPatch, check: Check) -> None:
    monkeypatch.setattr(forge, "ciphertext", lambda key, _: key[32:] + b"short")
    assert [str(it) for it in check(bundle(forge.told())).faults] == [
        f"The words of version {version} do not open: the key is not the one that sealed them." for version in (1, 2, 3)
    ]


def test_a_key_of_another_version_opens_nothing(check: Check) -> None:
    made = bundle()
    made.words[0]["key"] = b64(forge.entry_key(forge.case("b"), 1))
    assert check(made).kinds == ["key-opens-another"]
