"""Offers as arcs, from the lane of who sent to the lane of who was to receive: how each ended is told by its line.

Without colour too: what waits is dotted, what was accepted an unbroken line with an arrowhead, what was declined
dashed with a cross at its end, what expired or was withdrawn dash and dot with a bar. Beside each stands the word.
"""

from __future__ import annotations

from collections.abc import Iterator

from api.html import Html, el, text
from api.pages.drawing import words
from api.pages.drawing.layout import Layout, came_of, is_shown
from api.pages.drawing.picture import Offer
from api.pages.drawing.words import Speaks

ENDS = {
    "pending": "waits", "accepted": "taken", "received": "taken", "declined": "refused", "contested": "refused",
    "withdrawn": "ended", "expired": "ended",
}  # fmt: skip
"""How an offer is drawn, by what came of it."""

HEADS = {
    "taken": el("path", d="M1 1l8 4l-8 4Z"), "refused": el("path", d="M2 2l6 6m0 -6l-6 6"),
    "ended": el("path", d="M5 1v8"), "waits": el("path", d="M2 2l5 3l-5 3"),
}  # fmt: skip
DEFINED = el("defs", *(
    el("marker", head, id=f"end-{name}", viewBox="0 0 10 10", refX="9", refY="5", markerWidth="10", markerHeight="10",
       markerUnits="userSpaceOnUse", orient="auto", class_=f"arc-end {name}")
    for name, head in HEADS.items()
))  # fmt: skip
"""The ends of the arcs."""

_ABOVE, _BELOW, _APART = 13.0, 31.0, 26.0
"""How far from the middle of a mark a line ends, above it and below what is written under it; how far it goes at least.
"""


def drawn(it: Offer, laid: Layout, speaks: Speaks) -> Iterator[Html]:
    """Yield the arc of an offer, if any of it is in the window."""
    if not is_shown(it, laid.window):
        return
    until = it.answered_at or laid.window.until
    begin, end = laid.x(it.version, it.at), laid.x(it.answered, until)
    receiver = laid.lanes[it.receiver]
    sender = laid.lanes[it.sender] if it.sender else receiver
    if begin == end and receiver == sender:  # both in one crowd
        return
    end = end if it.answered else max(end, begin + _APART)
    path = _path(begin, sender.row, end, receiver.row)
    drawn_as = ENDS[it.outcome]
    kinds = ["offer", drawn_as, "returns" if it.returns else "", "later" if it.later else ""]
    parts = [el("title", text(told(it, speaks))), el("path", d=path, marker_end=f"url(#end-{drawn_as})")]
    if it.answered not in laid.labels:  # else it is written under the answer
        x, y = min(end + 8, laid.width - 4), receiver.row + 26
        parts.append(el("text", text(came_of(it)), x=f"{x:.1f}", y=f"{y:.1f}", text_anchor="end"))
    yield el("g", *parts, class_=" ".join(filter(None, kinds)))


def told(it: Offer, speaks: Speaks) -> str:
    """Return an offer in a line: from whom, to whom, when, and what came of it when."""
    said = speaks.text(
        "Offered from %(sender)s to %(receiver)s, %(when)s: %(outcome)s", sender=it.told_from or "–",
        receiver=it.told_to, when=words.when(it.at, speaks), outcome=it.outcome_told,
    )  # fmt: skip
    answered = f", {words.when(it.answered_at, speaks)}" if it.answered_at else ""
    return f"{said}{answered}" + (f" ({it.returns})" if it.returns else "")


def _path(x1: float, y1: float, x2: float, y2: float) -> str:
    """Return the line from one mark to the other, from edge to edge."""
    if y1 == y2:  # within one unit: over the row
        edge, high = y1 - _ABOVE, y1 - 24
        return f"M{x1:.1f} {edge:.1f}C{x1:.1f} {high:.1f} {x2:.1f} {high:.1f} {x2:.1f} {edge:.1f}"
    begin, end = (y1 + _BELOW, y2 - _ABOVE) if y2 > y1 else (y1 - _ABOVE, y2 + _BELOW)
    bend = (end - begin) * 0.6
    return f"M{x1:.1f} {begin:.1f}C{x1:.1f} {begin + bend:.1f} {x2:.1f} {end - bend:.1f} {x2:.1f} {end:.1f}"
