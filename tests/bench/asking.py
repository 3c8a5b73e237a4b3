"""Every query over HTTP on a large ledger, each beside the reading of one row by its primary key in the same rounds."""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from random import Random
from statistics import median, quantiles
from typing import get_args
from urllib.parse import quote
from uuid import UUID

from api.development import DevelopmentIssuer
from api.settings import Settings
from domain.assessment import Trigger
from domain.decider import Actor, Role
from projections.rebuild import rebuild
from projections.standing import STANDING
from tests.bench.ground import ground
from tests.bench.measure import Goal, Line, Part, Scale, Spread, compared
from tests.bench.populating import WORKERS_EACH, YEARS, Plan, filled, planned, sequenced, sizes, staffed, tidied
from tests.bench.serving import HOST, serving

PROCESSES = 2
READY_SECONDS = 600
LARGEST = 8
"""How many tables' sizes are told one by one."""
BY_KEY = "one row, by its primary key"
FIRST = 10_000
"""Of how many cases single ones are asked about."""
_HOLDERS = f"""
    SELECT "case", responsible_organisation FROM {STANDING.table.table} WHERE "case" = ANY (%s)"""

ONE_CASE = {
    "a case": "/cases/{case}",
    "its owners": "/cases/{case}/owner",
    "its handoffs": "/cases/{case}/handoffs",
    "its voice": "/cases/{case}/voice",
    "what its decisions rest on": "/cases/{case}/heard",
    "what the words changed": "/cases/{case}/changed",
    "its plan": "/cases/{case}/plan",
    "its team": "/cases/{case}/team",
    "its support": "/cases/{case}/support",
    "its continuity": "/cases/{case}/continuity",
    "its closings": "/cases/{case}/closure",
    "its endings": "/cases/{case}/endings",
    "its next step": "/cases/{case}/next-step",
    "its findings": "/cases/{case}/findings",
    "its history": "/cases/{case}/history",
    "its words": "/cases/{case}/words",
    "its owners, by what had happened": "/cases/{case}/owner?happened_by={past}",
    "its owners, by what was known": "/cases/{case}/owner?known_at={past}",
    "a case, on both clocks": "/cases/{case}?known_at={past}&happened_by={past}",
    "its voice, by what had happened": "/cases/{case}/voice?happened_by={past}",
    "its findings at a past date": "/cases/{case}/findings?happened_by={past}",
}
LISTS = {
    "a client's cases": "/clients/{client}/cases",
    "cases of a worker": "/cases?unit={organisation}/{unit}&worker={worker}&status=open",
    "cases of a unit": "/cases?unit={organisation}/{unit}&status=open",
    "cases of an organisation, by due": "/cases?organisation={organisation}&status=open&sort=due",
    "closed cases of an organisation": "/cases?organisation={organisation}&status=closed",
    "cases that the client owns": "/cases?owner=client",
    "cases that the client owns in a unit": "/cases?owner=client&unit={organisation}/{unit}",
    "cases that a worker owns": "/cases?owner={organisation}/{unit}/{worker}",
    "cases chosen for another to own": "/cases?owner=chosen&organisation={organisation}",
    "cases offered to a unit": "/cases?offered_to={organisation}/{unit}",
    "open cases, the longest wait first": "/cases?status=open&sort=first_contact",
    "cases due in a unit": "/cases?unit={organisation}/{unit}&due_by={now}&sort=due",
    "cases due": "/cases?due_by={now}&sort=due",
    "cases without a worker in an organisation": "/cases?organisation={organisation}&without_worker=true",
    "cases of a unit with a finding": "/cases?unit={organisation}/{unit}&finding={rule}",
    "cases with a finding": "/cases?finding={rule}",
    "cases of a unit at a past date": "/cases?unit={organisation}/{unit}&status=open&happened_by={past}",
    "cases of an organisation at a past date": "/cases?organisation={organisation}&status=open&happened_by={past}",
    "cases of a worker at a past date": "/cases?unit={organisation}/{unit}&worker={worker}&happened_by={past}",
    "open cases at a past date": "/cases?status=open&happened_by={past}",
    "cases of a unit with a finding, at a past date":
        "/cases?unit={organisation}/{unit}&finding={rule}&happened_by={past}",
}  # fmt: skip
CASELOADS = {
    "caseload of a worker": "/caseload?unit={organisation}/{unit}&worker={worker}",
    "caseload of a unit": "/caseload?unit={organisation}/{unit}",
    "caseload of an organisation": "/caseload?organisation={organisation}",
    "caseload of a worker at a past date": "/caseload?unit={organisation}/{unit}&worker={worker}&happened_by={past}",
    "caseload of a unit at a past date": "/caseload?unit={organisation}/{unit}&happened_by={past}",
    "caseload of an organisation at a past date": "/caseload?organisation={organisation}&happened_by={past}",
    "a worker": "/workers/{organisation}/{worker}",
    "a unit": "/units/{organisation}/{unit}",
    "what waits for a unit's manager": "/alerts?unit={organisation}/{unit}",
    "what waits for any manager": "/alerts",
}
FINDINGS = {
    "findings": "/findings",
    "findings of a rule": "/findings?rule={rule}",
    "findings of a unit": "/findings?unit={organisation}/{unit}",
    "findings of an organisation, by the policy of their time":
        "/findings?organisation={organisation}&by=its_time",
    "findings by today's policy alone": "/findings?by=today&unit={organisation}/{unit}",
    "settled findings of an organisation": "/findings?organisation={organisation}&state=settled",
    "findings of a rule at a past date": "/findings?rule={rule}&happened_by={past}",
    "findings of a unit at a past date": "/findings?unit={organisation}/{unit}&happened_by={past}",
}  # fmt: skip
REPORTS = {
    "flows between organisations": "/flows",
    "flows of an organisation's units": "/flows?by=unit&organisation={organisation}",
    "flows between units": "/flows?by=unit",
    "flows at a past date": "/flows?happened_by={past}",
    "referral memory of a case": "/referral-memory?case={case}",
    "referral memory of a case, of one unit":
        "/referral-memory?case={case}&to_organisation={organisation}&to_unit={unit}",
    "referral memory of a trigger": "/referral-memory?triggers={trigger}",
    "referral memory of a decline code": "/referral-memory?codes=not_competent",
    "heard shares of organisations": "/heard",
    "heard shares of an organisation's units": "/heard?by=unit&organisation={organisation}",
    "heard shares at a past date": "/heard?organisation={organisation}&happened_by={past}",
    "endings in organisations": "/endings",
    "endings in an organisation's units": "/endings?by=unit&organisation={organisation}",
    "endings in an organisation, by month": "/endings?organisation={organisation}&monthly=true",
    "support in organisations": "/support?by=organisation",
    "support in an organisation's units": "/support?organisation={organisation}",
}  # fmt: skip
QUESTIONS = {BY_KEY: "/bench/by-key/{case}", **ONE_CASE, **LISTS, **CASELOADS, **FINDINGS, **REPORTS}
"""What is asked: what it is called, and its path, with what is drawn anew each time."""
RULES = (1, 4, 18, 24, 26, 27)
TRIGGERS: Sequence[str] = get_args(Trigger)
IN_MILLISECONDS = Goal(10, at_most=True)
"""How many times as long as the reading of one row a query may take."""


