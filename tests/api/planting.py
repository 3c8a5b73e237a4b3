"""Telling lives over HTTP with a mark in every text, and sending much with marks that is refused."""

from __future__ import annotations

import logging
import re
from collections import Counter
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from random import Random
from typing import Any, get_args, get_type_hints
from uuid import UUID, uuid4

from httpx2 import Response

from api.commands import commands, path_of
from api.wire import configured
from domain.case import Case, speaks_for
from domain.client import Client, NameRepresentative, RegisterClient
from domain.decider import STAFF, WORDS, Actor, Command, Override, Recorded, Role, Value
from domain.intake import OpenCase
from tests.api.conftest import Door
from tests.api.test_wire import serving, until_closed
from tests.domain.given import (
    MONDAY,
    STAFF_OF_ALL,
    an_auditor,
    father,
    mother,
    the_administrator,
    the_clock,
    the_guardian,
    the_other_administrator,
)
from tests.domain.lives.hand import Hand
from tests.domain.lives.life import HOURS, MOVING, lucky, moving
from tests.scenarios.life import plain

MARK = re.compile(r"planted\d{7}")
LIVES, STEPS, TRIES = 5, 40, 6
SENT = [it for it in commands() if it.state in {Case, Client}]
SURROUNDINGS = ("httpx", "asyncio", "faker", "hypothesis", "schemathesis")
"""Loggers of the tests themselves, which tell what they send."""


def words_in(kind: Any) -> list[str]:
    """Return which fields of a class hold words."""
    hints = get_type_hints(kind, include_extras=True)
    return [it.name for it in fields(kind) if any(map(holds_words, (hints[it.name], *get_args(hints[it.name]))))]


def holds_words(hint: Any) -> bool:
    return WORDS in getattr(hint, "__metadata__", ())


GOING_ON = [it for it in SENT if it.stream != "new"]
SAYING = [it for it in SENT if words_in(it)]
"""The commands in which somebody says something."""


@dataclass
class Kept(logging.Handler):
    """All that was logged by anybody, as it would be written down."""

    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(logging.DEBUG)

    __hash__ = logging.Handler.__hash__

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith(SURROUNDINGS):
            self.lines.append(logging.Formatter("%(name)s %(message)s").format(record))


@dataclass
class Teller:
    """Tells lives over HTTP, with a mark in every text; keeps what was refused, and what was done."""

    door: Door
    luck: Random = field(default_factory=lambda: lucky(20))
    marks: int = 0
    done: Counter[type[Command[Any]]] = field(default_factory=Counter)
    tried: Counter[type[Command[Any]]] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    tokens: dict[Actor, str] = field(default_factory=dict)

    def mark(self) -> str:
        self.marks += 1
        return f"planted{self.marks:07}"

    def marked(self, value: Any) -> Any:
        """Return a command or a part of one with a mark in every field of words that it has."""
        if isinstance(value, tuple):
            return tuple(self.marked(it) for it in value)
        if not isinstance(value, Value):
            return value
        words = words_in(type(value))
        parts = {name: self.marked(part) for name, part in vars(value).items()}
        return value.but(**parts | {name: self.mark() for name in words if parts[name]})

    def ask(self, method: str, path: str, by: Actor | None, **more: Any) -> Response:
        headers = {name: str(it) for name, it in more.pop("headers", {}).items()}
        if by is not None:
            if by not in self.tokens:
                self.tokens[by] = self.door.issuer.mint(by)
            headers["Authorization"] = f"Bearer {self.tokens[by]}"
        answer = self.door.http.request(method, path, headers=headers, **more)
        if answer.status_code >= 400:
            self.problems.append(answer.text + str(answer.headers))
        return answer

    def least_done(self) -> type[Command[Any]]:
        """Return, of some commands that come to hand, the one that was done least so far."""
        return min(self.luck.sample(GOING_ON, 5), key=lambda it: (self.done[it], self.tried[it]))

    def sends(self, command: Command[Any], by: Actor, stream: UUID | None, at: datetime) -> Response:
        """Send a command as somebody, marked."""
        self.tried[type(command)] += 1
        body = plain(vars(self.marked(command)))
        body = {name: sorted(it) if isinstance(it, frozenset | set) else it for name, it in body.items()}
        headers = {"Occurred-At": at.isoformat(), "Idempotency-Key": str(uuid4())}
        answer = self.ask("POST", path_of(type(command)).format(id=stream), by, json=body, headers=headers)
        if answer.is_success and answer.json()["events"]:
            self.done[type(command)] += 1
        return answer


