"""Foreign histories are read whole, in order and in bounded memory; what cannot be read is told of, never dropped."""

import csv
import gzip
import tomllib
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.sources import BadRow, Mapping, MappingRefused, Row, SourceCase, SourceRefused, read, xes
from tests.api.reckoning import Level, reckon

HISTORIES = Path(__file__).parent / "histories"
INCIDENTS = Path(__file__).parents[3] / "shared" / "data" / "bpi_challenge_2013_incidents.xes.gz"
NOON = datetime(2025, 3, 3, 12, tzinfo=UTC)

MAPPING = """
[case]
id = "case"
client = "client"
[event]
time = "time"
activity = ["what"]
organisation = "org"
unit = "unit"
worker = "worker"
[meaning]
queued = ["queued"]
waiting_for_client = ["waiting"]
closed = ["closed", "cancelled"]
[missing]
values = ["?", "EMPTY"]
"""
COLUMNS = "case,client,time,what,org,unit,worker"
LINE = "C1,,2025-03-03T12:00Z,work,Kela,Asumistuki,Aino"
EVENT = '<event><date key="time" value="2025-03-03T12:00:00Z"/><string key="what" value="work"/></event>'


@pytest.fixture
def mapping(tmp_path: Path) -> Mapping:
    return mapping_of(tmp_path, MAPPING)


def mapping_of(folder: Path, toml: str) -> Mapping:
    path = folder / "M.toml"
    path.write_text(toml, "utf-8")
    return Mapping.read(path)


def from_csv(folder: Path, mapping: Mapping, *lines: str | bytes) -> list[SourceCase]:
    path = folder / "history.csv"
    path.write_bytes(b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines))
    return list(read(path, mapping))


def from_xes(folder: Path, mapping: Mapping, xml: str | bytes, name: str = "history.xes") -> list[SourceCase]:
    path = folder / name
    path.write_bytes(xml if isinstance(xml, bytes) else xml.encode())
    return list(read(path, mapping))


def trace(case_id: str, *events: str) -> str:
    return f'<trace><string key="case" value="{case_id}"/>{"".join(events)}</trace>'


def log(*traces: str) -> str:
    return "<log>\n" + "\n".join(traces) + "\n</log>"


def bad_rows(cases: list[SourceCase]) -> list[BadRow]:
    return [bad for case in cases for bad in case.bad]


# The samples


@pytest.mark.parametrize("kind", ["xes", "csv"])
def test_a_sample_history_is_read_whole(kind: str) -> None:
    cases = sample(kind)
    assert [case.id for case in cases] == [f"2025-00{n}" for n in range(1, 9)]
    assert [len(case.rows) for case in cases] == [6, 8, 8, 8, 8, 8, 8, 7]
    assert [case.client for case in cases][5:] == ["A-23", None, "A-60"]
    assert not bad_rows(cases)


def test_the_same_history_reads_the_same_from_xes_and_csv() -> None:
    assert without_lines(sample("xes")) == without_lines(sample("csv"))


def test_a_row_tells_where_it_stands_and_what_it_says() -> None:
    offered, taken, waiting = sample("csv")[1].rows[:3]
    since = datetime(2025, 3, 5, 8, 15, tzinfo=UTC)
    assert offered == Row(1, 6, since, "Siirto/jonossa", "queued", "Kela", "Asumistuki", None)
    assert (taken.number, taken.line, taken.meaning, taken.worker) == (2, 7, "work", "Cecilia")
    assert (waiting.meaning, waiting.organisation, waiting.unit) == ("waiting_for_client", None, None)


def test_rows_keep_the_order_of_the_file_whatever_their_times_say() -> None:
    times = [row.time for row in sample("xes")[7].rows]
    assert times[2] < times[1]


