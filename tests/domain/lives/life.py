"""Whole lives of cases: any commands, by anybody, in any order, and the world around them changes too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from domain.acceptance import AcceptHandoff, DeclineHandoff, ReportAcceptance
from domain.authorization import NotInTheCase, permit
from domain.case import Case, speaks_for
from domain.closure import CloseCase, ProposeClosure, WithdrawClosure
from domain.corrections import ConfirmMisplaced, DenyMisplaced
from domain.decider import STAFF, Actor, Command, Forbidden, Override, Recorded, Refusal, Role, StreamAbsent
from domain.directory import organisation_stream
from domain.erasure import ConfirmErasure, EndRetention, ReplayErasure, proposal
from domain.facts import Keeping, Registered
from domain.handoff import ExpireHandoff, ProposeHandoff, WithdrawHandoff
from domain.imports import ImportActivity, ImportCase
from domain.intake import InformClient
from domain.objections import AnswerObjection
from domain.overrides import Overridable, RuleOverridden
from domain.policy import THRESHOLDS, Policy
from domain.remembered import Holder
from domain.reopening import ReopenCase
from domain.requests import AnswerAsClient
from domain.transfer import ContestTransfer, ReceiveTransfer, TransferMatter
from tests.domain.given import (
    ANY_CLIENT,
    CITY,
    CLIENT,
    COUNTY,
    HOLDERS,
    KELA,
    MONDAY,
    STAFF_OF_ALL,
    Asked,
    Story,
    aino,
    command_id,
    father,
    given,
    mandate,
    mother,
    represented,
    the_administrator,
    the_client,
    the_guardian,
    unit,
)
from tests.domain.lives.hand import ANYBODY, Hand, holders_in
from tests.domain.vocabulary import COMMANDS

CLIENTS = [
    ANY_CLIENT,
    ANY_CLIENT.but(dead=True),
    represented((the_guardian, mandate("guardian"))),
    represented((mother, mandate("custodian")), (father, mandate("custodian"))),
    represented((mother, mandate("custodian")), (father, mandate("custodian", until=MONDAY + timedelta(days=9)))),
    represented((mother, mandate("proxy", "statements", until=MONDAY + timedelta(days=30)))),
]
AN_IMPORT = uuid4()
REGISTERED = Registered(AN_IMPORT, "court_order")
BORN = [None, *[date(1961, 3, 7)] * 3, date(1961, 3, 8), date(1902, 3, 7)]
HOURS = [0, 0, 1, 5, 30, 100, 400]
TRIES = 15
CHANGES_AROUND = 0.15
MOVING = 0.3
"""How often somebody tries to move the case from where it is."""
AT_AN_END = 0.003
"""How often somebody tries to destroy all words, after which hardly anything happens any more."""
CASE_COMMANDS = [it for it in COMMANDS if it.state is Case]
ENDS: list[type[Command[Any]]] = [ConfirmErasure, *[EndRetention] * 4, ReplayErasure]
ANYTIME = [it for it in CASE_COMMANDS if it not in ENDS]
OPENING = [it for it in CASE_COMMANDS if it.stream == "new" and it is not ImportCase]


class Act(NamedTuple):
    """What somebody did, and the id of the command."""

    asked: Asked
    id: UUID


def lucky(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - luck, not a secret


@dataclass
class Tally:
    """What became of each command, and which rules were set aside: of one life, or of several.

    `turned_away` are who found no case, having no part in it; `readers_only` who may read it and not act.
    """

    done: Counter[type[Command[Any]]] = field(default_factory=Counter)
    refused: Counter[type[Command[Any]]] = field(default_factory=Counter)
    turned_away: Counter[type[Command[Any]]] = field(default_factory=Counter)
    readers_only: Counter[type[Command[Any]]] = field(default_factory=Counter)
    overrides: Counter[int] = field(default_factory=Counter)


@dataclass
class Life:
    """A story that goes on from one lucky act to the next."""

    luck: Random
    story: Story
    now: datetime = MONDAY
    acts: list[Act] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)

    def goes_on(self) -> Iterator[tuple[Story, Story]]:
        """Go on for a step: yield each act's story before and after. Try until something happens, not for ever."""
        self.now += timedelta(hours=self.luck.choice(HOURS))
        if self.luck.random() < CHANGES_AROUND:
            self.story = self.story.knowing(**another_world(self.luck))
        for _ in range(1 if self.story.case.erased else TRIES):
            before = self.story
            if self.happened(self.drawn()):
                yield before, self.story
                break

    def drawn(self) -> Asked:
        """Draw a command, by somebody, at some time until now."""
        case, choose = self.story.case, self.luck.choice
        command = Hand(self.luck, self.now, case, self.story.history).made(self.kind(case))
        earlier = self.now - timedelta(hours=choose(HOURS))
        at = choose([self.now, self.now, earlier, command.when(case) or self.now])
        allowed = [it for it in ANYBODY if it.role in command.roles]
        likely = [it for it in self.concerned(case, command) if it in allowed]
        actor = choose(choose([likely or allowed, likely or allowed, likely or allowed, allowed, ANYBODY]))
        return Asked(command, actor, at, self.now, reported=choose([False, False, True]))

    def kind(self, case: Case) -> type[Command[Any]]:
        """Choose a command that moves the case, or of some that come to hand the one that was done least so far."""
        if not self.story.history:
            return self.luck.choice(OPENING)
        luck = self.luck.random()
        if luck < AT_AN_END * (10 if case.status == "closed" else 1):
            return self.luck.choice(ENDS)
        if luck < MOVING:
            return self.luck.choice(moving(case))
        return min(self.luck.sample(ANYTIME, 3), key=lambda it: self.tally.done[it])

    def happened(self, asked: Asked) -> bool:
        """Let somebody do it. Whom the refusal names does it instead, and a manager sets a rule aside that may be."""
        after = done(self.story, asked)
        for _ in range(3):
            again = instead(asked, after.refusal)
            if again is None:
                break
            asked, after = again, done(after, again)
        if after.refusal is not None:
            self.tally.refused[type(asked.command)] += 1
            self.tally.turned_away[type(asked.command)] += isinstance(after.refusal, StreamAbsent)
            self.tally.readers_only[type(asked.command)] += isinstance(after.refusal, NotInTheCase)
            return False
        self.story = after
        if after.happened:
            self.tally.done[type(asked.command)] += 1
            self.tally.overrides.update(it.rule for it in after.happened if isinstance(it, RuleOverridden))
            self.acts.append(Act(asked, command_id(after.commands)))
        return bool(after.happened)

    def concerned(self, case: Case, command: Command[Any]) -> list[Actor]:
        """List those whom it concerns: who hold the case, whom it names, who did what it names, and the client."""
        named = list(vars(command).values())
        ids = {it for it in named if isinstance(it, UUID)}
        about = [it for it in self.story.history if it.version in named or (ids and ids & ids_of(it))]
        holders = [*[case.responsible] * 4, *holders_in(case), *holders_among(named)]
        holders += holders_among(value for it in about for value in vars(it.event).values())
        staff = [it for holder in holders if holder for it in STAFF_OF_ALL if speaks_for(it, holder)]
        return [*staff, *(it.context.actor for it in about), the_client]


