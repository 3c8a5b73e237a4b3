"""What to ask before anything is typed, so that a refusal which hangs on nothing typed shows at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from api.pages import choices
from api.pages.choices import Answers
from api.pages.fields import Asked, alternative, asked, least
from api.pages.filled import SEVERAL, read
from domain.decider import Command

_PLACEHOLDER = "…"
_STANDS = frozenset({403, 404, 409, 412})
_NOBODY = UUID(int=0)
_CHOSEN = frozenset({"entry", "thing"})


def initial(command: type[Command[Any]], answers: Answers, now: datetime) -> dict[str, Any]:
    """Return a body to ask with before anything is typed: the first of what can be chosen, and words that say nothing.

    Of what is refused, that stands whatever is typed which `stands` says so of.
    """
    sent = {it.name: [*_first(it, command, answers, now)] for it in asked(command) if it.name in least(command)}
    if "client_view" in sent and not sent["client_view"]:
        sent[alternative("client_view") or ""] = [_PLACEHOLDER]
    return read(command, sent)


def guessed(command: type[Command[Any]], answers: Answers, body: Mapping[str, Any]) -> frozenset[str]:
    """Return what of a body was chosen for whoever asks, of several things that they can choose."""
    several = [it for it in asked(command) if it.kind in _CHOSEN and choices.offered(it, command, answers, "en")]
    return frozenset(str(body[it.name]) for it in several if it.name in body)


def stands(problem: Mapping[str, Any], guesses: Collection[str] = ()) -> bool:
    """Say whether a refusal hangs on who asks and how things are, and neither on what was typed nor on a guess."""
    named = {str(it) for it in (problem.get("details") or {}).values()}
    return problem["status"] in _STANDS and named.isdisjoint(guesses)


def _first(it: Asked, command: type[Command[Any]], answers: Answers, now: datetime) -> Iterator[str]:
    offered = choices.offered(it, command, answers, "en")
    match it.kind:
        case "one" | "many":
            yield it.values[0]
        case "yes_or_no":
            yield "true"
        case "day":
            yield (now + timedelta(days=7)).date().isoformat()
        case "time":
            yield (now + timedelta(days=7)).isoformat()
        case "holder":
            yield from _nearest(answers)
        case "thing" if not offered and it.required:
            yield str(_NOBODY)
        case "number" | "entry" if not offered:
            yield "1"
        case "words" | "line":
            yield str(_NOBODY) if it.name in {"client", "representative"} else _PLACEHOLDER
        case _:
            yield from (one.value for one in offered[:2] if it.kind in SEVERAL or one is offered[0])


def _nearest(answers: Answers) -> Iterator[str]:
    """Yield a holder to ask with: of the organisation that answers for the case, and not the very one."""
    responsible = (answers.get("case") or {}).get("responsible") or {}
    parts = ("organisation", "unit", "worker")
    others = [it for it in answers.get("holders", ()) if any(it.get(one) != responsible.get(one) for one in parts)]
    others.sort(key=lambda it: it["organisation"] != responsible.get("organisation"))
    yield from (choices.holder_value(it) for it in others[:1])
