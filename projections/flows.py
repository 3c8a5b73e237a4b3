"""How cases flow between organisations and between units, month by month: counted against the sender, never the client.

A cell with few cases is told in figures only to those who may see the cases. What they may not see is told up to the
end of the last whole month alone, and the cells between the units of two organisations all or none: so nothing hidden
can be had by subtracting one answer from another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection, sql
from psycopg.rows import dict_row

from domain.acceptance import DeclineCode
from projections.offers import ANSWERED, FEWEST, By, Reader, declined_by_code, in_days, month_of, offers, seen_by

Key = tuple[str, str, str, str, str]
"""The order of the flows: by month, then by sender and receiver, each by organisation and unit."""

FIRST: Key = ("", "", "", "", "")
"""What every flow comes after."""


@dataclass(frozen=True)
class Side:
    """An organisation, or a unit of it."""

    organisation: str
    unit: str | None


@dataclass(frozen=True)
class BetterPlace:
    """Where a receiver that declined said that the case would be better placed, and how often."""

    organisation: str
    unit: str | None
    times: int


@dataclass(frozen=True)
class Figures:
    """What became of the offers of a month, of handoffs and transfers alike.

    `offered` is the sum of `accepted` (handoffs accepted and transfers received), `declined` by code, `contested`
    (transfers), `withdrawn`, `expired` and `waiting`. `misdirected` were sent to someone who is not competent, by the
    receiver's own word: it contested the transfer, or declined as not competent, or named a better place without
    pleading its own lack of room or the client's will. `direct` were moved in one act, as imports tell it: nobody was
    asked, so they are not among the offers. Of all that came to the receiver, `returned` had been there and been
    passed on before, and `bounced` came straight back: A, B, A. Days run from an offer to its acceptance.
    """

    cases: int
    offered: int
    accepted: int
    declined: dict[DeclineCode, int]
    better_places: tuple[BetterPlace, ...]
    contested: int
    withdrawn: int
    expired: int
    waiting: int
    misdirected: int
    direct: int
    returned: int
    bounced: int
    days_median: float | None
    days_mean: float | None


@dataclass(frozen=True)
class Flow:
    """What one sent to another in a month, the civil month of the offer in Finland, as "2025-03".

    There are no `figures` where they are `hidden`: fewer than five cases flowed, in this or another cell between units
    of the two organisations, and the reader is of neither.
    """

    month: str
    sender: Side
    receiver: Side
    hidden: bool
    figures: Figures | None

    @property
    def key(self) -> Key:
        """Where it stands in the order."""
        sender, receiver = self.sender, self.receiver
        return self.month, sender.organisation, sender.unit or "", receiver.organisation, receiver.unit or ""


def flows(
    connection: Connection[Any], by: By, *, since: datetime, until: datetime, happened_by: datetime | None = None,
    reader: Reader, organisation: str | None = None, after: Key = FIRST, limit: int | None = None,
) -> list[Flow]:  # fmt: skip
    """Return what was offered from `since` up to, and not at, `until`: a flow for each sender, receiver and month.

    `happened_by` is a past moment: offers made by then, with the answers given by then. `organisation` leaves only the
    flows from it and to it. A move within one unit, or at that level within one organisation, is no flow; nor is one
    from or to somebody whom the source of an import does not state.
    """
    found: list[Flow] = []
    values = seen_by(reader, since, happened_by) | {
        "organisation": organisation,
        "after": list(after),
        "fewest": FEWEST,
    }
    for begin, end in stretches(since, until):
        more = None if limit is None else limit - len(found)
        if more == 0:
            break
        found += _told(connection, offers(by) + _FLOWS, values | {"since": begin, "until": end, "limit": more})
    return found


def stretches(since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield the months between, in stretches each twice as long as the one before: most pages end with the first."""
    months = 1
    while since < until:
        end = min(month_of(since, months), until)
        yield since, end
        since, months = end, 2 * months


def _told(connection: Connection[Any], statement: sql.Composed, values: dict[str, Any]) -> list[Flow]:
    with connection.cursor(row_factory=dict_row) as cursor:
        # each time planned anew: what is best for a month or an organisation is not for a year or all of them
        return [_flow(it) for it in cursor.execute(statement, values, prepare=False).fetchall()]


def _flow(record: dict[str, Any]) -> Flow:
    return Flow(
        month=record["month"],
        sender=Side(record["sender_organisation"], record["sender_unit"] or None),
        receiver=Side(record["to_organisation"], record["to_unit"] or None),
        hidden=record["hidden"],
        figures=None if record["hidden"] else _figures(record),
    )


def _figures(record: dict[str, Any]) -> Figures:
    named = Counter((organisation, unit or None) for organisation, unit in record["better_places"])
    counts = (
        "cases", "offered", "accepted", "contested", "withdrawn", "expired", "waiting", "misdirected", "direct",
        "returned", "bounced",
    )  # fmt: skip
    return Figures(
        **{name: record[name] for name in counts},
        declined=declined_by_code(record),
        better_places=tuple(BetterPlace(*place, times) for place, times in sorted(named.items(), key=repr)),
        days_median=in_days(record["days_median"]),
        days_mean=in_days(record["days_mean"]),
    )


_FLOWS = sql.SQL(f""",
dated AS (
    SELECT *, to_char(proposed_at AT TIME ZONE 'Europe/Helsinki', 'YYYY-MM') AS month FROM offers
),
cells AS (
    SELECT month, sender_organisation, sender_unit, to_organisation, to_unit, bool_and(own) AS own, {ANSWERED},
        count(*) FILTER (
            WHERE outcome = 'contested' OR outcome = 'declined' AND (code = 'not_competent'
            OR better_place_organisation IS NOT NULL AND code NOT IN ('no_capacity', 'client_unwilling'))
        ) AS misdirected,
        count(*) FILTER (WHERE direct) AS direct,
        count(*) FILTER (WHERE outcome = 'accepted' AND returned) AS returned,
        count(*) FILTER (WHERE outcome = 'accepted' AND bounced) AS bounced,
        coalesce(json_agg(json_build_array(better_place_organisation, better_place_unit)) FILTER (
            WHERE outcome = 'declined' AND better_place_organisation IS NOT NULL), '[]') AS better_places
    FROM dated GROUP BY month, sender_organisation, sender_unit, to_organisation, to_unit
),
told AS (
    SELECT *, NOT own AND min(cases) OVER (
        PARTITION BY month, sender_organisation, to_organisation) < %(fewest)s AS hidden
    FROM cells
)
SELECT * FROM told WHERE (month, sender_organisation, sender_unit, to_organisation, to_unit) > (
    (%(after)s::text[])[1], (%(after)s::text[])[2], (%(after)s::text[])[3], (%(after)s::text[])[4],
    (%(after)s::text[])[5])
ORDER BY month, sender_organisation, sender_unit, to_organisation, to_unit LIMIT %(limit)s""")
