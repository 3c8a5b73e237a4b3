"""The command line's `luotsi erase` and `luotsi retention`: what is destroyed, on whose word, and what falls due.

Nobody erases as the program: who acts is whom their token names. The first person's call proposes, another person's
confirms, and prints the receipt.
"""

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, cast, get_args
from uuid import UUID

import typer
from rich.table import Table

from api.house import opened
from api.retention import Falling, falling_due
from api.settings import Settings
from api.terminal import console, print_json, say
from domain.case import Case
from domain.decider import SEALED, Actor, Means, Recorded, RoleNotAllowed, StreamAbsent
from domain.erasure import (
    ConfirmErasure,
    ErasureAlreadyProposed,
    ErasureNotProposed,
    ErasureProposed,
    OwnErasure,
    PersonalDataErased,
    ProposeErasure,
    WithdrawErasure,
    proposal,
    same_id,
)
from domain.ledger.application import Cases, ask
from domain.ledger.mapper import codec_of
from domain.remembered import Basis
from domain.retention import KEEPERS


class TokenNeeded(Exception):
    """Nobody is named who acts. Give your token with --token, or in LUOTSI_TOKEN."""


def person(settings: Settings, token: str | None) -> Actor:
    """Return who acts, by their token. Raises `TokenNeeded`, a problem of the token, and `RoleNotAllowed`."""
    from api.identity import identity_of  # noqa: PLC0415 - tokens and all that goes with them

    token = token or os.environ.get("LUOTSI_TOKEN")
    if not token:
        raise TokenNeeded(TokenNeeded.__doc__)
    actor = identity_of(settings).verifier.verified(token.strip()).actor
    if actor.role not in KEEPERS:
        raise RoleNotAllowed(role=actor.role, allowed=sorted(KEEPERS))
    return actor


# Erasing


def erased_or_proposed(cases: Cases, case: UUID, actor: Actor, propose: ProposeErasure) -> dict[str, Any]:
    """Propose to erase a case, or confirm what another proposed on the same basis; return what came of it.

    Of a case that is erased it returns the receipt again. Raises the refusals of both commands.
    """
    state = _case(cases, case)
    if state.erased:
        return receipt(cases, case)
    stands = proposal(state)
    if stands is None:
        cases.execute(ask(propose, case, actor))
        return proposed(cases, case)
    if same_id(stands.by, actor):
        raise OwnErasure(by=stands.by.id, since=stands.at)
    if stands.basis != propose.basis:
        raise ErasureAlreadyProposed(erasure=stands.erasure, by=stands.by.id, basis=stands.basis)
    cases.execute(ask(ConfirmErasure(stands.erasure), case, actor))
    return receipt(cases, case)


def withdrawn(cases: Cases, case: UUID, actor: Actor) -> dict[str, Any]:
    """Take back what is proposed. Raises `ErasureNotProposed`."""
    stands = proposal(_case(cases, case))
    if stands is None:
        raise ErasureNotProposed(case=case)
    cases.execute(ask(WithdrawErasure(stands.erasure), case, actor))
    return {"case": case, "state": "withdrawn", "basis": stands.basis, "proposed_by": stands.by.id}


def proposed(cases: Cases, case: UUID) -> dict[str, Any]:
    """Return what is proposed, and waits for another person."""
    stands = proposal(_case(cases, case))
    if stands is None:
        raise ErasureNotProposed(case=case)
    return {
        "case": case, "state": "proposed", "basis": stands.basis, "proposed_by": stands.by.id,
        "proposed_at": stands.at, "erasure": stands.erasure,
    }  # fmt: skip


def receipt(cases: Cases, case: UUID) -> dict[str, Any]:
    """Return what was destroyed, when, on whose word, and when the last backup forgets it."""
    history = cases.history(case)
    it = next(it for it in reversed(history) if isinstance(it.event, PersonalDataErased))
    event = cast("PersonalDataErased", it.event)
    before = (one for one in history if isinstance(one.event, ErasureProposed) and one.event.erasure == event.erasure)
    asked = next(before, None) if event.erasure else None
    return {
        "case": case, "state": "erased", "basis": event.basis, "erased_at": it.context.recorded,
        "entries_whose_words_are_gone": sum(map(_had_words, history)),
        "also_gone": ["the key of those words", "what tied the case to its client"],
        "entries_that_stay": len(history), "proposed_by": asked.context.actor.id if asked else None,
        "confirmed_by": it.context.actor.id, "due": event.due, "replays": event.replays,
        "last_backup_forgets": event.forgotten_on,
    }  # fmt: skip


