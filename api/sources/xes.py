"""XES event logs (IEEE 1849), streamed: one case in memory at a time, hostile XML refused."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, BinaryIO
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl

from defusedxml.common import DefusedXmlException
from defusedxml.expatreader import create_parser

from api.sources.grammar import BadRow, SourceCase
from api.sources.mapping import Mapping
from api.sources.source import CHUNK, SMALL, Gathering, Progress, Source, of_no_case

ROWS_AT_MOST = 100_000  # of one case, which is held in memory
DEEPEST = 100  # XES nests a handful deep; open elements are held in memory


def read_xes(source: Source, stream: BinaryIO, mapping: Mapping, progress: Progress) -> Iterator[SourceCase]:
    """Read a log, handing out each case as soon as it is whole. Raises `SourceRefused`."""
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


def _parse(source: Source, parser: Any, step: Callable[[], None]) -> None:
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

    def __init__(self, mapping: Mapping, source: Source, line: Callable[[], int]) -> None:
        super().__init__()
        self.mapping, self.source, self.line = mapping, source, line
        self.names = frozenset(mapping.names)
        self.depth = 0
        self.begun: dict[str, int] = {}  # the line each case began on
        self.ready: list[SourceCase] = []
        self.trace: dict[str, str] | None = None
        self.event: dict[str, str] | None = None
        self.rows = Gathering(mapping)
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
            self.trace, self.trace_line, self.rows = {}, self.line(), Gathering(self.mapping)
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
            self.ready.append(of_no_case(iter([BadRow(self.line(), "no case: the event is outside any trace")])))
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