def ids_of(it: Recorded) -> set[UUID]:
    """Return the ids that an event names."""
    return {value for value in vars(it.event).values() if isinstance(value, UUID)}


def holders_among(values: Iterable[Any]) -> Iterator[Holder]:
    """Yield the holders among these values, and in the lists among them."""
    for value in values:
        yield from (it for it in (value if isinstance(value, tuple) else [value]) if isinstance(it, Holder))


def done(story: Story, asked: Asked) -> Story:
    """Return the story after this: it happened, or was refused, first of all to whoever has no part in the case."""
    try:
        let_in(story, asked)
    except Refusal as refusal:
        return replace(story, refusal=refusal, happened=(), commands=story.commands + 1)
    return story.when(
        asked.command, asked.by, asked.at, entered=asked.entered, reported=asked.reported, imported=asked.imported
    )


def let_in(story: Story, asked: Asked) -> None:
    """Refuse whom the ledger would not let act, being what they are to the case; a new case is nobody's yet."""
    begins = asked.command.stream == "new" or not story.history
    if begins or asked.imported or asked.by.role not in asked.command.roles:
        return
    at, occurred = story.context(asked).recorded, asked.at or MONDAY
    if occurred.utcoffset() is not None:
        permit(asked.command.action, asked.by, story.case, story.facts.client, at=at, occurred=occurred)


