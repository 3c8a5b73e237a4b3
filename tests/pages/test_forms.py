"""Forms made of commands: all that a command takes can be typed, and nothing that was typed is lost."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from api.commands import commands, path_of
from api.pages import choices
from api.pages.beforehand import guessed
from api.pages.fields import LABELS, Asked, about, asked, least, shown, title
from api.pages.forms import Form, Where, errors, headers, initial, msgids, needed, read, stands
from api.pages.page import environment
from api.problems import RequestInvalid
from domain.acceptance import AcceptHandoff, DeclineHandoff
from domain.assessment import CompleteAssessment
from domain.calendar import HELSINKI
from domain.client import NameRepresentative
from domain.client_ownership import ChooseOwner
from domain.closure import CloseCase, ProposeClosure
from domain.corrections import MarkErroneous
from domain.decider import CLIENT_SIDE, STAFF, Command, Role, Value
from domain.handoff import ProposeHandoff
from domain.intake import OpenCase, PromiseNextStep
from domain.meetings import HoldJointMeeting
from domain.objections import RaiseObjection
from domain.overrides import ReviewOverride
from domain.plan import AgreePlan
from domain.remembered import Holder
from domain.requests import ReportExperience
from domain.rules import RULE_LANGUAGES
from domain.voice import RecordStatement
from tests.api.test_burden import ACTS
from tests.domain.given import MONDAY
from tests.domain.lives.hand import Hand

FORMS = sorted(shown(), key=lambda it: it.__name__)
SHORT = settings(max_examples=25, deadline=None)
VIEW, OTHER, OFFER = (str(UUID(int=it)) for it in (1, 2, 3))
BO = {"organisation": "pirha", "unit": "aikuissosiaalityö/1", "worker": "bo"}
ROWS: Mapping[str, Any] = {
    "case": {"responsible": {"organisation": "kela", "unit": "asiakaspalvelu", "worker": "aino"}},
    "voice": [
        {"version": 2, "kind": "statement", "id": VIEW, "speaker": "client", "standing": "confirmed",
         "said_at": "2025-03-03T07:00:00Z",
         "words": "Haluan asua kotona niin kauan kuin se vain on mahdollista, ja vielä sen jälkeenkin."},
        {"version": 3, "kind": "statement", "id": OTHER, "speaker": "close_person", "standing": "unconfirmed",
         "said_at": "2025-03-04T07:00:00Z", "words": "Äiti kaatuilee."},
        {"version": 4, "withheld": {"ground": "safety"}},
        {"version": 5, "kind": "request", "id": str(UUID(int=5)), "request": "contact", "standing": "answered",
         "said_at": "2025-03-04T07:00:00Z", "words": None},
        {"version": 6, "kind": "request", "id": str(UUID(int=6)), "request": "meeting", "standing": "open",
         "said_at": "2025-03-04T07:00:00Z", "words": None},
    ],
    "handoffs": [
        {"version": 7, "kind": "handoff", "id": str(uuid4()), "outcome": "declined", "to": BO,
         "proposed_at": "2025-03-05T07:00:00Z", "reason": "Muutti."},
        {"version": 9, "kind": "handoff", "id": OFFER, "outcome": "pending", "to": BO,
         "proposed_at": "2025-03-06T07:00:00Z", "reason": "Muutti pois."},
    ],
    "plan": [
        {"version": 10, "kind": "goal", "id": str(UUID(int=10)), "state": "pursued", "since": "2025-03-06T07:00:00Z",
         "words": "Kävellä kauppaan."},
    ],
    "history": [
        {"version": 1, "topic": "case-opened", "event": {"need": "Vuokra on rästissä."}, "withheld": None,
         "context": {"who": "aino", "role": "worker", "occurred": "2025-03-03T06:00:00Z"}},
        {"version": 11, "topic": "rule-overridden", "event": {"override": str(UUID(int=11)), "reason": "Kiire."},
         "withheld": None, "context": {"who": "aino", "role": "worker", "occurred": "2025-03-06T06:00:00Z"}},
        {"version": 12, "topic": "rule-overridden", "event": {"override": str(UUID(int=12)), "reason": "Hätä."},
         "withheld": None, "context": {"who": "aino", "role": "worker", "occurred": "2025-03-06T06:00:00Z"}},
        {"version": 13, "topic": "override-reviewed", "event": {"override": str(UUID(int=11))}, "withheld": None,
         "context": {"who": "aino", "role": "worker", "occurred": "2025-03-06T06:00:00Z"}},
        {"version": 14, "topic": "[withheld]", "event": {}, "withheld": {"ground": "safety"},
         "context": {"who": "aino", "role": "worker", "occurred": "2025-03-06T06:00:00Z"}},
    ],
    "holders": [
        {"organisation": "kela", "unit": "asiakaspalvelu", "worker": "aino"}, BO,
        {"organisation": "kela", "unit": "perintä"},
    ],
    "rules": [
        {"number": 1, "levels": ["refuse"], "says": {"fi": "yksi omistaja", "sv": "en ägare", "en": "one owner"}},
        {"number": 13, "levels": ["override"], "says": {"fi": "14 päivää", "sv": "14 dagar", "en": "14 days"}},
    ],
}  # fmt: skip
REFUSED: dict[str, Any] = {
    "type": "/problems/no-such", "title": "No", "status": 409, "detail": "The state of things does not allow it now.",
}  # fmt: skip
INVALID: dict[str, Any] = {
    "type": "/problems/request-invalid", "title": "Request invalid", "status": 422, "detail": "Not so.",
}  # fmt: skip
TIME_TO_OBJECT: dict[str, Any] = {
    "type": "/problems/time-to-object", "title": "x", "status": 409, "detail": "x", "rule": 13,
}  # fmt: skip


def at_desk(role: Role = Role.WORKER, into: Any = "en") -> Where:
    return Where(into, role, "/desk/x", "token")


def form_of(command: type[Command[Any]], role: Role = Role.WORKER, **more: Any) -> Form:
    return Form.of(command, more.pop("answers", ROWS), at_desk(role), **more)


def field_of(form: Form, name: str) -> Any:
    return next(it for it in form.fields if it.name == name)


# All that a command takes.


@pytest.mark.parametrize("command", FORMS, ids=lambda it: it.__name__)
def test_a_form_has_the_fields_of_its_command_in_their_order(command: type[Command[Any]]) -> None:
    names = [it.name for it in form_of(command, Role.MANAGER).fields]
    whole = [it.name for it in asked(command)]
    assert names == [it for it in whole if it in names]
    assert {it.name for it in asked(command) if it.required} <= set(names)


def test_every_command_of_those_who_have_pages_has_a_form_and_no_other() -> None:
    assert {it for it in commands() if it.roles & (STAFF | CLIENT_SIDE)} == set(FORMS)


def test_no_field_is_called_as_what_an_act_says_of_itself() -> None:
    ours = {"occurred_at", "reported", "key", "csrf_token", "return_to", "find", "check"}
    assert not [it.name for command in FORMS for it in asked(command) if it.name in ours]


def test_what_has_to_be_typed_is_what_the_docs_count() -> None:
    by_name = {it.__name__: it for it in commands()}
    for act in ACTS:
        assert least(by_name[act.command]) == set(act.typed)


def test_what_the_page_fills_in_is_not_typed_and_what_it_is_shows() -> None:
    form = form_of(DeclineHandoff)
    assert [(it.name, it.value) for it in form.hidden] == [("handoff", OFFER)]
    assert "Muutti pois." in form.hidden[0].said
    assert [it.name for it in form.fields if it.typed] == ["code", "reason"]
    assert [it.name for it in form_of(ChooseOwner, given={"holder": "kela/a"}).hidden] == ["holder"]


def as_form(found: tuple[Asked, ...], value: Value, under: str = "") -> Iterator[tuple[str, list[str]]]:
    """Yield what a browser would send for a command, field by field."""
    for it in found:
        name, said = f"{under}{it.name}", getattr(value, it.name)
        if it.kind == "group" and said is not None:
            yield from as_form(it.parts, said, f"{name}.")
        elif it.kind == "groups":
            for number, one in enumerate(said):
                yield from as_form(it.parts, one, f"{name}.{number}.")
        elif (said is not None and said is not False) or it.kind == "yes_or_no":
            yield name, [as_typed(one) for one in (said if isinstance(said, tuple) else [said])]


def as_typed(value: Any) -> str:
    match value:
        case datetime():
            return value.astimezone(HELSINKI).strftime("%Y-%m-%dT%H:%M:%S.%f") if value.tzinfo else "-"
        case date():
            return value.isoformat()
        case Holder():
            return choices.holder_value(vars(value))
        case bool() | None:
            return {True: "true", False: "false", None: ""}[value]
    return str(value)


def sayable(value: Any) -> bool:
    """Say whether it can be typed as it is: a time that is a moment, and words that are not blank on purpose."""
    match value:
        case datetime():
            return value.tzinfo is not None and value.year in range(1900, 2199)
        case str():
            return bool(value.strip()) or not value
        case tuple():
            return len(value) < 50 and all(map(sayable, value)) and len(set(map(repr, value))) == len(value)
        case Value():
            kind: Any = type(value)
            has_to_be_said = [getattr(value, it.name) for it in asked(kind) if it.required]
            return all(map(sayable, vars(value).values())) and "" not in has_to_be_said and () not in has_to_be_said
    return True


@pytest.mark.parametrize("command", FORMS, ids=lambda it: it.__name__)
@SHORT
@for_all(seed=st.integers(0, 2**63))
def test_whatever_a_command_says_can_be_typed(command: type[Command[Any]], seed: int) -> None:
    value = Hand(Random(seed), MONDAY).made(command)  # noqa: S311 - luck, not a secret
    if sayable(value):
        body = read(command, dict(as_form(asked(command), value)))
        again = TypeAdapter(command).validate_json(json.dumps(body), strict=True)
        assert plainly(again) == plainly(value)


def plainly(value: Any) -> Any:
    """Return a command as what it says: nothing said is nothing, and a moment is the same in every zone."""
    match value:
        case Value():
            return {name: plainly(it) for name, it in vars(value).items()}
        case tuple():
            return [plainly(it) for it in value]
        case datetime():
            return value.astimezone(UTC)
    return value or None


def test_what_is_left_open_is_left_out_and_an_open_list_is_sent_where_it_would_be_another() -> None:
    sent = {"words": [" hei\r\nsinä"], "speaker": [""], "present": ["0"], "about": [""], "unknown": ["x"]}
    assert read(RecordStatement, sent) == {"words": " hei\nsinä", "present": 0}
    assert read(NameRepresentative, {})["scope"] == []
    assert read(CompleteAssessment, {}) == {}


def test_what_is_no_number_no_holder_and_no_time_goes_on_as_it_was_typed_to_be_refused() -> None:
    assert read(ReportExperience, {"score": ["viisi"]}) == {"score": "viisi"}
    assert read(ChooseOwner, {"holder": ["kela"]}) == {"holder": "kela"}
    assert read(PromiseNextStep, {"by": ["huomenna"]}) == {"by": "huomenna"}
    assert read(HoldJointMeeting, {"participants": ["kela/a", "kela//"]})["participants"][1] == "kela//"


def test_a_holder_is_read_back_whatever_its_ids_hold() -> None:
    assert choices.holder_of(choices.holder_value(BO)) == BO
    assert choices.holder_of("kela/a") == {"organisation": "kela", "unit": "a"}
    assert choices.holder_of("a/b/c/d") is None


# Times are those of Finland.


@pytest.mark.parametrize(
    ("typed", "moment"),
    [
        ("2025-01-15T09:00", "2025-01-15T09:00:00+02:00"),
        ("2025-07-15T09:00", "2025-07-15T09:00:00+03:00"),
        ("2025-10-26T03:30", "2025-10-26T03:30:00+03:00"),
        ("2025-07-15T09:00:00+00:00", "2025-07-15T09:00:00+00:00"),
    ],
)
def test_a_time_is_read_as_it_is_in_finland_and_one_that_came_twice_as_the_first(typed: str, moment: str) -> None:
    assert read(PromiseNextStep, {"by": [typed]})["by"] == moment
    assert headers({"occurred_at": [typed]}) == {"Occurred-At": moment}


def test_a_time_that_never_was_is_refused_kindly_and_in_its_field() -> None:
    with pytest.raises(RequestInvalid) as refused:
        read(PromiseNextStep, {"by": ["2025-03-30T03:30"]})
    assert "clocks were put forward" in errors(INVALID | refused.value.details, "en")["by"]
    with pytest.raises(RequestInvalid) as refused:
        headers({"occurred_at": ["2025-03-30T03:30"]})
    assert "occurred_at" in errors(INVALID | refused.value.details, "en")


def test_an_act_says_of_itself_when_and_where_it_happened_and_which_it_is() -> None:
    sent = {"occurred_at": ["2025-07-15T09:00"], "reported": ["true"], "key": ["abc"]}
    assert headers(sent) == {
        "Occurred-At": "2025-07-15T09:00:00+03:00", "Reported": "true", "Idempotency-Key": "abc",
    }  # fmt: skip
    assert headers({"occurred_at": [""]}) == {}
    assert [it.name for it in form_of(RecordStatement).earlier] == ["occurred_at", "reported"]
    assert form_of(RecordStatement, Role.CLIENT).earlier == ()
    assert form_of(RecordStatement, sent=sent).key == "abc"
    assert form_of(RecordStatement).key != form_of(RecordStatement).key


# Where it was wrong.


def test_what_is_wrong_stands_beside_its_field() -> None:
    found = [
        {"where": "/body/to/unit", "what": "Field required"}, {"where": "/body/reason", "what": "Field required"},
        {"where": "/body/override/0/review_by", "what": "Input should be a valid datetime"},
    ]  # fmt: skip
    form = form_of(ProposeHandoff, Role.MANAGER, sent={"override.0.rule": ["7"]}, problem=INVALID | {"errors": found})
    assert [(it.name, it.error) for it in form.wrong] == [
        ("to", "Fill this in."), ("reason", "Fill this in."),
        ("override.0.review_by", "This is not in the form that is asked for."),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("details", "field"),
    [({"field": "reason"}, "reason"), ({"header": "Occurred-At"}, "occurred_at"), ({"occurred": "x"}, "occurred_at")],
)
def test_a_refusal_that_names_a_field_stands_there_too(details: dict[str, str], field: str) -> None:
    form = form_of(ProposeHandoff, problem=REFUSED | {"details": details})
    assert [(it.name, it.error) for it in form.wrong] == [(field, REFUSED["detail"])]


def test_nothing_that_was_typed_is_lost() -> None:
    sent = {
        "to": ["ei/ole/listalla"], "reason": ["<b>Muutti</b>"], "client_view": [str(uuid4())], "urgent": ["true"],
        "warm": ["false"], "occurred_at": ["eilen"], "override.0.reason": ["kiire"], "override.0.rule": ["13"],
    }  # fmt: skip
    page = rendered(form_of(ProposeHandoff, Role.MANAGER, sent=sent, problem=INVALID | {"errors": []}))
    assert page.values["to"] == "ei/ole/listalla"
    assert page.values["client_view"] == sent["client_view"][0]
    assert page.values["reason"].strip() == "<b>Muutti</b>"
    assert page.values["occurred_at"] == "eilen"
    assert (page.values["urgent"], page.values["warm"]) == ("true", "false")
    assert (page.values["override.0.rule"], page.values["override.0.reason"].strip()) == ("13", "kiire")
    assert read(ProposeHandoff, {name: [it] for name, it in page.values.items()})["reason"] == "<b>Muutti</b>"


def test_what_was_left_open_stays_folded_and_what_was_filled_in_does_not() -> None:
    blank = form_of(ProposeHandoff, sent={"reason": [" "], "warm": [""], "request": [""], "occurred_at": [""]})
    assert not [it.name for it in (*blank.more, *blank.earlier) if it.open]
    filled = form_of(ProposeHandoff, sent={"warm": ["true"], "occurred_at": ["2025-07-15T09:00"]})
    assert [it.name for it in (*filled.more, *filled.earlier) if it.open] == ["warm", "occurred_at"]


def test_what_was_unticked_stays_so() -> None:
    assert field_of(form_of(NameRepresentative), "scope").values == ("statements", "ownership", "closure")
    assert field_of(form_of(NameRepresentative, sent={"kind": ["proxy"]}), "scope").values == ()


# Rules that are set aside.


def test_a_manager_alone_is_shown_how_to_set_a_rule_aside() -> None:
    assert "override" not in {it.name for it in form_of(CloseCase).fields}
    (group,) = field_of(form_of(CloseCase, Role.MANAGER), "override").groups
    assert [it.name for it in group] == [
        f"override.0.{it}" for it in ("rule", "reason", "review_by", "channel", "withheld_because")
    ]
    assert [it.value for it in group[0].choices] == ["13"]


def test_the_rule_that_stands_in_the_way_is_chosen_already_and_a_second_one_beside_the_first() -> None:
    first = form_of(CloseCase, Role.MANAGER, problem=TIME_TO_OBJECT)
    ((rule, *_),) = field_of(first, "override").groups
    assert rule.values == ("13",)
    assert field_of(first, "override").open
    sent = {"override.0.rule": ["7"], "override.0.reason": ["kiire"]}
    groups = field_of(form_of(CloseCase, Role.MANAGER, sent=sent, problem=TIME_TO_OBJECT), "override").groups
    assert [it[0].values for it in groups] == [("7",), ("13",)]
    assert [it[3].values for it in groups] == [(), ("letter",)]


def test_a_rule_that_nothing_was_said_of_is_not_set_aside() -> None:
    assert read(CloseCase, {"override.0.channel": ["letter"], "override.0.rule": [""]}) == {}
    assert read(CloseCase, {"override.0.channel": ["letter"], "override.0.rule": ["13"]}) == {
        "override": [{"rule": 13, "channel": "letter"}]
    }


# What can be chosen.


def test_the_clients_own_words_come_first_and_long_ones_are_shortened() -> None:
    own, other = field_of(form_of(ProposeHandoff), "client_view").choices
    assert (own.value, other.value) == (VIEW, OTHER)
    assert own.label.startswith("“Haluan asua kotona niin kauan")
    assert "…”, Mon 3 Mar 2025 at 9:00, confirmed" in own.label


@pytest.mark.parametrize(
    ("command", "field", "values"),
    [
        (AcceptHandoff, "handoff", [OFFER]),
        (ReviewOverride, "override", [str(UUID(int=12))]),
        (AgreePlan, "goals", [str(UUID(int=10))]),
        (AgreePlan, "rests_on", ["14", "13", "12", "11", "1"]),
        (RaiseObjection, "against", ["14", "13", "12", "11", "1"]),
        (HoldJointMeeting, "participants", ["kela/asiakaspalvelu/aino", choices.holder_value(BO), "kela/perint%C3%A4"]),
    ],
)
def test_what_waits_or_stands_can_be_chosen(command: type[Command[Any]], field: str, values: list[str]) -> None:
    assert [it.value for it in field_of(form_of(command), field).choices] == values


def test_where_there_is_nothing_to_choose_the_form_says_so_or_leaves_it_out() -> None:
    form = form_of(ProposeHandoff, answers={})
    assert "client_view" not in {it.name for it in form.fields}
    assert "no_view_because" in {it.name for it in form.first}
    assert "There is nothing to choose from" in rendered(form_of(RaiseObjection, answers={})).text


def test_a_form_says_what_has_to_be_read_for_it() -> None:
    assert needed(ProposeHandoff) == {"voice", "holders", "history", "rules"}
    assert needed(ReportExperience) == set()
    assert all(needed(it) <= {"voice", "plan", "handoffs", "team", "history", "holders", "rules"} for it in FORMS)


# Before anything is typed.


@pytest.mark.parametrize("command", FORMS, ids=lambda it: it.__name__)
def test_every_command_can_be_tried_before_anything_is_typed(command: type[Command[Any]]) -> None:
    body = initial(command, ROWS, MONDAY)
    asked_for = TypeAdapter(command).validate_json(json.dumps(body), strict=True)
    assert isinstance(asked_for, command)


def test_it_is_tried_with_what_is_near_and_without_a_view_where_there_is_none() -> None:
    body = initial(ProposeHandoff, ROWS, MONDAY)
    assert body["to"] == {"organisation": "kela", "unit": "perintä"}
    assert body["client_view"] == VIEW
    assert initial(ProposeClosure, {}, MONDAY) == {"ground": "goals_met", "no_view_because": "…"}


@pytest.mark.parametrize(("status", "whatever_is_typed"), [(403, True), (404, True), (409, True), (422, False)])
def test_what_hangs_on_what_was_typed_is_not_held_against_anybody_yet(status: int, whatever_is_typed: bool) -> None:
    assert stands(REFUSED | {"status": status}) is whatever_is_typed


def test_what_was_only_guessed_is_held_against_nobody() -> None:
    entry = ROWS["history"][-1]["version"]
    about = REFUSED | {"status": 403, "details": {"version": entry}}
    assert stands(about)
    assert not stands(about, guessed(MarkErroneous, ROWS, {"version": entry}))
    assert stands(about, guessed(MarkErroneous, {}, {"version": entry}))  # there is nothing else to choose


def test_whoever_can_be_chosen_goes_by_the_name_in_the_directory() -> None:
    named = BO | {"organisation_name": "Pirkanmaa", "unit_name": "Aikuissosiaalityö", "worker_name": "Bo L."}
    (only,) = choices.holders({"holders": [named]})
    assert only.label == "Bo L., Pirkanmaa / Aikuissosiaalityö"
    assert [it.label for it in choices.organisations({"holders": [named]})] == ["Pirkanmaa"]


# As it is shown.


class Page(HTMLParser):
    """What a form is in a browser: its controls with their labels, and what they would send."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.named: set[str] = set()
        self.controls: list[dict[str, str | None]] = []
        self.told_by: set[str] = set()
        self.links: set[str] = set()
        self.attributes: set[str] = set()
        self.values: dict[str, str] = {}
        self.text = ""
        self._within = ""
        self._written = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.attributes |= found.keys()
        self.ids += [it for it in [found.get("id")] if it]
        self.told_by |= set((found.get("aria-describedby") or "").split())
        if tag == "label":
            self.named.add(found.get("for") or "")
        if (found.get("href") or "").startswith("#"):
            self.links.add((found.get("href") or "")[1:])
        if tag in {"input", "select", "textarea"} and found.get("type") != "hidden":
            self.controls.append(found)
        self._send(tag, found)

    def _send(self, tag: str, found: dict[str, str | None]) -> None:
        name, value = found.get("name") or "", found.get("value") or ""
        self._within = name if tag in {"select", "textarea"} else self._within
        ticked = found.get("type") not in {"radio", "checkbox"} or "checked" in found
        if tag == "input" and ticked:
            self.values[name] = value
        elif tag == "option" and "selected" in found:
            self.values[self._within] = value
        elif tag == "textarea":
            self._written, self.values[name] = True, ""

    def handle_endtag(self, tag: str) -> None:
        self._within = "" if tag in {"select", "textarea"} else self._within
        self._written = self._written and tag != "textarea"

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._written:
            self.values[self._within] += data.strip("\n")


