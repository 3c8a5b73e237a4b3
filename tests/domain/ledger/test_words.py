"""Words apart: no table but one holds them, each entry's key opens that entry alone, and what is destroyed is gone."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from pathlib import Path
from uuid import UUID, uuid4

import msgspec
import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.case import Case
from domain.decider import ERASED, SEALED, Actor, Role
from domain.handoff import HandoffProposed
from domain.intake import CaseOpened, OpenCase
from domain.ledger.application import ask
from domain.ledger.database import Region
from domain.ledger.keys.keks import keks_in
from domain.ledger.keys.seal import KekMissing
from domain.ledger.mapper import opened
from domain.ledger.recorder import Overtaken
from domain.ledger.words import KeyDestroyed, Keyring, WordsDamaged, entry_key, opening_key, seal, unseal
from domain.voice import RecordStatement, StatementRecorded
from tests.domain.ledger.conftest import (
    everything,
    faults,
    outcome,
    overtaken,
    rows_are_right,
    stored,
    until_write,
)
from tests.town import AINO, Town, ledger

MARKER = "korppi-huusi-kolmesti"


def test_no_table_holds_a_word_and_only_one_ties_the_case_to_the_client(town: Town) -> None:
    client, case = town.client(), uuid4()
    here = Actor(str(client), Role.CLIENT)
    town.do(OpenCase(client=client, need=f"asunto {MARKER}"), case, AINO)
    town.say(case, f"minä itse {MARKER}", here)
    town.say(case, MARKER, AINO)
    town.offer(case)
    assert town.cases.words(case)[1] == {"client": str(client), "need": f"asunto {MARKER}"}
    found = everything(town.cases.region)
    assert len(found) > 10
    for table, rows in found.items():
        for row in rows:
            assert MARKER not in row
            names_client = str(client) in row or client.hex in row
            assert not (names_client and str(case) in row) or table == "clients"
    assert any(str(client) in row for row in found["clients"])
    for it in stored(town.cases.region, case):
        assert str(client).encode() not in it.state
    assert [it.context.actor.id for it in town.cases.history(case)][1] == "client"


def test_an_event_is_read_with_its_words_sealed(town: Town) -> None:
    case = town.case()
    town.say(case, "en ole kieltäytynyt")
    first, second = (it.event for it in town.cases.history(case))
    assert isinstance(first, CaseOpened)
    assert isinstance(second, StatementRecorded)
    assert {first.client, first.need, second.words} == {SEALED}
    words = town.cases.words(case)
    assert opened(second, words[2]) == second.but(words="en ole kieltäytynyt")


def test_an_event_that_never_had_words_is_not_read_as_erased(town: Town) -> None:
    case = town.case()
    town.cases.execute(ask(RecordStatement("sanat"), case, AINO))
    event = town.cases.history(case)[1].event
    silent = event.but(words="")
    assert opened(silent, None) == silent
    assert opened(event, None) == event.but(words=ERASED)


def test_one_entrys_key_opens_that_entry_and_no_other(town: Town) -> None:
    case, other = town.case(), town.case()
    town.say(case, "toinen")
    region = town.cases.region
    with region.connect() as connection:
        rows = connection.execute(
            "SELECT stream, version, ciphertext FROM words WHERE stream IN (%s, %s)", (case, other)
        ).fetchall()
    places = {(stream, version): bytes(ciphertext) for stream, version, ciphertext in rows}
    assert len(places) == 3
    for (stream, version), own in places.items():
        stream_key = town.cases.keyring.get(stream)
        assert stream_key
        key = entry_key(stream_key, region.name, stream, version)
        for place, ciphertext in places.items():
            if place == (stream, version):
                assert unseal(key, ciphertext)
            else:
                with pytest.raises(WordsDamaged):
                    unseal(key, ciphertext)
        with pytest.raises(WordsDamaged):
            unseal(entry_key(stream_key, "muu", stream, version), own)


@settings(deadline=None, max_examples=50)
@given(
    words=st.dictionaries(st.sampled_from(["words", "need"]), st.text(st.characters(exclude_categories=["Cs"]))),
    at=st.data(),
)
def test_sealed_words_open_as_they_were_and_not_with_any_byte_changed(words: dict[str, str], at: st.DataObject) -> None:
    key = entry_key(bytes(32), "koe", UUID(int=1), 1)
    ciphertext = seal(key, words)
    assert unseal(key, ciphertext) == words
    place = at.draw(st.integers(0, len(ciphertext) - 1))
    changed = bytearray(ciphertext)
    changed[place] ^= at.draw(st.integers(1, 255))
    with pytest.raises(WordsDamaged):
        unseal(key, bytes(changed))
    with pytest.raises(WordsDamaged):
        unseal(key, ciphertext[:place])


def test_words_of_before_the_log_was_sealed_open_as_they_were() -> None:
    stream, stream_key = UUID(int=1), secrets.token_bytes(32)
    before = HKDFExpand(SHA256(), 64, b"luotsi-words-1\x03koe" + stream.bytes + bytes(7) + b"\x01").derive(stream_key)
    words, now = {"words": "sanat"}, entry_key(stream_key, "koe", stream, 1)
    assert before != now
    for key in (before, now):
        ciphertext = seal(key, words)
        assert opening_key(stream_key, "koe", stream, 1, ciphertext) == key
        assert unseal(key, ciphertext) == words
    with pytest.raises(WordsDamaged):
        unseal(opening_key(stream_key, "koe", stream, 2, ciphertext), ciphertext)


def test_the_commitment_is_made_of_the_key() -> None:
    key = entry_key(secrets.token_bytes(32), "koe", UUID(int=1), 1)
    assert key[32:] == hmac.digest(key[:32], b"luotsi-commitment-1", "sha256")
    assert seal(key, {})[:32] == key[32:]


def test_a_ciphertext_commits_to_its_key() -> None:
    one, two = (entry_key(secrets.token_bytes(32), "koe", UUID(int=1), 1) for _ in range(2))
    ciphertext = seal(one, {"words": "sanat"})
    forged = two[32:] + ciphertext[32:]  # the other key's commitment in front of what the first key sealed
    with pytest.raises(WordsDamaged):
        unseal(two, forged)
    assert seal(one, {"words": "sanat"}) != ciphertext


def test_the_event_holds_the_hash_of_its_words_ciphertext(town: Town) -> None:
    case = town.case()
    with town.cases.region.connect() as connection:
        row = connection.execute("SELECT ciphertext FROM words WHERE stream = %s", (case,)).fetchone()
    assert row
    document = msgspec.json.decode(stored(town.cases.region, case)[0].state)
    assert document["words"] == hashlib.sha256(row[0]).hexdigest()


@pytest.mark.parametrize("how", ["DELETE FROM words WHERE stream = %s", "DELETE FROM keys WHERE stream = %s"])
def test_destroyed_words_read_as_erased_and_every_fold_and_hash_still_holds(
    town: Town, elsewhere: Town, how: str
) -> None:
    case, untouched = town.case(), town.case()
    town.say(case)
    town.offer(case)
    with town.cases.region.connect(owner=True) as owner:
        owner.execute(how.encode(), (case,))
    assert town.cases.words(case) == {}
    for it in town.cases.history(case):
        read = opened(it.event, town.cases.words(case).get(it.version))
        if isinstance(read, StatementRecorded):
            assert read.words == ERASED
        if isinstance(read, HandoffProposed):
            assert (read.reason, read.to.worker) == (ERASED, "bo")
    assert faults(town.cases.region, case) == []
    assert elsewhere.cases.loaded(case, Case).version == 4
    assert rows_are_right(elsewhere.cases, case)
    assert town.cases.words(untouched)[1]["need"]


def test_one_entrys_words_are_destroyed_and_the_others_stay(town: Town) -> None:
    case = town.case()
    town.say(case, "hävitettävä")
    town.say(case, "jäävä")
    with town.cases.region.connect(owner=True) as owner:
        owner.execute("DELETE FROM words WHERE stream = %s AND version = 2", (case,))
    assert sorted(town.cases.words(case)) == [1, 3]
    assert town.cases.words(case, [2, 3]) == {3: {"words": "jäävä"}}
    assert town.cases.words(case, (3,)) == {3: {"words": "jäävä"}}
    town.say(case, "uusi")
    assert town.cases.words(case)[4] == {"words": "uusi"}


def test_words_sealed_for_another_place_do_not_open_here(town: Town) -> None:
    case = town.case()
    town.say(case, "toiset sanat")
    with town.cases.region.connect(owner=True) as owner:
        owner.execute("DELETE FROM words WHERE stream = %s AND version = 1", (case,))
        owner.execute("UPDATE words SET version = 1 WHERE stream = %s", (case,))
    with pytest.raises(WordsDamaged):
        town.cases.words(case)


def test_where_the_key_is_destroyed_nothing_is_said_any_more_that_nobody_could_read(
    town: Town, elsewhere: Town
) -> None:
    case = town.case()
    with town.cases.region.connect(owner=True) as owner:
        owner.execute("DELETE FROM keys WHERE stream = %s", (case,))
    before = everything(town.cases.region)
    with pytest.raises(KeyDestroyed):
        elsewhere.say(case)
    assert everything(town.cases.region) == before


def test_two_who_begin_one_stream_seal_its_words_under_the_key_that_is_kept(town: Town, elsewhere: Town) -> None:
    client, case = town.client(), uuid4()
    courses = [town.cases.steps([ask(OpenCase(client=client, need=f"{n}"), case, AINO)]) for n in range(2)]
    first, second = (until_write(course) for course in courses)
    with pytest.MonkeyPatch.context() as patch:  # the first fails, is decided again, and comes later than the second
        patch.setattr(town.cases.recorder, "insert_events", overtaken_always)
        failure = overtaken(first)
    first = until_write(courses[0], failure=failure)
    outcome(courses[1], second())
    assert town.cases.words(case)[1]["need"] == elsewhere.cases.words(case)[1]["need"] == "1"
    overtaken(first)


def overtaken_always(*_: object, **__: object) -> None:
    raise Overtaken


# The keys at hand


def test_a_home_without_the_ledgers_key_is_noticed_before_anything_is_written(
    town: Town, region: Region, tmp_path: Path
) -> None:
    case = town.case()
    before = everything(region)
    with ledger(region, tmp_path / "elsewhere", town.cases.models) as wrong:
        here = Town(wrong)
        with pytest.raises(KekMissing):
            here.client()  # which would begin a stream under a key that the ledger's own can't open
        with pytest.raises(KekMissing):
            wrong.words(case)
        with pytest.raises(KekMissing):
            here.say(case)
    assert everything(region) == before


def test_a_keyring_remembers_no_more_than_it_should(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("domain.ledger.words._REMEMBERED", 3)
    ring, streams = Keyring(keks_in(Path(), "koe")), [uuid4() for _ in range(4)]
    for stream in streams:
        ring.new(stream)
    assert [ring.get(stream) is None for stream in streams] == [True, False, False, False]


def test_a_key_that_was_forgotten_is_learnt_again(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("domain.ledger.words._REMEMBERED", 2)
    case, other = town.case(), town.case()
    for number, stream in enumerate((case, other, case, other), 2):
        town.say(stream, f"{number}")
    assert town.cases.words(case)[3] == {"words": "4"}
    assert town.cases.words(other)[3] == {"words": "5"}
