"""The report: its words for each end, its long lists cut, and what it holds in JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

from verifier.findings import CaseOfAnother, EventMissing, NotAZip, WordsMissing
from verifier.report import Report, Told, as_json, as_text, printable

CASE = UUID("9b2f1c9e-4f57-4c39-8f4e-7f2b7c1d2a11")
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_the_worst_fault_gives_the_verdict() -> None:
    broken, unreadable = EventMissing(version=1), NotAZip()
    assert [(it.exit, it.verdict) for it in (Report(), Report([broken]), Report([broken, unreadable]))] == [
        (0, "whole"), (1, "broken"), (2, "unreadable")
    ]  # fmt: skip
    assert Report([broken, WordsMissing(version=1), EventMissing(version=2)]).kinds == [
        "event-missing",
        "words-missing",
    ]


def test_of_more_than_a_hundred_faults_the_rest_are_counted() -> None:
    for count, more in ((100, 0), (101, 1), (250, 150)):
        report = Report([EventMissing(version=version) for version in range(1, count + 1)], checked=["A step."])
        lines = as_text(report, history=False).splitlines()
        assert sum(it.endswith("is missing.") for it in lines) == 100
        assert [it for it in lines if "faults more" in it] == ([f"  - and {more} faults more"] if more else [])
        assert lines.index("What was checked") > lines.index("  - Version 100 is missing.")
        assert (json.loads(as_json(report, history=False))["more_faults"]) == more


def test_programs_get_plain_values() -> None:
    actor = {"id": "aino", "units": [1, None, 2.5, True, CASE, ("a", NOON)]}
    report = Report([CaseOfAnother(case=CASE)], history=[Told(1, True, NOON, None, "case-opened", actor, {}, "none")])
    told = json.loads(as_json(report, history=True))
    assert told["faults"][0]["case"] == str(CASE)
    assert told["history"] == [{
        "version": 1, "covered": True, "occurred": "2026-03-02T12:00:00+00:00", "recorded": None,
        "topic": "case-opened", "words": "none", "fields": {},
        "actor": {"id": "aino", "units": [1, None, 2.5, True, str(CASE), ["a", "2026-03-02T12:00:00+00:00"]]},
    }]  # fmt: skip


def test_what_is_no_letter_is_escaped() -> None:
    assert printable("ä “a” €") == "ä “a” €"
    assert printable("\x1b\n\u202e\ud800\u00a0") == "\\x1b\\n\\u202e\\ud800\\xa0"


def test_fields_are_told_in_their_own_letters() -> None:
    it = Told(1, True, NOON, NOON, "case-opened", "Pälkäne", {"unit": "Pälkäne"}, {"text": "Hyvää"})
    text = as_text(Report(history=[it]), history=True)
    assert ('     by "Pälkäne"\n' in text, '     {"unit": "Pälkäne"}\n' in text) == (True, True)
    assert "     text: “Hyvää”" in text


def test_a_time_that_is_not_known_is_not_told() -> None:
    it = Told(1, True, NOON, None, "case-opened", None, {}, "none")
    assert "happened" not in as_text(Report(history=[it]), history=True)
