"""Flows between organisations, in both directions: two arrows a pair, as thick as what went, counted to the sender."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace

from api.html import Html, el, text
from api.pages.drawing.words import Speaks, Told

_WIDTH, _HIGH, _BESIDE, _TOP = 900.0, 168.0, 190.0, 12.0
_THICK = 40.0
_LETTER = 7.5


@dataclass(frozen=True)
class Went:
    """What one sent another, in all that is told: `hidden` is how many months are not told in figures."""

    sender: str
    receiver: str
    offered: int = 0
    accepted: int = 0
    declined: int = 0
    contested: int = 0
    withdrawn: int = 0
    expired: int = 0
    waiting: int = 0
    misdirected: int = 0
    direct: int = 0
    returned: int = 0
    bounced: int = 0
    hidden: int = 0

    @property
    def came(self) -> int:
        """How many came or were to come, with those that were moved without asking."""
        return self.offered + self.direct

    @property
    def refused(self) -> int:
        """How many the receiver declined or contested."""
        return self.declined + self.contested


COUNTS = tuple(it.name for it in fields(Went) if it.name not in {"sender", "receiver", "declined", "hidden"})


def summed(flows: Sequence[Told]) -> list[Went]:
    """Return what each sent each, over all months and units that are told; the busiest pairs first."""
    found: dict[tuple[str, str], Went] = {}
    for it in flows:
        key = (it["sender"]["organisation"], it["receiver"]["organisation"])
        found[key] = _with(found.get(key) or Went(*key), it["figures"])
    both = {key: it.came + (found[key[::-1]].came if key[::-1] in found else 0) for key, it in found.items()}
    return [found[key] for key in sorted(found, key=lambda it: (-both[it], sorted(it), it))]


def _with(went: Went, figures: Told | None) -> Went:
    if figures is None:
        return replace(went, hidden=went.hidden + 1)
    more = {name: getattr(went, name) + figures[name] for name in COUNTS}
    return replace(went, **more, declined=went.declined + sum(figures["declined"].values()))


def pairs(went: Sequence[Went]) -> list[tuple[Went, Went]]:
    """Return both directions of each pair together: what goes the other way may be nothing."""
    by = {(it.sender, it.receiver): it for it in went}
    found: dict[frozenset[str], tuple[Went, Went]] = {}
    for it in went:
        back = by.get((it.receiver, it.sender)) or Went(it.receiver, it.sender)
        found.setdefault(frozenset({it.sender, it.receiver}), (it, back))
    return list(found.values())


def flows_picture(went: Sequence[Went], speaks: Speaks) -> Html:
    """Return the picture of the flows: for each pair the one arrow above the other, and what came of them beneath."""
    most = max((it.came for it in went), default=1) or 1
    told = pairs(went)
    height = _TOP + _HIGH * len(told)
    about = speaks.text(
        "For each two organisations, two arrows, as thick as the number of offers. The part that was accepted is"
        " filled, the part that was declined or contested is crossed, the rest is empty."
        " The same is in the table below."
    )  # fmt: skip
    drawn = [part for row, (there, back) in enumerate(told) for part in _pair(row, there, back, most, speaks)]
    return el(
        "svg", el("title", text(speaks.text("Flows between organisations")), id="flows-title"),
        el("desc", text(about), id="flows-about"), _CROSSED, *drawn, class_="flows-picture", role="img",
        aria_labelledby="flows-title", aria_describedby="flows-about", width=f"{_WIDTH:g}", height=f"{height:g}",
        viewBox=f"0 0 {_WIDTH:g} {height:g}",
    )  # fmt: skip


_CROSSED = el("defs", el(
    "pattern", el("path", d="M0 0h8v8h-8Z", class_="crossed-ground"), el("path", d="M0 0l8 8m0 -8l-8 8"), id="crossed",
    width="8", height="8", patternUnits="userSpaceOnUse", class_="crossed",
))  # fmt: skip


def _pair(row: int, there: Went, back: Went, most: int, speaks: Speaks) -> Iterator[Html]:
    top = _TOP + row * _HIGH
    yield el("text", text(there.sender), x="8", y=f"{top + _HIGH / 2 - 12:g}", class_="organisation")
    yield el("text", text(there.receiver), x=f"{_WIDTH - 8:g}", y=f"{top + _HIGH / 2 - 12:g}", text_anchor="end",
             class_="organisation")  # fmt: skip
    yield from _arrow(there, top + 26, most, speaks, towards_right=True)
    yield from _arrow(back, top + 98, most, speaks, towards_right=False)


def _arrow(it: Went, middle: float, most: int, speaks: Speaks, *, towards_right: bool) -> Iterator[Html]:
    """Yield an arrow, in parts by what came of the offers, from the sender on; beneath it the numbers."""
    thick = 0.0 if not it.came else max(4.0, _THICK * it.came / most)
    begin, end = _BESIDE, _WIDTH - _BESIDE
    length, head = end - begin - 16, 16.0
    parts = (
        (it.accepted + it.direct, "taken"),
        (it.refused, "sent-back"),
        (it.came - it.accepted - it.direct - it.refused, "else"),
    )
    done = 0.0
    for count, kind in parts:
        long = length * count / it.came if it.came else 0.0
        if long:
            x = begin + done if towards_right else end - done - long
            yield el("rect", x=f"{x:.1f}", y=f"{middle - thick / 2:.1f}", width=f"{long:.1f}", height=f"{thick:.1f}",
                     class_=f"went {kind}", **({"fill": "url(#crossed)"} if kind == "sent-back" else {}))  # fmt: skip
        done += long
    tip, base = (end, end - head) if towards_right else (begin, begin + head)
    wide = thick / 2 + 6
    if it.came:
        yield el("path", d=f"M{tip:g} {middle:g}L{base:g} {middle - wide:.1f}V{middle + wide:.1f}Z", class_="tip")
    said = flow_told(it, speaks)
    yield el("text", text(said), x=f"{_WIDTH / 2:g}", y=f"{middle + 40:g}", text_anchor="middle", class_="said")


def flow_told(it: Went, speaks: Speaks) -> str:
    """Return what went one way in a line: how many offers, what share came back, and what is not told in figures."""
    if not it.came and not it.hidden:
        return speaks.text("%(sender)s → %(receiver)s: nothing", sender=it.sender, receiver=it.receiver)
    parts = [speaks.text(
        "%(sender)s → %(receiver)s: %(count)s offered", sender=it.sender, receiver=it.receiver, count=it.came,
    )]  # fmt: skip
    if it.accepted:
        parts.append(speaks.text("%(count)s accepted", count=it.accepted))
    if it.refused:
        parts.append(speaks.text(
            "%(count)s declined or contested (%(share)s %%)", count=it.refused, share=share(it.refused, it.came)
        ))  # fmt: skip
    if it.bounced:
        parts.append(
            speaks.text("%(count)s bounced (%(share)s %%)", count=it.bounced, share=share(it.bounced, it.came))
        )
    if it.hidden:
        parts.append(speaks.text("too few to tell in %(count)s rows", count=it.hidden))
    return ", ".join(parts)


def share(part: int, whole: int) -> int:
    """Return a part as a percentage, to the nearest whole one."""
    return round(100 * part / whole) if whole else 0
