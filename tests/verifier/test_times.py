"""Times: what witnesses and authorities say is taken together, and nothing said before is lost."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import verifier
from tests.verifier.forge import AUTHORITY, STAMPED, STAMPED_AT, WITNESS, Pair, bundle, told
from tests.verifier.stamping import Authority
from verifier import times
from verifier.checkpoints import Proven
from verifier.note import Checkpoint, Key
from verifier.report import Report
from verifier.times import Time

ONE, OTHER = "witness.example/one", "witness.example/other"
LATER = STAMPED_AT + timedelta(hours=1)


def seen() -> Proven:
    """Return a checkpoint that one witness has seen twice and the other once."""
    note = told().checkpoint(STAMPED)
    text = note.partition("\n\n")[0] + "\n"
    note += WITNESS.cosignature(ONE, text, LATER) + WITNESS.cosignature(ONE, text, STAMPED_AT)
    return Proven(Checkpoint.read(note + Pair("other").cosignature(OTHER, text, LATER)))


def test_each_witness_tells_its_first_time() -> None:
    report = Report()
    witnesses = [Key.read(WITNESS.vkey(ONE, 4)), Key.read(Pair("other").vkey(OTHER, 4))]
    assert times.cosigned(seen(), witnesses, report) == [
        Time(STAMPED, STAMPED_AT, f"the witness {ONE}"), Time(STAMPED, LATER, f"the witness {OTHER}")
    ]  # fmt: skip
    assert report.checked == [
        f"{ONE} saw the log of 13 events on 2026-03-02T17:30:00Z.",
        f"{OTHER} saw the log of 13 events on 2026-03-02T18:30:00Z.",
    ]


def test_one_witness_does_not_stand_for_another() -> None:
    report = Report()
    witnesses = [Key.read(Pair("third").vkey(ONE, 4)), Key.read(WITNESS.vkey(ONE, 4))]
    assert times.cosigned(seen(), witnesses, report) == [Time(STAMPED, STAMPED_AT, f"the witness {ONE}")]
    assert [str(it) for it in report.faults] == [f"The witness {ONE} has cosigned no checkpoint in the bundle."]


def test_a_stamp_of_a_checkpoint_that_is_not_there_is_told(tmp_path: Path) -> None:
    made = bundle()
    made.stamps[0]["size"] = 5
    (tmp_path / "case.zip").write_bytes(made.pack())
    assert [str(it) for it in verifier.check(tmp_path / "case.zip").faults] == [
        "The time stamp does not stamp the checkpoint of 5 events: it is of something else."
    ]


def test_what_was_wrong_before_the_stamps_stays_wrong(tmp_path: Path) -> None:
    made = bundle()
    made.manifest = {"files": made.told(made.contents() | {"page.html": b""})["files"][:-1]}
    (tmp_path / "case.zip").write_bytes(made.pack())
    for authority in (Authority("Another authority"), AUTHORITY):
        report = verifier.check(tmp_path / "case.zip", authorities=[authority.pem])
        assert "file-altered" in report.kinds
        assert ("stamp-authority-wrong" in report.kinds) == (authority != AUTHORITY)
