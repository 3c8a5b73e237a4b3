"""What the signs of a picture mean, each drawn beside its words."""

from __future__ import annotations

from collections.abc import Iterator

from api.html import Html, el
from api.pages.drawing.arcs import ENDS, HEADS
from api.pages.drawing.picture import OUTCOMES
from api.pages.drawing.signs import OUTLINES, SIGNS
from api.pages.drawing.words import Speaks


def legend(speaks: Speaks) -> list[tuple[Html, str]]:
    """Return the signs with what they mean."""
    return [*_marks(speaks), *_arcs(speaks)]


def _marks(speaks: Speaks) -> Iterator[tuple[Html, str]]:
    yield _mark("bubble", "dots"), speaks.text("The client said something, or was asked")
    yield _mark("octagon", "bang"), speaks.text("The client objected")
    yield _mark("diamond", "ask"), speaks.text("Somebody asked for something")
    yield _mark("house", "plus"), speaks.text("The client decided something")
    yield _mark("arrow", "on"), speaks.text("The case was offered to another, or that was answered")
    yield _mark("square", "plus"), speaks.text("Professionals decided something")
    yield _mark("circle", "tick"), speaks.text("Professionals did something")
    yield _mark("bar", "end"), speaks.text("The case was opened or closed")
    yield _mark("square", "tick", "was-heard"), speaks.text("A decision that heard the client")
    yield (
        _mark("square", "tick", "was-unconfirmed"),
        speaks.text("A decision on words the client has not confirmed"),
    )
    yield _mark("square", "tick", "was-unheard"), speaks.text("A decision that did not hear the client")
    yield _mark("square", "tick", "was-no-view"), speaks.text("A decision without the client's view, for a reason")
    yield _mark("flag", "none", "finding"), speaks.text("A finding, with the number of its rule")
    yield _mark("circle", "dots", "later"), speaks.text("What does not count yet at this moment")


def _arcs(speaks: Speaks) -> Iterator[tuple[Html, str]]:
    for drawn_as in dict.fromkeys(ENDS.values()):
        outcomes = (speaks.text(OUTCOMES[it]) for it, end in ENDS.items() if end == drawn_as)
        line = el("path", d="M2 12H40", class_="line")
        end = el("g", HEADS[drawn_as], class_=f"arc-end {drawn_as}", transform="translate(38 7)")
        yield (
            _drawn(50, el("g", line, end, class_=f"offer {drawn_as}")),
            speaks.text("Offer: %(outcomes)s", outcomes=", ".join(outcomes)),
        )


def _mark(shape: str, sign: str, more: str = "") -> Html:
    parts = el("path", d=OUTLINES[shape], class_="outline"), el("path", d=SIGNS[sign], class_="sign")
    return _drawn(30, el("g", *parts, class_=f"mark {shape} {more}".strip(), transform="translate(15 15)"))


def _drawn(width: int, what: Html) -> Html:
    return el(
        "svg", what, class_="sign-shown", width=str(width), height="30", viewBox=f"0 0 {width} 30", aria_hidden="true"
    )