@dataclass
class Told:
    """A case of which is told, its client, and what the time is in it."""

    teller: Teller
    client: UUID
    case: UUID
    now: datetime = MONDAY

    @property
    def people(self) -> list[Actor]:
        """Who takes part in it."""
        return [*STAFF_OF_ALL, Actor(str(self.client), Role.CLIENT), the_guardian, mother, father, the_clock,
                the_administrator, the_other_administrator, an_auditor]  # fmt: skip

    def goes_on(self) -> None:
        """Try until something happens, not for ever: what was done least so far first of all, by whom it concerns."""
        luck = self.teller.luck
        self.now += timedelta(hours=luck.choice(HOURS))
        for _ in range(TRIES):
            state, history = self.stands
            kind = luck.choice(moving(state)) if luck.random() < MOVING else self.teller.least_done()
            command = Hand(luck, self.now, state, history).made(kind)
            may = [it for it in self.people if it.role in kind.roles]
            likely = [it for it in may if state.responsible and speaks_for(it, state.responsible)]
            if self.happened(command, luck.choice([*may, *likely * 8] or self.people)):
                return

    @property
    def stands(self) -> tuple[Case, list[Recorded]]:
        """Return where the case stands, and what has happened in it."""
        cases = self.teller.door.house.cases
        state = cases.loaded(self.case, Case).state
        assert isinstance(state, Case)
        return state, cases.history(self.case)

    def answering(self, other: Actor, kind: type[Command[Any]]) -> Actor | None:
        """Return somebody else of the staff who answers for the case and may give such a command."""
        holder = self.stands[0].responsible
        may = [it for it in STAFF_OF_ALL if it.role in kind.roles and it != other]
        return next((it for it in may if holder and speaks_for(it, holder)), None)

    def happened(self, command: Command[Any], by: Actor) -> bool:
        """Let somebody do it; whom a refusal names does it instead, and a manager sets a rule aside that may be."""
        stream = self.client if command.state is Client else self.case
        for _ in range(3):
            answer = self.teller.sends(command, by, stream, self.now)
            if answer.is_success:
                return True
            told = answer.json()
            if "rule" in told and hasattr(command, "override") and by.role in STAFF and told["status"] == 409:
                if told["rule"] in {it.rule for it in command.override}:
                    return False
                aside = Override(told["rule"], "kiire", self.now + timedelta(days=30))
                command = command.but(override=(*command.override, aside))
                by = next(it for it in STAFF_OF_ALL if it.role == Role.MANAGER and it.unit == by.unit)
                continue
            named = next((it for it in STAFF_OF_ALL if it != by and speaks(it, told.get("details", {}))), None)
            if told["status"] in {403, 404} and by.role in STAFF:  # outsiders are told nobody's name
                named = named or self.answering(by, type(command))
            if named is None:
                return False
            by = named
        return False


def speaks(actor: Actor, details: dict[str, Any]) -> bool:
    """Say whether a refusal names this worker, or the unit that they are in."""
    holders = [it for it in details.values() if isinstance(it, dict) and "unit" in it]
    return any(
        (it["organisation"], it["unit"]) == (actor.organisation, actor.unit) and it["worker"] in {None, actor.id}
        for it in holders
    )


