"""The language of the scenarios: people who come through the service's door, and the life of a case there.

    case = life.case(by=AINO, at="2025-03-03")
    offer = case.does(AINO, "propose-handoff", at="2025-03-04", to=BO, reason="muutti", no_view_because="ei tavattu")
    case.refuses("not-offered-to-you", AINO, "accept-handoff", at="2025-03-05", handoff=offer)
    assert case.owner(happened_by="2025-03-05") == "aino"

Days and times are Helsinki's; all persons are invented.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from uuid import UUID

from httpx2 import Response

from api.clock import done
from domain.calendar import HELSINKI
from domain.decider import Actor, Role, Value
from domain.remembered import Holder
from projections.due import due
from tests.api.conftest import Door
from tests.town import ADMINISTRATOR, holder

AUDITOR = Actor("auri", Role.AUDITOR)

CLOCKS = {"happened_by", "known_at"}
"""What is asked for as a day here, and as a moment there."""

Row = dict[str, Any]
"""What one entry, row or answer tells, by the names of its fields."""


def on(day: str) -> datetime:
    """Return a moment in Finland: "2025-03-03" is nine in the morning, "2025-03-03 16:30" is what it says."""
    moment = datetime.fromisoformat(day)
    if len(day) == len("2025-03-03"):
        moment = datetime.combine(moment, time(9))
    return moment if moment.tzinfo else moment.replace(tzinfo=HELSINKI)


def told_at(text: str | None) -> datetime | None:
    """Return a moment as an answer gives it."""
    return datetime.fromisoformat(text) if text else None


def as_client(client: str) -> Actor:
    """Return the client, who acts in their own matter."""
    return Actor(client, Role.CLIENT)


def unit_of(actor: Actor) -> Holder:
    """Return the unit in which a worker works, as a holder."""
    return holder(actor).as_unit


def overriding(rule: int, reason: str, review_by: str) -> Row:
    """Return the override of a rule, to be sent in a command's list of them."""
    return {"rule": rule, "reason": reason, "review_by": on(review_by).isoformat()}


@dataclass(frozen=True, eq=False)
class Life:
    """The town as the service knows it: those who work there, their clients, and the clock."""

    door: Door

    def join(self, *workers: Actor) -> None:
        """Have people work in their units, which open with them."""
        for it in workers:
            place = {"organisation": it.organisation, "unit": it.unit}
            self._register("/organisations", {"organisation": it.organisation, "name": it.organisation})
            self._register("/units", place | {"name": it.unit})
            self.succeeds(self.post("/workers", ADMINISTRATOR, body=place | {"worker": it.id}))

    def client(self, by: Actor, **who: Any) -> str:
        """Register a client; return their id."""
        body = {"born": "1961", "municipality": "Tampere"} | who
        return str(self.succeeds(self.post("/clients", by, body=body))["id"])

    def case(self, by: Actor, at: str, client: str | None = None, **how: Any) -> CaseLife:
        """Open a case of a client: a new one, if no other is named."""
        of = client or self.client(by)
        body = {"client": of, "need": "asunnon menettäminen"} | how
        done = self.succeeds(self.post("/cases", by, at=at, body=body))
        return CaseLife(self, str(done["id"]), of)

    def post(
        self, path: str, by: Actor, at: str | None = None, body: Any = None, reported: bool = False, **headers: Any
    ) -> Response:
        """Ask for something to be done, at a time of its own and as reported if it is so."""
        if at is not None:
            headers["Occurred_At"] = on(at).isoformat()
        if reported:
            headers["Reported"] = "true"
        return self.door.post(path, plain(body or {}), by, **headers)

    def does(self, by: Actor, path: str, at: str | None = None, **body: Any) -> Row:
        """Do something that is no case's: to a client, a worker, the policy."""
        done: Row = self.succeeds(self.post(path, by, at=at, body=body))
        return done

    def reads(self, path: str, by: Actor = AUDITOR, **asked: Any) -> Any:
        """Return what is told there. Times may be asked for as days; `from_` and `by_` ask for "from" and "by"."""
        asked = {name.removesuffix("_"): value for name, value in asked.items() if value is not None}
        params = {name: on(it).isoformat() if name in CLOCKS else plain(it) for name, it in asked.items()}
        return self.succeeds(self.door.get(path, by, params=params))

    def clock_strikes(self) -> int:
        """Do what is due by time alone, as the clock does it; return to how many acts that came."""
        cases = self.door.house.cases
        with cases.region.connect() as connection:
            return sum(done(cases, it) for it in list(due(connection)))

    def succeeds(self, answer: Response) -> Any:
        """Return what was answered; it has to have been granted."""
        assert answer.is_success, answer.text
        return answer.json()

    def _register(self, path: str, body: Row) -> None:
        answer = self.post(path, ADMINISTRATOR, body=body)
        assert answer.status_code in {201, 409}, answer.text


