"""A case as a swimlane: the client's voice above the professionals, as SVG that a keyboard walks through in time.

The picture has classes and presentation attributes and no styles: how it looks is in `luotsi/replay.css`. Each mark is
a link to its event. What does not count yet at the moment at hand is hollow and grey, what was said of a decision
stands beneath it in words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from api.html import Html, el, joined, text
from api.pages.drawing import arcs, scale, words
from api.pages.drawing.layout import BAR, HEAD, LETTER, MARGIN, Crowd, Lane, Layout, Window, is_shown, layout
from api.pages.drawing.picture import Flag, Mark, Period, Picture, heard_label
from api.pages.drawing.signs import OUTLINES, SIGNS
from api.pages.drawing.words import Speaks

Link = Callable[[int], str]
"""Returns where an event is, by its version."""

_TICK = 84.0
"""How far apart days are written at least."""


def swimlane(told: Picture, window: Window, link: Link, speaks: Speaks) -> Html:
    """Return the picture of a case. `link` gives each event's address."""
    laid = layout(told, window, speaks)
    lanes = [part for lane in laid.lanes.values() for part in _lane(lane, laid)]
    walk = sorted(laid.crowds, key=lambda it: (it.x, it.of[0].version, it.lane == "findings"))
    title, about = speaks.text("The case over time"), _about(told, speaks)
    return el(
        "svg", el("title", text(title), id="lanes-title"), el("desc", text(about), id="lanes-about"), arcs.DEFINED,
        el("g", *lanes, aria_hidden="true"),
        el("g", *_ticks(laid, speaks), class_="ticks", aria_hidden="true"),
        el("g", *(_period(it, laid) for it in told.periods if is_shown(it, window)), class_="periods"),
        el("g", *_at_hand(laid), class_="at-hand", aria_hidden="true"),
        el("g", *(arc for it in told.offers for arc in arcs.drawn(it, laid, speaks)), class_="offers"),
        el("g", *(_crowd(it, laid, link, speaks) for it in walk), class_="marks"),
        class_="swimlane", role="group", aria_labelledby="lanes-title", aria_describedby="lanes-about",
        width=number(laid.width), height=number(laid.height), viewBox=f"0 0 {number(laid.width)} {number(laid.height)}",
    )  # fmt: skip


def _about(told: Picture, speaks: Speaks) -> str:
    return speaks.text(
        "%(events)s events in %(lanes)s lanes. Moments that would cover each other are moved apart or counted together."
        " The same is in the tables below.",
        events=len(told.marks), lanes=len(told.lanes),
    )  # fmt: skip


# How it is drawn


def number(it: float) -> str:
    """Return a number of the drawing, to a tenth of a pixel."""
    return f"{it:.1f}".removesuffix(".0")


def _lane(lane: Lane, laid: Layout) -> Iterator[Html]:
    kind = lane.name.partition(":")[0]
    yield el("rect", x="0", y=number(lane.top), width=number(laid.width), height=number(lane.height - 2),
             class_=f"lane {kind}")  # fmt: skip
    yield el("text", text(lane.told), x=number(MARGIN / 2), y=number(lane.top + 15), class_="lane-title")


def _ticks(laid: Layout, speaks: Speaks) -> Iterator[Html]:
    pattern, times = scale.ticks(laid.window.since, laid.window.until)
    last = -_TICK
    for at in [laid.window.since, *times]:
        x = laid.scale(at)
        if x - last < _TICK or x > laid.width - _TICK:
            continue
        last = x
        yield el("line", x1=number(x), x2=number(x), y1=number(HEAD - 8), y2=number(laid.height), class_="tick")
        yield el("text", text(words.day(at, pattern, speaks)), x=number(x), y=number(HEAD - 12), class_="tick-day")


def _period(it: Period, laid: Layout) -> Html:
    lane = laid.lanes[it.lane]
    begin = laid.x(it.version, it.since) if it.since >= laid.window.since else 0.0
    end = laid.width if it.until is None or it.until > laid.window.until else laid.scale(it.until)
    wide = max(end - begin, 3.0)
    bar = el("rect", x=number(begin), y=number(lane.bar), width=number(wide), height=number(BAR - 4), rx="3")
    room = int((wide - 8) / LETTER)
    named = it.who if len(it.who) <= room else f"{it.who[: room - 1]}…" if room >= 4 else ""  # noqa: PLR2004
    said = el("text", text(named), x=number(max(begin, 0.0) + 5), y=number(lane.bar + 15))
    return el("g", el("title", text(it.who)), bar, said, class_="period later" if it.later else "period")


