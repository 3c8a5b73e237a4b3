"""What is in the picture of a case: lanes, marks, periods, offers and flags, as the queries tell them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from api.pages.drawing import words
from api.pages.drawing.signs import LANES, signed
from api.pages.drawing.words import Speaks, Told
from api.pages.page import N_
from api.value_words import value_told

HEARD: Mapping[str, str] = {
    **dict.fromkeys(["clients_own", "confirmed"], "heard"), "unconfirmed": "unconfirmed",
    **dict.fromkeys(["disputed", "nothing"], "unheard"), **dict.fromkeys(["anothers_words", "reason"], "no-view"),
}  # fmt: skip
"""Whether the client was heard, as the picture tells it: the client speaks for themself; nobody has asked them whether
these are their words; there are none, or disputed ones; or there is no view of theirs, for a reason or by another.
"""


OUTCOMES: Mapping[str, str] = {
    "pending": N_("waits"), "accepted": N_("taken on"), "declined": N_("declined"), "withdrawn": N_("taken back"),
    "expired": N_("expired"), "received": N_("received"), "contested": N_("contested"),
}  # fmt: skip
"""What came of an offer or a transfer, in a word."""


@dataclass(frozen=True)
class Case:
    """What the queries tell of a case: its events, those that are shown, and the rows of its projections.

    A finding `says` what its rule does. `open_objections` and `counted` are of the moment at hand: the objections that
    stand open then, and the versions that count then, None for all up to `version`.
    """

    events: Sequence[Told]
    owner: Sequence[Told] = ()
    handoffs: Sequence[Told] = ()
    heard: Sequence[Told] = ()
    findings: Sequence[Told] = ()
    open_objections: Collection[str] = ()
    version: int | None = None
    counted: Collection[int] | None = None

    def is_later(self, version: int) -> bool:
        """Say whether an event does not count yet at the moment at hand."""
        if self.counted is not None:
            return version not in self.counted
        return self.version is not None and version > self.version


@dataclass(frozen=True)
class Mark:
    """An event in its lane. `heard` says of a decision whether the client was heard, and `heard_told` in words."""

    version: int
    at: datetime
    recorded: datetime
    lane: str
    shape: str
    sign: str
    what: str
    who: str
    facts: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    later: bool
    heard: str | None = None
    heard_told: str = ""


@dataclass(frozen=True)
class Period:
    """A time through which somebody owned the case or answered for it; `until` is None while it lasts."""

    lane: str
    who: str
    since: datetime
    until: datetime | None
    version: int
    later: bool


@dataclass(frozen=True)
class Offer:
    """A handoff or transfer between two lanes. Without an answer, or one that counts yet, it is pending."""

    version: int
    sender: str | None
    receiver: str
    told_from: str
    told_to: str
    at: datetime
    answered_at: datetime | None
    answered: int | None
    outcome: str
    outcome_told: str
    returns: str
    later: bool


@dataclass(frozen=True)
class Flag:
    """What rules find in one event: the numbers of the rules, and what they found."""

    version: int
    rules: tuple[int, ...]
    told: tuple[str, ...]
    later: bool


@dataclass(frozen=True)
class Picture:
    """A case to draw, and to tell as a table: the same in both."""

    lanes: Mapping[str, str]
    marks: Sequence[Mark]
    periods: Sequence[Period] = ()
    offers: Sequence[Offer] = ()
    flags: Sequence[Flag] = field(default=())


def picture(case: Case, speaks: Speaks) -> Picture:
    """Return what is in the picture of a case."""
    marks = tuple(_marks(case, speaks))
    shown = {it.version for it in marks}
    periods, offers = tuple(_periods(case, speaks)), tuple(_offers(case, speaks))
    return Picture(_lanes(case, marks, speaks), marks, periods, offers, tuple(_flags(case, shown, speaks)))


# Lanes


def unit_lane(holder: Told) -> str:
    """Return the lane of a unit."""
    return f"unit:{words.place(holder)}"


def _lanes(case: Case, marks: Sequence[Mark], speaks: Speaks) -> dict[str, str]:
    """Return the lanes from the top: the client's voice first, one for each unit in the order in which they came."""
    came = [(it["version"], it["responsible"]) for it in case.owner if "responsible" in it]
    came += [(it["version"], it["to"]) for it in case.handoffs if "to" in it]
    units = {unit_lane(it): words.place(it) for _, it in sorted(came, key=lambda it: it[0])}
    units |= {it.lane: it.lane.removeprefix("unit:") for it in marks if it.lane not in units | _FIXED}
    return {
        "voice": speaks.text("The client's voice"), "owner": speaks.text("Owner: who drives the case"),
        **{lane: speaks.text("Responsible: %(unit)s", unit=unit) for lane, unit in units.items()},
        "work": speaks.text("What professionals did"), "findings": speaks.text("Findings"),
    }  # fmt: skip


_FIXED = dict.fromkeys(["voice", "owner", "work", "findings"], "")


def _lane(entry: Told, responsible: Told | None, offers: Mapping[int, Told]) -> str:
    """Return the lane of an event: what moves the case is in the lane of the unit that did it."""
    lane = LANES.get(entry["topic"], "work")
    if lane != "unit":
        return lane
    offer = offers.get(entry["version"])
    if offer is not None and offer["version"] == entry["version"]:
        return unit_lane(offer["sender"] or responsible or offer["to"])
    if offer is not None and entry["topic"] not in {"handoff-withdrawn", "handoff-expired"}:
        return unit_lane(offer["accepted_by"] or offer["to"])
    return unit_lane(responsible) if responsible else "work"


