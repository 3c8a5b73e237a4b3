"""Thresholds: what a rule's numbers are, unless a directory administrator sets them otherwise."""

from __future__ import annotations

from typing import Literal, get_args

from domain.decider import Value

Threshold = Literal["respond_working_days", "name_working_days", "object_days", "letter_days", "late_days"]


class Policy(Value):
    """The policy in force. `version` is that of the policy's stream, 0 where nothing was ever set."""

    version: int = 0
    respond_working_days: int = 5
    """Rule 4: how long an offered handoff waits for an answer before it expires."""
    name_working_days: int = 5
    """Rule 1: how long a unit may hold a case before it names a worker."""
    object_days: int = 14
    """Rule 13: how long the client has to object to a proposed closure."""
    letter_days: int = 7
    """Rule 13: on which day after its posting a letter counts as received (Act 434/2003, 59 §)."""
    late_days: int = 3
    """Rule 19: how long after it happened something is entered late."""


THRESHOLDS: tuple[str, ...] = get_args(Threshold)
