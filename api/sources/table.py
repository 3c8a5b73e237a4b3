"""CSV tables, gathered whole: the rows of a case may lie between those of others."""

import csv
import io
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

from api.sources.grammar import BadRow, SourceCase
from api.sources.mapping import Mapping
from api.sources.source import Gathering, Progress, Source, of_no_case


def read_csv(source: Source, stream: BinaryIO, mapping: Mapping, progress: Progress) -> Iterator[SourceCase]:
    """Read a table, handing out its cases in the order in which they first appear. Raises `SourceRefused`."""
    lines = io.TextIOWrapper(stream, "utf-8-sig", errors="surrogateescape", newline="")
    cases, bad = _gathered(_Table(source, lines, mapping.names), mapping)
    total, behind = sum(map(len, cases.values())), 0
    for case_id in list(cases):
        rows = cases.pop(case_id)
        behind += len(rows)
        yield rows.case(case_id)
        progress(source.size * behind // total)
    if bad:
        yield of_no_case(iter(bad))
    progress(source.size)


class _Table:
    """The records of a CSV file: separated by commas, semicolons or tabs, whichever its first line has most of."""

    def __init__(self, source: Source, lines: io.TextIOWrapper, names: tuple[str, ...]) -> None:
        first = lines.readline()
        if not first.strip():
            raise source.refused("its first line is empty: there are no column names", 1)
        if not _is_text(first):
            raise source.refused("the column names are not UTF-8 text", 1)
        # strict: a stray quotation mark makes a bad row, where it would else swallow the rows that follow unseen
        self.records = csv.reader(chain([first], lines), delimiter=max(",;\t", key=first.count), strict=True)
        self.columns = [name.strip() for name in self._header(source)]
        self.wanted = {name: self._place(source, name) for name in names}

    def _header(self, source: Source) -> list[str]:
        try:
            return next(self.records)
        except csv.Error as wrong:
            raise source.refused(f"the column names cannot be read: {wrong}", 1) from wrong

    def _place(self, source: Source, name: str) -> int:
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


def _gathered(table: _Table, mapping: Mapping) -> tuple[dict[str, Gathering], list[BadRow]]:
    """Gather the rows of each case, and those of none."""
    cases: dict[str, Gathering] = {}
    bad: list[BadRow] = []
    for line, said in table.rows():
        if isinstance(said, str):
            bad.append(BadRow(line, said))
        elif case_id := mapping.stated(mapping.id, said):
            rows = cases.setdefault(case_id, Gathering(mapping))
            rows.client = rows.client or mapping.stated(mapping.client, said)
            rows.add(line, said)
        else:
            bad.append(BadRow(line, f"no case: {mapping.id} is not stated"))
    return cases, bad