def _responsible(case: Case, version: int) -> Told | None:
    periods = [it for it in case.owner if "responsible" in it and it["version"] <= version]
    found: Told | None = periods[-1]["responsible"] if periods else None
    return found


# Marks


def _marks(case: Case, speaks: Speaks) -> Iterator[Mark]:
    heard = {it["version"]: it["heard"] for it in case.heard if "heard" in it}
    offers = {it[name]: it for it in case.handoffs if "to" in it for name in ("version", "answered") if it[name]}
    for entry in case.events:
        version, ctx = entry["version"], entry["context"]
        shape, sign = signed(entry["topic"])
        was = heard.get(version)
        yield Mark(
            version=version, at=words.moment(ctx["occurred"]), recorded=words.moment(ctx["recorded"]),
            lane=_lane(entry, _responsible(case, version), offers), shape=shape, sign=sign,
            what=words.what(entry, speaks), who=words.who(ctx, speaks), facts=tuple(words.facts(entry, speaks)),
            notes=tuple(_notes(entry, case, speaks)), later=case.is_later(version),
            heard=HEARD[was] if was else None, heard_told=value_told("heard", was, speaks.into) if was else "",
        )  # fmt: skip


def _notes(entry: Told, case: Case, speaks: Speaks) -> Iterator[str]:
    ctx = entry["context"]
    if ctx["late"]:
        yield speaks.text("entered late")
    if ctx["reported"]:
        yield speaks.text("reported afterwards")
    if ctx["imported"]:
        yield speaks.text("imported")
    if entry["topic"] == "objection-raised" and entry["event"].get("objection") in case.open_objections:
        yield speaks.text("still open")


# Periods, offers and flags


def _periods(case: Case, speaks: Speaks) -> Iterator[Period]:
    """Yield the periods of the owner's lane and of the units', each as one as long as it was the same there."""
    rows = [it for it in case.owner if "responsible" in it]
    yield from _joined(case, [("owner", words.owner(it, speaks), it) for it in rows])
    unnamed = speaks.text("no worker named")
    held = [(unit_lane(it["responsible"]), it["responsible"].get("worker") or unnamed, it) for it in rows]
    yield from _joined(case, held)


def _joined(case: Case, told: Sequence[tuple[str, str, Told]]) -> Iterator[Period]:
    last: Period | None = None
    for lane, who, it in told:
        later, until = case.is_later(it["version"]), it["until"] and words.moment(it["until"])
        since = words.moment(it["since"])
        if last and (last.lane, last.who, last.until, last.later) == (lane, who, since, later):
            last = Period(lane, who, last.since, until, last.version, later)
            continue
        if last:
            yield last
        last = Period(lane, who, since, until, it["version"], later)
    if last:
        yield last


def _offers(case: Case, speaks: Speaks) -> Iterator[Offer]:
    for it in case.handoffs:
        if "to" not in it:  # it is withheld
            continue
        answered = it["answered"] if it["answered"] and not case.is_later(it["answered"]) else None
        waits = answered is None and not case.is_later(it["version"])
        outcome = "pending" if waits else it["outcome"]
        to = it["to"] if waits else it["accepted_by"] or it["to"]
        yield Offer(
            version=it["version"], sender=unit_lane(it["sender"]) if it["sender"] else None,
            receiver=unit_lane(to), told_from=words.holder(it["sender"]), told_to=words.holder(to),
            at=words.moment(it["proposed_at"]), answered=None if waits else it["answered"],
            answered_at=words.moment(it["answered_at"]) if it["answered_at"] and not waits else None,
            outcome=outcome, outcome_told=speaks.text(OUTCOMES[outcome]), returns=_returns(it, speaks),
            later=case.is_later(it["version"]),
        )  # fmt: skip


def _returns(offer: Told, speaks: Speaks) -> str:
    if offer["bounced"] or offer["bounced_to_organisation"]:
        return speaks.text("bounce")
    return speaks.text("return") if offer["returned"] or offer["returned_to_organisation"] else ""


def _flags(case: Case, shown: Collection[int], speaks: Speaks) -> Iterator[Flag]:
    """Yield a flag for each event that is shown and that findings show: the last of their entries that came about."""
    found: dict[int, list[Told]] = {}
    for it in case.findings:
        if (version := came_about(it)) in shown:
            found.setdefault(version, []).append(it)
    for version, these in sorted(found.items()):
        yield Flag(
            version, tuple(sorted({it["rule"] for it in these})), tuple(finding(it, speaks) for it in these),
            case.is_later(version),
        )  # fmt: skip


def came_about(it: Told) -> int:
    """Return the event with which a finding came about: the last of its entries that did not settle it; 0 is none."""
    return max((version for version in it["entries"] if version != it["settled_by"]), default=0)


def finding(it: Told, speaks: Speaks) -> str:
    """Return what a finding `says`, with the number of its rule, and whether it still stands."""
    rule = speaks.text("rule %(number)s", number=it["rule"])
    return f"{words.sentence(it['says'])} ({rule}, {value_told('state', it['state'], speaks.into)})"


def heard_label(heard: str | None, speaks: Speaks) -> str:
    """Return in a word or two whether a decision heard the client."""
    match heard:
        case "heard":
            return speaks.text("heard")
        case "unconfirmed":
            return speaks.text("unconfirmed")
        case "unheard":
            return speaks.text("not heard")
        case "no-view":
            return speaks.text("no view")
    return ""
