"""Reading the case histories of other systems: XES event logs (IEEE 1849) and CSV tables, plain or gzipped.

Pure reading: a file and a mapping go in, cases come out. Nothing is guessed and nothing is dropped in silence: a row
that cannot be read comes out as a `BadRow`, and a file that cannot be read is refused with the place and the reason.
"""

import csv
import gzip
import io
import sys
import tomllib
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, Literal, Self, cast
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl
from zoneinfo import ZoneInfo

from defusedxml.common import DefusedXmlException
from defusedxml.expatreader import create_parser

Progress = Callable[[int], None]
Meaning = Literal["work", "queued", "waiting_for_client", "closed"]

PACKED_AT_MOST = 200  # unpacked bytes to a packed one; event logs pack 20 to 60 times, a bomb 1,000 times
SMALL = 2**20  # what may always be unpacked, and the longest stretch of XML without a tag, in bytes
CHUNK = 2**16
ROWS_AT_MOST = 100_000  # of one case, which is held in memory
DEEPEST = 100  # XES nests a handful deep; open elements are held in memory


# What comes out


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that happened in a case, as the source tells it.

    `number` runs from 1 within the case, in the file's order, and counts bad rows too. `line` is the line of the
    file the row begins on. `time` is in UTC. None is "not stated": that part of the placement stays as it was.
    A queued row names no worker, whatever the file says: nobody has accepted the case yet.
    """

    number: int
    line: int
    time: datetime
    activity: str
    meaning: Meaning
    organisation: str | None
    unit: str | None
    worker: str | None


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be read: where it begins, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class SourceCase:
    """A case with its rows in the file's order, whatever their times say.

    No `id` comes twice. Bad rows that belong to no case come under the empty `id`, which may come many times and
    never has `rows`.
    """

    id: str
    client: str | None
    rows: tuple[Row, ...]
    bad: tuple[BadRow, ...]


class Refused(Exception):
    """What was given cannot be used."""

    def __init__(self, path: Path, why: str, line: int | None = None) -> None:
        self.path, self.why, self.line = path, why, line
        place = f"{path}, line {line}" if line else f"{path}"
        super().__init__(f"{type(self).__doc__} {place}: {why}")


class MappingRefused(Refused):
    """The mapping cannot be used."""


class SourceRefused(Refused):
    """The file cannot be read as a history of cases."""


class _Unreadable(ValueError):
    """A value of a row that cannot be read; the message is the reason."""


# The mapping


@dataclass(frozen=True)
class Mapping:
    """Which attributes (XES) or columns (CSV) of a file say what.

    `activity` names are joined by "/", and `meanings` tells what an activity so named means; any other is work on
    the case. Values in `missing` are read as "not stated", as blank ones always are. `zone` is the time zone of
    times without an offset; an hour that comes twice when the clocks go back is read as the first of the two.
    """

    id: str
    client: str | None
    time: str
    time_format: str
    zone: ZoneInfo
    activity: tuple[str, ...]
    organisation: str | None
    unit: str | None
    worker: str | None
    meanings: dict[str, Meaning]
    missing: frozenset[str]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a mapping from a TOML file. Raises `MappingRefused`, and OSError where there is no such file."""
        try:
            said = _checked(tomllib.loads(path.read_text("utf-8-sig")))
            return cls(
                id=said["case.id"],
                client=said.get("case.client"),
                time=said["event.time"],
                time_format=said.get("event.time_format", ""),
                zone=said.get("event.time_zone", ZoneInfo("UTC")),
                activity=said["event.activity"],
                organisation=said.get("event.organisation"),
                unit=said.get("event.unit"),
                worker=said.get("event.worker"),
                meanings=_meanings(said),
                missing=frozenset(said.get("missing.values", ())) | {""},
            )
        except ValueError as wrong:
            raise MappingRefused(path, str(wrong)) from wrong

    @property
    def names(self) -> tuple[str, ...]:
        """Every attribute or column the mapping names, each once."""
        named = (self.id, self.client, self.time, *self.activity, self.organisation, self.unit, self.worker)
        return tuple(dict.fromkeys(name for name in named if name is not None))

    def stated(self, name: str | None, said: dict[str, str]) -> str | None:
        """Look up what is said under a name, without the blanks around it; None where it is not stated."""
        value = said.get(name, "").strip() if name else ""
        # names recur on every row: one copy of each keeps large histories small in memory
        return None if value in self.missing else sys.intern(value)

    def row(self, number: int, line: int, said: dict[str, str]) -> Row:
        """Read one row."""
        activity = "/".join(self._part(name, said) for name in self.activity)
        meaning = self.meanings.get(activity, "work")
        return Row(
            number=number,
            line=line,
            time=self._moment(said.get(self.time, "").strip()),
            activity=sys.intern(activity),
            meaning=meaning,
            organisation=self.stated(self.organisation, said),
            unit=self.stated(self.unit, said),
            worker=None if meaning == "queued" else self.stated(self.worker, said),
        )

    def _part(self, name: str, said: dict[str, str]) -> str:
        # blank only: what "?" means for a placement says nothing of what was done
        if part := said.get(name, "").strip():
            return part
        raise _Unreadable(f"no activity: {name} is not stated")

    def _moment(self, text: str) -> datetime:
        if not text:
            raise _Unreadable(f"no time: {self.time} is not stated")
        form = self.time_format
        try:
            moment = datetime.strptime(text, form) if form else datetime.fromisoformat(text)  # noqa: DTZ007  zoned below
            return (moment if moment.tzinfo else moment.replace(tzinfo=self.zone)).astimezone(UTC)
        except (ValueError, OverflowError) as wrong:
            expected = f"of the form {form}" if form else "in ISO 8601"
            raise _Unreadable(f"{self.time} is not a time {expected}: {text[:60]!r}") from wrong


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a string")
    return value.strip()


