"""Cases as the queries tell them, made up for drawing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.rules import RuleLanguage

BEGAN = datetime(2025, 3, 3, 7, 0, tzinfo=UTC)
"""When the cases here begin: at nine on a Monday in Finland."""

KELA = {"organisation": "kela", "unit": "etuudet", "worker": "katri"}
PIRHA = {"organisation": "pirha", "unit": "aikuiset", "worker": "bo"}


class English:
    """Says the texts as they are written."""

    into: RuleLanguage = "en"

    def text(self, message: str, **facts: Any) -> str:
        return message % facts if facts else message


def at(days: float) -> str:
    """Return a time, so many days after the beginning."""
    return (BEGAN + timedelta(days=days)).isoformat()


def entry(version: int, topic: str, days: float, role: str = "worker", **event: Any) -> dict[str, Any]:
    """Return an event as the history tells it; recorded an hour later."""
    who, organisation, unit = ("client", None, None) if role == "client" else ("katri", "kela", "etuudet")
    context = {
        "who": who, "role": role, "organisation": organisation, "unit": unit, "occurred": at(days),
        "recorded": at(days + 1 / 24), "reported": False, "late": False, "imported": None,
    }  # fmt: skip
    return {"version": version, "topic": topic, "event": event, "context": context, "hash": "00", "withheld": None}


def period(version: int, days: float, until: float | None, holder: Mapping[str, Any], kind: str = "responsible") -> Any:
    """Return a period of the owner, who is the responsible unless it is the client."""
    return {
        "version": version, "owned_by": kind, "owner": None if kind == "client" else holder, "responsible": holder,
        "since": at(days), "until": None if until is None else at(until),
    }  # fmt: skip


def offer(version: int, days: float, answered: int | None, outcome: str, **more: Any) -> dict[str, Any]:
    """Return an offer from Kela to the county, answered a day later if it is."""
    return {
        "version": version, "id": str(UUID(int=version)), "sender": KELA, "to": PIRHA, "proposed_at": at(days),
        "answered": answered, "answered_at": None if answered is None else at(days + 1), "outcome": outcome,
        "accepted_by": PIRHA if outcome == "accepted" else None, "bounced": False, "bounced_to_organisation": False,
        "returned": False, "returned_to_organisation": False,
    } | more  # fmt: skip


def found(rule: int, kind: str, *entries: int, settled_by: int | None = None) -> dict[str, Any]:
    """Return a finding."""
    state = "open" if settled_by is None else "settled"
    return {
        "rule": rule,
        "kind": kind,
        "entries": list(entries),
        "settled_by": settled_by,
        "state": state,
        "says": kind,
    }


def state(**changes: Any) -> dict[str, Any]:
    """Return where a case stands: open, and Kela's."""
    return {
        "status": "open", "owned_by": "responsible", "owner": KELA, "responsible": KELA, "duty_holder": "kela",
        "handoff": None, "transfer": None, "closure": None, "open_objections": [], "next_step": None,
    } | changes  # fmt: skip
