"""What all reports over many cases have in common: who may ask, of which months, and page by page."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Annotated, Any, TypeVar

from psycopg import Connection
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from starlette.requests import Request

from api.admission import sight_of
from api.auth import bearer
from api.moments import CursorMalformed, Then, in_our_years, read_cursor
from domain.calendar import start_of
from domain.decider import STAFF, Actor, Role, RoleNotAllowed
from domain.ledger.application import Cases
from projections.offers import By, Reader, month_of

READERS = STAFF | {Role.AUDITOR, Role.OMBUDSMAN}
"""Who reads figures over many cases: the clients' own cases are told to them one by one."""

MOST = 1000
"""How many things a page tells of at most."""

_MONTHS = 12


Month = Annotated[str, StringConstraints(pattern=r"^\d{4}-(0[1-9]|1[0-2])$"), AfterValidator(in_our_years)]
"""A civil month in Finland, as in 2025-03."""

Name = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00]*$")]
"""What an organisation or a unit is called by."""


class MonthsWanted(BaseModel):
    """Of which months a report is wanted: of the last twelve, this one with them, unless it says otherwise."""

    model_config = ConfigDict(extra="forbid")

    by: By = Field("organisation", description="By organisation, or by unit.")
    since: Month | None = Field(None, alias="from", description="Only from this month on, as 2025-03.")
    until: Month | None = Field(None, alias="to", description="Only before this month.")
    happened_by: Then | None = Field(None, description="As things stood at this time.")
    organisation: Name | None = Field(None, description="Only what concerns this organisation.")
    after: str | None = Field(None, description="Where the page before ended: from its link `next`.")
    limit: int = Field(100, ge=1, le=MOST, description="How many to tell at most.")

    @property
    def asked_at(self) -> datetime:
        """The moment that is asked about: now, or a past one."""
        return min(datetime.now(UTC), self.happened_by or datetime.now(UTC))

    @property
    def months(self) -> dict[str, datetime]:
        """From when and until when, in whole months: so nobody subtracts one interval from another."""
        since = _begin(self.since) if self.since else month_of(self.asked_at, 1 - _MONTHS)
        return {"since": since, "until": _begin(self.until) if self.until else month_of(self.asked_at, 1)}


def only(by: Actor, roles: frozenset[Role] = READERS) -> None:
    """Refuse those of other roles. Raises `RoleNotAllowed`."""
    if by.role not in roles:
        raise RoleNotAllowed(role=by.role, allowed=sorted(roles))


@contextmanager
def counting(request: Request, cases: Cases) -> Iterator[Connection[Any]]:
    """Lend a connection for figures: an auditor's are of the cases that they were let see, and of no others.

    Anybody else's are of all cases, told of others' as far as `Reader` says.
    """
    who = bearer(request)
    of_all = who.actor.role != Role.AUDITOR
    with cases.pool.connection() if of_all else cases.pool.reading(sight_of(who)) as connection:
        yield connection


def reader_of(by: Actor, asked_at: datetime) -> Reader:
    """Return what somebody may see: an auditor all of it, anybody else what concerns their own organisation."""
    if by.role == Role.AUDITOR:
        return Reader(None, asked_at)
    return Reader((by.organisation,) if by.organisation else (), asked_at)


Key = TypeVar("Key", bound=tuple[str, ...])


def last_of(after: str | None, first: Key) -> Key:
    """Return where the page before ended, a key of as many names as the first. Raises `CursorMalformed`."""
    if after is None:
        return first
    try:
        names = json.loads(read_cursor(after))
    except ValueError:
        raise CursorMalformed from None
    if not isinstance(names, list) or len(names) != len(first) or not all(map(_is_name, names)):
        raise CursorMalformed
    return type(first)(names)


def following(found: list[Any], limit: int) -> str | None:
    """Return the key that the page ends with, where another follows it."""
    return json.dumps(found[limit - 1].key) if len(found) > limit else None


def _begin(month: str) -> datetime:
    return start_of(date.fromisoformat(f"{month}-01"))


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and "\x00" not in name and name.isprintable()
