"""The mapping: which attributes or columns of a file say what."""

import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any, Self, cast
from zoneinfo import ZoneInfo

from api.sources.grammar import MappingRefused, Meaning, Row, Unreadable


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
        raise Unreadable(f"no activity: {name} is not stated")

    def _moment(self, text: str) -> datetime:
        if not text:
            raise Unreadable(f"no time: {self.time} is not stated")
        form = self.time_format
        try:
            moment = datetime.strptime(text, form) if form else datetime.fromisoformat(text)  # noqa: DTZ007  zoned below
            return (moment if moment.tzinfo else moment.replace(tzinfo=self.zone)).astimezone(UTC)
        except (ValueError, OverflowError) as wrong:
            expected = f"of the form {form}" if form else "in ISO 8601"
            raise Unreadable(f"{self.time} is not a time {expected}: {text[:60]!r}") from wrong


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