def instead(asked: Asked, refusal: Refusal | None) -> Asked | None:
    """Return the same as somebody else sends it who may, as far as the refusal tells; None where it tells nobody."""
    if isinstance(refusal, Overridable) and asked.by.role in STAFF:
        return insisted(asked, refusal)
    named = holders_among(refusal.details.values()) if isinstance(refusal, Forbidden) else ()
    may = [it for holder in named for it in STAFF_OF_ALL if speaks_for(it, holder) and it != asked.by]
    return asked._replace(by=may[0]) if may else None


def insisted(asked: Asked, refusal: Overridable) -> Asked | None:
    """Return the same as a manager of the unit sends it, with the rule set aside; None once that was tried."""
    before: tuple[Override, ...] = getattr(asked.command, "override", ())
    if refusal.rule in {it.rule for it in before}:
        return None
    manager = next(it for it in STAFF_OF_ALL if it.role == Role.MANAGER and it.unit == asked.by.unit)
    override = Override(refusal.rule, "kiire", (asked.at or MONDAY) + timedelta(days=30))
    return asked._replace(command=asked.command.but(override=(*before, override)), by=manager)


def moving(case: Case) -> list[type[Command[Any]]]:
    """List what moves the case from where it is."""
    if case.status == "closed":
        return [ReopenCase, ConfirmErasure] if proposal(case) else [ReopenCase, ReopenCase, EndRetention]
    moves: list[type[Command[Any]]] = [ProposeHandoff, ProposeHandoff, TransferMatter, ProposeClosure]
    if case.pending:
        moves = [*[AcceptHandoff] * 4, DeclineHandoff, DeclineHandoff, WithdrawHandoff, ExpireHandoff, ReportAcceptance]
    elif case.transfer:
        moves = [ReceiveTransfer, ReceiveTransfer, ContestTransfer]
    if case.closure:
        moves = [*moves, InformClient, AnswerAsClient, AnswerObjection, WithdrawClosure, *[CloseCase] * 4]
    if any(case.misplaced.now().values()):
        moves = [*moves, ConfirmMisplaced, ConfirmMisplaced, DenyMisplaced]
    return moves


# How a life begins, and the world around it.


def begun(luck: Random, tally: Tally | None = None, first_command: int = 0) -> Life:
    """Begin a life: a worker takes the case up, or it comes in with an import."""
    world = another_world(luck)
    story = given(client=luck.choice(CLIENTS).but(dead=False)).knowing(existing=world["existing"])
    life = Life(luck, replace(story, commands=first_command), tally=tally or Tally())
    if luck.choice([True, False, False, False]):
        imported(life)
    while not life.story.history:
        if life.happened(life.drawn()):
            break
    return life


def imported(life: Life) -> None:
    """Let the case come in with some rows of an import."""
    hand = Hand(life.luck, life.now)
    rows = [hand.made(ImportActivity) for _ in range(life.luck.choice([0, 1, 3, 9]))]
    for row in (ImportCase(CLIENT, unit(aino), MONDAY), *rows):
        at = life.now + timedelta(hours=life.luck.choice([-50, *HOURS]))
        life.now = max(life.now, at)
        life.happened(Asked(row, the_administrator, at, life.now, imported=AN_IMPORT))


def another_world(luck: Random) -> dict[str, Any]:
    """Return other facts: another client, some who are leaving or gone, other thresholds."""
    gone = luck.sample(sorted(HOLDERS, key=repr), luck.choice([0, 0, 0, 1, 3]))
    leaving = luck.sample(sorted(HOLDERS, key=repr), luck.choice([0, 0, 1, 3]))
    policy = Policy(version=luck.choice([0, 3]), keep_years=luck.choice([0, 0, 10]))
    thresholds = luck.sample(THRESHOLDS, luck.choice([0, 0, 1, 3]))
    return {
        "client": luck.choice(CLIENTS),
        "holders": HOLDERS.difference(gone),
        "leaving": frozenset(leaving),
        "policy": policy.but(**{it: luck.choice([0, 1, 3, 40]) for it in thresholds}),
        "existing": frozenset(organisation_stream(it) for it in (KELA, COUNTY, CITY)),
        "keeping": Keeping(luck.choice(BORN), registered=luck.choice([None, REGISTERED])),
        "ceilings": dict.fromkeys(gone, 2),
        "caseloads": dict.fromkeys(HOLDERS, 3),
    }
