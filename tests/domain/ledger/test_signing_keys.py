"""The keys that sign the logs: made once, changed in any process, killed anywhere; what is signed stays verifiable."""

from __future__ import annotations

import signal
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg import Connection
from psycopg.errors import InsufficientPrivilege, RaiseException, UniqueViolation

from domain.ledger.database import Region
from domain.ledger.keys.keynote import Before, KeyNote
from domain.ledger.keys.seal import ProviderFailed, ProviderWrong
from domain.ledger.keys.signing import (
    KeyNoteWrong,
    SigningKey,
    SigningKeyChanged,
    SigningKeyMissing,
    SigningKeyNotMade,
    SigningKeys,
    SigningKeyWrong,
)
from domain.ledger.migrate import migrate
from domain.ledger.notes import NotSigned, opened, signed, vkey
from tests.domain.ledger.conftest import eventually

ROOT = Path(__file__).parents[3]
TEXT = "luotsi/koe/events/1\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"


@pytest.fixture
def connection(region: Region) -> Iterator[Connection]:
    migrate(region)
    with region.connect() as connection:
        yield connection


@pytest.fixture
def keys(region: Region, tmp_path: Path) -> SigningKeys:
    return SigningKeys(tmp_path, region.name)


def origin(keys: SigningKeys) -> str:
    return f"luotsi/{keys.region}/events/1"


def checkpoint(keys: SigningKeys, connection: Connection) -> str:
    return signed(TEXT, [keys.signer(connection, origin(keys))])


def verifies(keys: SigningKeys, it: SigningKey, note: str) -> bool:
    """Say whether this key has signed the checkpoint."""
    try:
        return opened(note, [vkey(origin(keys), it.public)]) == TEXT
    except NotSigned:
        return False


def vouches(keys: SigningKeys, it: SigningKey, note: str) -> bool:
    """Say whether this key has signed the key note."""
    try:
        return bool(opened(note, [vkey(keys.name, it.public)]))
    except NotSigned:
        return False


def private(keys: SigningKeys) -> list[Path]:
    return list(keys.kept.directory.glob("*.signing"))


# Made, and used


def test_a_region_begins_with_one_key_however_many_begin_it(region: Region, tmp_path: Path) -> None:
    migrate(region)

    def begun(keys: SigningKeys) -> bool:
        with region.connect() as connection:
            return keys.begin(connection)

    several = [SigningKeys(tmp_path, region.name) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(begun, several)) == [False, False, False, True]
    with region.connect() as connection:
        (only,) = several[0].all(connection)
        notes = {checkpoint(it, connection) for it in several}
    assert (only.number, only.retired, only.compromised) == (1, None, False)
    (note,) = notes
    assert verifies(several[0], only, note)
    (file,) = private(several[0])
    assert file.stat().st_mode & 0o777 == 0o600
    assert sorted(it.name for it in file.parent.iterdir()) == sorted([file.name, "signing-1.note"])


def test_a_region_without_a_key_signs_nothing(keys: SigningKeys, connection: Connection) -> None:
    keys.go_on(connection)
    for ask in (lambda: checkpoint(keys, connection), lambda: keys.rotate(connection)):
        with pytest.raises(SigningKeyNotMade, match="luotsi migrate"):
            ask()
    assert keys.notes(connection) == []


def test_the_first_note_says_what_the_format_says(keys: SigningKeys, connection: Connection) -> None:
    keys.begin(connection)
    (first,) = keys.all(connection)
    made = first.made.isoformat(timespec="microseconds").replace("+00:00", "Z")
    lines = [f"luotsi/{keys.region}/keys", "1", b64encode(first.public).decode(), made, "first"]
    assert opened(first.note, [vkey(keys.name, first.public)]).splitlines() == lines
    assert KeyNote.read(keys.region, first.note, None).made == first.made


def test_one_key_signs_all_logs_under_names_of_their_own(keys: SigningKeys, connection: Connection) -> None:
    keys.begin(connection)
    events, reads = (keys.signer(connection, f"luotsi/{keys.region}/{log}/1") for log in ("events", "reads"))
    assert events.public == reads.public
    with pytest.raises(NotSigned):
        opened(signed(TEXT, [events]), [reads.vkey])