def rendered(form: Form, into: Any = "en") -> Page:
    page = Page()
    page.feed(environment(into).get_template("form.html").module.form(form))  # type: ignore[attr-defined]
    return page


@pytest.mark.parametrize("command", FORMS, ids=lambda it: it.__name__)
def test_every_form_is_whole_in_every_language_for_everybody_who_may_give_it(command: type[Command[Any]]) -> None:
    wrong = INVALID | {"errors": [{"where": f"/body/{it.name}", "what": "Field required"} for it in asked(command)]}
    for into in RULE_LANGUAGES:
        for role in command.roles & (STAFF | CLIENT_SIDE):
            for answers, problem in (({}, None), (ROWS, wrong)):
                page = rendered(Form.of(command, answers, at_desk(role, into), problem=problem), into)
                assert len(page.ids) == len(set(page.ids))
                assert {it["id"] for it in page.controls if "aria-label" not in it} <= page.named
                assert page.told_by | page.links <= set(page.ids)
                assert not [it for it in page.attributes if it == "style" or it.startswith("on")]


def test_a_form_holds_the_sessions_own_token() -> None:
    assert rendered(form_of(CloseCase)).values["csrf_token"] == "token"


def test_what_would_come_of_it_is_told() -> None:
    assert "Nothing stands in the way." in rendered(form_of(CloseCase, would={"events": [4]})).text
    assert "Nothing would change." in rendered(form_of(CloseCase, would={"events": []})).text
    assert REFUSED["detail"] in rendered(form_of(CloseCase, problem=REFUSED)).text


# What is translated.


def test_every_text_can_be_translated_and_none_speaks_of_the_api() -> None:
    found = set(msgids())
    assert {title(it) for it in FORMS} <= found
    assert not [it for it in found if "`" in it or not it.strip() or re.search(r"\bJSON\b|header", it)]
    assert {about(it) for it in FORMS} - {""} <= found


def test_every_label_that_stands_here_is_of_some_field() -> None:
    fields = {
        name for command in commands() for it in flat(asked(command)) for name in (it.name, f"{it.name} {it.kind}")
    }
    assert set(LABELS) <= fields


def flat(found: tuple[Asked, ...]) -> Iterator[Asked]:
    for it in found:
        yield it
        yield from flat(it.parts)


def test_a_form_is_sent_where_the_page_says() -> None:
    assert path_of(OpenCase) == "/cases"
    assert form_of(OpenCase).action == "/desk/x"
