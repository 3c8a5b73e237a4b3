"""The file that says who is shown checkpoints: what it may say, and what is said of what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.anchors import AnchorsWrong, anchors_of
from api.settings import Settings
from domain.ledger.anchors.stamps import Authority
from domain.ledger.anchors.witnesses import Witness
from tests.domain.ledger.outsiders import STAMPING, issued
from tests.domain.ledger.witnessing import Witnessing

ROOT = issued("juuri")
WITNESS = Witnessing()
BOTH = f"""
[[authority]]
url = "http://tsa.example/stamp?tenant=1"
certificates = "tsa.pem"
every = 10

[[witness]]
url = "https://witness.example/luotsi/"
vkey = "{WITNESS.vkey}"
"""


def settings(tmp_path: Path, text: str) -> Settings:
    (tmp_path / "tsa.pem").write_bytes(ROOT.pem + issued("väli", ROOT).pem)
    (tmp_path / "signer.pem").write_bytes(issued("leima", ROOT, usage=STAMPING).pem)
    (tmp_path / "empty.pem").write_bytes(b"")
    (tmp_path / "anchors.toml").write_text(text, "utf-8")
    return Settings.read({"LUOTSI_ANCHORS": str(tmp_path / "anchors.toml")})


def test_the_file_says_who_is_shown_how_many(tmp_path: Path) -> None:
    authority, witness = anchors_of(settings(tmp_path, BOTH))
    assert isinstance(authority, Authority)
    assert isinstance(witness, Witness)
    assert (authority.name, authority.every) == ("http://tsa.example/stamp?tenant=1", 10)
    assert (witness.name, witness.every) == (WITNESS.name, 60)


def test_without_a_file_nobody_is_shown_anything() -> None:
    assert anchors_of(Settings.read({})) == ()


AUTHORITY = BOTH.partition("[[witness]]")[0]
WRONG = {
    "it names nobody": ("", "name one, or unset LUOTSI_ANCHORS"),
    "it is no TOML": ("[[authority]", "anchors.toml"),
    "a word that is unknown": ("[[authorities]]\n", "authorities"),
    "a field that is unknown": (f"{AUTHORITY}policy = '1.2'\n", "policy"),
    "a field that is missing": ("[[authority]]\nurl = 'https://tsa.example'\n", "certificates"),
    "every none": (BOTH.replace("every = 10", "every = 0"), "every"),
    "every half": (BOTH.replace("every = 10", "every = 0.5"), "every"),
    "an address of another kind": (BOTH.replace("http://tsa", "ftp://tsa"), "begins with https:// or http://"),
    "an address without a host": (BOTH.replace("tsa.example", ""), "begins with https:// or http://"),
    "an address with a password": (BOTH.replace("tsa.ex", "u:p@tsa.ex"), "without a user"),
    "a port that is none": (BOTH.replace("tsa.example", "tsa.example:port"), "port|Port"),
    "a witness with a query": (BOTH.replace("luotsi/", "luotsi?a=1"), "has no query"),
    "somebody twice": (AUTHORITY * 2, "named twice: http://tsa.example/stamp"),
    "certificates that are not there": (BOTH.replace("tsa.pem", "none.pem"), "none.pem: it can't be read"),
    "no certificates": (BOTH.replace("tsa.pem", "empty.pem"), "empty.pem: it holds no certificates"),
    "no root": (BOTH.replace("tsa.pem", "signer.pem"), "signer.pem: None of the certificates is a root"),
    "a key that is none": (BOTH.replace(WITNESS.vkey, "witness"), "verification key"),
    "a key that does not cosign": (
        BOTH.replace(WITNESS.vkey, "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"),
        "its key is of the type 04",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_with_it_is_told(tmp_path: Path, wrong: str) -> None:
    text, named = WRONG[wrong]
    with pytest.raises(AnchorsWrong, match=named):
        anchors_of(settings(tmp_path, text))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(AnchorsWrong, match="No such file"):
        anchors_of(Settings.read({"LUOTSI_ANCHORS": str(tmp_path / "anchors.toml")}))