# Rotated


def test_after_a_rotation_the_new_key_signs_and_the_old_checkpoints_stay_verifiable(
    keys: SigningKeys, connection: Connection
) -> None:
    keys.begin(connection)
    note = checkpoint(keys, connection)
    (before,) = private(keys)
    done = keys.rotate(connection)
    old, new = keys.all(connection)
    assert (done, new.number, new.retired) == (new, 2, None)
    assert (old.retired, old.compromised) == (new.made, False)
    assert verifies(keys, old, note)
    assert not verifies(keys, new, note)
    assert verifies(keys, new, checkpoint(keys, connection))
    assert not before.exists()
    assert len(private(keys)) == 1
    assert keys.notes(connection) == [old.note, new.note]
    assert vouches(keys, new, new.note)
    assert vouches(keys, old, new.note)


def test_another_process_signs_with_the_new_key_from_the_rotation_on(
    keys: SigningKeys, connection: Connection, tmp_path: Path
) -> None:
    keys.begin(connection)
    elsewhere = SigningKeys(tmp_path, keys.region)
    checkpoint(elsewhere, connection)
    new = keys.rotate(connection)
    assert verifies(keys, new, checkpoint(elsewhere, connection))


def test_who_is_about_to_sign_is_waited_for(keys: SigningKeys, connection: Connection, region: Region) -> None:
    keys.begin(connection)
    with ThreadPoolExecutor(1) as threads, region.connect() as signing:
        with signing.transaction():
            signer = keys.signer(signing, origin(keys))
            rotating = threads.submit(keys.rotate, connection)
            eventually(lambda: waiting(region))
            assert not rotating.done()
            (old,) = keys.all(signing)
            assert signer.public == old.public
        assert rotating.result(30).number == 2
        assert keys.signer(signing, origin(keys)).public != old.public


def waiting(region: Region) -> int:
    """Return how many wait to be alone with the keys, or for a table."""
    with region.connect(owner=True) as owner:
        (count,) = owner.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone() or (0,)
    return int(count)


def test_of_two_that_rotate_at_once_one_wins_and_the_other_is_told(
    keys: SigningKeys, connection: Connection, region: Region
) -> None:
    keys.begin(connection)

    def rotate() -> int:
        with region.connect() as own:
            return keys.rotate(own).number

    with ThreadPoolExecutor(2) as threads:
        with connection.transaction():
            keys.signer(connection, origin(keys))
            both = [threads.submit(rotate) for _ in range(2)]
            eventually(lambda: waiting(region) == 2)
        failed = [it.exception(30) for it in both]
    assert [type(it) for it in failed if it] == [SigningKeyChanged]
    assert [it.number for it in keys.all(connection)] == [1, 2]


def test_a_key_is_never_older_than_the_one_before_whatever_the_clock_says(
    keys: SigningKeys, connection: Connection, region: Region
) -> None:
    keys.begin(connection)
    with region.connect(owner=True) as owner:
        owner.execute("UPDATE signing_keys SET made = made + interval '1 hour'")
    (first,) = keys.all(connection)
    assert keys.rotate(connection).made == first.made
    assert keys.rotate(connection).made - first.made < timedelta(hours=1)


# Given up


def test_a_key_that_is_compromised_vouches_for_nothing_and_is_told_to_be_so(
    keys: SigningKeys, connection: Connection
) -> None:
    keys.begin(connection)
    note = checkpoint(keys, connection)
    keys.rotate(connection, compromised=True)
    old, new = keys.all(connection)
    assert (old.compromised, old.retired, new.compromised) == (True, new.made, False)
    assert KeyNote.read(keys.region, new.note, old.public).before is Before.COMPROMISED
    assert vouches(keys, new, new.note)
    assert not vouches(keys, old, new.note)
    assert verifies(keys, old, note)
    assert len(private(keys)) == 1


