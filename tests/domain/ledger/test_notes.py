"""Notes are those that others read and write, and what is not signed is not read."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import example, given
from hypothesis import strategies as st

from domain.ledger.notes import (
    COSIGNATURE,
    ED25519,
    NoteMalformed,
    NotSigned,
    Signer,
    VkeyMalformed,
    key_id,
    opened,
    parse_vkey,
    signed,
    text_of,
    vkey,
    with_line,
)

# From the tests of golang.org/x/mod/sumdb/note, with which the format began.
PETER_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER = Signer(
    "PeterNeumann",
    Ed25519PrivateKey.from_private_bytes(base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]),
)
ENOCH_VKEY = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)  # fmt: skip
PETERS = (
    "— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
)  # fmt: skip
ENOCHS = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ="
NOTE = f"{TEXT}\n{PETERS}\n"
HUNDRED = NOTE + 99 * f"{PETERS}\n"

AINO = Signer("luotsi/koe/events/1", Ed25519PrivateKey.from_private_bytes(bytes(32)))
BO = Signer("luotsi/koe/events/1", Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32))
WITNESS = Signer("witness.example/w1", Ed25519PrivateKey.from_private_bytes(bytes([2]) * 32))

WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=[chr(it) for it in range(32)]), min_size=1)
TEXTS = st.lists(WORDS | st.just(""), min_size=1, max_size=5).map(lambda lines: "".join(f"{it}\n" for it in lines))


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def ends(fact: str) -> str:
    """Match what a refusal says after its docstring, to the letter."""
    return rf"\.: {re.escape(fact)}$"


def test_the_published_note_is_opened_and_written_alike() -> None:
    assert opened(NOTE, [PETER_VKEY]) == opened(NOTE.encode(), [PETER_VKEY]) == TEXT
    assert signed(TEXT, [PETER]) == NOTE
    assert PETER.vkey == PETER_VKEY
    assert PETER.line(TEXT) == PETERS
    assert opened(f"{NOTE}{ENOCHS}\n", [ENOCH_VKEY]) == TEXT
    assert opened(f"{NOTE}{ENOCHS}\n", [PETER_VKEY, ENOCH_VKEY]) == TEXT


def test_the_text_of_a_note_of_ones_own_is_read_unchecked() -> None:
    assert text_of(NOTE) == text_of(f"{TEXT}\n{ENOCHS}\n") == TEXT
    with pytest.raises(NoteMalformed):
        text_of(TEXT)


def test_the_published_verification_key_is_read_exactly() -> None:
    key = parse_vkey(PETER_VKEY)
    assert key == ("PeterNeumann", PETER.public, ED25519)
    assert key.id.hex() == "c74f20a3"
    assert key_id(key.name, key.public, ED25519) == key.id
    assert key_id(key.name, key.public, COSIGNATURE) != key.id
    assert vkey(key.name, key.public) == PETER_VKEY


def test_no_part_and_no_change_of_a_verification_key_is_one() -> None:
    for begin in range(len(PETER_VKEY)):
        for end in range(begin, len(PETER_VKEY) + (begin > 0)):
            not_a_vkey(PETER_VKEY[begin:end])
    for place, it in enumerate(PETER_VKEY):
        not_a_vkey(f"{PETER_VKEY[:place]}{chr(ord(it) + 1)}{PETER_VKEY[place + 1 :]}")


@pytest.mark.parametrize(
    "text",
    [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        PETER_VKEY.replace("c74f20a3", "C74F20A3"),
        f"{PETER_VKEY}\n",
        f"{PETER_VKEY}+",
        vkey("", PETER.public),
        vkey("Peter Neumann", PETER.public),
        vkey("Peter\tNeumann", PETER.public),
        vkey("Peter\u00a0Neumann", PETER.public),
        vkey("Peter+Neumann", PETER.public),
        vkey("PeterNeumann", PETER.public[:31]),
        vkey("PeterNeumann", PETER.public + b"x"),
        vkey("PeterNeumann", b""),
        vkey("PeterNeumann", PETER.public, 0),
        vkey("PeterNeumann", PETER.public, 2),
        vkey("PeterNeumann", PETER.public, 5),
        "PeterNeumann+c74f20a3+",
        "Peter\ud800+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "",
        "++",
    ],
)
def test_what_is_no_verification_key_is_refused(text: str) -> None:
    not_a_vkey(text)


def not_a_vkey(text: str) -> None:
    with pytest.raises(VkeyMalformed):
        parse_vkey(text)
    with pytest.raises(VkeyMalformed):
        opened(NOTE, [PETER_VKEY, text])


@given(st.text(st.characters(categories=["L", "P"]), min_size=1), st.binary(min_size=32, max_size=32))
@example("pluses", b"\xfb\xef\xbe" * 10 + b"\xfb\xef")
def test_a_verification_key_is_read_as_it_was_written(name: str, public: bytes) -> None:
    for algorithm in (ED25519, COSIGNATURE):
        assert parse_vkey(vkey(name, public, algorithm)) == (name, public, algorithm)


def test_a_verification_key_that_is_none_says_why() -> None:
    with pytest.raises(
        VkeyMalformed, match=ends("'a b' can't be the name of a key: it is empty, or has a plus or spaces")
    ):
        parse_vkey(vkey("a b", PETER.public))
    with pytest.raises(VkeyMalformed, match=r"witness\.$"):
        parse_vkey(vkey("a", PETER.public, 2))


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u2028b", "a\x01", "a\ud800"])
def test_a_signer_needs_a_name_that_can_stand_in_a_note(name: str) -> None:
    with pytest.raises(ValueError, match=r"can't be the name|control characters|surrogates"):
        Signer(name, AINO.key)


def test_a_name_with_a_fault_is_shown() -> None:
    with pytest.raises(ValueError, match=r"^'a b' can't be the name of a key: it is empty, or has a plus or spaces$"):
        Signer("a b", AINO.key)


MALFORMED: dict[str, str | bytes] = {
    "empty": "",
    "no lines": TEXT,
    "no signature lines": f"{TEXT}\n",
    "no blank line": f"{TEXT}{PETERS}\n",
    "a blank line too many": f"{NOTE}\n",
    "no newline at the end": NOTE[:-1],
    "a control character": f"\x01{NOTE}",
    "a tab": NOTE.replace("think ", "think\t"),
    "a carriage return": NOTE.replace("\n", "\r\n"),
    "not UTF-8": b"\xff" + NOTE.encode(),
    "half a surrogate pair": f"\ud800{NOTE}",
    "cut inside the dash": NOTE.encode()[: NOTE.encode().index("—".encode()) + 1] + b"\n",
    "a name with a space": NOTE.replace("PeterNeumann", "Peter Neumann"),
    "a name with another space": NOTE.replace("PeterNeumann", "Peter\u2003Neumann"),
    "a name with a plus": NOTE.replace("PeterNeumann", "Peter+Neumann"),
    "no name": NOTE.replace("PeterNeumann", ""),
    "no dash": NOTE.replace("—", "-"),
    "no space after the dash": NOTE.replace("— ", "—"),
    "no signature": f"{TEXT}\n— PeterNeumann \n",
    "no signature nor space": f"{TEXT}\n— PeterNeumann\n",
    "a key id alone": f"{TEXT}\n— PeterNeumann {b64(b'abcd')}\n",
    "less than a key id": f"{TEXT}\n— PeterNeumann {b64(b'abc')}\n",
    "bad base64": NOTE.replace("x08go", "x08g*"),
    "base64 without padding": NOTE.replace("nAM=", "nAM"),
    "base64 for addresses": NOTE.replace("/", "_"),
    "base64 that could be written otherwise": NOTE.replace("nAM=", "nAN="),
    "something after the signature": f"{NOTE[:-1]} \n",
    "an unexpected line": f"{NOTE}Unexpected line.\n",
    "an unexpected line before": f"{TEXT}\nUnexpected line.\n{PETERS}\n",
    "too many lines": f"{HUNDRED}{PETERS}\n",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_note_is_not_read(name: str) -> None:
    with pytest.raises(NoteMalformed):
        opened(MALFORMED[name], [PETER_VKEY])
    with pytest.raises(NoteMalformed):
        opened(MALFORMED[name], [])


@pytest.mark.parametrize(
    ("name", "fact"),
    [
        ("no lines", "it has no lines of signatures after a blank line, or does not end with one"),
        ("too many lines", "it has more than 100 signatures"),
        ("a control character", "it holds control characters"),
        ("a key id alone", f"'— PeterNeumann {b64(b'abcd')}' is no line of a signature"),
        ("an unexpected line", "'Unexpected line.' is no line of a signature"),
        ("not UTF-8", "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
    ],
)
def test_a_note_that_is_none_says_why(name: str, fact: str) -> None:
    with pytest.raises(NoteMalformed) as refused:
        opened(MALFORMED[name], [])
    assert str(refused.value) == f"This is not a signed note.: {fact}"


def test_a_note_has_up_to_a_hundred_signatures() -> None:
    assert opened(HUNDRED, [PETER_VKEY]) == TEXT
    with pytest.raises(NoteMalformed):
        with_line(HUNDRED, ENOCHS)


def test_the_shortest_signature_is_a_byte() -> None:
    with pytest.raises(NotSigned):
        opened(f"{TEXT}\n— PeterNeumann {b64(b'abcde')}\n", [PETER_VKEY])


def test_a_text_may_have_empty_lines_and_lines_like_signatures() -> None:
    for text in ("\n", "\n\n", f"{TEXT}\n\n{TEXT}", f"{TEXT}\n{PETERS}\n", f"{NOTE}\n{NOTE}"):
        assert opened(signed(text, [AINO]), [AINO.vkey]) == text


@pytest.mark.parametrize(
    "text", ["", "abc", f"{TEXT}\nabc", f"{TEXT}\n{PETERS}", f"{TEXT}\x00\n", f"{TEXT}\r\n", "\ud800\n"]
)
def test_a_text_that_no_note_can_have_is_not_signed(text: str) -> None:
    with pytest.raises(NoteMalformed):
        signed(text, [AINO])


def test_a_text_without_its_newline_is_not_signed_as_another() -> None:
    with pytest.raises(NoteMalformed, match=ends("its text does not end with a newline")):
        signed(f"{TEXT}\n{PETERS}", [AINO])


def test_a_note_needs_a_signer() -> None:
    with pytest.raises(NoteMalformed):
        signed(TEXT, [])


@given(TEXTS, st.integers(1, 3))
@example("a\u2028b\u0085c\n", 1)
def test_whoever_signed_opens_what_was_signed(text: str, signers: int) -> None:
    these = [AINO, BO, WITNESS][:signers]
    note = signed(text, these)
    for it in these:
        assert opened(note, [it.vkey]) == opened(note.encode(), [it.vkey]) == text
    assert opened(note, [PETER_VKEY, *(it.vkey for it in these)]) == text


@given(st.data())
def test_a_note_of_which_a_character_was_changed_is_not_opened(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(NOTE) - 1))
    other = data.draw(st.characters())
    changed = f"{NOTE[:place]}{other}{NOTE[place + 1 :]}"
    if changed != NOTE:
        with pytest.raises((NoteMalformed, NotSigned)):
            opened(changed, [PETER_VKEY])


@given(st.text() | st.binary(), st.text())
@example(b"\n\n\xe2\x80\x94 a AAAAAAA=\n", "a+00000000+AQ==")
def test_garbage_is_refused_in_words(garbage: str | bytes, key: str) -> None:
    with pytest.raises((NoteMalformed, NotSigned)):
        opened(garbage, [PETER_VKEY])
    with pytest.raises(VkeyMalformed):
        parse_vkey(key)


def test_signers_that_nobody_knows_are_passed_over() -> None:
    broken = ENOCHS.replace("5n2t", "5n3t")
    assert opened(f"{TEXT}\n{broken}\n{PETERS}\n", [PETER_VKEY]) == TEXT
    with pytest.raises(NotSigned, match=r"^No key that is trusted .*: it names PeterNeumann, EnochRoot$"):
        opened(f"{NOTE}{ENOCHS}\n", [AINO.vkey])
    with pytest.raises(NotSigned):
        opened(NOTE, [])


def test_the_same_name_with_another_key_is_somebody_else() -> None:
    note = signed(TEXT, [AINO])
    with pytest.raises(NotSigned, match=ends("it names luotsi/koe/events/1")):
        opened(note, [BO.vkey])
    assert opened(signed(TEXT, [AINO, BO]), [BO.vkey]) == TEXT


def test_the_same_key_with_another_name_is_somebody_else() -> None:
    other = Signer("luotsi/koe/events/2", AINO.key)
    with pytest.raises(NotSigned):
        opened(signed(TEXT, [AINO]), [other.vkey])


def test_a_key_id_of_another_key_makes_nobody_known() -> None:
    raw = base64.b64decode(PETERS.split(" ")[2])
    for wrong in (b"\0" + raw[1:], raw[:3] + b"\0" + raw[4:]):
        with pytest.raises(NotSigned, match=ends("it names PeterNeumann")):
            opened(f"{TEXT}\n— PeterNeumann {b64(wrong)}\n", [PETER_VKEY])


@pytest.mark.parametrize("change", [
    lambda raw: raw[:-1], lambda raw: raw + b"\0", lambda raw: raw[:4] + bytes(64), lambda raw: raw[:5],
    lambda raw: raw[:70 - 3] + bytes([raw[67] ^ 1]),
])  # fmt: skip
def test_a_known_signer_with_a_wrong_signature_spoils_the_note(change: Callable[[bytes], bytes]) -> None:
    wrong = f"— PeterNeumann {b64(change(base64.b64decode(PETERS.split(' ')[2])))}"
    for lines in ([wrong], [wrong, ENOCHS], [ENOCHS, wrong], [PETERS, wrong]):
        with pytest.raises(NotSigned, match=ends("the signature of PeterNeumann is not of this text")):
            opened("\n".join([TEXT, *lines, ""]), [PETER_VKEY, ENOCH_VKEY])


def test_a_line_is_added_once() -> None:
    both = with_line(NOTE, ENOCHS)
    assert both == f"{NOTE}{ENOCHS}\n"
    assert with_line(both, ENOCHS) == with_line(both, PETERS) == both
    assert opened(both, [PETER_VKEY, ENOCH_VKEY]) == TEXT


@pytest.mark.parametrize(
    "line", ["", "abc", f"{ENOCHS}\n", f"{ENOCHS}\n{ENOCHS}", "\n", f"{ENOCHS} ", "— a\x01 AAAAAAA="]
)
def test_what_is_no_line_is_not_added(line: str) -> None:
    with pytest.raises(NoteMalformed):
        with_line(NOTE, line)


def test_nothing_is_added_to_what_is_no_note() -> None:
    with pytest.raises(NoteMalformed):
        with_line(TEXT, ENOCHS)
