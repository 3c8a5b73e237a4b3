"""The slip (lappu): one sentence on who answers for a case and what happens next, and the code that tells it again.

A code is 19 letters and digits drawn at random, 95 bits, and a check character: four groups of five, which can be said
on the telephone. With a million codes out and a million guesses a second, the first is hit after some thousand million
years; so a code needs no name or number beside it. The alphabet is Crockford's base 32: without I,
L, O and U, which are taken for 1, 1, 0 and V. The check character (Luhn's algorithm for 32 signs) tells a slip of the
hand from a code that does not count, before anybody looks for it: any one wrong sign, and nearly any two that have
changed places.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from domain.calendar import civil_day
from domain.decider import Unacceptable, Value
from domain.intake import Who
from domain.reaching import WEEKDAYS, Hours
from domain.rules import RuleLanguage, Trilingual

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
BITS = 95
"""How many random bits a code is made of."""

_DRAWN, _GROUP, _BASE = BITS // 5, 5, 32
_FORGIVEN = str.maketrans("OILU", "011V")
_BETWEEN = re.compile(r"[\s.\-\u2010-\u2015_]+")
_TURNING = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
"""The signs that turn the order of the letters after them (Unicode's UAX #9): the number and the day among them."""


def code_of(number: int) -> str:
    """Return the code of a random number of `BITS` bits, with its check character, in four groups."""
    drawn = [number >> 5 * place & (_BASE - 1) for place in range(_DRAWN)]
    signs = "".join(ALPHABET[it] for it in (*drawn, _check(drawn)))
    return "-".join(signs[at : at + _GROUP] for at in range(0, len(signs), _GROUP))


def read_code(typed: str) -> str:
    """Return a code as it was given out, however it was typed, without its groups. Raises `CodeMistyped`."""
    signs = _BETWEEN.sub("", typed).upper().translate(_FORGIVEN)
    values = [ALPHABET.find(it) for it in signs]
    if len(values) != _DRAWN + 1 or -1 in values or _check(values[:-1]) != values[-1]:
        raise CodeMistyped
    return signs


def _check(values: Sequence[int]) -> int:
    doubled = (it * (2 - place % 2) for place, it in enumerate(reversed(values)))
    return -sum(it // _BASE + it % _BASE for it in doubled) % _BASE


class CodeMistyped(Unacceptable):
    """There is a mistake in that code. Compare it with the slip, sign by sign: it has 20 letters and digits."""


class Promised(Value):
    """What is promised next: who does it, what it is, None where that is not to be told, and by when."""

    who: Who
    what: str | None
    due: datetime


class Answering(Value):
    """Who answers for a case, or did when it was closed, as a slip tells it; and what is promised next.

    Of a worker, a unit and an organisation the names, as far as they are told; `telephone` is the nearest there is, and
    `hours` are when it is answered. Nothing is `promised` where nobody has, or it is not to be told.
    """

    organisation: str
    unit: str | None = None
    worker: str | None = None
    telephone: str | None = None
    hours: tuple[Hours, ...] = ()
    electronic: str | None = None
    closed: bool = False
    promised: Promised | None = None


def sentence(it: Answering, now: datetime, language: RuleLanguage) -> str:
    """Return what a slip says, in plain words, short enough for a text message."""
    who = ", ".join(part for part in (it.worker, it.unit, it.organisation) if part)
    said = _CLOSED if it.closed else _ANSWERS
    return " ".join([said.to(language).format(who=who + _number(it, language)), *_next(it, now, language)])


def hours_told(hours: Sequence[Hours], language: RuleLanguage) -> str:
    """Return opening hours as they are written."""
    days = _DAYS[language]
    return ", ".join(
        f"{days[WEEKDAYS.index(it.first)]}"
        + (f"\u2013{days[WEEKDAYS.index(it.last)]}" if it.last != it.first else "")
        + f" {_clock(it.opens, language)}\u2013{_clock(it.closes, language)}"
        for it in hours
    )


def day_told(moment: datetime, language: RuleLanguage) -> str:
    """Return the day that it is in Finland, as it is written."""
    day = civil_day(moment)
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}" if language == "en" else f"{day.day}.{day.month}.{day.year}"


def _number(it: Answering, language: RuleLanguage) -> str:
    if it.telephone is None:
        return f", {it.electronic}" if it.electronic else ""
    hours = f" ({hours_told(it.hours, language)})" if it.hours else ""
    return f", {_TELEPHONE.to(language)} {it.telephone}{hours}"


def _next(it: Answering, now: datetime, language: RuleLanguage) -> list[str]:
    if it.closed:
        return []
    if it.promised is None:
        return [_NOTHING.to(language)]
    what, who = it.promised.what, it.promised.who
    said = _UNTOLD if what is None else _NEXT[who]
    told = said.to(language).format(what=_plain(what or ""), day=day_told(it.promised.due, language))
    late = who != "client" and it.promised.due < now  # no deadline is held against a client
    return [told, _LATE.to(language)] if late else [told]


def _plain(what: str) -> str:
    """Return words as part of a sentence: on one line, without its end, and nothing else is read otherwise for them."""
    return " ".join(_TURNING.sub("", what).split()).rstrip(" .,;")


def _clock(time: str, language: RuleLanguage) -> str:
    """Return a time of day, such as 09:00, as it is written: by the hour alone where it is that."""
    hour, _, minute = time.partition(":")
    return f"{int(hour)}:{minute}" if language == "en" else f"{int(hour)}" + (f".{minute}" if minute != "00" else "")


_ANSWERS = Trilingual("Asiastasi vastaa {who}.", "För ditt ärende svarar {who}.", "Your case is with {who}.")
_CLOSED = Trilingual(
    "Asiasi on suljettu. Jos haluat kysyä siitä: {who}.", "Ditt ärende är avslutat. Om du vill fråga om det: {who}.",
    "Your case is closed. If you want to ask about it: {who}.",
)  # fmt: skip
_TELEPHONE = Trilingual("p.", "tfn", "tel.")
_NEXT: Mapping[Who, Trilingual] = {
    **dict.fromkeys(("worker", "unit"), Trilingual(
        "Seuraavaksi: {what}, viimeistään {day}.", "Härnäst: {what}, senast {day}.", "Next: {what}, by {day}.",
    )),
    "client": Trilingual(
        "Seuraavaksi sinun vuorosi: {what}, sovittu päivä {day}.", "Härnäst är det din tur: {what}, avtalad dag {day}.",
        "Next it is your turn: {what}, the agreed day is {day}.",
    ),
    "other": Trilingual(
        "Seuraavaksi toinen taho: {what}, viimeistään {day}.", "Härnäst en annan part: {what}, senast {day}.",
        "Next, by somebody else: {what}, by {day}.",
    ),
}  # fmt: skip
_UNTOLD = Trilingual(
    "Seuraava askel on viimeistään {day}.", "Nästa steg tas senast {day}.", "The next step is by {day}."
)
_NOTHING = Trilingual(
    "Kysy, mitä seuraavaksi tapahtuu.", "Fråga vad som händer härnäst.", "Ask what happens next.",
)  # fmt: skip
_LATE = Trilingual(
    "Tämä on myöhässä. Soita ja kysy.", "Detta är försenat. Ring och fråga.", "This is late. Call and ask."
)
_DAYS: Mapping[RuleLanguage, Sequence[str]] = {
    "fi": ("ma", "ti", "ke", "to", "pe", "la", "su"), "sv": ("mån", "tis", "ons", "tors", "fre", "lör", "sön"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}  # fmt: skip
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