def _name(value: object) -> str:
    if not (name := _text(value)):
        raise ValueError("must not be blank; leave it out where there is none")
    return name


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise ValueError("must be a list of strings")
    return tuple(text.strip() for text in value)


def _names(value: object) -> tuple[str, ...]:
    names = _texts([value] if isinstance(value, str) else value)
    if not names or "" in names:
        raise ValueError("must name one or more")
    return names


def _format(value: object) -> str:
    form = _text(value)
    try:
        datetime.strptime(datetime(2024, 2, 29, tzinfo=UTC).strftime(form), form)  # noqa: DTZ007  a trial of the form
    except ValueError as wrong:
        raise ValueError(f"is not a form that times can be read by: {wrong}") from wrong
    return form


def _zone(value: object) -> ZoneInfo:
    name = _name(value)
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as wrong:  # OSError: a folder of zones, such as "Europe"
        raise ValueError(f"is not a time zone: {name}") from wrong


KEYS: dict[str, dict[str, Callable[[object], Any]]] = {
    "case": {"id": _name, "client": _name},
    "event": {
        "time": _name,
        "time_format": _format,
        "time_zone": _zone,
        "activity": _names,
        "organisation": _name,
        "unit": _name,
        "worker": _name,
    },
    "meaning": {"queued": _texts, "waiting_for_client": _texts, "closed": _texts},
    "missing": {"values": _texts},
}
REQUIRED = ("case.id", "event.time", "event.activity")


def _checked(tables: dict[str, Any]) -> dict[str, Any]:
    """Every key of the mapping by its full name, with its value checked."""
    said = dict(chain.from_iterable(_section(name, table) for name, table in tables.items()))
    for key in REQUIRED:
        if key not in said:
            raise ValueError(f"{key} is needed")
    if "event.unit" not in said and "event.worker" not in said:
        raise ValueError("unit or worker is needed, under [event]")
    return said


def _section(section: str, table: object) -> Iterator[tuple[str, Any]]:
    if section not in KEYS:
        raise ValueError(f"unknown key {section}; there may be {', '.join(KEYS)}")
    if not isinstance(table, dict):
        raise ValueError(f"{section} must be a table: [{section}]")
    for key, value in table.items():
        if key not in KEYS[section]:
            raise ValueError(f"unknown key {section}.{key}; there may be {', '.join(KEYS[section])}")
        try:
            yield f"{section}.{key}", KEYS[section][key](value)
        except ValueError as wrong:
            raise ValueError(f"{section}.{key} {wrong}") from wrong


def _meanings(said: dict[str, Any]) -> dict[str, Meaning]:
    meanings: dict[str, Meaning] = {}
    for meaning in KEYS["meaning"]:
        for activity in said.get(f"meaning.{meaning}", ()):
            if meanings.setdefault(activity, cast("Meaning", meaning)) != meaning:
                raise ValueError(f"the activity {activity} is both {meanings[activity]} and {meaning}")
    return meanings