@pytest.mark.parametrize("kind", ["xes", "csv"])
@pytest.mark.parametrize(
    ("by", "counted_by_hand"),
    [
        ("unit", {"holders": 6, "moves": 17, "cases_moved": 7, "cases_returned": 5, "cases_bounced": 3, "bounces": 5}),
        ("worker", {"holders": 16, "moves": 33, "cases_moved": 8, "cases_returned": 4, "cases_bounced": 2}),
        ("organisation", {"holders": 4, "moves": 17, "cases_returned": 5, "bounces": 5, "most_moves": 4}),
        ("unit", {"cases": 8, "events": 61, "accepted": 13, "hours_unaccepted": 183.5}),
        ("unit", {"reopened_cases": 2, "reopenings": 3}),
    ],
)
def test_the_reckoning_counts_what_a_person_counts(kind: str, by: Level, counted_by_hand: dict[str, float]) -> None:
    mapping = tomllib.loads((HISTORIES / f"palvelupolut.{kind}.toml").read_text("utf-8"))
    reckoned = reckon(HISTORIES / f"palvelupolut.{kind}", mapping, by)
    assert {key: reckoned[key] for key in counted_by_hand} == counted_by_hand


def sample(kind: str) -> list[SourceCase]:
    return list(read(HISTORIES / f"palvelupolut.{kind}", Mapping.read(HISTORIES / f"palvelupolut.{kind}.toml")))


def without_lines(cases: list[SourceCase]) -> list[SourceCase]:
    return [replace(case, rows=tuple(replace(row, line=0) for row in case.rows)) for case in cases]


# A large public log


@pytest.mark.skipif(not INCIDENTS.exists(), reason="the BPI Challenge 2013 incidents are not beside the repository")
def test_the_bpi_challenge_2013_incidents_are_read_whole() -> None:
    heard: list[int] = []
    cases = events = bad = most = 0
    for case in read(INCIDENTS, Mapping.read(HISTORIES / "bpi2013.toml"), heard.append):
        cases, events, bad = cases + 1, events + len(case.rows), bad + len(case.bad)
        most = max(most, len(case.rows))
    assert (cases, events, bad, most) == (7554, 65533, 0, 123)
    assert heard == sorted(heard)
    assert len(heard) > 100
    assert heard[-1] == INCIDENTS.stat().st_size


def test_ten_times_the_events_take_no_more_memory(tmp_path: Path, mapping: Mapping) -> None:
    small = peak_of_reading(generated(tmp_path / "small.xes", events=5_000), mapping)
    large = peak_of_reading(generated(tmp_path / "large.xes", events=50_000), mapping)
    assert large < small + 2**20  # what grows is the ids of the cases that have been read