def lives(teller: Teller) -> list[Told]:
    """Tell the lives of some cases."""
    for it in STAFF_OF_ALL:
        place = {"organisation": it.organisation, "unit": it.unit}
        for path, body in (
            ("/organisations", {"organisation": it.organisation, "name": it.organisation}),
            ("/units", place | {"name": it.unit}), ("/workers", place | {"worker": it.id}),
        ):  # fmt: skip
            teller.ask("POST", path, the_administrator, json=body)
    found = []
    for number in range(LIVES):
        worker = STAFF_OF_ALL[number % len(STAFF_OF_ALL)]
        client = UUID(teller.sends(RegisterClient("1961-03-07", "Tampere"), worker, None, MONDAY).json()["id"])
        if number % 3 == 1:
            teller.sends(NameRepresentative(UUID(the_guardian.id), "guardian"), worker, client, MONDAY)
        case = UUID(teller.sends(OpenCase(client=client, need="apua"), worker, None, MONDAY).json()["id"])
        found.append(Told(teller, client, case))
        for _ in range(STEPS):
            found[-1].goes_on()
    return found


def misdeeds(teller: Teller, it: Told) -> None:
    """Send much that is refused, with marks where nobody looks for words."""
    worker, hand = STAFF_OF_ALL[0], Hand(lucky(1), MONDAY)
    for kind in SAYING:
        path = path_of(kind).format(id=it.case if kind.state is Case else it.client)
        body = {name: teller.mark() for name in words_in(kind)}
        for wrong in (
            body | {f"{teller.mark()} sanoi": 1}, body | {"rests_on": teller.mark(), "about": teller.mark()},
            {name: [it] for name, it in body.items()}, {name: {"said": it} for name, it in body.items()},
            plain(vars(teller.marked(hand.made(kind)))) | {"client": teller.mark(), "by": teller.mark()},
        ):  # fmt: skip
            teller.ask("POST", path, worker, json=wrong)
        teller.ask("POST", path, worker, content=f'{{"words": "{teller.mark()}'.encode())
        for header in ("Idempotency-Key", "If-Match", "Occurred-At", "Reported", "Causation-Id", "Purpose"):
            teller.ask("POST", path, worker, json=body, headers={header: teller.mark()})
    marked = Actor(teller.mark(), Role.WORKER, teller.mark(), teller.mark())
    teller.ask("GET", f"/cases/{teller.mark()}", worker)
    teller.ask("GET", f"/{teller.mark()}", worker)
    teller.ask(teller.mark().upper(), "/cases", worker)
    teller.ask("GET", "/cases", None, headers={"Authorization": f"Bearer {teller.mark()}.{teller.mark()}.x"})
    teller.ask("POST", f"/cases/{it.case}/record-statement", marked, json={"words": teller.mark()})


def questions(teller: Teller, told: list[Told]) -> None:
    """Ask everything that can be asked, of everybody, with marks in what is asked."""
    document = teller.door.app.openapi()
    for path, methods in document["paths"].items():
        if "get" not in methods or path == "/feed":
            continue
        names = [it["name"] for it in methods["get"].get("parameters", ()) if it["in"] == "query"]
        it = told[-1]
        of = it.client if path.startswith("/clients") else it.case
        named = {"organisation": "0246246-0", "unit": "x", "worker": "aino", "name": "key-reused"}
        where = path.format(id=of, log="events", epoch=1, level=0, place="000.p/1", **named)
        for by in (*STAFF_OF_ALL[:3], Actor(str(it.client), Role.CLIENT), an_auditor, the_administrator):
            teller.ask("GET", where, by)
            headers = dict.fromkeys(("Purpose", "Accept-Language", "If-None-Match", "X-Said"), teller.mark())
            teller.ask("GET", where, by, headers=headers)
            for name in names:
                teller.ask("GET", where, by, params={name: teller.mark()})


def on_the_wire(teller: Teller, it: Told) -> None:
    """Ask over a socket, where the server would log."""
    config = configured(teller.door.app, port=0, log_level="debug", log_config=None, lifespan="off")
    token = teller.door.issuer.mint(STAFF_OF_ALL[0])
    asked = (
        f"GET /cases/{it.case}/voice?after={teller.mark()} HTTP/1.1\r\nAuthorization: Bearer {token}\r\n",
        f"GET /{teller.mark()} HTTP/1.1\r\nX-Said: {teller.mark()}\r\n",
        f"{teller.mark()} / HTTP/1.1\r\n",
    )
    with serving(config) as connect:
        for head in asked:
            with connect() as connection:
                connection.sendall(f"{head}Connection: close\r\n\r\n".encode())
                teller.problems.append(until_closed(connection).decode())