@dataclass(frozen=True, eq=False)
class CaseLife:
    """The life of one case: what people do in it, what they are refused, and what is told of it."""

    life: Life
    id: str
    client: str

    # When.

    def tries(self, who: Actor, act: str, /, at: str | None = None, reported: bool = False, **body: Any) -> Response:
        """Have somebody try something; return whatever is answered. `if_match` names the version that they saw."""
        seen = {"If_Match": f'"{body.pop("if_match")}"'} if "if_match" in body else {}
        return self.life.post(f"/cases/{self.id}/{act}", who, at, body, reported, **seen)

    def does(self, who: Actor, act: str, /, at: str | None = None, reported: bool = False, **body: Any) -> Any:
        """Have somebody do something; return the id of what it made, else the version of its first event."""
        done = self.life.succeeds(self.tries(who, act, at, reported, **body))
        return done["made"] or next(iter(done["events"]), None)

    def refuses(self, problem: str, who: Actor, act: str, /, at: str | None = None, **body: Any) -> Row:
        """Have somebody try what is refused as this problem; return the facts that come with it."""
        answer = self.tries(who, act, at, **body)
        assert answer.status_code >= 400, answer.text
        told = answer.json()
        assert told["type"] == f"/problems/{problem}", answer.text
        details: Row = told.get("details", {})
        return details

    # Then.

    def reads(self, what: str = "", by: Actor = AUDITOR, **asked: Any) -> Any:
        """Return what is told of the case, at the moment asked about: the rows where there are rows."""
        told = self.life.reads(f"/cases/{self.id}/{what}".rstrip("/"), by, **asked)
        return told.get("rows", told)

    def stands(self, **asked: Any) -> Any:
        """Return where the case stands."""
        return self.reads(**asked)

    def owner(self, **asked: Any) -> str | None:
        """Return who owns the case: "client", a worker's id or, while nobody is named, the unit; None when closed."""
        told = self.stands(**asked)
        return "client" if told["owned_by"] == "client" else name_of(told["owner"])

    def responsible(self, **asked: Any) -> str | None:
        """Return who answers for the case: a worker's id or, while nobody is named, the unit; None when closed."""
        return name_of(self.stands(**asked)["responsible"])

    def findings(self, *rules: int, **asked: Any) -> list[Row]:
        """Return what an auditor should look at: all of it, or by these rules."""
        return [it for it in self.reads("findings", **asked)["findings"] if not rules or it["rule"] in rules]

    def topics(self, **asked: Any) -> list[str]:
        """Return what has happened in the case, in order."""
        return [it["topic"] for it in self.reads("history", **asked)["events"]]

    def latest(self, topic: str, **asked: Any) -> Row:
        """Return the last entry of this topic, with its version and its circumstances."""
        entries: list[Row] = self.reads("history", **asked)["events"]
        return next(it for it in reversed(entries) if it["topic"] == topic)

    @property
    def version(self) -> int:
        """The version of the case now."""
        return int(self.stands()["version"])


def name_of(told: Row | None) -> str | None:
    """Return a holder by the worker's id or, where there is none, by the unit's."""
    return None if told is None else str(told["worker"] or told["unit"])


def plain(value: Any) -> Any:
    """Return a value as JSON has it: a worker or a unit is a holder, a moment has its offset."""
    if isinstance(value, Actor):
        value = holder(value)
    match value:
        case Value():
            return plain(vars(value))
        case dict():
            return {name: plain(part) for name, part in value.items()}
        case list() | tuple():
            return [plain(part) for part in value]
        case datetime():
            return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
