"""The audit and what is outside the database: whoever has the region's key too is known by what left the house."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.ledger.audit.snapshot import reading
from domain.ledger.audit.whole import Against, OptionWrong, audit
from domain.ledger.database import Region
from domain.ledger.keys.keynote import Before, KeyNote
from domain.ledger.notes import Checkpoint, Signer, signed, vkey
from domain.ledger.partitions import make_ahead
from domain.ledger.postgres import Server
from domain.ledger.sequencer import settle
from tests.domain.ledger.forging import TABLES, Forger, Good, built, copied, known, newest_note, seen, signing_key, told
from tests.domain.ledger.lies import rewritten
from tests.town import Town, ledger, notary_of
from tests.verifier.stamping import Authority

READ_AT = """
    INSERT INTO reads (at, who, role, what, via, why, cases)
    VALUES (%s, 'aino', 'worker', 'x', 'http', 'work', ARRAY[gen_random_uuid()])"""


@pytest.fixture(scope="module")
def good(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Good]:
    with built(postgres, tmp_path_factory.mktemp("good")) as it:
        yield it


@pytest.fixture
def forger(good: Good) -> Iterator[Forger]:
    """Give a forger whose lies are undone."""
    with good.region.connect(owner=True) as owner, owner.transaction(force_rollback=True):
        yield Forger(reading(owner), good)


@pytest.fixture
def copy(postgres: Server, good: Good) -> Iterator[Region]:
    """Give a copy in which everybody sees what is changed."""
    with copied(postgres, good) as region:
        yield region


# Whoever has the region's own key, and forges everything that is in the house


def forked(forger: Forger, published: Path) -> None:
    """Rewrite a case, and all that follows from it, with the region's own key."""
    published.mkdir()
    rewritten(forger)
    forger.rehead()
    forger.regrow()
    forger.reseal(signing_key(forger.good), published)


def test_a_fork_is_known_by_a_checkpoint_that_left_the_house(forger: Forger, tmp_path: Path) -> None:
    good = forger.good
    forked(forger, tmp_path / "published")
    for table in ("stamps", "cosignatures"):
        forger.do(f"DELETE FROM {table}")
    alone = Against.of(published=tmp_path / "published")
    report = seen(forger, alone)
    assert told(report) == []  # it is whole in itself: that is why checkpoints leave the house, and so it says
    assert "No checkpoint that left the house was given" in "\n".join(report.uncovered)
    said = f"The log of events does not go on from the known checkpoint {good.home / 'known'}: its first"
    assert any(it.startswith(said) for it in told(seen(forger, known(good, tmp_path / "published"))))


def test_a_fork_is_known_by_stamps_and_witnesses(forger: Forger, tmp_path: Path) -> None:
    forked(forger, tmp_path / "published")
    kinds = {it.kind() for it in seen(forger, Against.of(witnesses=[forger.good.witness.vkey])).tally.told}
    assert {"stamp-wrong", "cosignature-wrong"} <= kinds


def test_a_fork_is_known_by_what_was_published(forger: Forger, tmp_path: Path) -> None:
    forked(forger, tmp_path / "published")
    said = told(seen(forger, Against.of(published=forger.good.published)))
    assert (
        f"The {forger.good.facts['size']} entries that were published of the log of events are not its first ones: one"
        " of the two was changed." in said
    )


def test_keys_of_the_forgers_own_are_known_by_the_key_that_is_trusted(forger: Forger, tmp_path: Path) -> None:
    good, own = forger.good, Ed25519PrivateKey.generate()
    trusted = vkey("luotsi/koe/events/1", signing_key(good).public_key().public_bytes_raw())
    assert told(seen(forger, known(good, keys=[trusted]))) == []
    note = KeyNote("koe", 1, own.public_key().public_bytes_raw(), datetime(2026, 1, 1, tzinfo=UTC), Before.NONE)
    forger.do("DELETE FROM signing_keys")
    forger.do(
        "INSERT INTO signing_keys (number, public, made, note) VALUES (1, %(public)s, %(made)s, %(note)s)",
        public=note.public, made=note.made, note=note.signed(own),
    )  # fmt: skip
    (tmp_path / "published").mkdir()
    forger.reseal(own, tmp_path / "published")
    for table in ("stamps", "cosignatures"):
        forger.do(f"DELETE FROM {table}")
    assert told(seen(forger, Against.of(published=tmp_path / "published"))) == []
    said = told(seen(forger, known(good, tmp_path / "published", [trusted])))
    assert [it.split(":")[0] for it in said] == [
        "No key that you gave is this region's",
        f"The known checkpoint {good.home / 'known'} is signed by no key of this region.",
        f"The witness {good.witness.name} has cosigned no checkpoint of the events",
    ]


def test_after_a_compromise_the_key_before_vouches_for_nothing(good: Good, copy: Region, tmp_path: Path) -> None:
    home = shutil.copytree(good.home, tmp_path / "home")
    before = vkey("luotsi/koe/events/1", signing_key(good).public_key().public_bytes_raw())
    notary = notary_of(copy, home)
    with copy.connect() as connection:
        notary.keys.rotate(connection, compromised=True)
    settle(copy, notary)
    against = Against.of([good.home / "known"], home / "published", [before], [good.witness.vkey])
    report = audit(copy, against, TABLES)
    assert told(report) == [
        "The key that signs now, 3, belongs with none that you gave: have it handed over in another way."
    ]
    assert any("signed by a key that was compromised alone" in it for it in report.uncovered)