class Asker:
    """Somebody who asks a service, one question after the other, about cases, people, places and times at random."""

    def __init__(self, plan: Plan, issuer: DevelopmentIssuer, connection: http.client.HTTPConnection) -> None:
        self.plan = plan
        self.issuer = issuer
        self.connection = connection
        self.luck = Random("who asks")  # noqa: S311 - luck, not a secret

    @cached_property
    def tokens(self) -> dict[str, str]:
        """A token of a manager in each organisation."""
        names = [self.plan.county.organisation(it) for it in range(self.plan.county.organisations)]
        return {it: self.issuer.mint(Actor("esihenkilö", Role.MANAGER, it, "yksikkö")) for it in names}

    @cached_property
    def held(self) -> dict[int, list[int]]:
        """The cases that each organisation answers for, as far as they are among the first: only those may it read."""
        first = {self.plan.case(it): it for it in range(min(self.plan.cases, FIRST))}
        with self.plan.region.connect() as connection:
            found: dict[UUID, str] = dict(connection.execute(_HOLDERS.encode(), (list(first),)).fetchall())
        names = {self.plan.county.organisation(it): it for it in range(self.plan.county.organisations)}
        held: dict[int, list[int]] = {}
        for case, number in first.items():
            held.setdefault(names[found[case]], []).append(number)
        return held

    def drawn(self) -> dict[str, str]:
        """Draw what a question may be about."""
        county, draw = self.plan.county, self.luck.randrange
        one, unit = self.luck.choice(sorted(self.held)), draw(county.units)
        case = self.luck.choice(self.held[one])
        past = self.plan.now - timedelta(days=self.luck.uniform(1, 365 * (YEARS - 1)))
        found = {
            "case": self.plan.case(case), "client": self.plan.who(case).client, "rule": self.luck.choice(RULES),
            "organisation": county.organisation(one), "unit": county.unit(one, unit),
            "worker": county.worker(one, unit, draw(WORKERS_EACH)), "past": past.isoformat(),
            "now": self.plan.now.isoformat(), "trigger": self.luck.choice(TRIGGERS),
        }  # fmt: skip
        return {name: quote(str(value)) for name, value in found.items()}

    def asks(self, path: str) -> float:
        """Ask, and return how many milliseconds the answer took."""
        drawn = self.drawn()
        headers = {"Authorization": f"Bearer {self.tokens[drawn['organisation']]}"}
        where = path.format_map(drawn)
        started = time.perf_counter()
        self.connection.request("GET", where, headers=headers)
        answer = self.connection.getresponse()
        body = answer.read()
        took = time.perf_counter() - started
        if answer.status != http.client.OK:
            raise RuntimeError(f"{where} was answered {answer.status}: {body.decode()[:500]}")
        return 1000 * took


