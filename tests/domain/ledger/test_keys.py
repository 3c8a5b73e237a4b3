"""Key-encryption keys: where they lie, what seals them there, and what is wrapped under them."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import tink
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from hypothesis import given, settings
from hypothesis import strategies as st
from tink import aead

from domain.ledger.keys.keks import Keks, kek_of, keks_in
from domain.ledger.keys.kept import Kept
from domain.ledger.keys.kms import Kms, TinkMissing
from domain.ledger.keys.program import Program
from domain.ledger.keys.seal import (
    FIRST,
    KekMissing,
    KekNotMade,
    KekUnreadable,
    KekWrong,
    KeyDamaged,
    ProviderFailed,
    ProviderWrong,
    provider_of,
)

ROOT = Path(__file__).parents[3]
KEK = UUID("6f9619ff-8b86-d011-b42d-00cf4fc964ff")
URI = "koe-kms://avain/1"


def at_hand(directory: Path, region: str = "koe", kek: UUID = KEK) -> Keks:
    """Return key-encryption keys of which this one is current."""
    keks = keks_in(directory, region)
    keks.kept.make(kek)
    keks.use(kek, keks.read(kek).proof)
    return keks


# Files


def test_a_key_is_made_once_and_its_file_is_its_owners_alone(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "keys" / "koe")
    made = kept.make(KEK)
    assert len(made) == 32
    assert kept.make(KEK) == kept.open(KEK) == made
    assert kept.make(uuid4()) != made
    assert kept.path(KEK).stat().st_mode & 0o777 == 0o600
    assert kept.directory.stat().st_mode & 0o777 == 0o700
    assert sorted(kept.directory.glob("*")) == sorted(kept.directory.glob("*.key"))


@pytest.mark.parametrize(
    "content",
    [b"", b"not base64!", b64encode(bytes(31)), b64encode(bytes(33)), bytes(32), b64encode(bytes(32)) + b"x",
     b"file\n", b"\xff\n" + b64encode(bytes(32))],
)  # fmt: skip
def test_a_damaged_file_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    kept = Kept(tmp_path)
    kept.path(KEK).touch(mode=0o600)
    kept.path(KEK).write_bytes(content)
    for ask in (kept.open, kept.make):
        with pytest.raises(KekUnreadable, match=str(KEK)):
            ask(KEK)
    assert kept.path(KEK).read_bytes() == content


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    kept = Kept(tmp_path)
    kept.make(KEK)
    kept.path(KEK).chmod(mode)
    with pytest.raises(KekUnreadable):
        kept.open(KEK)


def test_a_file_that_is_none_or_not_there_is_told_as_such(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    with pytest.raises(KekMissing, match="luotsi keys import"):
        kept.open(KEK)
    kept.path(KEK).mkdir()
    with pytest.raises(KekUnreadable):
        kept.open(KEK)


def test_processes_that_make_one_key_at_once_agree_on_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", MAKE, str(tmp_path), str(KEK)]
    makers = [subprocess.Popen(command, cwd=ROOT, stdin=-1, stdout=-1, text=True) for _ in range(4)]
    for it in makers:
        assert it.stdout
        assert it.stdout.readline() == "ready\n"
    made = {it.communicate("go\n", timeout=30)[0].strip() for it in makers}
    assert made == {Kept(tmp_path).open(KEK).hex()}
    assert [it.name for it in tmp_path.iterdir()] == [f"{KEK}.key"]


MAKE = """
import pathlib, sys, uuid
from domain.ledger.keys.kept import Kept
print("ready", flush=True)
sys.stdin.readline()
print(Kept(pathlib.Path(sys.argv[1])).make(uuid.UUID(sys.argv[2])).hex())
"""


def test_where_the_disk_is_full_no_key_is_made_and_it_is_told_which_file_it_was(tmp_path: Path) -> None:
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))\n" + MAKE
    command = [sys.executable, "-c", full, str(tmp_path), str(KEK)]
    done = subprocess.run(command, cwd=ROOT, input="go\n", capture_output=True, text=True, check=False, timeout=30)
    assert "FileUnwritable" in done.stderr
    assert f"{KEK}.key" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_destroyed_key_is_overwritten_and_gone_and_may_be_destroyed_again(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "keys")
    kept.make(KEK)
    content, other = kept.path(KEK).read_bytes(), tmp_path / "other"
    os.link(kept.path(KEK), other)  # the same bytes on the disk under another name
    kept.destroy(KEK)
    assert other.read_bytes() != content
    assert list(kept.directory.iterdir()) == []
    kept.destroy(KEK)
    kept.path(KEK).touch(mode=0o600)
    kept.path(KEK).write_bytes(b"noise: it was cut short")
    kept.destroy(KEK)
    assert list(kept.directory.iterdir()) == []
    Kept(tmp_path / "never").destroy(KEK)


# Wrapping


def test_what_is_wrapped_names_its_key_and_opens_as_it_was(tmp_path: Path) -> None:
    keks, stream, key = at_hand(tmp_path), uuid4(), bytes(range(32))
    wrapped = keks.wrap(stream, key)
    assert kek_of(wrapped) == KEK
    assert key not in wrapped
    assert wrapped != keks.wrap(stream, key)
    assert keks.unwrap(stream, wrapped) == keks_in(tmp_path, "koe").unwrap(stream, wrapped) == key


def test_a_key_that_is_moved_to_another_stream_or_region_does_not_open(tmp_path: Path) -> None:
    stream = uuid4()
    wrapped = at_hand(tmp_path).wrap(stream, bytes(32))
    with pytest.raises(KeyDamaged):
        at_hand(tmp_path).unwrap(uuid4(), wrapped)
    (tmp_path / "muu").symlink_to(tmp_path / "koe")
    with pytest.raises(KeyDamaged):
        keks_in(tmp_path, "muu").unwrap(stream, wrapped)


@settings(deadline=None, max_examples=50)
@given(st.data())
def test_nothing_opens_with_any_byte_changed(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    keks, stream = at_hand(tmp_path_factory.mktemp("keys")), uuid4()
    wrapped = bytearray(keks.wrap(stream, bytes(32)))
    wrapped[data.draw(st.integers(0, len(wrapped) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises((KeyDamaged, KekMissing)):
        keks.unwrap(stream, bytes(wrapped))
    with pytest.raises((KeyDamaged, KekMissing)):
        keks.unwrap(stream, bytes(wrapped[: data.draw(st.integers(0, len(wrapped) - 1))]))


def test_keys_from_before_they_were_named_open_under_the_first(tmp_path: Path) -> None:
    first, stream, key = bytes(range(32)), uuid4(), os.urandom(32)
    words_key = tmp_path / "words.key"
    words_key.touch(mode=0o600)
    words_key.write_bytes(b64encode(first))
    wrapped = aes_key_wrap(first, key)
    assert kek_of(wrapped) == FIRST
    assert keks_in(tmp_path, "koe").unwrap(stream, wrapped) == key
    with pytest.raises(KeyDamaged):
        keks_in(tmp_path, "koe").unwrap(stream, aes_key_wrap(bytes(32), key))


def test_a_key_that_is_not_the_ledgers_is_not_used(tmp_path: Path) -> None:
    keks, elsewhere = at_hand(tmp_path / "a"), keks_in(tmp_path / "b", "koe")
    proof = keks.read(KEK).proof
    with pytest.raises(KekMissing):
        elsewhere.use(KEK, proof)
    elsewhere.kept.make(KEK)
    with pytest.raises(KekWrong, match="sealed under another key"):
        elsewhere.use(KEK, proof)
    for current, its in ((None, None), (KEK, None)):
        with pytest.raises(KekNotMade):
            elsewhere.use(current, its)
    assert elsewhere.current is None
    with pytest.raises(KekNotMade):
        elsewhere.wrap(uuid4(), bytes(32))


def test_what_is_wrapped_under_the_key_before_opens_until_that_is_destroyed_and_forgotten(tmp_path: Path) -> None:
    keks, stream, after = at_hand(tmp_path), uuid4(), uuid4()
    wrapped = keks.wrap(stream, bytes(32))
    keks.kept.make(after)
    keks.use(after, keks.read(after).proof)
    assert kek_of(keks.wrap(stream, bytes(32))) == after
    assert keks.unwrap(stream, wrapped) == bytes(32)
    keks.kept.destroy(KEK)
    keks.forget(KEK)
    with pytest.raises(KekMissing):
        keks.unwrap(stream, wrapped)


# Providers


def test_a_provider_is_named_by_the_setting() -> None:
    for name in ("file", f"tink:{URI}", "program:/usr/local/bin/hsm"):
        assert provider_of(name).name == name
    for name in ("", "File", "tink", "tink:", "tink:avain", "program:", "program:hsm", "vault:x"):
        with pytest.raises(ProviderWrong):
            provider_of(name)


@pytest.fixture
def kms() -> Iterator[Kms]:
    """Register a KMS with tink: its client, and an AEAD of tink's own for its key."""
    aead.register()
    handle = tink.new_keyset_handle(aead.aead_key_templates.AES256_GCM)

    class Client(tink.KmsClient):  # type: ignore[misc]
        def does_support(self, key_uri: str) -> bool:
            return key_uri == URI

        def get_aead(self, key_uri: str) -> object:  # noqa: ARG002
            return handle.primitive(aead.Aead)

    tink.register_kms_client(Client())
    yield Kms(URI)
    tink._kms_clients.reset_kms_clients()