def generated(path: Path, events: int) -> Path:
    with path.open("w", encoding="utf-8") as file:
        file.write("<log>")
        for n in range(events // 50):
            file.write(trace(f"C{n}", *[EVENT] * 50))
        file.write("</log>")
    return path


def peak_of_reading(path: Path, mapping: Mapping) -> int:
    tracemalloc.start()
    try:
        assert sum(len(case.rows) for case in read(path, mapping)) % 5_000 == 0
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


# The mapping


def test_a_mapping_may_leave_out_what_has_a_default(tmp_path: Path) -> None:
    mapping = mapping_of(tmp_path, '[case]\nid="c"\n[event]\ntime="t"\nactivity="a"\nworker="w"')
    assert (mapping.client, mapping.unit, mapping.organisation, mapping.time_format) == (None, None, None, "")
    assert (mapping.activity, mapping.zone.key, mapping.meanings) == (("a",), "UTC", {})
    assert mapping.names == ("c", "t", "a", "w")


def test_a_mapping_saved_with_a_byte_order_mark_is_read(tmp_path: Path, mapping: Mapping) -> None:
    (tmp_path / "bom.toml").write_text(MAPPING, "utf-8-sig")
    assert Mapping.read(tmp_path / "bom.toml") == mapping


@pytest.mark.parametrize(
    ("said", "instead", "why"),
    [
        ("[missing]", "[mising]", "unknown key mising; there may be case, event, meaning, missing"),
        ('time = "time"', 'tiem = "time"', "unknown key event.tiem; there may be time, time_format, time_zone"),
        ('client = "client"', 'owner = "client"', "unknown key case.owner; there may be id, client"),
        ('id = "case"', "", "case.id is needed"),
        ('time = "time"', "", "event.time is needed"),
        ('activity = ["what"]', "", "event.activity is needed"),
        ('unit = "unit"\nworker = "worker"', "", "unit or worker is needed"),
        ('id = "case"', "id = 7", "case.id must be a string"),
        ('unit = "unit"', 'unit = " "', "event.unit must not be blank"),
        ('activity = ["what"]', "activity = []", "event.activity must name one or more"),
        ('activity = ["what"]', "activity = [1]", "event.activity must be a list of strings"),
        ('queued = ["queued"]', 'queued = "queued"', "meaning.queued must be a list of strings"),
        ('queued = ["queued"]', 'queued = ["closed"]', "the activity closed is both queued and closed"),
        ('time = "time"', 'time = "time"\ntime_zone = "Mars/Olympus"', "event.time_zone is not a time zone: Mars"),
        ('time = "time"', 'time = "time"\ntime_zone = "Europe"', "event.time_zone is not a time zone: Europe"),
        ('time = "time"', 'time = "time"\ntime_format = "%Q"', "event.time_format is not a form"),
        ('time = "time"', 'time = "time"\ntime_format = "%d.%m."', "event.time_format is not a form"),
        ("[case]", "case = 1\n[cases]", "case must be a table"),
        ("[case]", "[case", "Expected"),
    ],
)
def test_a_mapping_with_a_fault_is_refused_by_name(tmp_path: Path, said: str, instead: str, why: str) -> None:
    assert said in MAPPING
    with pytest.raises(MappingRefused) as refused:
        mapping_of(tmp_path, MAPPING.replace(said, instead))
    assert str(refused.value).startswith(f"The mapping cannot be used. {tmp_path / 'M.toml'}: ")
    assert why in refused.value.why


# The values of a row


@pytest.mark.parametrize(
    ("form", "zone", "text"),
    [
        ("", "UTC", "2025-03-03T12:00:00Z"),
        ("", "UTC", "2025-03-03 12:00"),
        ("", "Europe/Helsinki", "2025-03-03T14:00:00.000"),
        ("", "Europe/Helsinki", "2025-03-03T13:00:00+01:00"),
        ("%d.%m.%Y %H:%M", "Europe/Helsinki", "3.3.2025 14:00"),
        ("%d.%m.%Y %H:%M %z", "Europe/Helsinki", "3.3.2025 12:00 +0000"),
    ],
)
def test_a_time_is_read_by_its_form_and_zone(tmp_path: Path, form: str, zone: str, text: str) -> None:
    stated = f'time = "time"\ntime_format = "{form}"\ntime_zone = "{zone}"'
    mapping = mapping_of(tmp_path, MAPPING.replace('time = "time"', stated))
    (case,) = from_csv(tmp_path, mapping, COLUMNS, f"C1,,{text},work,,,")
    assert case.rows[0].time == NOON
    assert case.rows[0].time.tzinfo is UTC


@pytest.mark.parametrize(
    ("what", "meaning"),
    [("queued", "queued"), ("waiting", "waiting_for_client"), ("cancelled", "closed"), ("Queued", "work")],
)
def test_an_activity_means_what_the_mapping_says_and_work_otherwise(
    tmp_path: Path, mapping: Mapping, what: str, meaning: str
) -> None:
    (case,) = from_csv(tmp_path, mapping, COLUMNS, LINE.replace("work", what))
    assert (case.rows[0].activity, case.rows[0].meaning) == (what, meaning)


def test_a_queued_row_names_no_worker(tmp_path: Path, mapping: Mapping) -> None:
    (case,) = from_csv(tmp_path, mapping, COLUMNS, LINE.replace("work", "queued"))
    assert (case.rows[0].unit, case.rows[0].worker) == ("Asumistuki", None)


def test_a_row_that_states_no_holder_is_no_bad_row(tmp_path: Path, mapping: Mapping) -> None:
    (case,) = from_csv(tmp_path, mapping, COLUMNS, "C1,?,2025-03-03T12:00Z,work,?, EMPTY ,")
    assert (case.client, case.bad) == (None, ())
    assert (case.rows[0].organisation, case.rows[0].unit, case.rows[0].worker) == (None, None, None)


# CSV


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_csv_may_be_separated_as_spreadsheets_do(tmp_path: Path, mapping: Mapping, separator: str) -> None:
    lines = [line.replace(",", separator) for line in (COLUMNS, LINE)]
    assert from_csv(tmp_path, mapping, *lines)[0].rows[0].unit == "Asumistuki"


def test_a_csv_with_byte_order_mark_quotes_and_other_columns_is_read(tmp_path: Path, mapping: Mapping) -> None:
    lines = ("\ufeff" + COLUMNS + ",note", LINE + ',"a ""note"",\non two lines"', "", LINE + ",")
    (case,) = from_csv(tmp_path, mapping, *lines)
    assert [(row.number, row.line) for row in case.rows] == [(1, 2), (2, 5)]


def test_the_client_of_a_case_in_csv_is_the_first_stated(tmp_path: Path, mapping: Mapping) -> None:
    (case,) = from_csv(tmp_path, mapping, COLUMNS, *(LINE.replace("C1,", f"C1,{client}") for client in ("?", "A", "B")))
    assert case.client == "A"


def test_a_gzipped_csv_is_known_by_its_content(tmp_path: Path, mapping: Mapping) -> None:
    (tmp_path / "history").write_bytes(gzip.compress(f"{COLUMNS}\n{LINE}".encode()))
    assert [case.id for case in read(tmp_path / "history", mapping)] == ["C1"]


def test_cases_that_lie_between_one_another_come_in_order_of_first_appearance(tmp_path: Path, mapping: Mapping) -> None:
    cases = from_csv(tmp_path, mapping, COLUMNS, *(LINE.replace("C1", case_id) for case_id in "baabca"))
    assert [(case.id, [row.line for row in case.rows]) for case in cases] == [
        ("b", [2, 5]),
        ("a", [3, 4, 7]),
        ("c", [6]),
    ]


@pytest.mark.parametrize(
    ("line", "case_id", "reason"),
    [
        (LINE + ",more", "", "8 fields where there are 7 columns"),
        ("C1,,2025-03-03", "", "3 fields where there are 7 columns"),
        (LINE.replace("C1", " "), "", "no case: case is not stated"),
        (LINE.replace("C1", "?"), "", "no case: case is not stated"),
        (LINE.replace("2025-03-03", "3.3.2025"), "C1", "time is not a time in ISO 8601: '3.3.2025T12:00Z'"),
        (LINE.replace("2025-03-03T12:00Z", "0001-01-01T00:00+14:00"), "C1", "time is not a time in ISO 8601"),
        (LINE.replace("2025-03-03T12:00Z", ""), "C1", "no time: time is not stated"),
        (LINE.replace("work", ""), "C1", "no activity: what is not stated"),
        (LINE.encode().replace(b"Aino", b"\xc4ij\xe4"), "", "not UTF-8 text: worker"),
        (LINE.replace("Aino", "Ai\0no"), "", "not UTF-8 text: worker"),
        (LINE.replace("Aino", '"Ai"no'), "", "not CSV, in lines 3 to 3"),
        (LINE.replace("Aino", '"Aino\n' + LINE + '\nx "quoted'), "", "not CSV, in lines 3 to 5"),
        (LINE.replace("Aino", "A" * 200_000), "", "not CSV, in lines 3 to 3: field larger"),
    ],
)
def test_a_bad_row_is_told_of_and_the_rows_around_it_are_read(
    tmp_path: Path, mapping: Mapping, line: str | bytes, case_id: str, reason: str
) -> None:
    cases = from_csv(tmp_path, mapping, COLUMNS, LINE, line, LINE)
    (told,) = [(case.id, bad) for case in cases for bad in case.bad]
    assert told[0] == case_id
    assert told[1].line == 3
    assert told[1].reason.startswith(reason)
    assert [row.number for row in cases[0].rows] == ([1, 3] if case_id else [1, 2])


def test_a_quotation_that_never_ends_is_told_of(tmp_path: Path, mapping: Mapping) -> None:
    cases = from_csv(tmp_path, mapping, COLUMNS, LINE, '"' + LINE, LINE)
    assert bad_rows(cases) == [BadRow(3, "not CSV, in lines 3 to 4: unexpected end of data")]


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ((COLUMNS.replace("unit", "team"), LINE), "no column is called 'unit'; the columns are case, client, time"),
        ((COLUMNS + ",unit", LINE + ","), "2 columns are called 'unit'"),
        (("",), "it is empty"),
        (("", LINE), "there are no column names"),
        ((COLUMNS.encode("utf-16"),), "the column names are not UTF-8 text"),
        ((b"\xe4" + COLUMNS.encode(),), "the column names are not UTF-8 text"),
        (('"case"x' + COLUMNS,), "the column names cannot be read"),
    ],
)
def test_a_csv_without_the_columns_is_refused(
    tmp_path: Path, mapping: Mapping, lines: tuple[str | bytes, ...], why: str
) -> None:
    with pytest.raises(SourceRefused, match=why):
        from_csv(tmp_path, mapping, *lines)