@pytest.mark.parametrize("hours", [0, 2])
def test_an_epoch_that_a_stolen_key_began_is_doubted_and_refused_once_it_was_known(
    good: Good, copy: Region, tmp_path: Path, hours: int
) -> None:
    home, thief = shutil.copytree(good.home, tmp_path / "home"), signing_key(good)
    notary = notary_of(copy, home)
    with copy.connect() as connection:
        notary.keys.rotate(connection, compromised=True)
    settle(copy, notary)
    opened = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=hours)
    name = "luotsi/koe/epochs"
    text = f"{name}\n2\n{opened:%Y-%m-%dT%H:%M:%SZ}\nevents 1 none\nreads 0 none\n"
    with copy.connect(owner=True) as owner:
        note = signed(text, [Signer(name, thief)])
        owner.execute("INSERT INTO epochs (epoch, opened, note) VALUES (2, %s, %s)", (opened, note))
    report = audit(copy, Against.of(published=home / "published"), TABLES)
    refused = "The note of epoch 2 does not hold: it is signed by key 2, which was not in use at that time."
    assert (refused in told(report)) == bool(hours)
    assert any(it.startswith("The note of epoch 2 is signed with a compromised key") for it in report.uncovered) == (
        not hours
    )


# What is not a lie


def test_what_a_restore_lost_is_told_and_no_fault(postgres: Server, good: Good, copy: Region, tmp_path: Path) -> None:
    home = shutil.copytree(good.home, tmp_path / "home")
    with copied(postgres, good) as lost:  # a case goes on, and the backup that is put back does not know it
        settle(lost, notary_of(lost, home))
        (tmp_path / "lost").write_text(newest_note(lost), "utf-8")
    with copy.connect(owner=True) as owner:
        for table in ("events", "words"):
            owner.execute(
                f"DELETE FROM {table} WHERE (stream, version) IN (SELECT stream, version FROM outbox)".encode()
            )
        owner.execute("DELETE FROM receipts WHERE stream = %(other)s AND first = 3", good.facts)
        owner.execute("DELETE FROM outbox")
    settle(copy, notary_of(copy, home))
    report = audit(copy, Against.of(published=home / "published"), TABLES)
    assert told(report) == []
    assert any(it.startswith("Epoch 2 began") for it in report.uncovered)
    (said,) = told(audit(copy, Against.of([tmp_path / "lost"], home / "published"), TABLES))
    size = good.facts["size"]
    assert said == (
        f"Of the known checkpoint {tmp_path / 'lost'} with {size + 1} entries epoch 2 kept {size}: ask what became of"
        " the others."
    )


def test_it_is_read_as_it_was_at_one_moment_while_the_service_goes_on(region: Region, tmp_path: Path) -> None:
    over = threading.Event()
    with ledger(region, tmp_path) as cases:
        town, notary = Town(cases).settle(), notary_of(region, tmp_path)
        case = town.case()

        def go_on() -> int:
            count = 0
            while not over.is_set():
                town.say(case)
                settle(region, notary)
                count += 1
            return count

        with ThreadPoolExecutor(1) as writing:
            writer = writing.submit(go_on)
            found = [
                told(audit(region, Against.of(published=tmp_path / "published"), TABLES, processes))
                for processes in (1, 1, 2)
            ]
            over.set()
            assert writer.result() > 0
    assert found == [[], [], []]


def test_two_regions_in_one_database_are_each_their_own(database: str, tmp_path: Path) -> None:
    regions = [Region(database, name) for name in ("koe", "toinen")]
    for region in regions:
        with ledger(region, tmp_path / region.name) as cases:
            Town(cases).settle().case()
            settle(region, notary_of(region, tmp_path / region.name))
    with regions[1].connect(owner=True) as owner:
        owner.execute("UPDATE events SET topic = 'x'")
    one, other = (audit(it, Against.of(published=tmp_path / it.name / "published"), TABLES) for it in regions)
    assert told(one) == []
    assert {it.kind() for it in other.tally.told} == {"column-altered"}


def test_reads_of_a_month_that_was_dropped_after_its_time_are_no_fault(region: Region, tmp_path: Path) -> None:
    with ledger(region, tmp_path), region.connect(owner=True) as owner:
        for year in (2010, 2025):
            owner.execute(READ_AT, (datetime(year, 3, 1, tzinfo=UTC),))
        make_ahead(owner)
        settle(region, notary_of(region, tmp_path))
        owner.execute("DROP TABLE reads_2010_03")
        report = audit(region, Against.of(), TABLES)
        assert told(report) == []
        assert "1 reads are of months that were dropped: of them the tree has the hashes." in report.uncovered
        owner.execute("DROP TABLE reads_2025_03")
        assert told(audit(region, Against.of(), TABLES)) == [
            "The log of reads of 2025-03 is gone, and it has to be kept for 12 years."
        ]