def test_a_key_that_is_lost_is_told_with_what_to_do_and_given_up_for_another(
    keys: SigningKeys, connection: Connection
) -> None:
    keys.begin(connection)
    (file,) = private(keys)
    file.unlink()
    for ask in (lambda: checkpoint(keys, connection), lambda: keys.rotate(connection)):
        with pytest.raises(SigningKeyMissing, match=r"restore it from its copy.* --signing --compromised") as told:
            ask()
        assert str(file) in str(told.value)
    assert len(keys.all(connection)) == 1
    assert private(keys) == []
    new = keys.rotate(connection, compromised=True)
    assert verifies(keys, new, checkpoint(keys, connection))


@pytest.mark.parametrize("content", [b"", b"not base64!", b64encode(bytes(31)), b64encode(bytes(32))])
def test_a_private_key_that_is_damaged_or_another_signs_nothing(
    keys: SigningKeys, connection: Connection, content: bytes
) -> None:
    keys.begin(connection)
    (file,) = private(keys)
    kept = file.read_bytes()
    file.write_bytes(content)
    with pytest.raises(SigningKeyWrong, match="Restore it from its copy"):
        checkpoint(keys, connection)
    file.write_bytes(kept)
    file.chmod(0o640)
    with pytest.raises(SigningKeyWrong):
        checkpoint(keys, connection)
    file.chmod(0o600)
    assert checkpoint(keys, connection)


def test_where_the_key_that_signs_is_not_there_no_other_is_destroyed(keys: SigningKeys, connection: Connection) -> None:
    keys.begin(connection)
    (file,) = private(keys)
    other = file.with_name(f"6f9619ff-8b86-d011-b42d-00cf4fc964ff{file.suffix}")
    file.rename(other)
    keys.begin(connection)
    assert private(keys) == [other]


# Cut short


PROGRAM = f"""\
#!{sys.executable}
import base64, os, pathlib, signal, sys

if pathlib.Path(__file__).with_name("dies").read_text() == sys.argv[1]:
    os.kill(os.getppid(), signal.SIGKILL)
given = base64.b64decode(sys.stdin.readline())
print("" if sys.argv[1] == "destroy" else base64.b64encode(given[::-1]).decode())
"""

CHANGE = """
import sys
from pathlib import Path
from domain.ledger.database import Region
from domain.ledger.keys.signing import SigningKeys
region, directory, provider, what = Region(*sys.argv[1:3]), *sys.argv[3:]
with region.connect() as connection:
    keys = SigningKeys(Path(directory), region.name, provider)
    if what == "begin":
        keys.begin(connection)
    else:
        keys.rotate(connection, compromised=what == "compromised")
"""


@pytest.fixture
def sealed(region: Region, tmp_path: Path) -> SigningKeys:
    """Give keys that a program seals, which kills who asks it for what `dies` names."""
    program = tmp_path / "hsm"
    program.write_text(PROGRAM)
    program.chmod(0o700)
    (tmp_path / "dies").touch()
    return SigningKeys(tmp_path, region.name, f"program:{program}")


def changing(region: Region, keys: SigningKeys, what: str) -> subprocess.Popen[bytes]:
    directory, provider = str(keys.kept.directory.parent), keys.kept.provider.name
    command = [sys.executable, "-c", CHANGE, region.url, region.name, directory, provider, what]
    return subprocess.Popen(command, cwd=ROOT)


def killed(region: Region, keys: SigningKeys, what: str, at: str) -> None:
    """Let another process change the keys, and kill it as the program is asked for this."""
    dies = keys.kept.directory.parent / "dies"
    dies.write_text(at)
    with changing(region, keys, what) as process:
        assert process.wait(30) == -signal.SIGKILL
    dies.write_text("")


@pytest.mark.parametrize(("at", "left"), [("seal", 0), ("open", 1)])
def test_killed_before_there_is_a_note_the_key_is_destroyed_and_another_is_made(
    sealed: SigningKeys, connection: Connection, region: Region, at: str, left: int
) -> None:
    killed(region, sealed, "begin", at)
    before = private(sealed)
    assert (len(before), sealed.all(connection)) == (left, [])
    assert sealed.begin(connection)
    assert len(private(sealed)) == 1
    assert private(sealed) != before
    assert verifies(sealed, sealed.all(connection)[0], checkpoint(sealed, connection))


