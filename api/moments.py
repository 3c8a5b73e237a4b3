"""Moments and pages, as requests name them: times with an offset, versions, the two clocks, intervals, cursors."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Annotated, Any

import msgspec
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from starlette.requests import Request

from api.problems import HeaderMalformed, Problem
from domain.decider import OffsetMissing

YEARS = range(1900, 2200)
"""Times before and after are slips of somebody's pen."""

_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d)?")
_MOST = 1000


class VersionNeverExisted(Problem):
    """There never was such a version. Versions run from 1 to the one that the header ETag names."""

    status = 404


class ClocksAndVersion(Problem):
    """A version is one moment and the clocks are another. Send `version` alone, or `known_at` and `happened_by`."""

    status = 422


class CursorMalformed(Problem):
    """That is no cursor of this list. Follow the link `next` of the page before, or begin without a cursor."""


def moment(text: str, name: str) -> datetime:
    """Return a time as RFC 3339 writes it. Raises `OffsetMissing`, and `HeaderMalformed` for what is no time."""
    written = _TIME.fullmatch(text)
    if written is None:
        raise HeaderMalformed(header=name)
    if written[3] is None:
        raise OffsetMissing(field=name)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise HeaderMalformed(header=name) from None
    if found.year not in YEARS:
        raise HeaderMalformed(header=name)
    return found


def _rfc3339(text: Any) -> Any:
    """Take an RFC 3339 time, and one whose + came through as a blank, as it does where it was not written %2B."""
    if not isinstance(text, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d.*", text):
        raise ValueError("Input should be a time with an offset, as in 2025-03-03T09:00:00Z")
    return re.sub(r" (\d\d:\d\d)$", r"+\1", text)


def in_our_years(time: Any) -> Any:
    """Return a time, or the text of one, that is no slip of the pen."""
    if int(str(time)[:4]) not in YEARS:
        raise ValueError("Input should be of the years 1900 to 2199")
    return time


Moment = Annotated[AwareDatetime, BeforeValidator(_rfc3339)]
"""A moment at which a case is told: any, however long before or after."""

Then = Annotated[Moment, AfterValidator(in_our_years)]
"""A moment that days are reckoned from."""


class AsOf(BaseModel):
    """The moment asked about; now, unless it says otherwise."""

    model_config = ConfigDict(extra="forbid")

    version: int | None = Field(default=None, description="As its first so many events tell it. Alone, without clocks.")
    known_at: Moment | None = Field(default=None, description="As it was known at this time.")
    happened_by: Moment | None = Field(default=None, description="As it stood at this time, by what is or was known.")

    @property
    def clocks(self) -> tuple[datetime | None, datetime | None]:
        """The two clocks."""
        return self.known_at, self.happened_by

    @property
    def is_now(self) -> bool:
        """Whether it asks about the present."""
        return (self.version, self.known_at, self.happened_by) == (None, None, None)


class Interval(AsOf):
    """A moment, and an interval of which to tell at that moment."""

    since: Moment | None = Field(None, alias="from", description="Only what happened, or lasted, from this time on.")
    until: Moment | None = Field(None, alias="to", description="Only what happened, or had begun, before this time.")


class Page(Interval):
    """A moment, an interval, and a page."""

    after: str | None = Field(None, description="Where the page before ended: from its link `next`.")
    limit: int = Field(100, ge=1, le=_MOST, description="How many to tell at most.")


def possible(at: AsOf, last: int) -> None:
    """Refuse what is no moment of a case with so many versions. Raises `ClocksAndVersion` and `VersionNeverExisted`."""
    if at.version is not None and at.clocks != (None, None):
        raise ClocksAndVersion
    if at.version is not None and not 1 <= at.version <= last:
        raise VersionNeverExisted(version=at.version, last=last)


def cursor(text: str) -> str:
    """Return the text of a cursor as it stands in a link."""
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(text: str) -> str:
    """Return the text of a cursor. Raises `CursorMalformed`."""
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii")
    except ValueError:
        raise CursorMalformed from None


def read_key(text: str, kind: Any) -> Any:
    """Return the key that a cursor holds as JSON, of this kind. Raises `CursorMalformed`."""
    try:
        return msgspec.json.decode(read_cursor(text), type=kind)
    except (ValueError, msgspec.MsgspecError):
        raise CursorMalformed from None


def place_of(text: str | None) -> tuple[int, int]:
    """Return the version that a walk through the pages began at, and the one that the last page ended with."""
    if text is None:
        return 0, 0
    parts = re.fullmatch(r"(\d{1,9})\.(\d{1,9})", read_cursor(text))
    if parts is None:
        raise CursorMalformed
    return int(parts[1]), int(parts[2])


def next_page(request: Request, following: str | None) -> str | None:
    """Return the link to the page after this one, if there is one."""
    if following is None:
        return None
    url = request.url.include_query_params(after=cursor(following))
    return f"{url.path}?{url.query}"
