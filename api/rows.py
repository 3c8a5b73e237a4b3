"""How a projection's rows are read back from their table and shown: in order, in UTC, with their words."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from functools import cached_property
from inspect import cleandoc
from itertools import accumulate
from typing import Any, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec
from psycopg import Connection
from pydantic import BaseModel, ConfigDict, create_model

from domain.case import Case
from domain.decider import ERASED, SEALED, Actor, Recorded, Role
from domain.ledger.application import Cases
from domain.ledger.mapper import opened
from domain.remembered import KeptBack, Withheld
from domain.withholding import DisclosureForbidden, kept_from, reason_kept_from, reasons_kept_from
from projections.as_of import within
from projections.projection import AnyProjection, Opens

MOST_WORDS = 1024 * 1024
"""How many bytes of words a page shows at most, unless it shows a single entry."""

HIDDEN = "[hidden]"
"""What reads in the place of words that are said to be another person's, until a second person has decided."""

WITHHELD = "[withheld]"
"""What reads in the place of words that are not to be disclosed to whoever asks."""


class Withholding(BaseModel):
    """That whoever reads is not told of an entry: on which ground, who decided that, and when it is looked at again."""

    ground: KeptBack
    by_role: Role
    organisation: str | None
    unit: str | None
    review_by: datetime | None


class WithheldRow(BaseModel):
    """What stands in the place of a row that tells of an entry which is withheld from whoever reads."""

    version: int
    withheld: Withholding


OpenWords = Callable[[int, str], str]
"""Returns an entry's words by its version and the field they stand in."""


@dataclass(frozen=True)
class Kept:
    """What somebody is not told of a case, whatever moment they ask about.

    `entries` are withheld from them, by version; `reasons` are the entries that withhold something, and not for them to
    know why. What is said to be another person's nobody reads: `misplaced`.
    """

    entries: Mapping[int, Withheld]
    reasons: Collection[int] = ()
    misplaced: Collection[int] = ()

    @property
    def words(self) -> dict[int, str]:
        """What stands for the words of entries."""
        return dict.fromkeys([*self.entries, *self.reasons], WITHHELD) | dict.fromkeys(self.misplaced, HIDDEN)

    def whole(self, version: int | None) -> dict[str, Any] | None:
        """Return what is told in the place of an entry, where not only its words are withheld."""
        it = self.entries.get(version) if version is not None else None
        return None if it is None or it.words_alone else notice(it)

    def notice(self, version: int) -> dict[str, Any] | None:
        """Return what is told of an entry being withheld, all of it or its words."""
        it = self.entries.get(version)
        return None if it is None else notice(it)


def notice(it: Withheld) -> dict[str, Any]:
    """Return what somebody is told of what is withheld from them."""
    return {
        "ground": it.ground, "by_role": it.by.role, "organisation": it.by.organisation, "unit": it.by.unit,
        "review_by": in_utc(it.review_by),
    }  # fmt: skip


def kept(cases: Cases, case: UUID, actor: Actor) -> Kept:
    """Return what this actor is not told of a case now."""
    state = cases.loaded(case, Case).state
    if not isinstance(state, Case):
        return Kept({})
    misplaced = [version for version, waits in state.misplaced.now().items() if waits]
    return Kept(kept_from(actor, state), reasons_kept_from(actor, state), misplaced)


