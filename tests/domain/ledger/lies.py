"""The lies of a superuser: what is forged, how, and what the audit says of it."""

from __future__ import annotations

from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.domain.ledger.forging import Forger, signing_key

Lie = str | Callable[[Forger], None]

EVENT = "WHERE stream = %(case)s AND version = 2"
STATEMENT, OTHER = "statement-recorded", "statement-disputed"


def altered(table: str, change: str, where: str = EVENT) -> str:
    return f"UPDATE {table} SET {change} {where}"


def unreadable(forger: Forger) -> None:
    forger.do(altered("events", "bytes = 'no JSON'"))
    forger.rechain(forger.good.facts["case"])


def rewritten(forger: Forger) -> None:
    """Change a case's history, and its chain with it."""
    forger.rewrite(forger.good.facts["case"], 2, STATEMENT, OTHER)
    forger.do(altered("events", f"topic = '{OTHER}'"))


def regrown(forger: Forger) -> None:
    rewritten(forger)
    forger.regrow()


def resealed(forger: Forger) -> None:
    regrown(forger)
    forger.reseal()


def signed_by_another(forger: Forger) -> None:
    regrown(forger)
    forger.reseal(Ed25519PrivateKey.generate())


def exchanged(forger: Forger) -> None:
    """Exchange two events of a case, with their words."""
    case = forger.good.facts["case"]
    for table in ("events", "words"):
        for old, new in ((2, 100), (6, 2), (100, 6)):
            forger.do(
                f"UPDATE {table} SET version = %(new)s WHERE stream = %(case)s AND version = %(old)s", old=old, new=new
            )
    forger.rechain(case)


def cut_off(forger: Forger) -> None:
    """Cut off the end of a case, and make all that it was in anew, but for what was signed."""
    for table in ("events", "words", "sequence"):
        forger.do(f"DELETE FROM {table} WHERE stream = %(case)s AND version = 6")
    forger.renumber()
    forger.regrow(shorter=1)


def inserted(forger: Forger) -> None:
    """Put an event into the middle of a case."""
    case = forger.good.facts["case"]
    for version in (6, 5, 4, 3):
        for table in ("events", "sequence"):
            forger.do(
                f"UPDATE {table} SET version = version + 1 WHERE stream = %(case)s AND version = %(it)s", it=version
            )
    forger.do(
        "INSERT INTO events SELECT stream, 3, topic, occurred, recorded, bytes, hash FROM events"
        " WHERE stream = %(case)s AND version = 2"
    )
    forger.rechain(case)


def unplaced(forger: Forger) -> None:
    forger.do(
        "INSERT INTO events SELECT stream, 7, topic, occurred, recorded, bytes, hash FROM events"
        " WHERE stream = %(case)s AND version = 6"
    )
    forger.rechain(forger.good.facts["case"])


def swapped(forger: Forger) -> None:
    forger.do("UPDATE sequence SET position = -position WHERE stream = %(case)s AND version IN (2, 3)")
    forger.do(
        "UPDATE sequence s SET position = -o.position FROM sequence o WHERE s.stream = %(case)s AND o.stream = s.stream"
        " AND s.position < 0 AND o.version = 5 - s.version"
    )


def back_dated(forger: Forger) -> None:
    """Say that a case was opened long before it was, and sign everything anew with the region's own key."""
    forger.do(
        "UPDATE events SET recorded = recorded - interval '1 day',"
        " bytes = convert_to(replace(convert_from(bytes, 'UTF8'),"
        " to_char(recorded AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS'),"
        " to_char((recorded - interval '1 day') AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS')), 'UTF8'),"
        " occurred = occurred - interval '1 day' WHERE stream = %(other)s AND version = 1"
    )
    forger.rechain(forger.good.facts["other"])
    forger.regrow()
    forger.reseal(signing_key(forger.good))


def words_exchanged(forger: Forger) -> None:
    forger.do(
        "UPDATE words w SET ciphertext = o.ciphertext FROM words o WHERE w.stream = %(case)s AND o.stream = %(case)s"
        " AND w.version = 2 AND o.version = 6"
    )


def words_for(stream: str, version: int) -> str:
    return f"INSERT INTO words (stream, version, ciphertext) VALUES (%({stream})s, {version}, 'x')"


NOBODY = "00000000-0000-4000-8000-000000000000"
CASE, ERASED, MISPLACED, ANOTHER = "stream {case}", "stream {erased}", "stream {misplaced}", "stream {other}"
IN_SEQUENCE = "(SELECT position FROM sequence WHERE stream = %(case)s AND version = 2)"

