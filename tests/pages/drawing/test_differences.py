"""What changed from one event to the next is said side by side."""

from __future__ import annotations

from api.pages.drawing.differences import by_findings, differences
from tests.pages.drawing.telling import PIRHA, English, at, found, state

EN = English()


def changed(before: object, after: object) -> list[tuple[str, str, str]]:
    return [(it.what, it.before, it.after) for it in differences(before, after, EN)]  # type: ignore[arg-type]


def test_the_same_state_has_no_differences() -> None:
    assert changed(state(), state()) == []


def test_the_first_event_makes_everything_that_is_there() -> None:
    assert [what for what, _, _ in changed(None, state())] == ["The case", "Owner", "Responsible", "Duty-holder"]


def test_another_who_answers_is_told_before_and_after() -> None:
    after = state(responsible=PIRHA, owner=None, owned_by="client")
    assert changed(state(), after) == [
        ("Owner", "katri, kela/etuudet", "the client"), ("Responsible", "katri, kela/etuudet", "bo, pirha/aikuiset"),
    ]  # fmt: skip


def test_an_offer_and_a_next_step_tell_whom_and_until_when() -> None:
    step = {"who": "worker", "what": "Call.", "due": at(2)}
    after = state(handoff={"to": PIRHA, "respond_by": at(5)}, next_step=step)
    assert changed(state(), after) == [
        ("Offer waiting for an answer", "nothing", "bo, pirha/aikuiset; answer by Sat 8 Mar 2025 at 9:00"),
        ("Next step", "nothing", "Call. (the worker, Wed 5 Mar 2025 at 9:00)"),
    ]


def test_objections_closure_and_transfer_are_told() -> None:
    before = state(open_objections=["a", "b"], transfer={"to_organisation": "kela", "to_unit": "etuudet"})
    after = state(open_objections=["a"], closure={"ground": "goals_met"}, status="closed")
    assert [what for what, _, _ in changed(before, after)] == [
        "The case", "Transfer waiting for an answer", "Open objections", "Closure",
    ]  # fmt: skip


def test_findings_come_about_with_their_last_entry_and_are_settled_by_another() -> None:
    findings = [found(27, "plan_before_view", 3, 5), found(26, "no_next_step", 1, settled_by=5), found(19, "late", 4)]
    told = [(it.before, it.after) for it in by_findings(5, findings, EN)]
    assert [after for _, after in told][1] == "settled"
    assert len(told) == 2
