"""Rule 16: the client's own will, and whoever may speak for them. Checked on the events themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from domain.closure import CaseClosed, ClosureProposed, ClosureWithdrawn
from domain.decider import CLIENT_SIDE, STAFF, Actor, Event, Recorded, Role
from domain.intake import CaseOpened
from domain.reopening import CaseReopened
from domain.requests import ClientAnswered
from domain.voice import StatementConfirmed, StatementDisputed
from tests.domain.given import Story, the_client
from tests.domain.lives.reading import DECIDES, Reading, counting

YES = {"agreed", "confirmed"}


def decided_by_the_client(was: Reading, now: Reading, before: Story, after: Story) -> None:
    """Rule 16: the client owns by their own act, or by their word for what was noted; a note alone moves nothing."""
    actor = after.last.actor
    decisions = [it for it in after.happened if isinstance(it, DECIDES)]
    taken_up_again = any(isinstance(it, CaseOpened | CaseReopened) for it in after.happened)
    if was.owner != now.owner:
        assert taken_up_again or [it for it in decisions if it.waits_for is None]
    if actor.role in CLIENT_SIDE or decisions:
        assert (was.responsible, was.name_by) == (now.responsible, now.name_by)  # the back-stop stays
    for event in decisions:
        if event.waits_for is not None:
            assert was.owner == now.owner
            assert actor.role in STAFF | {Role.REPRESENTATIVE}
        elif event.confirms is None:
            decides_alone(actor, before, after)
        else:
            confirms_a_note(event.confirms, before, after)


def decides_alone(actor: Actor, before: Story, after: Story) -> None:
    assert actor.role in CLIENT_SIDE
    if actor.role == Role.REPRESENTATIVE:
        assert "ownership" in mandate_of(actor, after)
        assert custodians(after) - {actor.id} == set() or actor.id not in custodians(after)
        assert not any(isinstance(it.event, DECIDES) for it in by_the_client(before))


def confirms_a_note(version: int, before: Story, after: Story) -> None:
    note, actor = before.history[version - 1], after.last.actor
    assert isinstance(note.event, DECIDES)
    assert note.event.waits_for
    assert [it for it in after.happened if isinstance(it, ClientAnswered)] != []
    assert not any(getattr(it.event, "confirms", None) == version for it in before.history)
    assert (version, "denied") not in answers_in_person(before)
    if actor == the_client:
        return
    assert (actor.id, actor.organisation) != (note.context.actor.id, note.context.actor.organisation)
    if note.event.waits_for == "custodian":
        assert actor.id in custodians(after)
    elif actor.id in custodians(after) and custodians(after) - {actor.id}:
        said_yes = {it.context.actor.id for it in before.history if answers(it.event, version)}
        assert said_yes - {actor.id}


def mandate_of(actor: Actor, after: Story) -> set[str]:
    """Return the matters in which a representative may act, now and when it is said to have happened."""
    client = after.facts.client
    assert client is not None
    assert not client.dead
    held = [it for who, it in client.representatives if str(who) == actor.id]
    times = (after.last.occurred, after.last.recorded)
    return {
        scope for it in held for scope in it.scope
        if all(it.since <= at and (it.until is None or at < it.until) for at in times)
    }  # fmt: skip


def custodians(after: Story) -> set[str]:
    """Return the client's custodians when it was recorded."""
    client, at = after.facts.client, after.last.recorded
    held = client.representatives if client else ()
    return {
        str(who) for who, it in held
        if it.kind == "custodian" and it.since <= at and (it.until is None or at < it.until)
    }  # fmt: skip


def by_the_client(before: Story) -> Iterator[Recorded]:
    """Yield what counts of all that the client entered in person."""
    yield from (it for it in counting(before.history) if it.context.actor == the_client)


def answers(event: object, version: int) -> bool:
    return isinstance(event, ClientAnswered) and event.version == version and event.answer in YES


def answers_in_person(before: Story) -> set[tuple[int, str]]:
    """Return what the client in person has answered: to which version, and what."""
    return {
        (it.event.version, it.event.answer) for it in by_the_client(before) if isinstance(it.event, ClientAnswered)
    }  # fmt: skip


def stands_as_the_client_said_in_person(event: Event[Any], before: Story, after: Story) -> None:
    """Rule 16: nobody answers over the client, and no case ends as ended by a client who said no."""
    actor = after.last.actor
    if isinstance(event, ClientAnswered) and actor != the_client:
        assert event.version not in {version for version, _ in answers_in_person(before)}
        assert before.history[event.version - 1].context.actor.id != actor.id
    if isinstance(event, CaseClosed) and event.ground == "client_ended":
        assert last_word(after) is not False
    if isinstance(event, StatementDisputed | StatementConfirmed) and actor != the_client:
        said = said_in(event.statement, before)
        assert said.context.actor.id != actor.id or isinstance(event, StatementDisputed)
        assert said.context.actor != the_client or isinstance(event, StatementConfirmed)


def said_in(statement: UUID, before: Story) -> Recorded:
    return next(it for it in before.history if getattr(it.event, "statement", None) == statement)


def last_word(story: Story) -> bool | None:
    """Return whether the client in person last said yes or no to ending the case, since it was last taken up."""
    proposals = {it.version for it in story.history if isinstance(it.event, ClosureProposed)}
    word = None
    for it in counting(story.history):
        match it.event:
            case CaseReopened(trigger=trigger):
                word = word if trigger == "death_withdrawn" else None
            case ClosureProposed() if it.context.actor == the_client:
                word = True
            case ClosureWithdrawn(waits_for=None) if it.context.actor == the_client:
                word = False
            case ClientAnswered(version=version, answer=answer) if version in proposals:
                word = answer in YES if it.context.actor == the_client else word
    return word
