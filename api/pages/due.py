"""What a case waits for, and what falls due in it: each with the act that settles it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from api.pages.page import N_
from domain.decider import Actor, Role

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Way:
    """An act that settles something: its name on the button, and its form, filled in as far as is known."""

    text: str
    slug: str
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def query(self) -> str:
        """What the form is filled in with."""
        return f"?{urlencode(self.fields)}" if self.fields else ""


@dataclass(frozen=True)
class Due:
    """Something that waits, since when or until when, and whether that time is over; in whose `words`, by which `ways`.

    A time that `ends` by itself is nobody's to keep: it is never late.
    """

    what: str
    since: str | None = None
    by: str | None = None
    ends: bool = False
    words: str | None = None
    whom: Row | None = None
    ways: tuple[Way, ...] = ()

    @property
    def late(self) -> bool:
        """Whether its time is over."""
        return self.by is not None and not self.ends and datetime.fromisoformat(self.by) <= datetime.now(UTC)


def due_in(case: Row, parts: Mapping[str, Sequence[Row]], me: Actor) -> Iterator[Due]:
    """Yield what a case waits for: what has a time first, the earliest of them before the others."""
    found = [*_promised(case), *_offered(case, parts["handoffs"], me), *_closing(case)]
    found += [
        *_asked(parts["askings"]),
        *_voiced(parts["voice"]),
        *_support(parts["support"], me),
        *_terms(parts["terms"], me),
    ]
    yield from sorted(found, key=lambda it: it.by or "9")


def _promised(case: Row) -> Iterator[Due]:
    step = case["next_step"]
    anew = (Way(N_("Promise the next step"), "promise-next-step"),)
    if step:
        who = {"who": step["who"]}
        yield Due(N_("The promised next step"), by=step["due"], words=step["what"], whom=who, ways=anew)
    elif case["status"] == "open":
        yield Due(N_("No next step is promised"), ways=anew)


def _offered(case: Row, handoffs: Sequence[Row], me: Actor) -> Iterator[Due]:
    pending = case["handoff"]
    if pending:
        sent = next((it for it in handoffs if it.get("id") == pending["handoff"] and "reason" in it), None)
        which = {"handoff": pending["handoff"]}
        ways = (
            (Way(N_("Take the case on"), "accept-handoff", which), Way(N_("Decline"), "decline-handoff", which))
            if _mine(pending["to"], me) else (Way(N_("Take the offer back"), "withdraw-handoff", which),)
        )  # fmt: skip
        yield Due(
            N_("The offer of the case waits for an answer"), since=pending["since"], by=pending["respond_by"],
            words=sent["reason"] if sent else None, whom=pending["to"], ways=ways,
        )  # fmt: skip
    if transfer := case["transfer"]:
        which = {"transfer": transfer["transfer"]}
        to = {"organisation": transfer["to_organisation"], "unit": transfer["to_unit"], "worker": None}
        ways = (Way(N_("Receive it"), "receive-transfer", which), Way(N_("Contest it"), "contest-transfer", which))
        yield Due(N_("The transfer waits to be received"), whom=to, ways=ways if _mine(to, me) else ())


def _mine(to: Row, me: Actor) -> bool:
    """Say whether something is offered to somebody, or to their unit."""
    return (to["organisation"], to["unit"]) == (me.organisation, me.unit) and to["worker"] in {None, me.id}


def _asked(askings: Sequence[Row]) -> Iterator[Due]:
    for it in askings:
        if it.get("outcome") == "pending":
            to = "/".join(it["by"].values())
            offer = Way(N_("Offer it to them"), "propose-handoff", {"to": to, "request": it["id"]})
            decline = Way(N_("Keep the case"), "decline-handoff-request", {"request": it["id"]})
            what = N_("A worker asks for the case")
            yield Due(what, since=it["asked_at"], words=it["reason"], whom=it["by"], ways=(offer, decline))


def _closing(case: Row) -> Iterator[Due]:
    proposed = case["closure"]
    if proposed is None:
        return
    told = Way(N_("Write down that the client was told"), "inform-client", {"about": str(proposed["version"])})
    ways = (Way(N_("Close the case"), "close-case"), Way(N_("Take the proposal back"), "withdraw-closure"))
    if proposed["object_by"]:
        yield Due(N_("Closing is proposed, and the client may object"), by=proposed["object_by"], ends=True, ways=ways)
    else:
        yield Due(N_("Closing is proposed: the client has to be told"), since=proposed["at"], ways=(told, *ways))


def _voiced(voice: Sequence[Row]) -> Iterator[Due]:
    for it in voice:
        if it.get("standing") == "open" and it.get("kind") in _OPEN:
            what, name, way = _OPEN[it["kind"]]
            yield Due(what, since=it["said_at"], words=it["words"], ways=(Way(N_("Answer"), way, {name: it["id"]}),))
        elif it.get("standing") == "awaiting":
            yield Due(N_("The client's decision waits to be confirmed"), since=it["said_at"], words=it["words"])


def _support(asked: Sequence[Row], me: Actor) -> Iterator[Due]:
    for it in asked:
        if it.get("answered_at", "") is None:
            way = Way(N_("Answer"), "give-support", {"answers": str(it["version"])})
            ways = (way,) if me.role == Role.MANAGER else ()
            yield Due(N_("A worker asked for support"), since=it["asked_at"], words=it["words"], ways=ways)


def _terms(terms: Sequence[Row], me: Actor) -> Iterator[Due]:
    for it in terms:
        if it.get("settled", "") is None and it["kind"] in _TERMS:
            what, slug, name = _TERMS[it["kind"]]
            which = {name: str(it["id"] or it["version"])} if name else {}
            may = me.role == Role.MANAGER or slug not in _OF_MANAGERS
            ways = (Way(_WAYS[slug], slug, which),) if may else ()
            yield Due(what, by=it["due"], ends=it["kind"] in _ENDING, whom=it["holder"], ways=ways)


_OPEN = {
    "objection": (N_("An objection waits for an answer"), "objection", "answer-objection"),
    "request": (N_("The client's request waits for an answer"), "request", "answer-request"),
}

_TERMS = {
    "naming": (N_("A worker has to be named"), "name-responsible", ""),
    "consent": (N_("A consent runs out"), "give-consent", ""),
    "emergency_access": (N_("An emergency access ends"), "end-emergency-access", "access"),
    "override_review": (N_("That a rule was set aside is to be reviewed"), "review-override", "override"),
    "withholding_review": (N_("That something is withheld is to be looked at again"), "allow-disclosure", "forbidden"),
}
"""What falls due by time alone, offers apart; which act settles it, and by which field it is named."""

_WAYS = {
    "name-responsible": N_("Name a worker"), "give-consent": N_("Write down a new consent"),
    "end-emergency-access": N_("End the access"), "review-override": N_("Review it"),
    "allow-disclosure": N_("Let it be told"),
}  # fmt: skip

_ENDING = frozenset({"consent", "emergency_access"})
_OF_MANAGERS = frozenset({"name-responsible", "review-override"})