# Reading


def read(
    path: Path, mapping: Mapping, progress: Progress | None = None, *, packed_at_most: int = PACKED_AT_MOST
) -> Iterator[SourceCase]:
    """Read a history case by case, in the order the cases first appear.

    An XES file is read as a stream, one case in memory at a time. The rows of a CSV file's cases may lie between one
    another's, so the whole of it is gathered before the first case comes out; a case's client is the first its rows
    state, and a row whose case cannot be known comes last.

    `progress` is told how many bytes of the file, as it lies on the disk, lie behind the cases handed out so far: a
    bar can be drawn against the file's size. For CSV that is the share of rows handed out.

    Raises `SourceRefused` for a file that is no history, breaks off, or is hostile: XML with a document type
    definition or entities, or gzip that unpacks to more than `packed_at_most` times its size (and over 1 MiB). Cases
    before the broken place may have been handed out by then. Raises OSError where the file cannot be opened.
    """
    with path.open("rb") as file:
        source = _Source(path, file, packed_at_most)
        stream = io.BufferedReader(source, CHUNK)
        if not (head := stream.peek()):
            raise source.refused("it is empty")
        cases = _read_xes if _is_xes(path, head) else _read_csv
        yield from cases(source, stream, mapping, progress or (lambda _: None))


class _Source(io.RawIOBase):
    """The bytes of a file, unpacked where it is gzipped, and never more of them than it may hold."""

    def __init__(self, path: Path, file: BinaryIO, packed_at_most: int) -> None:
        self.path, self.file = path, file
        self.size = path.stat().st_size
        self.count = 0
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        self.content = cast("BinaryIO", gzip.GzipFile(fileobj=file)) if packed else file
        self.at_most = max(SMALL, self.size * packed_at_most)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        try:
            data = self.content.read(len(buffer))
        except (EOFError, gzip.BadGzipFile, zlib.error) as wrong:
            raise self.refused(f"broken gzip after {self.count} unpacked bytes: {wrong}") from wrong
        self.count += len(data)
        if self.count > self.at_most:
            raise self.refused(f"unpacks to more than {self.at_most} bytes, out of proportion to its {self.size}")
        buffer[: len(data)] = data
        return len(data)

    def refused(self, why: str, line: int | None = None) -> SourceRefused:
        return SourceRefused(self.path, why, line)


def _is_xes(path: Path, head: bytes) -> bool:
    """Tell XES by its name or its first character, for UTF-16 is XML too."""
    name = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    if name.suffix.lower() in {".xes", ".xml"}:
        return True
    return head.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n").startswith(b"<")


class _Gathering:
    """The rows of one case while they are being read."""

    def __init__(self, mapping: Mapping) -> None:
        self.mapping = mapping
        self.client: str | None = None
        self.rows: list[Row] = []
        self.bad: list[BadRow] = []

    def __len__(self) -> int:
        return len(self.rows) + len(self.bad)

    def add(self, line: int, said: dict[str, str]) -> None:
        try:
            self.rows.append(self.mapping.row(len(self) + 1, line, said))
        except _Unreadable as wrong:
            self.bad.append(BadRow(line, str(wrong)))

    def case(self, case_id: str) -> SourceCase:
        return SourceCase(case_id, self.client, tuple(self.rows), tuple(self.bad))

    def of_no_case(self, reason: str) -> SourceCase:
        lines = sorted([row.line for row in self.rows] + [row.line for row in self.bad])
        return _of_no_case(BadRow(line, reason) for line in lines)


def _of_no_case(bad: Iterator[BadRow]) -> SourceCase:
    return SourceCase("", None, (), tuple(bad))


# XES


def _read_xes(source: _Source, stream: BinaryIO, mapping: Mapping, progress: Progress) -> Iterator[SourceCase]:
    parser = create_parser(forbid_dtd=True)  # with defusedxml's own refusals of entities and external references
    log = _Log(mapping, source, parser.getLineNumber)
    parser.setContentHandler(log)
    for chunk in iter(lambda: stream.read(CHUNK), b""):
        _parse(source, parser, partial(parser.feed, chunk))
        log.only_short_elements(len(chunk))
        yield from log.taken()
        progress(source.file.tell())
    _parse(source, parser, parser.close)
    yield from log.taken()
    progress(source.size)