def measure(url: str, scale: Scale, scratch: Path) -> Part:
    """Build the ledger, then ask each question again and again."""
    part = Part("queries", f"Queries over HTTP on a ledger of {scale.cases_asked:,} cases")
    settings = Settings(home=scratch / "queries")
    with ground(url, "queries", 2, settings.home) as it:
        plan = planned(it, settings.home, scale.cases_asked, scale.lives)
        staffed(it, plan)
        built(plan, part)
        environment = {"LUOTSI_HOME": str(settings.home), "DATABASE_URL": url, "LUOTSI_REGION": it.region.name}
        with serving("house", 1, environment, scratch) as service:
            ready(service.port)
            with closing(http.client.HTTPConnection(HOST, service.port, timeout=60)) as connection:
                asked(Asker(plan, DevelopmentIssuer.at(settings), connection), scale, part)
    return part


def built(plan: Plan, part: Part) -> None:
    """Build the ledger and its read tables, and tell what that cost."""
    started = time.perf_counter()
    filled(plan, PROCESSES)
    copied = time.perf_counter() - started
    sequenced(plan.region)
    tidied(plan.region)
    started = time.perf_counter()
    outcome = rebuild(plan.region, processes=PROCESSES)
    rebuilt = time.perf_counter() - started
    tidied(plan.region)
    part.lines.append(Line("events copied in, two processes", one(outcome.events / copied), "/s"))
    part.lines.append(Line("events rebuilt into every read table, two processes", one(outcome.events / rebuilt), "/s"))
    tables = list(sizes(plan.region))
    part.lines.append(Line("on disk", one(sum(rows + keys for _, rows, keys in tables) / 2**20), " MiB"))
    part.notes.append(
        f"{outcome.events:,} events of {plan.cases:,} cases and their clients and staff, after {len(plan.tales):,} "
        f"lives that commands have told: copied in within {copied:.0f} s, without receipts; rebuilt within "
        f"{rebuilt:.0f} s."
    )
    largest = (f"{name} {rows / 2**20:,.0f} + {keys / 2**20:,.0f}" for name, rows, keys in tables[:LARGEST])
    part.notes.append(f"The largest tables, rows + indexes in MiB: {', '.join(largest)}.")


def one(value: float) -> Spread:
    """Return the spread of what was measured once."""
    return Spread(value, value, value)


def ready(port: int) -> None:
    """Wait until nothing is behind."""
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            urllib.request.urlopen(f"http://{HOST}:{port}/health/ready", timeout=60)
            return
        except urllib.error.HTTPError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def asked(asker: Asker, scale: Scale, part: Part) -> None:
    """Ask every question in turn, round by round; put the medians and the 99th percentiles into the part's table."""
    took: dict[str, list[list[float]]] = {name: [] for name in QUESTIONS}
    for round_ in range(1 + scale.rounds):
        for name, path in QUESTIONS.items():
            times = [asker.asks(path) for _ in range(scale.asks)]
            if round_:  # the first is for what a service reads once
                took[name].append(times)
    medians = {name: [median(times) for times in rounds] for name, rounds in took.items()}
    for name, rounds in took.items():
        every = [it for times in rounds for it in times]
        p99 = quantiles(every, n=100, method="inclusive")[-1] if len(every) > 1 else every[0]
        against = compared(medians, name, BY_KEY) if name != BY_KEY else None
        part.lines.append(
            Line(
                name, Spread.of(medians[name]), " ms", BY_KEY if against else "", against,
                IN_MILLISECONDS if against else None, p99,
            )
        )  # fmt: skip