def test_progress_in_a_csv_is_the_share_of_rows_handed_out(tmp_path: Path, mapping: Mapping) -> None:
    path = tmp_path / "history.csv"
    path.write_text("\n".join([COLUMNS, LINE, LINE, LINE, LINE.replace("C1", "C2")]))
    heard: list[int] = []
    assert [case.id for case in read(path, mapping, heard.append)] == ["C1", "C2"]
    size = path.stat().st_size
    assert heard == [size * 3 // 4, size, size]


# Blanks around a name are no part of it, and a case id must be one.
names = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1).filter(
    lambda name: name not in {"?", "EMPTY"}
)


@given(told=st.lists(st.tuples(names, names)))
def test_any_csv_comes_back_in_order(tmp_path_factory: pytest.TempPathFactory, told: list[tuple[str, str]]) -> None:
    folder = tmp_path_factory.mktemp("csv")
    with (folder / "history.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([COLUMNS.split(","), *([c, "", "2025-03-03", "work", "", u, ""] for c, u in told)])
    cases = list(read(folder / "history.csv", mapping_of(folder, MAPPING)))
    assert {case.id: [row.unit for row in case.rows] for case in cases} == {
        case_id: [unit for other, unit in told if other == case_id] for case_id, _ in told
    }
    assert [case.id for case in cases] == list(dict.fromkeys(case_id for case_id, _ in told))


# XES


@pytest.mark.parametrize(
    "root",
    [
        "<log>{}</log>",
        '<log xmlns="http://www.xes-standard.org/">{}</log>',
        '<?xml version="1.0" encoding="ISO-8859-1"?><log>{}</log>',
    ],
)
def test_xes_is_read_with_and_without_a_namespace(tmp_path: Path, mapping: Mapping, root: str) -> None:
    xml = root.format(trace("C1", EVENT)).encode("iso-8859-1")
    assert [(case.id, len(case.rows)) for case in from_xes(tmp_path, mapping, xml)] == [("C1", 1)]


def test_xes_with_a_prefix_in_utf_16_and_with_no_ending_is_known_by_its_content(
    tmp_path: Path, mapping: Mapping
) -> None:
    xml = log(trace("C1", EVENT)).replace("</", "</xes:").replace("<log", '<xes:log xmlns:xes="http://x"')
    xml = xml.replace("<trace", "<xes:trace").replace("<event", "<xes:event")
    assert len(from_xes(tmp_path, mapping, xml.encode("utf-16"), name="history")) == 1


def test_an_attribute_may_be_of_any_type_and_what_is_nested_in_it_is_its_own(tmp_path: Path, mapping: Mapping) -> None:
    event = """<event>
        <date key="time" value="2025-03-03T12:00:00Z"/>
        <int key="what" value="7"><string key="what" value="nested"/></int>
        <boolean key="org" value="true"/>
        <id key="unit" value="e4f1"/>
        <list key="worker"><values><string key="worker" value="nested"/></values></list>
    </event>"""
    client = '<trace><id key="client" value="A-1"><string key="case" value="nested"/></id>'
    (case,) = from_xes(tmp_path, mapping, log(trace("C1", event).replace("<trace>", client)))
    assert (case.id, case.client) == ("C1", "A-1")
    assert case.rows == (Row(1, 2, NOON, "7", "work", "true", "e4f1", None),)


def test_the_defaults_of_a_log_are_not_applied(tmp_path: Path, mapping: Mapping) -> None:
    defaults = '<global scope="event"><string key="unit" value="UNKNOWN"/></global>'
    (case,) = from_xes(tmp_path, mapping, log(defaults, trace("C1", EVENT)))
    assert case.rows[0].unit is None


def test_attributes_of_a_trace_may_come_after_its_events(tmp_path: Path, mapping: Mapping) -> None:
    xml = log(f'<trace>{EVENT}<string key="case" value="C1"/></trace>')
    assert [case.id for case in from_xes(tmp_path, mapping, xml)] == ["C1"]


def test_bad_events_are_told_of_and_the_events_around_them_are_read(tmp_path: Path, mapping: Mapping) -> None:
    late, idle = EVENT.replace("12:00:00Z", "25:00"), EVENT.replace('"work"', '" "')
    (case,) = from_xes(tmp_path, mapping, log(trace("C1", EVENT, "\n" + late, "\n" + idle, "\n" + EVENT)))
    assert [(row.number, row.line) for row in case.rows] == [(1, 2), (4, 5)]
    assert case.bad == (
        BadRow(3, "time is not a time in ISO 8601: '2025-03-03T25:00'"),
        BadRow(4, "no activity: what is not stated"),
    )


@pytest.mark.parametrize(
    ("xml", "reason", "times"),
    [
        (log(trace("", EVENT, EVENT)), "no case: case of its trace is not stated", 2),
        (log(trace("C1", EVENT), trace("C1", EVENT, EVENT)), "a second trace of the case C1, which began on line 2", 2),
        (log(trace("C1", EVENT), trace("C1")), "a second trace of the case C1, which began on line 2", 1),
        (log(EVENT, trace("C1", EVENT)), "no case: the event is outside any trace", 1),
        (log(f"<trace><x>{EVENT}</x></trace>".replace("<trace>", trace("C1", EVENT)[:-8])), "no case: the event", 1),
    ],
)
def test_events_of_no_case_are_told_of_under_no_id(
    tmp_path: Path, mapping: Mapping, xml: str, reason: str, times: int
) -> None:
    cases = from_xes(tmp_path, mapping, xml)
    nobodys = [bad for case in cases if not case.id for bad in case.bad]
    assert len(nobodys) == times
    assert all(bad.reason.startswith(reason) for bad in nobodys)
    assert not any(case.rows for case in cases if not case.id)
    assert [len(case.rows) for case in cases if case.id] in ([], [1])


def test_a_trace_without_events_is_told_of(tmp_path: Path, mapping: Mapping) -> None:
    assert from_xes(tmp_path, mapping, log(trace("C1"))) == [
        SourceCase("C1", None, (), (BadRow(2, "the case has no events"),))
    ]


LAUGHS = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>' + log(trace("&b;", EVENT))
OUTSIDE = '<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/hostname">]>' + log(trace("&a;", EVENT))


@pytest.mark.parametrize(
    ("xml", "why"),
    [
        (LAUGHS, "line 1: document type definitions and entities are refused"),
        (OUTSIDE, "line 1: document type definitions and entities are refused"),
        ("<!DOCTYPE log>" + log(), "document type definitions"),
        ('<!DOCTYPE log SYSTEM "http://example.org/xes.dtd">' + log(), "document type definitions"),
        (log(trace("&a;", EVENT)), "line 2: not whole XML: undefined entity"),
        (log(trace("C1", EVENT))[:-20], "not whole XML"),
        (log(trace("C1", EVENT)) + "<log/>", "line 3: not whole XML: junk after document element"),
        (log(trace("C1", EVENT)).encode().replace(b"C1", b"\xe4"), "line 2: not whole XML: not well-formed"),
        ('<?xml version="1.0" encoding="klingon"?><log/>', "not whole XML: unknown encoding"),
        ("", "it is empty"),
        (" ", "not whole XML: no element found"),
        ("case,time\nC1,now", "line 1: not whole XML"),
        ("<html><body/></html>", "line 1: not XES: the outermost element is <html>, not <log>"),
        (log("<a>" * 200), "line 2: elements are nested more than 100 deep"),
        (log("<!--" + " " * 3 * 2**20 + "-->"), "an element is longer than 1048576 bytes"),
    ],
)
def test_xml_that_is_hostile_broken_or_not_xes_is_refused(
    tmp_path: Path, mapping: Mapping, xml: str | bytes, why: str
) -> None:
    with pytest.raises(SourceRefused) as refused:
        from_xes(tmp_path, mapping, xml)
    message = str(refused.value)
    assert message.startswith(f"The file cannot be read as a history of cases. {tmp_path / 'history.xes'}")
    assert why in message


def test_hostile_xml_is_refused_under_any_name(tmp_path: Path, mapping: Mapping) -> None:
    with pytest.raises(SourceRefused, match="document type definitions"):
        from_xes(tmp_path, mapping, "\n".join(("", LAUGHS)), name="history.csv")


def test_a_case_too_large_to_hold_is_refused(tmp_path: Path, mapping: Mapping, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xes, "ROWS_AT_MOST", 3)
    assert len(from_xes(tmp_path, mapping, log(trace("C1", *[EVENT] * 3)))) == 1
    with pytest.raises(SourceRefused, match="a case has more than 3 events"):
        from_xes(tmp_path, mapping, log(trace("C1", *[EVENT] * 4)))


def test_cases_before_a_broken_place_are_handed_out(tmp_path: Path, mapping: Mapping) -> None:
    path = generated(tmp_path / "history.xes", events=5_000)
    path.write_bytes(path.read_bytes()[:-100_000])
    cases = read(path, mapping)
    assert next(cases).id == "C0"
    with pytest.raises(SourceRefused, match="not whole XML"):
        list(cases)


# Gzip


def test_gzip_that_breaks_off_is_refused(tmp_path: Path, mapping: Mapping) -> None:
    packed = gzip.compress(log(trace("C1", EVENT)).encode())
    with pytest.raises(SourceRefused, match="broken gzip after 0 unpacked bytes: Compressed file ended"):
        from_xes(tmp_path, mapping, packed[:-20])


@pytest.mark.parametrize("at", [12, 40, -5])
def test_gzip_that_is_damaged_is_refused(tmp_path: Path, mapping: Mapping, at: int) -> None:
    packed = bytearray(gzip.compress(log(trace("C1", EVENT)).encode()))
    packed[at] ^= 0xFF
    with pytest.raises(SourceRefused, match="broken gzip"):
        from_xes(tmp_path, mapping, bytes(packed))


@pytest.mark.parametrize(("name", "start"), [("history.xes.gz", b"<log>"), ("history.csv.gz", COLUMNS.encode())])
def test_gzip_that_unpacks_out_of_proportion_is_refused(
    tmp_path: Path, mapping: Mapping, name: str, start: bytes
) -> None:
    bomb = gzip.compress(start + b"\n" * 20 * 2**20)
    with pytest.raises(SourceRefused, match=r"(out of proportion to its \d+|longer than 1048576 bytes)"):
        from_xes(tmp_path, mapping, bomb, name)


def test_the_proportion_is_the_readers_to_set(tmp_path: Path, mapping: Mapping) -> None:
    path = tmp_path / "history.xes.gz"
    path.write_bytes(gzip.compress(generated(tmp_path / "plain", events=20_000).read_bytes()))
    with pytest.raises(SourceRefused, match="out of proportion"):
        list(read(path, mapping, packed_at_most=2))
    assert len(list(read(path, mapping, packed_at_most=1_000))) == 400


# Whatever comes


def damaged(sound: bytes) -> Iterator[bytes]:
    for at in range(0, len(sound), max(len(sound) // 150, 1)):
        yield sound[:at]
        yield sound[:at] + b"\xff" + sound[at + 1 :]
        yield sound[:at] + b"<" + sound[at:]
        yield sound[:at] + b'"' + sound[at:]


@pytest.mark.parametrize("kind", ["xes", "csv"])
def test_a_damaged_file_is_read_or_refused_and_nothing_else(tmp_path: Path, kind: str) -> None:
    mapping = Mapping.read(HISTORIES / f"palvelupolut.{kind}.toml")
    path = tmp_path / f"history.{kind}"
    for content in damaged((HISTORIES / f"palvelupolut.{kind}").read_bytes()):
        path.write_bytes(content)
        try:
            ids = [case.id for case in read(path, mapping) if case.id]
        except SourceRefused:
            continue
        assert len(set(ids)) == len(ids)


@given(content=st.binary())
def test_any_bytes_are_read_or_refused_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("bytes")
    mapping = mapping_of(folder, MAPPING)
    for name in ("history", "history.xes"):
        (folder / name).write_bytes(content)
        with pytest.raises(SourceRefused):
            list(read(folder / name, mapping))
