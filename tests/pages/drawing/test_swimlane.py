"""A case is drawn so that eye, keyboard and screen reader learn the same of it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from babel.messages.extract import extract_from_dir

from api.pages.drawing.layout import WIDE, Window, is_shown
from api.pages.drawing.picture import Case, Picture, picture
from api.pages.drawing.signs import LANES, OUTLINES, SIGNS, signed
from api.pages.drawing.swimlane import swimlane
from api.pages.drawing.table import rows
from domain.ledger.mapper import codecs
from tests.pages.drawing.telling import BEGAN, KELA, PIRHA, English, at, entry, found, offer, period

EN = English()
SVG = "{http://www.w3.org/2000/svg}"
STORY = Case(
    events=[
        entry(1, "case-opened", 0), entry(2, "statement-recorded", 0.1), entry(3, "statement-confirmed", 1, "client"),
        entry(4, "handoff-proposed", 2), entry(5, "handoff-declined", 3), entry(6, "handoff-proposed", 4),
        entry(7, "handoff-accepted", 5), entry(8, "objection-raised", 6, "client", objection="o1", against=7),
        entry(9, "plan-agreed", 7), entry(10, "handoff-proposed", 8), entry(11, "case-closed", 9),
    ],
    owner=[period(1, 0, 5, KELA), period(7, 5, 9, PIRHA)],
    handoffs=[
        offer(4, 2, 5, "declined"), offer(6, 4, 7, "accepted"),
        offer(10, 8, None, "pending", sender=PIRHA, to=KELA, returned=True, bounced=True),
    ],
    heard=[{"version": 4, "heard": "confirmed"}, {"version": 6, "heard": "reason"}, {"version": 9, "heard": "nothing"}],
    findings=[found(27, "plan_before_view", 9), found(26, "no_next_step", 1, 8, settled_by=8)],
    open_objections=["o1"],
)  # fmt: skip


def told(case: Case = STORY) -> Picture:
    return picture(case, EN)


def drawn(case: Case = STORY, window: Window | None = None) -> ET.Element:
    it = told(case)
    times = [mark.at for mark in it.marks]
    svg = swimlane(it, window or Window(min(times), max(times)), lambda version: f"?version={version}", EN)
    return ET.fromstring(svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1))  # noqa: S314  # ours


def marks_of(svg: ET.Element) -> list[ET.Element]:
    return list(svg.iter(f"{SVG}a"))


def said(mark: ET.Element) -> str:
    return mark.findtext(f"{SVG}title") or ""


def x_of(mark: ET.Element) -> float:
    found_x = re.match(r"translate\(([\d.]+) ", mark.attrib["transform"])
    assert found_x
    return float(found_x[1])


def test_the_clients_voice_stands_above_the_owner_the_units_and_what_professionals_did() -> None:
    assert list(told().lanes) == ["voice", "owner", "unit:kela/etuudet", "unit:pirha/aikuiset", "work", "findings"]


def test_every_event_is_a_link_to_itself_that_says_what_it_is() -> None:
    links = marks_of(drawn())
    assert {it.attrib["href"] for it in links} == {f"?version={it}" for it in range(1, 12)}
    assert {said(it).split(".")[0] for it in links if "finding" not in it.attrib["class"]} == set(
        map(str, range(1, 12))
    )


def test_the_keyboard_walks_through_the_marks_in_the_order_of_time() -> None:
    places = [x_of(it) for it in marks_of(drawn())]
    assert places == sorted(places)


def test_the_picture_has_a_title_and_a_description_and_no_style_of_its_own() -> None:
    svg = drawn()
    ids = {it.attrib["id"] for it in svg.iter() if "id" in it.attrib}
    assert {svg.attrib["aria-labelledby"], svg.attrib["aria-describedby"]} <= ids
    assert svg.attrib["role"] == "group"
    assert not [it for it in svg.iter() if "style" in it.attrib or it.tag == f"{SVG}style"]
    assert not [name for it in svg.iter() for name in it.attrib if name.startswith("on")]


def test_whether_a_decision_heard_the_client_is_written_beneath_it() -> None:
    labels = {it.attrib["href"]: label.text for it in marks_of(drawn()) for label in it.iter(f"{SVG}text")
              if label.attrib["class"] == "label"}  # fmt: skip
    assert labels["?version=4"] == "heard"
    assert labels["?version=6"] == "no view"
    assert labels["?version=9"] == "not heard"


def test_offers_are_arcs_told_apart_by_their_lines_and_words() -> None:
    arcs = [it for it in drawn().iter(f"{SVG}g") if it.attrib.get("class", "").startswith("offer ")]
    assert [it.attrib["class"] for it in arcs] == ["offer refused", "offer taken", "offer waits returns"]
    assert ["declined" in said(arcs[0]), "taken on" in said(arcs[1]), "bounce" in said(arcs[2])] == [True] * 3


def test_an_offer_goes_from_the_lane_of_the_sender_to_that_of_the_receiver() -> None:
    lanes = {it.version: it.lane for it in told().marks}
    assert (lanes[4], lanes[5]) == ("unit:kela/etuudet", "unit:pirha/aikuiset")


def test_an_offer_whose_answer_does_not_count_yet_is_pending() -> None:
    then = picture(Case(**{**vars(STORY), "version": 6}), EN)
    assert [it.outcome for it in then.offers] == ["declined", "pending", "pending"]
    assert [it.later for it in then.offers] == [False, False, True]


def test_what_does_not_count_yet_at_the_moment_at_hand_is_faded() -> None:
    links = marks_of(drawn(Case(**{**vars(STORY), "version": 6})))
    later = {it.attrib["href"] for it in links if "later" in it.attrib["class"]}
    assert later == {f"?version={it}" for it in range(7, 12)}


def test_by_the_clocks_only_what_counts_then_is_not_faded() -> None:
    then = picture(Case(**{**vars(STORY), "counted": {1, 2, 4}}), EN)
    assert {it.version for it in then.marks if not it.later} == {1, 2, 4}


def test_the_moment_at_hand_is_a_line_with_its_name() -> None:
    window = Window(BEGAN, BEGAN + timedelta(days=9), BEGAN + timedelta(days=4), "Entry 6")
    lines = [it for it in drawn(window=window).iter(f"{SVG}g") if it.attrib.get("class") == "at-hand"]
    assert lines[0].findtext(f"{SVG}text") == "Entry 6"


def test_a_period_is_named_and_one_that_changes_nothing_in_a_lane_goes_on() -> None:
    case = Case(STORY.events, owner=[period(1, 0, 2, KELA), period(3, 2, None, KELA, "client")])
    held = [(it.lane, it.who) for it in picture(case, EN).periods]
    assert held == [("owner", "katri, kela/etuudet"), ("owner", "the client"), ("unit:kela/etuudet", "katri")]


def test_a_unit_without_a_named_worker_says_so() -> None:
    case = Case(STORY.events, owner=[period(1, 0, None, KELA | {"worker": None})])
    assert [it.who for it in picture(case, EN).periods if it.lane != "owner"] == ["no worker named"]


def test_a_lane_of_a_unit_that_has_nothing_in_the_window_is_not_drawn() -> None:
    early = Case(STORY.events[:3], owner=STORY.owner, handoffs=STORY.handoffs)
    titles = {it.text for it in drawn(early).iter(f"{SVG}text")}
    assert "Responsible: kela/etuudet" in titles
    assert "Responsible: pirha/aikuiset" not in titles


def test_a_finding_is_a_flag_on_the_last_of_its_entries_that_did_not_settle_it() -> None:
    flags = {it.version: it.rules for it in told().flags}
    assert flags == {1: (26,), 9: (27,)}
    late = Case(STORY.events, findings=[found(27, "plan_before_view", 9, 3)])
    assert [it.version for it in told(late).flags] == [9]


def test_two_thousand_events_over_two_years_are_legible() -> None:
    topics = ["statement-recorded", "contact-attempted", "request-made", "next-step-promised"]
    events = [entry(it + 1, topics[it % 4], it * 0.365) for it in range(2000)]
    svg = drawn(Case(events, owner=[period(1, 0, None, KELA)]))
    links = marks_of(svg)
    assert float(svg.attrib["width"]) <= WIDE
    in_lane: dict[str, list[float]] = {}
    for it in links:
        in_lane.setdefault(it.attrib["transform"].split()[1], []).append(x_of(it))
    gaps = [after - before for lane in in_lane.values() for before, after in pairwise(lane)]
    assert min(gaps) >= 40
    counted = sum(int(it.findtext(f"{SVG}text") or 1) for it in links)
    assert counted == 2000


def test_a_crowd_says_how_many_decisions_in_it_did_not_hear_the_client() -> None:
    events = [entry(it + 1, "plan-agreed", it * 0.01) for it in range(100)]
    case = Case([*events, entry(101, "case-closed", 700)], heard=[{"version": 5, "heard": "nothing"}])
    assert any("1 decisions without hearing the client" in said(it) for it in marks_of(drawn(case)))


def test_everything_that_is_drawn_is_in_the_tables() -> None:
    it = told()
    tables = rows(it, EN)
    assert {row.version for row in tables.events} == {mark.version for mark in it.marks}
    assert len(tables.periods) == len(it.periods)
    assert [row.cells[3] for row in tables.offers] == ["declined", "taken on", "waits"]
    assert [row.version for row in tables.findings] == [1, 9]
    heard = {row.version: row.cells[5] for row in tables.events}
    assert heard[9] == "not heard (nothing)"
    assert next(row.cells[6] for row in tables.events if row.version == 8) == "still open"


def test_an_entry_that_is_withheld_is_there_and_says_no_more() -> None:
    withheld = entry(1, "[withheld]", 0)
    (mark,) = picture(Case([withheld]), EN).marks
    assert (mark.what, mark.lane) == ("Withheld", "work")


def test_every_topic_of_a_case_has_a_lane_and_a_shape_that_can_be_drawn() -> None:
    for topic in codecs():
        shape, sign = signed(topic)
        assert shape in OUTLINES
        assert sign in SIGNS
    assert set(LANES) <= set(codecs())


@pytest.mark.parametrize(("since", "until", "is_in"), [(0, 1, False), (3, 4, True), (4.9, 20, True), (6, 7, False)])
def test_an_offer_is_shown_in_the_stretch_of_time_in_which_it_waited(since: float, until: float, is_in: bool) -> None:
    one = told().offers[1]
    assert is_shown(one, Window(datetime.fromisoformat(at(since)), datetime.fromisoformat(at(until)))) is is_in


def test_every_text_of_the_drawings_can_be_found_for_translation() -> None:
    found_texts = {
        it[2] for it in extract_from_dir("api/pages/drawing", [("**.py", "python")], keywords={"text": None})
    }
    assert {"The client's voice", "heard", "Owner"} <= found_texts