def _parse(source: _Source, parser: Any, step: Callable[[], None]) -> None:
    """Take a step of parsing, and refuse the source where it is hostile or broken."""
    try:
        step()
    except SAXParseException as wrong:
        raise source.refused(f"not whole XML: {wrong.getMessage()}", wrong.getLineNumber()) from wrong
    except DefusedXmlException as wrong:
        why = "document type definitions and entities are refused"
        raise source.refused(why, parser.getLineNumber()) from wrong
    except (LookupError, ValueError) as wrong:  # what expat says of an encoding it does not know
        raise source.refused(f"not whole XML: {wrong}", parser.getLineNumber()) from wrong


class _Log(ContentHandler):
    """The log as it streams past: <log>, in it <trace>, in it <event>, in each the attributes.

    An attribute is any element with a key and a value, whatever its type (string, date, int, boolean, id...). Those
    nested in another attribute tell of that attribute, not of the case, and are passed by. The defaults under
    <global> are not applied: they stand for "unknown" by the standard's own examples, and a value that nobody stated
    must not become a unit.
    """

    TRACE, EVENT = 2, 3  # how deep they lie
    characters = None  # type: ignore[assignment]  # XES says nothing in text: the parser need not call for it

    def __init__(self, mapping: Mapping, source: _Source, line: Callable[[], int]) -> None:
        super().__init__()
        self.mapping, self.source, self.line = mapping, source, line
        self.names = frozenset(mapping.names)
        self.depth = 0
        self.begun: dict[str, int] = {}  # the line each case began on
        self.ready: list[SourceCase] = []
        self.trace: dict[str, str] | None = None
        self.event: dict[str, str] | None = None
        self.rows = _Gathering(mapping)
        self.trace_line = self.event_line = 0
        self.tags = self.tags_before = self.bytes_without_tags = 0

    def taken(self) -> list[SourceCase]:
        """Hand out the cases that are whole."""
        taken, self.ready = self.ready, []
        return taken

    def only_short_elements(self, fed: int) -> None:
        """Refuse XML that would have to be held in memory without end for want of a next tag."""
        self.bytes_without_tags = self.bytes_without_tags + fed if self.tags == self.tags_before else 0
        self.tags_before = self.tags
        if self.bytes_without_tags > SMALL:
            raise self.source.refused(f"an element is longer than {SMALL} bytes", self.line())

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802  the parser's name
        self.tags += 1
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.source.refused(f"elements are nested more than {DEEPEST} deep", self.line())
        if self.event is None:
            self._open(name.rpartition(":")[2], attrs)
        elif self.depth == self.EVENT + 1:
            self._keep(self.event, attrs)

    def endElement(self, name: str) -> None:  # noqa: ARG002, N802  the parser's name
        if self.depth == self.EVENT and self.event is not None:
            self._end_event(self.event)
        elif self.depth == self.TRACE and self.trace is not None:
            self._end_trace(self.trace)
        self.depth -= 1

    def _open(self, tag: str, attrs: AttributesImpl) -> None:
        if self.depth == 1 and tag != "log":
            raise self.source.refused(f"not XES: the outermost element is <{tag}>, not <log>", self.line())
        if tag == "trace" and self.depth == self.TRACE:
            self.trace, self.trace_line, self.rows = {}, self.line(), _Gathering(self.mapping)
        elif tag == "event":
            self._begin_event()
        elif self.trace is not None and self.depth == self.TRACE + 1:
            self._keep(self.trace, attrs)

    def _keep(self, said: dict[str, str], attrs: AttributesImpl) -> None:
        key = attrs.get("key")
        if key in self.names:
            said[key] = attrs.get("value") or ""

    def _begin_event(self) -> None:
        if self.trace is None or self.depth != self.EVENT:
            self.ready.append(_of_no_case(iter([BadRow(self.line(), "no case: the event is outside any trace")])))
        elif len(self.rows) == ROWS_AT_MOST:
            raise self.source.refused(f"a case has more than {ROWS_AT_MOST} events", self.line())
        else:
            self.event, self.event_line = {}, self.line()

    def _end_event(self, said: dict[str, str]) -> None:
        self.rows.add(self.event_line, said)
        self.event = None

    def _end_trace(self, said: dict[str, str]) -> None:
        if not self.rows:
            self.rows.bad.append(BadRow(self.trace_line, "the case has no events"))
        self.ready.append(self._case(said))
        self.trace = None

    def _case(self, said: dict[str, str]) -> SourceCase:
        case_id = self.mapping.stated(self.mapping.id, said)
        if case_id is None:
            return self.rows.of_no_case(f"no case: {self.mapping.id} of its trace is not stated")
        if case_id in self.begun:
            began = self.begun[case_id]
            return self.rows.of_no_case(f"a second trace of the case {case_id}, which began on line {began}")
        self.begun[case_id] = self.trace_line
        self.rows.client = self.mapping.stated(self.mapping.client, said)
        return self.rows.case(case_id)