@pytest.mark.parametrize("what", ["rotate", "compromised"])
@pytest.mark.parametrize("by", ["begin", "rotate", "compromised"])
def test_killed_before_the_table_has_it_the_note_is_gone_on_from(
    sealed: SigningKeys, connection: Connection, region: Region, what: str, by: str
) -> None:
    sealed.begin(connection)
    note = checkpoint(sealed, connection)
    with region.connect(owner=True) as owner, owner.transaction():
        owner.execute("LOCK TABLE signing_keys IN SHARE MODE")
        with changing(region, sealed, what) as process:
            eventually(lambda: waiting(region), 30)
            process.send_signal(signal.SIGKILL)
    eventually(lambda: not waiting(region))
    (old,) = sealed.all(connection)
    assert old.retired is None
    assert len(private(sealed)) == 2
    assert checkpoint(sealed, connection) == note
    if by == "begin":
        assert not sealed.begin(connection)
    else:
        sealed.rotate(connection, compromised=by == "compromised")
    found = sealed.all(connection)
    assert [it.compromised for it in found[:2]] == [what == "compromised", (what, by) == ("rotate", "compromised")]
    assert len(found) == (3 if (what, by) == ("rotate", "compromised") else 2)
    assert len(private(sealed)) == 1
    assert verifies(sealed, found[-1], checkpoint(sealed, connection))
    assert verifies(sealed, found[0], note)


def test_killed_before_the_old_key_is_destroyed_it_is_destroyed_by_who_comes_next(
    sealed: SigningKeys, connection: Connection, region: Region
) -> None:
    sealed.begin(connection)
    killed(region, sealed, "rotate", "destroy")
    assert [bool(it.retired) for it in sealed.all(connection)] == [True, False]
    assert len(private(sealed)) == 2
    sealed.go_on(connection)
    assert len(private(sealed)) == 1
    assert verifies(sealed, sealed.all(connection)[1], checkpoint(sealed, connection))