def _at_hand(laid: Layout) -> Iterator[Html]:
    at = laid.window.at
    if at is None:
        return
    x = laid.scale(at)
    half = len(laid.window.told) * LETTER / 2
    middle = min(max(x, half + 4), laid.width - half - 4)
    yield el("line", x1=number(x), x2=number(x), y1="22", y2=number(laid.height))
    yield el("text", text(laid.window.told), x=number(middle), y="16", text_anchor="middle")


def _crowd(it: Crowd, laid: Layout, link: Link, speaks: Speaks) -> Html:
    first = it.of[0]
    at = (it.x, laid.lanes[it.lane].row)
    if len(it.of) > 1:
        told, kind, parts = _many(it, speaks)
    elif isinstance(first, Flag):
        told, kind, parts = _flag(first, speaks)
    else:
        told, kind, parts = _mark(first, laid, speaks)
    return _linked(link(first.version), told, at, f"{kind} later" if all(of.later for of in it.of) else kind, parts)


Drawn = tuple[str, str, list[Html]]
"""How something is told, what kind of thing it is, and how it is drawn around its middle."""


def _mark(it: Mark, laid: Layout, speaks: Speaks) -> Drawn:
    parts = [el("path", d=OUTLINES[it.shape], class_="outline"), el("path", d=SIGNS[it.sign], class_="sign")]
    if label := laid.labels.get(it.version):
        parts.append(el("text", text(label), y="26", text_anchor="middle", class_="label", aria_hidden="true"))
    return mark_told(it, speaks), f"mark {it.shape}" + (f" was-{it.heard}" if it.heard else ""), parts


def _many(it: Crowd, speaks: Speaks) -> Drawn:
    if it.lane == "findings":
        told = speaks.text("Findings on %(count)s events", count=len(it.of))
    else:
        told = speaks.text("%(count)s events together", count=len(it.of))
    times = [of.at for of in it.of if isinstance(of, Mark)]
    if times:
        told += f", {words.when(times[0], speaks)} – {words.when(times[-1], speaks)}"
    unheard = sum(isinstance(of, Mark) and of.heard == "unheard" for of in it.of)
    if unheard:
        told += "; " + speaks.text("%(count)s decisions without hearing the client", count=unheard)
    return told, "mark finding crowd" if it.lane == "findings" else "mark crowd", [
        el("rect", x="-20", y="-12", width="40", height="24", rx="12", class_="outline"),
        el("text", text(str(len(it.of))), y="5", text_anchor="middle", class_="count", aria_hidden="true"),
    ]  # fmt: skip


def _flag(it: Flag, speaks: Speaks) -> Drawn:
    rules = str(it.rules[0]) if len(it.rules) == 1 else f"{len(it.rules)}×"
    told = speaks.text("Finding on entry %(number)s", number=it.version) + ": " + "; ".join(it.told)
    return told, "mark finding", [
        el("path", d=OUTLINES["flag"], class_="outline"),
        el("text", text(rules), y="-2", text_anchor="middle", class_="count", aria_hidden="true"),
    ]  # fmt: skip


def _linked(href: str, told: str, at: tuple[float, float], kind: str, parts: Sequence[Html]) -> Html:
    x, y = at
    return el(
        "a", el("title", text(told)), joined(*parts), href=href, class_=kind,
        transform=f"translate({number(x)} {number(y)})",
    )  # fmt: skip


def mark_told(it: Mark, speaks: Speaks) -> str:
    """Return an event in a line: which, what, its facts, whether the client was heard, when and by whom."""
    parts = [f"{name}: {value}" for name, value in it.facts]
    parts += [f"{heard_label(it.heard, speaks)} ({it.heard_told})"] if it.heard else []
    said = f"{it.version}. {it.what}" + (f" – {'; '.join(parts)}" if parts else "")
    noted = f" ({', '.join(it.notes)})" if it.notes else ""
    return f"{said}. {words.when(it.at, speaks)}, {it.who}{noted}"