# CSV


def _read_csv(source: _Source, stream: BinaryIO, mapping: Mapping, progress: Progress) -> Iterator[SourceCase]:
    lines = io.TextIOWrapper(stream, "utf-8-sig", errors="surrogateescape", newline="")
    cases, bad = _gathered(_Table(source, lines, mapping.names), mapping)
    total, behind = sum(map(len, cases.values())), 0
    for case_id in list(cases):
        rows = cases.pop(case_id)
        behind += len(rows)
        yield rows.case(case_id)
        progress(source.size * behind // total)
    if bad:
        yield _of_no_case(iter(bad))
    progress(source.size)


class _Table:
    """The records of a CSV file: separated by commas, semicolons or tabs, whichever its first line has most of."""

    def __init__(self, source: _Source, lines: io.TextIOWrapper, names: tuple[str, ...]) -> None:
        first = lines.readline()
        if not first.strip():
            raise source.refused("its first line is empty: there are no column names", 1)
        if not _is_text(first):
            raise source.refused("the column names are not UTF-8 text", 1)
        # strict: a stray quotation mark makes a bad row, where it would else swallow the rows that follow unseen
        self.records = csv.reader(chain([first], lines), delimiter=max(",;\t", key=first.count), strict=True)
        self.columns = [name.strip() for name in self._header(source)]
        self.wanted = {name: self._place(source, name) for name in names}

    def _header(self, source: _Source) -> list[str]:
        try:
            return next(self.records)
        except csv.Error as wrong:
            raise source.refused(f"the column names cannot be read: {wrong}", 1) from wrong

    def _place(self, source: _Source, name: str) -> int:
        if (times := self.columns.count(name)) != 1:
            what = f"{times} columns are" if times else "no column is"
            raise source.refused(f"{what} called {name!r}; the columns are {', '.join(self.columns)}", 1)
        return self.columns.index(name)

    def rows(self) -> Iterator[tuple[int, dict[str, str] | str]]:
        """Read each record: its first line and what it says, or else the reason why it cannot be read."""
        while True:
            line = self.records.line_num + 1
            try:
                fields = next(self.records)
            except StopIteration:
                return
            except csv.Error as wrong:
                yield line, f"not CSV, in lines {line} to {self.records.line_num}: {wrong}"
            else:
                if any(fields):  # a blank line is no row
                    yield line, self._said(fields)

    def _said(self, fields: list[str]) -> dict[str, str] | str:
        if len(fields) != len(self.columns):
            return f"{len(fields)} fields where there are {len(self.columns)} columns"
        said = {name: fields[place] for name, place in self.wanted.items()}
        wrong = [name for name, value in said.items() if not _is_text(value)]
        return f"not UTF-8 text: {', '.join(wrong)}" if wrong else said


def _is_text(value: str) -> bool:
    """Tell text from bytes that are not UTF-8 (kept as surrogates while decoding) and from NUL."""
    try:
        return b"\0" not in value.encode()
    except UnicodeEncodeError:
        return False


def _gathered(table: _Table, mapping: Mapping) -> tuple[dict[str, _Gathering], list[BadRow]]:
    """Gather the rows of each case, and those of none."""
    cases: dict[str, _Gathering] = {}
    bad: list[BadRow] = []
    for line, said in table.rows():
        if isinstance(said, str):
            bad.append(BadRow(line, said))
        elif case_id := mapping.stated(mapping.id, said):
            rows = cases.setdefault(case_id, _Gathering(mapping))
            rows.client = rows.client or mapping.stated(mapping.client, said)
            rows.add(line, said)
        else:
            bad.append(BadRow(line, f"no case: {mapping.id} is not stated"))
    return cases, bad