def _had_words(it: Recorded) -> bool:
    return any(getattr(it.event, name) == SEALED for name in codec_of(type(it.event)).words)


def _case(cases: Cases, case: UUID) -> Case:
    state = cases.loaded(case, Case).state
    if not isinstance(state, Case) or state.began is None:
        raise StreamAbsent
    return state


# The commands


Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
_BASES: tuple[str, ...] = get_args(Basis)
_MEANS: tuple[str, ...] = get_args(Means)


def _one_of(choices: tuple[str, ...]) -> Any:
    def read(text: str) -> str:
        if text not in choices:
            raise typer.BadParameter(f"{text!r} is none of {', '.join(choices)}")
        return text

    return read


def erase(
    *,
    case: Annotated[UUID, typer.Argument(metavar="CASE", help="The case.")],
    basis: Annotated[
        str, typer.Option(parser=_one_of(_BASES), metavar="BASIS", help=f"Why: {', '.join(_BASES)}.")
    ] = "retention_ended",
    reason: Annotated[str, typer.Option(help="Why, in words: they go with the others.")] = "",
    channel: Annotated[
        str, typer.Option(parser=_one_of(_MEANS), metavar="MEANS", help=f"How the client is told: {', '.join(_MEANS)}.")
    ] = "letter",
    withheld_because: Annotated[str, typer.Option(help="Why the client is not told.")] = "",
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take back what is proposed.")] = False,
    token: Annotated[str | None, typer.Option(help="Your token; else LUOTSI_TOKEN.")] = None,
    json: Json = False,
) -> None:
    """Destroy all words of a closed case, for good: the first person's call proposes it, another person's confirms it.

    What happened, when and by whom stays, and so do the proofs. It prints a receipt, also when asked again.
    """
    settings = Settings.read()
    with opened(settings) as house:
        actor = person(settings, token)
        if withdraw:
            told = withdrawn(house.cases, case, actor)
        else:
            propose = ProposeErasure(cast("Basis", basis), reason, cast("Means", channel), withheld_because)
            told = erased_or_proposed(house.cases, case, actor, propose)
    if json:
        print_json(told)
    else:
        say(in_words(told))


def in_words(told: dict[str, Any]) -> str:
    """Return what came of it, to be read."""
    lines = [f"Case {told['case']}: {told['state']}"]
    for name, value in told.items():
        if name in {"case", "state"} or value is None:
            continue
        shown = value.isoformat(timespec="seconds") if isinstance(value, datetime) else value
        lines.append(f"{name.replace('_', ' '):<30}{'; '.join(shown) if isinstance(shown, list) else shown}")
    if told["state"] == "erased" and told["last_backup_forgets"] is None:
        lines.append("Nobody knows yet when the last backup forgets: an older key is there still (luotsi keys status)")
    if told["state"] == "proposed":
        lines.append("Another administrator's call of the same command confirms it")
    return "\n".join(lines)


def retention(
    *,
    days: Annotated[int, typer.Option(min=0, max=36_500, help="How many days to look ahead.")] = 365,
    json: Json = False,
) -> None:
    """List the closed cases whose words fall due: the clock destroys them by itself, unless people have to decide."""
    now = datetime.now(UTC)
    with opened(Settings.read()) as house:
        found = list(falling_due(house.cases, now + timedelta(days=days)))
    if json:
        print_json([vars(it) | {"left_to_people": it.left_to_people(now)} for it in found])
    else:
        _print_falling(found, now)


def _print_falling(found: Sequence[Falling], now: datetime) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("case", "task", "closed", "due", "what then"):
        table.add_column(heading, overflow="fold")
    for it in found:
        table.add_row(str(it.case), it.task, f"{it.closed_at:%Y-%m-%d}", f"{it.due}", _then(it, now))
    console().print(table)
    say(f"{len(found)} cases")


def _then(it: Falling, now: datetime) -> str:
    if it.held_until is not None and now < it.held_until:
        return f"held until {it.held_until:%Y-%m-%d}"
    if it.proposed:
        return "proposed: waits for another person"
    return "birth date unknown: left to people" if it.birth_date_unknown else "destroyed by the clock"