LIES: list[tuple[str, Lie, str]] = [
    # events
    ("an event's bytes", altered("events", "bytes = bytes || ' '"), f"Version 2 of {CASE} was altered"),
    ("its hash", altered("events", "hash = sha256('x')"), f"Version 2 of {CASE} was altered"),
    ("its bytes, and no JSON", unreadable, f"Version 2 of {CASE} is no stored event"),
    ("its topic", altered("events", "topic = 'case-opened'"), f"The column topic of version 2 of {CASE}"),
    ("when it happened", altered("events", "occurred = 'infinity'"), f"The column occurred of version 2 of {CASE}"),
    (
        "when it was recorded",
        altered("events", "recorded = recorded + interval '1 us'"),
        f"The column recorded of version 2 of {CASE}",
    ),
    ("its version", altered("events", "version = 8"), f"Version 2 of {CASE} is missing"),
    ("its stream", altered("events", f"stream = '{NOBODY}'"), f"Version 2 of {CASE} is missing"),
    ("one gone from the middle", f"DELETE FROM events {EVENT}", f"Version 2 of {CASE} is missing"),
    (
        "one gone from the end",
        "DELETE FROM events WHERE stream = %(case)s AND version = 6",
        f"is that of version 6 of {CASE}, and there is no such event",
    ),
    ("the end cut off", cut_off, "The checkpoint of {size} entries of the log of events, epoch 1, has more"),
    ("the end cut off a case whose heads are sealed", cut_off, "The heads of the streams as sealed on"),
    ("two exchanged", exchanged, "Entry {place} of the log of events is not what its tree has"),
    ("one put in", inserted, f"Version 3 of {CASE} has no position in the log and waits for none"),
    ("one put at the end", unplaced, f"Version 7 of {CASE} has no position in the log and waits for none"),
    ("one rewritten, with its chain", rewritten, "Entry {place} of the log of events is not what its tree has"),
    ("and with the tree", regrown, "The log of events is not the one that was sealed: its first {anchored} entries"),
    (
        "and with the roots",
        resealed,
        "The checkpoint of {anchored} entries of the log of events, epoch 1, is not what its columns say: root",
    ),
    (
        "and with another's signature",
        signed_by_another,
        "The checkpoint of {anchored} entries of the log of events, epoch 1, is signed by no key",
    ),
    ("one back-dated, and all signed anew", back_dated, f"Version 1 of {ANOTHER} says that it was recorded before"),
    # words, keys and clients
    ("an entry's words", altered("words", "ciphertext = 'x'"), f"The words of version 2 of {CASE} are not those"),
    ("words exchanged", words_exchanged, f"The words of version 2 of {CASE} are not those"),
    ("words gone", f"DELETE FROM words {EVENT}", f"The words of version 2 of {CASE} are gone"),
    ("words put to an event without any", words_for("case", 5), f"Version 5 of {CASE} has words beside it"),
    ("words without an event", words_for("case", 44), f"There are words for version 44 of {CASE}"),
    ("destroyed words back", words_for("misplaced", 2), f"The words of version 2 of {MISPLACED} are there"),
    ("erased words back", words_for("erased", 1), f"The words of version 1 of {ERASED} are there"),
    ("a key gone", "DELETE FROM keys WHERE stream = %(case)s", f"The key of {CASE} is gone"),
    ("an erased key back", "INSERT INTO keys VALUES (%(erased)s, 'x')", f"The key of {ERASED} is there"),
    ("a key of nothing", f"INSERT INTO keys VALUES ('{NOBODY}', 'x')", f"There is a key for stream {NOBODY}"),
    ("a client gone", 'DELETE FROM clients WHERE "case" = %(case)s', "Nothing says whose case {case} is"),
    ("an erased client back", "INSERT INTO clients VALUES (%(erased)s, %(client)s)", "whose case {erased} was"),
    ("a client of nothing", f"INSERT INTO clients VALUES ('{NOBODY}', %(client)s)", f"for case {NOBODY}"),
    (
        "a client noted as bereft",
        "INSERT INTO bereft VALUES (%(client)s)",
        "Client {client} is noted as having no case",
    ),
    # receipts
    (
        "a receipt's command",
        altered("receipts", "command = gen_random_uuid()", "WHERE stream = %(case)s AND first = 2"),
        f"names version 2 of {CASE}, which is not of that command",
    ),
    (
        "a receipt's stream",
        altered("receipts", f"stream = '{NOBODY}'", "WHERE stream = %(case)s AND first = 2"),
        f"names version 2 of stream {NOBODY}",
    ),
    (
        "a receipt's versions",
        altered("receipts", "last = last + 1", "WHERE stream = %(case)s AND first = 2"),
        f"names version 2 of {CASE}",
    ),
    # the sequence
    ("a position gone", f"DELETE FROM sequence {EVENT}", "Position {place} of the log is missing"),
    ("an event out of its place", swapped, f"Version 3 of {CASE} stands in the log before"),
    (
        "a position far away",
        f"UPDATE sequence SET position = 9000000000000000000 {EVENT}",
        "Position {place} of the log is missing",
    ),
    ("a position of nothing", altered("sequence", "version = 77"), "of the log is that of version 77"),
    ("an event that does not wait any more", "DELETE FROM outbox", f"Version 3 of {ANOTHER} has no position"),
    (
        "one that waits, and has its position",
        "INSERT INTO outbox SELECT stream, version, recorded FROM events WHERE stream = %(case)s AND version = 2",
        f"Version 2 of {CASE} waits for a position that it has",
    ),
    ("nothing that waits", "INSERT INTO outbox VALUES (%(case)s, 66, now())", f"Version 66 of {CASE} waits"),
    (
        "since when it waits",
        "UPDATE outbox SET recorded = now() - interval '1 day'",
        f"Version 3 of {ANOTHER} waits since",
    ),
    ("how far the sequence is", "UPDATE log_state SET position = position + 5", "log_state says"),
    ("which epoch it is", "UPDATE log_state SET epoch = 2000000000", "log_state (epoch) says 2000000000"),
    # trees
    (
        "a tile",
        "UPDATE tiles SET hashes = overlay(hashes PLACING sha256('x') FROM 1) WHERE log = 'events'",
        "Entry 1 of the log of events is not what its tree has",
    ),
    (
        "a tile cut short",
        "UPDATE tiles SET hashes = substring(hashes FOR 64) WHERE log = 'events'",
        "Tile 0 of level 0 of the tree of events is not over",
    ),
    ("a tile gone", "DELETE FROM tiles WHERE log = 'events'", "The tree of events lacks tile 0 of level 0"),
    (
        "a tile too many",
        "INSERT INTO tiles SELECT log, 1, 0, hashes FROM tiles WHERE log = 'events'",
        "Tile 0 of level 1 of the tree of events lies beyond",
    ),
    (
        "a tree's size",
        "UPDATE trees SET size = size - 1 WHERE log = 'events'",
        "The checkpoint of {size} entries of the log of events, epoch 1, has more",
    ),
    (
        "a tree's size, beyond all bounds",
        "UPDATE trees SET size = 9000000000000000000 WHERE log = 'events'",
        "The tree of events has 9000000000000000000 entries, and the log has only {size}",
    ),
    ("a tree gone", "DELETE FROM trees WHERE log = 'events'", "Tile 0 of level 0 of the tree of events lies beyond"),
    # checkpoints
    (
        "a checkpoint's root",
        "UPDATE checkpoints SET root = sha256('x') WHERE size = %(anchored)s",
        "is not what its columns say: root",
    ),
    ("its size", "UPDATE checkpoints SET size = 3 WHERE size = %(anchored)s", "is not what its columns say: size"),
    (
        "its log",
        "UPDATE checkpoints SET log = 'reads', size = 1 WHERE size = %(anchored)s",
        "is not what its columns say: origin",
    ),
    ("its epoch", "UPDATE checkpoints SET epoch = 7 WHERE size = %(anchored)s", "is of no epoch, 7"),
    ("its note", "UPDATE checkpoints SET note = 'x' WHERE size = %(anchored)s", "epoch 1, can't be read"),
    (
        "its signature",
        "UPDATE checkpoints SET note = overlay(note PLACING 'AAAAAAAA' FROM length(note) - 40)"
        " WHERE size = %(anchored)s",
        "The checkpoint of {anchored} entries of the log of events, epoch 1, is signed by no key",
    ),
    (
        "when it was made",
        "UPDATE checkpoints SET at = 'infinity' WHERE size = %(anchored)s",
        "which was not in use then",
    ),
    (
        "when it was made, by a day",
        "UPDATE checkpoints SET at = at - interval '1 day' WHERE size = %(size)s AND log = 'events'",
        "or older than one before it",
    ),
    (
        "one gone that was stamped",
        "DELETE FROM checkpoints WHERE size = %(anchored)s",
        "tsa has vouched for a checkpoint of {anchored} entries",
    ),
    (
        "one that nobody signed",
        "INSERT INTO checkpoints (log, epoch, size, root, note) SELECT log, epoch, 1, sha256('x'), note"
        " FROM checkpoints WHERE size = %(anchored)s",
        "The log of events is not the one that was sealed: its first 1 entries",
    ),
    # those who vouch for them
    (
        "a stamp of another checkpoint",
        "UPDATE stamps SET size = %(size)s",
        "The stamp of tsa on the checkpoint of {size}",
    ),
    ("a stamp that is none", "UPDATE stamps SET token = 'x'", "The stamp of tsa on the checkpoint of {anchored}"),
    ("a stamp's time", "UPDATE stamps SET at = at - interval '1 s'", "it tells another time than its column"),
    (
        "a witness's line",
        "UPDATE cosignatures SET line = overlay(line PLACING 'AAAA' FROM length(line) - 10)",
        "it is not signed by the witness's key",
    ),
    ("a witness's name", "UPDATE cosignatures SET witness = 'another'", "it is another witness's"),
    ("a witness's time", "UPDATE cosignatures SET at = at - interval '1 s'", "The cosignature of witness.example/w1"),
    # signing keys and epochs
    (
        "a signing key",
        "UPDATE signing_keys SET public = sha256('x') WHERE number = 1",
        "not what the key notes say: key",
    ),
    (
        "a signing key's note",
        "UPDATE signing_keys SET note = 'x' WHERE number = 2",
        "The note of signing key 2 does not hold",
    ),
    ("since when it signs", "UPDATE signing_keys SET made = made - interval '1 s' WHERE number = 1", "say: made"),
    ("until when it signed", "UPDATE signing_keys SET retired = 'infinity' WHERE number = 1", "say: retired"),
    ("that it was stolen", "UPDATE signing_keys SET compromised = true WHERE number = 1", "say: compromised"),
    ("a signing key gone", "DELETE FROM signing_keys WHERE number = 1", "The note of signing key 1 does not hold"),
    ("an epoch of one's own", "INSERT INTO epochs VALUES (2, now(), 'x')", "The note of epoch 2 does not hold"),
    # heads
    (
        "a head",
        "UPDATE heads SET version = version + 1 WHERE stream = %(case)s",
        "The table of heads names another version of stream {case}",
    ),
    ("a head gone", "DELETE FROM heads WHERE stream = %(case)s", "another version of stream {case}"),
    (
        "the tree of heads",
        "UPDATE tiles SET hashes = overlay(hashes PLACING sha256('x') FROM 1) WHERE log = 'heads'",
        "The tree of the heads is not the one",
    ),
    ("its size", "UPDATE trees SET size = 3 WHERE log = 'heads'", "The tree of the heads is not the one"),
    ("what it is of", "UPDATE heads_state SET events = events - 1", "heads_state says"),
    # reads
    ("who read", "UPDATE reads SET who = 'x' WHERE who = 'bo'", "Entry 2 of the log of reads is not what its tree has"),
    ("which cases", "UPDATE reads SET cases = ARRAY[%(other)s] WHERE who = 'bo'", "Entry 2 of the log of reads is not"),
    ("why", "UPDATE reads SET why = 'audit' WHERE who = 'bo'", "Entry 2 of the log of reads is not what its tree has"),
    ("a read gone", "DELETE FROM reads WHERE who = 'bo'", "The read at position 2 of the log of reads is gone"),
    (
        "a read put in",
        "INSERT INTO reads (at, who, role, what, via, why, cases)"
        " VALUES (now() - interval '2 hours', 'x', 'worker', 'ReadCase', 'http', 'work', ARRAY[%(case)s])",
        "There are reads up to",
    ),
    (
        "a read's position gone",
        "DELETE FROM reads_sequence WHERE position = 2",
        "Position 2 of the log of reads is missing",
    ),
    (
        "a read's position",
        "UPDATE reads_sequence SET at = at - interval '1 day' WHERE position = 2",
        "The read at position 2 of the log of reads is gone",
    ),
    ("how far the reads are", "UPDATE reads_state SET position = 9", "reads_state says 9"),
    # what else stands there
    (
        "a projection of nothing",
        f"INSERT INTO projected (stream, kind, head, current) VALUES ('{NOBODY}', 'case', 1, '{{}}')",
        f"{NOBODY} is said to be projected",
    ),
    (
        "a migration",
        "UPDATE migrations SET sha256 = 'x' WHERE name = '0001_ledger.sql'",
        "The migration 0001_ledger.sql",
    ),
]
"""What is forged, how, and what the audit says."""