@dataclass(frozen=True, eq=False)
class Shape:
    """What a projection's rows look like from outside."""

    projection: AnyProjection

    @cached_property
    def hints(self) -> dict[str, Any]:
        """The fields of a row, by name, with their types."""
        return get_type_hints(self.projection.row, include_extras=True)

    @cached_property
    def opens(self) -> dict[str, str]:
        """The fields that hold the version of an entry with words, and which words of it are shown instead."""
        marks = {name: [it for it in get_args(hint) if isinstance(it, Opens)] for name, hint in self.hints.items()}
        return {name: found[0].field for name, found in marks.items() if found}

    @cached_property
    def begins(self) -> str | None:
        """The field that says when a row began: the first time that every row has."""
        return next((name for name, hint in self.hints.items() if hint is datetime), None)

    @cached_property
    def parts(self) -> dict[str, Any]:
        """The fields that hold a dataclass, and which."""
        arms = {name: (hint, *get_args(hint)) for name, hint in self.hints.items() if get_origin(hint) is not tuple}
        found = {name: [it for it in of if isinstance(it, type) and is_dataclass(it)] for name, of in arms.items()}
        return {name: kinds[0] for name, kinds in found.items() if kinds}

    @cached_property
    def about(self) -> str:
        """What a row tells, to those who read it as JSON."""
        return re.sub(r"\bNone\b", "null", cleandoc(self.projection.row.__doc__ or ""))

    @cached_property
    def model(self) -> type[BaseModel]:
        """The model of the answer: the rows, with words in the place of the versions that open them."""
        row, config = self.projection.row, ConfigDict(extra="forbid")
        types = {name: (self._shown_type(name), ...) for name in self.hints if name != "case"}
        one: Any = create_model(row.__name__, __doc__=self.about, __config__=config, **types)  # type: ignore[call-overload]
        return create_model(
            f"{row.__name__}Rows", __config__=config,
            case=(UUID, ...), version=(int, ...), rows=(list[one | WithheldRow], ...), next=(str | None, ...),
        )  # fmt: skip

    def standing(self, connection: Connection[Any], case: UUID) -> tuple[int, Sequence[Any] | None]:
        """Return the case's version and its rows in the read table: None where they are of another version."""
        table = self.projection.table.table
        statement = _STANDING.format(table=table).encode()
        found = connection.execute(statement, {"case": case, "table": table}).fetchone() or (0, None, None)
        head, version, rows = found
        if head != version:
            return head or 0, None
        return head or 0, self._rows_of(rows or "[]")

    def _rows_of(self, records: str) -> list[Any]:
        if self.parts:
            return [self.row_of(it) for it in msgspec.json.decode(records)]
        return self._decoder.decode(records)  # type: ignore[no-any-return]  # the rows' own type

    @cached_property
    def _decoder(self) -> msgspec.json.Decoder[Any]:
        return msgspec.json.Decoder(list[self.projection.row])  # type: ignore[name-defined]  # it is known by now

    def row_of(self, record: dict[str, Any]) -> Any:
        """Return the row that a record of the read table stands for."""
        values = {name: record[name] for name in self.hints if name not in self.parts}
        for name, kind in self.parts.items():
            part = {it.name: record[f"{name}_{it.name}"] for it in fields(kind)}
            values[name] = part if any(value is not None for value in part.values()) else None
        return msgspec.convert(values, self.projection.row)

    def ordered(self, rows: Iterable[Any]) -> Sequence[Any]:
        """Return the rows in the order in which they began, whichever way they were read."""
        begins = self.begins
        if begins is None:
            return list(rows)
        return sorted(rows, key=lambda row: (getattr(row, begins), getattr(row, "number", 0), row.version))

    def between(self, rows: Sequence[Any], since: datetime | None, until: datetime | None) -> Sequence[Any]:
        """Return the rows that lasted in the interval or, of those that have no end, those that began in it."""
        begins = self.begins
        if begins is None or (since is None and until is None):
            return rows
        if "until" in self.hints:
            return within(rows, since, until)
        return [row for row in rows if inside(getattr(row, begins), since, until)]

    def opened_by(self, rows: Iterable[Any]) -> set[int]:
        """Return the versions of the entries whose words the rows show."""
        return {version for row in rows for name in self.opens if (version := getattr(row, name)) is not None}

    def told(self, row: Any, words: OpenWords, untold: Kept) -> dict[str, Any]:
        """Return a row with its words or, where it tells of an entry that is withheld, that it is."""
        instead = untold.whole(getattr(row, "version", None))
        return self.shown(row, words) if instead is None else {"version": row.version, "withheld": instead}

    def shown(self, row: Any, words: OpenWords) -> dict[str, Any]:
        """Return a row with its words, without the case that all of them have."""
        values = {name: in_utc(getattr(row, name)) for name in self.hints if name != "case"}
        for name, field in self.opens.items():
            values[name] = None if values[name] is None else words(values[name], field)
        return values

    def _shown_type(self, name: str) -> Any:
        hint = self.hints[name]
        if name not in self.opens:
            return hint
        return str | None if type(None) in get_args(get_args(hint)[0]) else str


