"""Which shape and sign an event has in a picture, and which lane: told apart without colour.

A shape says what kind of act it is, the sign inside it what was done. Signs are drawn, not written, so that they look
the same with every font. All are drawn around their own middle, twenty-four units wide.
"""

from __future__ import annotations

from collections.abc import Mapping

OUTLINES: Mapping[str, str] = {
    "circle": "M-11 0a11 11 0 1 0 22 0a11 11 0 1 0 -22 0Z",
    "bubble": "M-8 -11h16q4 0 4 4v9q0 4 -4 4h-8l-6 6v-6h-2q-4 0 -4 -4v-9q0 -4 4 -4Z",
    "octagon": "M-5 -12h10l7 7v10l-7 7h-10l-7 -7v-10Z",
    "diamond": "M0 -13l13 13l-13 13l-13 -13Z",
    "square": "M-11 -11h22v22h-22Z",
    "house": "M0 -13l12 9v16h-24v-16Z",
    "arrow": "M-12 -9h14l10 9l-10 9h-14Z",
    "flag": "M-9 13v-26h20l-5 7l5 7h-20",
    "bar": "M-7 -12h14v24h-14Z",
}
"""The outlines: a statement is a bubble, an objection an octagon, a request a diamond, a decision of the client's a
house, a decision of professionals a square, an offer and its answer an arrow, the beginning and end of the case a bar.
"""

SIGNS: Mapping[str, str] = {
    "tick": "M-5 0l4 4l6 -8",
    "cross": "M-4 -4l8 8m0 -8l-8 8",
    "bang": "M0 -6v7m0 3v1.5",
    "ask": "M-4 -3q0 -4 4 -4t4 4q0 3 -4 4v1m0 3v1.5",
    "dots": "M-5 -2h.5m4.5 0h.5m4.5 0h.5",
    "dash": "M-5 0h10",
    "back": "M5 4v-2q0 -3 -3 -3h-6m3 -3l-3 3l3 3",
    "on": "M-6 0h9m-4 -4l4 4l-4 4",
    "plus": "M-5 0h10m-5 -5v10",
    "ring": "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0Z",
    "begin": "M-3 -5l6 5l-6 5Z",
    "end": "M-3.5 -4h7v8h-7Z",
    "none": "",
}
"""The signs: said, agreed to, refused, objected, asked, answered, passed on, begun, ended."""

_VOICE: Mapping[str, tuple[str, str]] = {
    "statement-recorded": ("bubble", "dots"), "statement-confirmed": ("bubble", "tick"),
    "statement-disputed": ("bubble", "cross"), "view-unavailable": ("bubble", "dash"),
    "client-asked-who-owns": ("bubble", "ask"), "experience-asked": ("bubble", "ask"),
    "experience-reported": ("bubble", "plus"), "client-answered": ("bubble", "back"),
    "client-informed": ("bubble", "on"), "objection-raised": ("octagon", "bang"),
    "objection-answered": ("octagon", "back"), "objection-withdrawn": ("octagon", "dash"),
    "objection-lapsed": ("octagon", "dash"), "request-made": ("diamond", "ask"),
    "request-answered": ("diamond", "back"), "client-took-ownership": ("house", "plus"),
    "owner-chosen": ("house", "on"), "client-returned-ownership": ("house", "back"),
    "consent-given": ("house", "tick"), "consent-withdrawn": ("house", "cross"), "service-declined": ("house", "cross"),
}  # fmt: skip
_HANDING: Mapping[str, tuple[str, str]] = {
    "handoff-proposed": ("arrow", "on"), "handoff-accepted": ("arrow", "tick"), "handoff-declined": ("arrow", "cross"),
    "handoff-withdrawn": ("arrow", "dash"), "handoff-expired": ("arrow", "dash"),
    "handoff-acceptance-reported": ("arrow", "dots"), "handoff-requested": ("diamond", "ask"),
    "handoff-request-declined": ("diamond", "cross"), "matter-transferred": ("arrow", "on"),
    "transfer-received": ("arrow", "tick"), "transfer-contested": ("arrow", "cross"),
    "warm-meeting-held": ("circle", "plus"), "joint-meeting-held": ("circle", "plus"),
    "responsible-named": ("circle", "tick"), "responsibility-fell-to-unit": ("circle", "dash"),
}  # fmt: skip
_ENDS: Mapping[str, tuple[str, str]] = {
    "case-opened": ("bar", "begin"), "case-reopened": ("bar", "begin"), "case-closed": ("bar", "end"),
    "closure-proposed": ("square", "end"), "closure-withdrawn": ("square", "back"),
}  # fmt: skip
_WORK: Mapping[str, tuple[str, str]] = {
    "assessment-started": ("circle", "begin"), "assessment-completed": ("square", "tick"),
    "plan-agreed": ("square", "plus"), "team-line-agreed": ("square", "ring"), "dissent-recorded": ("octagon", "ring"),
    "team-self-reviewed": ("square", "back"), "goal-set": ("circle", "plus"), "goal-closed": ("circle", "end"),
    "service-started": ("circle", "begin"), "service-ended": ("circle", "end"), "next-step-promised": ("circle", "on"),
    "decision-referenced": ("square", "dots"), "entry-marked-erroneous": ("circle", "cross"),
    "rule-overridden": ("octagon", "bang"), "emergency-access-granted": ("octagon", "plus"),
    "contact-made": ("circle", "tick"), "contact-attempted": ("circle", "dots"),
    "support-requested": ("diamond", "ask"), "support-given": ("diamond", "back"),
}  # fmt: skip

LANES: Mapping[str, str] = {
    **dict.fromkeys(_VOICE, "voice"), **dict.fromkeys(_HANDING, "unit"), **dict.fromkeys(_ENDS, "owner"),
}  # fmt: skip
"""The lane of an event by its topic, "unit" for that of a unit. What is not here is what professionals did."""

_SIGNED: Mapping[str, tuple[str, str]] = {**_VOICE, **_HANDING, **_ENDS, **_WORK}


def signed(topic: str) -> tuple[str, str]:
    """Return the shape and the sign of an event, by its topic: a bare circle for what has none of its own."""
    return _SIGNED.get(topic, ("circle", "none"))
