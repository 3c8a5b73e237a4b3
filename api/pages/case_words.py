"""What the page of a case calls things, where no table of the events' words has a word for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.pages.page import N_
from api.value_words import ENTRIES

CHAPTERS: Mapping[str, str] = {
    "voice": N_("The client's words"), "objections": N_("Objections"), "requests": N_("Requests and experience"),
    "client_ownership": N_("Whose case it is"), "handoff": N_("Handing over"), "acceptance": N_("Handing over"),
    "asking": N_("Handing over"), "meetings": N_("Handing over"), "transfer": N_("Handing over"),
    "ownership": N_("Handing over"), "intake": N_("Next step and informing"), "contacts": N_("Next step and informing"),
    "assessment": N_("Assessment and plan"), "plan": N_("Assessment and plan"), "provision": N_("Services"),
    "team": N_("Team"), "support": N_("Support for workers"), "closure": N_("Closing"), "reopening": N_("Closing"),
    "elsewhere": N_("Decisions and other organisations"), "consent": N_("Consent and withholding"),
    "withholding": N_("Consent and withholding"), "access": N_("Consent and withholding"),
    "corrections": N_("Corrections"), "overrides": N_("Corrections"), "retention": N_("Keeping the words"),
}  # fmt: skip
"""Under which heading the commands of a chapter stand."""

SHORT: Mapping[str, str] = {
    "propose-handoff": N_("Offer the case to another"), "name-responsible": N_("Name a worker"),
    "ask-who-owns": N_("Write down who should own it"), "request-handoff": N_("Ask for this case"),
    "record-statement": N_("Write down the client's words"), "raise-objection": N_("Write down an objection"),
    "make-request": N_("Write down a request"), "complete-assessment": N_("Complete an assessment"),
    "set-goal": N_("Set a goal"), "agree-plan": N_("Make a plan"), "start-service": N_("Begin a service"),
    "agree-team-line": N_("Record a team's line"), "promise-next-step": N_("Promise the next step"),
    "inform-client": N_("Write down that the client was told"), "make-contact": N_("Write down a contact"),
    "propose-closure": N_("Propose to close"), "close-case": N_("Close the case"),
    "reopen-case": N_("Open the case again"),
    "request-support": N_("Ask for support"),
}  # fmt: skip
"""What the commonest acts are called on their buttons."""

OUTCOMES: Mapping[str, str] = {
    "pending": N_("Waits for an answer"), "accepted": N_("Taken on"), "declined": N_("Declined"),
    "withdrawn": N_("Taken back"), "expired": N_("Nobody answered in time"), "received": N_("Received"),
    "contested": N_("Contested"),
}  # fmt: skip
"""What came of an offer or a transfer."""

KINDS: Mapping[str, str] = {
    "goal": N_("Goal"), "plan": N_("Plan"), "service": N_("Service"), "contact": N_("Contact")
}  # fmt: skip
STATES: Mapping[str, str] = {
    "pursued": N_("pursued"), "in_force": N_("in force"), "replaced": N_("replaced"), "under_way": N_("under way"),
    "made": N_("the client was reached"), "reached": N_("reached"), "declined": N_("declined by the client"),
    "ended": N_("ended"), "changed": N_("changed for another"),
}  # fmt: skip
"""How what was planned stands, where the table of values has no word for it, or another."""

TEAMWORK: Mapping[str, str] = {
    "line": N_("The team's line"),
    "dissent": N_("A member disagrees"),
    "self_review": N_("The team looked back"),
}

NAMED: Mapping[str, Any] = {
    "short": SHORT, "outcomes": OUTCOMES, "kinds": KINDS, "states": STATES, "teamwork": TEAMWORK, "entries": ENTRIES,
}  # fmt: skip
"""What the page's templates name things by."""

LIKENESS: Mapping[str, str] = {
    "triggers": N_("Cases in which an assessment found the same"),
    "kind": N_("Cases with the same kind of assessment"),
    "codes": N_("Cases that were declined for the same reason"),
    "nothing": N_("There is no assessment of this case yet, and it was never declined: no case is like it."),
}
"""What makes other cases like this one."""

MARKS: Mapping[str, str] = {
    "reported": N_("it took place outside the system"),
    "late": N_("entered after something later"),
    "imported": N_("brought from another system"),
}
"""What is to be known of how an entry came in."""