# Words.


_Texts = Mapping[int, Mapping[str, str] | str]
"""The words of entries by version and field, or what stands for all of an entry's words."""


def _texts(cases: Cases, case: UUID, versions: Iterable[int], untold: Kept) -> _Texts:
    wanted = sorted(versions)
    if not wanted:
        return {}
    texts: dict[int, Mapping[str, str] | str] = {**cases.words(case, wanted), **untold.words}
    missing = [version for version in wanted if version not in texts]
    if missing:  # destroyed, or never any
        with cases.pool.connection() as connection:
            found = connection.execute(_HAD_WORDS, (case, missing)).fetchall()
        texts |= {version: ERASED for (version,) in found}
    return texts


def words_of(cases: Cases, case: UUID, versions: Iterable[int], untold: Kept) -> OpenWords:
    """Return how to open the words of these entries, as far as they are told."""
    texts = _texts(cases, case, versions, untold)

    def words(version: int, field: str) -> str:
        found = texts.get(version, {})
        return found if isinstance(found, str) else found.get(field, "")

    return words


def fitting(cases: Cases, case: UUID, shown: Sequence[set[int]]) -> int:
    """Return how many of these fit on a page, by the versions of which each shows the words: the first in any case."""
    wanted = sorted({version for versions in shown for version in versions})
    if not wanted:
        return len(shown)
    with cases.pool.connection() as connection:
        sizes: dict[int, int] = dict(connection.execute(_SIZES, (case, wanted)).fetchall())
    sums = accumulate(sum(sizes.get(it, 0) for it in versions) for versions in shown)
    return max(1, sum(size <= MOST_WORDS for size in sums))


def opened_words(cases: Cases, case: UUID, actor: Actor, history: Sequence[Recorded], untold: Kept) -> list[Any]:
    """Return the events with their words, as far as this actor may read them."""
    sealed = {it.version for it in history if SEALED in vars(it.event).values()}
    texts = {**_texts(cases, case, sealed, untold)}
    reasons = (it for it in history if isinstance(it.event, DisclosureForbidden) and it.version in texts)
    texts |= {it.version: WITHHELD for it in reasons if reason_kept_from(actor, it.context.actor)}  # erroneous ones too
    return [_opened(it, texts.get(it.version)) for it in history]


def _opened(it: Recorded, found: Mapping[str, str] | str | None) -> Any:
    if found is None:
        return it.event
    return opened(it.event, dict.fromkeys(vars(it.event), found) if isinstance(found, str) else found)


def inside(when: datetime, since: datetime | None, until: datetime | None) -> bool:
    """Say whether it was from the one time up to, and not at, the other; None is no limit."""
    return (since is None or since <= when) and (until is None or when < until)


def in_utc(value: Any) -> Any:
    """Return a value with its times in UTC, so that the same moment always reads the same."""
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if is_dataclass(value) and not isinstance(value, type):
        value = vars(value)
    if isinstance(value, dict):
        return {name: in_utc(part) for name, part in value.items()}
    return value


_PLAIN = (str, int, UUID, type(None))  # most of what is told: so they are looked for first
_STANDING = """
    SELECT (SELECT max(version) FROM events WHERE stream = %(case)s),
        (SELECT head FROM projected WHERE stream = %(case)s AND %(table)s = ANY (current)),
        (SELECT json_agg(r)::text FROM {table} r WHERE "case" = %(case)s)"""
_SIZES = "SELECT version, octet_length(ciphertext) FROM words WHERE stream = %s AND version = ANY (%s)"
_HAD_WORDS = """
    SELECT version FROM events
    WHERE stream = %s AND version = ANY (%s) AND convert_from(bytes, 'UTF8')::json ->> 'words' IS NOT NULL"""
