"""Thresholds: what a rule's numbers are, in a region, an organisation or a unit, and what they were."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, get_args

from domain.decider import Value

Threshold = Literal[
    "respond_working_days", "name_working_days", "object_days", "letter_days", "electronic_days", "late_days",
    "bounces", "bounce_days", "caseload_ceiling", "worker_changes", "contact_working_days",
    "assess_start_working_days", "assess_finish_months", "unreachable_attempts", "unreachable_channels",
    "unreachable_days", "quiet_days", "emergency_hours", "withheld_days", "keep_years", "keep_child_years",
    "keep_death_years", "keep_birth_years", "sample_day", "slip_days",
]  # fmt: skip


class Policy(Value):
    """The policy in force somewhere. `version` is that of the policy's stream, 0 where nothing was ever set."""

    version: int = 0
    name_working_days: int = 5
    """Rule 1: how long a unit may hold a case before it names a worker."""
    respond_working_days: int = 5
    """Rule 4: how long an offered handoff waits for an answer before it expires."""
    bounces: int = 2
    """Rule 9: after how many declines or returns the next move needs a joint meeting."""
    bounce_days: int = 90
    """Rule 9: within how many days they count."""
    object_days: int = 14
    """Rule 13: how long the client has to object to a proposed closure."""
    letter_days: int = 7
    """Rule 13: on which day after its posting a letter counts as received (Act 434/2003, 59 §)."""
    electronic_days: int = 3
    """Rule 13: on which day after its sending an electronic notice counts as received (Act 13/2003, 19 §)."""
    caseload_ceiling: int = 40
    """Rule 17: how many cases a worker holds at most, unless the unit has a limit of its own."""
    worker_changes: int = 3
    """Rule 18: how many changes of the responsible worker a case may see; one more is a finding."""
    contact_working_days: int = 5
    """Rule 18: how long a client's request for contact may wait."""
    late_days: int = 3
    """Rule 19: how long after it happened something is entered late."""
    keep_years: int = 10
    """Rule 20: how many years after its closing a case's words are kept (Act 703/2023, annex)."""
    keep_child_years: int = 30
    """Rule 20: how many, in the service task of families with children (Act 703/2023, annex)."""
    keep_death_years: int = 2
    """Rule 20: how many years after the client's death, in child protection (Act 703/2023, annex)."""
    keep_birth_years: int = 120
    """Rule 20: how many years after the client's birth, where no other term is known (Act 703/2023, annex)."""
    sample_day: int = 8
    """Rule 20: on the last digit of whose day of birth the words are kept for the National Archives: 8th, 18th, 28th.

    (National Archives, decision AL/20064/07.01.01.03.01/2014; the days are cited from memory.)
    """
    emergency_hours: int = 24
    """Rule 21: how long an emergency access holds at most."""
    withheld_days: int = 180
    """Rule 22: for how many days an entry is withheld from the client at most before another look is taken at it."""
    slip_days: int = 90
    """Rule 23: for how many days the code of a slip tells who answers for the case."""
    assess_start_working_days: int = 7
    """Rule 24: when the assessment has to have begun (SHL 1301/2014, 36 §)."""
    assess_finish_months: int = 3
    """Rule 24: when the assessment has to be complete (SHL 1301/2014, 36 §)."""
    unreachable_attempts: int = 3
    """Rule 25: how many attempts it takes before a client counts as unreachable."""
    unreachable_channels: int = 2
    """Rule 25: by how many channels."""
    unreachable_days: int = 30
    """Rule 25: over how many days, from the first attempt to the closure."""
    quiet_days: int = 30
    """Rule 32: how long after an objection a closure, a service's end or a handoff by the same unit is a finding."""


THRESHOLDS: tuple[str, ...] = get_args(Threshold)

LEAST: Mapping[str, int] = {
    it: getattr(Policy(), it) for it in ("keep_years", "keep_child_years", "keep_death_years", "keep_birth_years")
}
"""What no policy goes below: nobody shortens by a number what the law has kept, and so destroys it all at once."""


class Setting(Value):
    """A threshold that was set: for the region, an organisation, or a unit of one; from when on."""

    since: datetime
    version: int
    rule: Threshold
    value: int
    organisation: str | None = None
    unit: str | None = None

    @property
    def reach(self) -> int:
        """How near it is to those for whom it counts: 0 for the region, 2 for a unit."""
        return (self.organisation is not None) + (self.unit is not None)

    def counts_for(self, organisation: str | None, unit: str | None) -> bool:
        """Say whether it counts for that unit."""
        return self.organisation in {None, organisation} and self.unit in {None, unit}


class Policies(Value):
    """All that was ever set, oldest first. What is set for a unit goes before its organisation's, that before all."""

    settings: tuple[Setting, ...] = ()

    @property
    def version(self) -> int:
        """The version of the policy's stream."""
        return max((it.version for it in self.settings), default=0)

    def at(self, moment: datetime | None = None, organisation: str | None = None, unit: str | None = None) -> Policy:
        """Return the policy that was in force at a moment, None for now, in that unit, or in the whole region."""
        in_force = [
            it for it in self.settings if (moment is None or it.since <= moment) and it.counts_for(organisation, unit)
        ]
        nearest_last = sorted(in_force, key=lambda it: it.reach)
        version = max((it.version for it in in_force), default=0)
        return Policy().but(version=version, **{it.rule: it.value for it in nearest_last})

    def with_(self, setting: Setting) -> Policies:
        """Return them with one more."""
        return Policies((*self.settings, setting))