def test_a_kms_seals_what_lies_in_the_file(tmp_path: Path, kms: Kms) -> None:
    kept = Kept(tmp_path, kms)
    key = kept.make(KEK)
    name, sealed = kept.path(KEK).read_bytes().split(b"\n")
    assert name.decode() == kms.name
    assert b64encode(key) not in sealed
    assert Kept(tmp_path, kms).open(KEK) == key
    kept.path(KEK).rename(kept.path(other := uuid4()))
    with pytest.raises(ProviderFailed, match="Decryption failed"):
        kept.open(other)  # it was sealed as another
    kept.destroy(other)
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_one_provider_sealed_opens_where_another_seals_the_next(tmp_path: Path, kms: Kms) -> None:
    before, after = uuid4(), uuid4()
    plain, sealed = Kept(tmp_path), Kept(tmp_path, kms)
    keys = plain.make(before), sealed.make(after)
    assert (sealed.open(before), plain.open(after)) == keys


def test_a_kms_that_nobody_talks_to_is_told_with_what_to_do() -> None:
    with pytest.raises(ProviderFailed, match="No KMS client does support"):
        Kms("muu-kms://x").seal(KEK, bytes(32))
    with pytest.raises(TinkMissing, match=r"tink\[gcpkms\]"):
        Kms("gcp-kms://projects/p").open(KEK, bytes(32))