def test_an_old_key_that_can_not_be_destroyed_is_told_and_stops_nobody(
    sealed: SigningKeys, connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    sealed.begin(connection)
    program = sealed.kept.directory.parent / "hsm"
    program.write_text(PROGRAM.replace('"" if', "1 / 0 if"))
    with pytest.raises(ProviderFailed, match="destroy ended with 1"):
        sealed.rotate(connection)
    assert verifies(sealed, sealed.all(connection)[1], checkpoint(sealed, connection))
    sealed.begin(connection)
    assert "a signing key that is retired could not be destroyed" in caplog.text
    program.write_text(PROGRAM)
    sealed.begin(connection)
    assert len(private(sealed)) == 1


def test_a_provider_that_is_away_makes_no_key(region: Region, connection: Connection, tmp_path: Path) -> None:
    away = SigningKeys(tmp_path, region.name, f"program:{tmp_path / 'hsm'}")
    with pytest.raises(ProviderFailed):
        away.begin(connection)
    assert (away.all(connection), private(away)) == ([], [])
    with pytest.raises(ProviderWrong):
        SigningKeys(tmp_path, region.name, "vault")


# Restored


def test_a_backup_from_before_rotations_goes_on_with_the_key_that_is_there(
    keys: SigningKeys, connection: Connection, region: Region
) -> None:
    keys.begin(connection)
    keys.rotate(connection)
    keys.rotate(connection, compromised=True)
    before = keys.all(connection)
    with region.connect(owner=True) as owner:
        owner.execute("DELETE FROM signing_keys WHERE number > 1")
        owner.execute("UPDATE signing_keys SET retired = NULL, compromised = false")
    with pytest.raises(SigningKeyMissing, match="After a restore of the database: luotsi migrate"):
        checkpoint(keys, connection)
    keys.go_on(connection)
    assert keys.all(connection) == before
    assert verifies(keys, before[-1], checkpoint(keys, connection))
    assert len(private(keys)) == 1


def test_a_region_that_begins_anew_in_its_place_goes_on_with_its_keys(
    keys: SigningKeys, connection: Connection, region: Region
) -> None:
    keys.begin(connection)
    before = [keys.rotate(connection) for _ in range(10)][-1]
    with region.connect(owner=True) as owner:
        owner.execute("DELETE FROM signing_keys")
    assert not keys.begin(connection)
    assert (len(keys.all(connection)), keys.all(connection)[-1]) == (11, before)


# Notes that are not what they should be


def note_of(keys: SigningKeys, number: int) -> Path:
    return keys.kept.directory / f"signing-{number}.note"


def forged(keys: SigningKeys, connection: Connection, region: str, number: int, before: Before) -> str:
    """Return a note that the key in it has signed, and nobody else."""
    key, first = Ed25519PrivateKey.generate(), keys.all(connection)[0]
    public, previous = key.public_key().public_bytes_raw(), None if before is Before.NONE else first.public
    return KeyNote(region, number, public, first.made, before, previous).signed(key)


@pytest.mark.parametrize(
    ("number", "before"),
    [(3, Before.COMPROMISED), (2, Before.RETIRED), (2, Before.NONE)],
    ids=["out of turn", "not vouched for", "first after another"],
)
def test_a_note_that_does_not_follow_is_not_taken_up(
    keys: SigningKeys, connection: Connection, number: int, before: Before
) -> None:
    keys.begin(connection)
    note_of(keys, 2).write_text(forged(keys, connection, keys.region, number, before))
    for ask in (lambda: keys.go_on(connection), lambda: keys.begin(connection), lambda: keys.rotate(connection)):
        with pytest.raises(KeyNoteWrong, match=r"signing-2\.note"):
            ask()
    assert len(keys.all(connection)) == 1
    assert checkpoint(keys, connection)


def test_another_regions_note_and_another_ledgers_directory_are_refused(
    keys: SigningKeys, connection: Connection
) -> None:
    keys.begin(connection)
    own = note_of(keys, 1).read_text()
    for whose in (f"{keys.region}2", keys.region):
        note_of(keys, 1).write_text(forged(keys, connection, whose, 1, Before.NONE))
        with pytest.raises(KeyNoteWrong, match="use the ledger's own directory"):
            keys.begin(connection)
    note_of(keys, 1).unlink()
    note_of(keys, 2).write_text(forged(keys, connection, f"{keys.region}2", 2, Before.COMPROMISED))
    with pytest.raises(KeyNoteWrong):
        keys.begin(connection)
    note_of(keys, 1).write_bytes(b"\xff")
    with pytest.raises(KeyNoteWrong):
        keys.begin(connection)
    note_of(keys, 1).write_text(own)
    note_of(keys, 2).unlink()
    assert not keys.begin(connection)


# In the database


def test_the_service_adds_keys_and_retires_the_current_one_and_can_do_nothing_else(
    keys: SigningKeys, connection: Connection
) -> None:
    keys.begin(connection)
    for statement in (
        "UPDATE signing_keys SET note = ''", "UPDATE signing_keys SET retired = now()", "DELETE FROM signing_keys",
        "TRUNCATE signing_keys",
        "INSERT INTO signing_keys (number, public, made, note, compromised) VALUES (2, '', now(), '', true)",
    ):  # fmt: skip
        with pytest.raises(InsufficientPrivilege):
            connection.execute(statement)
    second = (
        "INSERT INTO signing_keys (number, public, made, note) VALUES (2, decode(repeat('00', 32), 'hex'), now(), '')"
    )
    with pytest.raises(UniqueViolation):
        connection.execute(second)
    keys.rotate(connection)
    for number in (0, 1, 3):
        with pytest.raises(RaiseException, match=f"the signing key {number} is not the current one"):
            connection.execute("SELECT retire_signing_key(%s, now(), true)", (number,))
    with pytest.raises(psycopg.errors.CheckViolation):
        connection.execute("SELECT retire_signing_key(2, 'epoch', true)")


def test_no_private_key_is_in_the_database(keys: SigningKeys, connection: Connection) -> None:
    keys.begin(connection)
    secret = keys.signer(connection, origin(keys)).key.private_bytes_raw()
    (row,) = connection.execute("SELECT signing_keys::text FROM signing_keys").fetchall()
    assert secret.hex() not in row[0]
    assert b64encode(secret).decode() not in row[0]