def test_an_empty_ledger_is_whole(region: Region, tmp_path: Path) -> None:
    with ledger(region, tmp_path):
        assert told(audit(region, Against.of(), TABLES)) == []


# What the database lets the service do

OPENINGS = [
    ("GRANT UPDATE ON events TO koe_service", "The service's role may UPDATE on events"),
    ("GRANT UPDATE (note) ON checkpoints TO koe_service", "The service's role may UPDATE on checkpoints"),
    ("GRANT DELETE ON words TO PUBLIC", "The service's role may DELETE on words"),
    ("GRANT TRUNCATE ON reads TO koe_service", "The service's role may TRUNCATE on reads"),
    ("GRANT INSERT ON tiles TO koe_service", "The service's role may INSERT on tiles"),
    ("ALTER ROLE koe_service SUPERUSER", "The service's role is a superuser"),
    ("ALTER TABLE events OWNER TO koe_service", "The service's role owns events"),
    ("GRANT CREATE ON SCHEMA koe TO koe_service", "The service's role may make things in its schema"),
    (
        "CREATE OR REPLACE FUNCTION destroy_words(of_stream uuid, of_version integer) RETURNS void LANGUAGE sql"
        " SECURITY DEFINER AS 'DELETE FROM words'",
        "The function destroy_words is not as the migrations made it",
    ),
    ("CREATE FUNCTION mine() RETURNS void LANGUAGE sql AS 'DELETE FROM words'", "The function mine is not as"),
    ("DROP FUNCTION session_used", "The function session_used is not as"),
    ("CREATE RULE mine AS ON INSERT TO events DO INSTEAD NOTHING", "There is a rule on events"),
    (
        "CREATE TRIGGER mine BEFORE INSERT ON words FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "There is a trigger on words",
    ),
]
"""What lets the service do more, and what the audit says."""


@pytest.mark.parametrize(("opening", "says"), OPENINGS, ids=[it[1] for it in OPENINGS])
def test_whoever_lets_the_service_do_more_is_told(forger: Forger, opening: str, says: str) -> None:
    forger.owner.execute(opening.encode())
    assert any(it.startswith(says) for it in told(seen(forger)))


# What it is compared with


@pytest.mark.parametrize("content", [None, b"\xff", b"no checkpoint"], ids=["not there", "not UTF-8", "something else"])
def test_what_can_not_be_read_is_no_known_checkpoint(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "known").write_bytes(content)
    with pytest.raises(OptionWrong, match="known"):
        Against.of([tmp_path / "known"])


def test_a_key_of_another_kind_is_refused(good: Good) -> None:
    key = vkey("luotsi/koe/events/1", signing_key(good).public_key().public_bytes_raw())
    with pytest.raises(OptionWrong, match="witnesses have their own"):
        Against.of(keys=[good.witness.vkey])
    with pytest.raises(OptionWrong, match="witnesses have their own"):
        Against.of(witnesses=[key])


def test_who_is_asked_for_has_to_have_vouched(forger: Forger, tmp_path: Path) -> None:
    (tmp_path / "tsa").write_bytes(Authority().pem)
    witness = forger.good.witness
    asked = Against.of(witnesses=[witness.vkey], authorities=[tmp_path / "tsa"])
    assert told(seen(forger, asked)) == []
    for table in ("stamps", "cosignatures"):
        forger.do(f"DELETE FROM {table}")
    assert {it.split(":")[0] for it in told(seen(forger, asked))} == {
        f"The witness {witness.name} has cosigned no checkpoint of the events",
        "No checkpoint of the events is stamped by an authority that you gave",
    }
    assert told(seen(forger, Against.of(shown=[witness.vkey]))) == []


def test_a_checkpoint_of_another_region_or_epoch_is_named(forger: Forger, tmp_path: Path) -> None:
    key = signing_key(forger.good)
    for name, origin in (("another", "luotsi/muu/events/1"), ("later", "luotsi/koe/events/3")):
        note = signed(Checkpoint(origin, 1, bytes(32)).text, [Signer(origin, key)])
        (tmp_path / name).write_text(note, "utf-8")
    said = told(seen(forger, Against.of([tmp_path / "another", tmp_path / "later"])))
    assert said[:2] == [
        f"The known checkpoint {tmp_path / 'another'} is of 'luotsi/muu/events/1', which is no log of this region.",
        f"The known checkpoint {tmp_path / 'later'} is of epoch 3 of the log of events, which the ledger does not"
        " know.",
    ]


def test_stamps_lead_to_the_authority_that_is_trusted(forger: Forger, tmp_path: Path) -> None:
    for name in ("A time-stamp authority", "Another one"):
        (tmp_path / name).write_bytes(Authority(name).pem)
    assert told(seen(forger, Against.of(authorities=[tmp_path / "A time-stamp authority"]))) == []
    (said,) = told(seen(forger, Against.of(authorities=[tmp_path / "Another one"])))
    assert said.startswith(f"The stamp of tsa on the checkpoint of {forger.good.facts['anchored']} entries")