def test_where_tink_is_not_installed_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "tink.py").write_text("raise ImportError('as if it were not there')\n")
    script = "from domain.ledger.keys.kms import Kms; from uuid import uuid4; Kms('gcp-kms://x').seal(uuid4(), b'')"
    paths = os.pathsep.join([str(tmp_path), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | {"PYTHONPATH": paths}, text=True, capture_output=True,
        timeout=30, check=False,
    )  # fmt: skip
    assert "TinkMissing" in done.stderr
    assert "pip install 'luotsi[kms]'" in done.stderr


HSM = f"""\
#!{sys.executable}
import base64, os, pathlib, sys
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

what, kek = sys.argv[1:]
own = pathlib.Path(__file__).with_name(kek)  # a key of its own for each: destroyed, it opens no copy of what it sealed
given = base64.b64decode(sys.stdin.readline())
if what == "seal" and not own.exists():
    own.write_bytes(os.urandom(32))
if what == "destroy":
    own.unlink(missing_ok=True)
elif not own.exists():
    sys.exit(f"no key {{kek}}\\nin this HSM")
else:
    cipher, name = AESGCM(own.read_bytes()), kek.encode()
    done = bytes(12) + cipher.encrypt(bytes(12), given, name) if what == "seal" else cipher.decrypt(given[:12], given[12:], name)
    print(base64.b64encode(done).decode())
"""  # noqa: E501


def program(directory: Path, text: str) -> Program:
    path = directory / "hsm"
    path.write_text(text)
    path.chmod(0o700)
    return Program(str(path), seconds=20)


def test_a_program_seals_opens_and_destroys_so_that_no_copy_of_the_file_opens(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "keys", program(tmp_path, HSM))
    key = kept.make(KEK)
    copy = kept.path(KEK).read_bytes()
    assert b64encode(key) not in copy
    assert Kept(kept.directory, kept.provider).open(KEK) == key
    kept.destroy(KEK)
    kept.destroy(KEK)
    kept.path(KEK).touch(mode=0o600)
    kept.path(KEK).write_bytes(copy)
    with pytest.raises(ProviderFailed, match=f"open ended with 1: no key {KEK} in this HSM"):
        kept.open(KEK)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("#!/bin/sh\necho 'the HSM is away' >&2; exit 3\n", "seal ended with 3: the HSM is away"),
        ("#!/bin/sh\necho 'ei base64'\n", "seal gave no base64"),
        ("#!/bin/sh\ncat\n", "seal gave no sealed key"),
        ("#!/bin/sh\n", "seal gave no sealed key"),
        ("#!/no/such/interpreter\n", "No such file"),
    ],
)
def test_a_program_that_fails_leaves_nothing_and_says_why(tmp_path: Path, text: str, said: str) -> None:
    kept = Kept(tmp_path / "keys", program(tmp_path, text))
    with pytest.raises(ProviderFailed, match=said):
        kept.make(KEK)
    assert not kept.path(KEK).exists()


def test_a_program_that_hangs_is_ended(tmp_path: Path) -> None:
    slow = Program(program(tmp_path, f"#!{sys.executable}\nimport threading\nthreading.Event().wait()\n").path, 0.5)
    with pytest.raises(ProviderFailed, match=r"longer than 0\.5 seconds"):
        slow.open(KEK, b"sealed")


def test_a_program_is_given_nothing_secret_among_its_arguments(tmp_path: Path) -> None:
    telling = program(tmp_path, textwrap.dedent(f"""\
        #!{sys.executable}
        import base64, pathlib, sys
        pathlib.Path(__file__).with_name("told").write_text(" ".join(sys.argv[1:]))
        print(base64.b64encode(b"sealed").decode())
        """))  # fmt: skip
    assert telling.seal(KEK, b"salainen") == b"sealed"
    assert (tmp_path / "told").read_text() == f"seal {KEK}"
